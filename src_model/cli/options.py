"""Options of the commands: what a setting is called on the command line; its help is the setting's description."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from src_model.config import RunConfig


def _option(field: str, *flags: str) -> Any:
    """A command-line option whose help is the description of a configuration field such as ``data.path``."""
    model: type[BaseModel] = RunConfig
    *sections, name = field.split(".")
    for section in sections:
        annotation = model.model_fields[section].annotation
        assert isinstance(annotation, type)
        model = annotation
    info = model.model_fields[name]
    default = info.get_default(call_default_factory=True, validated_data={})
    shown = "x".join(map(str, default)) if isinstance(default, tuple) else default
    suffix = "" if default in (None, ()) or isinstance(default, Path) else f" Default: {shown}."
    return typer.Option(*flags, help=(info.description or name.replace("_", " ").capitalize() + ".") + suffix)


DataPath = Annotated[Path | None, _option("data.path", "--data")]
Reader = Annotated[str | None, _option("data.reader", "--reader")]
Classes = Annotated[Path | None, _option("data.classes", "--classes")]
ImageSize = Annotated[str | None, _option("data.image_size", "--image-size")]
RegionSize = Annotated[str | None, _option("data.region", "--region")]
Split = Annotated[str | None, _option("data.split", "--split")]
SegmenterName = Annotated[str | None, _option("segmentation.segmenter", "--segmenter")]
StartWeights = Annotated[str | None, _option("segmentation.start_weights", "--start-weights")]
LossWeighting = Annotated[str | None, _option("segmentation.loss_weights", "--loss-weights")]
AcquisitionName = Annotated[str | None, _option("acquisition.name", "--acquisition")]
Budget = Annotated[int | None, _option("acquisition.budget", "--budget")]
RegionsPerQuery = Annotated[int | None, _option("acquisition.regions_per_query", "--regions-per-query")]
PoolSize = Annotated[int | None, _option("acquisition.pool_size", "--pool-size")]
Policy = Annotated[Path | None, _option("dqn.policy", "--policy")]
StartPolicy = Annotated[str | None, _option("dqn.start_policy", "--start-policy")]
Episodes = Annotated[int | None, _option("dqn.episodes", "--episodes")]
Reward = Annotated[str | None, _option("dqn.reward", "--reward")]
Target = Annotated[str | None, _option("dqn.target", "--target")]
ScheduleName = Annotated[str | None, _option("schedule", "--schedule")]
Seed = Annotated[int | None, _option("seed", "--seed")]
Device = Annotated[str | None, _option("device", "--device")]
Preset = Annotated[str, typer.Option(help="Named starting point: reference (as published), seed or default.")]
Settings = Annotated[
    Path | None, typer.Option("--config", help="TOML file of settings; options given here win over it.")
]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any other setting, as SECTION.NAME=VALUE, for example segmentation.updates=40."),
]
Out = Annotated[Path, typer.Option("--out", help="Folder of the results; an unfinished run in it is gone on with.")]
