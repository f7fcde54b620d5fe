"""Settings of one run, whole: the sections, and what concerns all of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from src_model.config.acquisition import AcquisitionConfig
from src_model.config.data import DataConfig
from src_model.config.dqn import DQNConfig
from src_model.config.frozen_model import FrozenModel
from src_model.config.labelling import LabellingConfig
from src_model.config.segmentation import SegmentationConfig


class Schedule(StrEnum):
    """When the next query is proposed: after the fit, or from the last finished weights while it runs."""

    SEQUENTIAL = "sequential"
    PIPELINED = "pipelined"


class RunConfig(FrozenModel):
    """One run, whole: what the command line fills in and what is kept beside the results."""

    preset: str = Field(default="default", description="Named starting point: reference, seed or default.")
    data: DataConfig = DataConfig()
    segmentation: SegmentationConfig = SegmentationConfig()
    acquisition: AcquisitionConfig = AcquisitionConfig()
    dqn: DQNConfig = DQNConfig()
    labelling: LabellingConfig = LabellingConfig()
    schedule: Schedule = Field(
        default=Schedule.SEQUENTIAL,
        description="sequential asks after each fit, so that a person waits for it; pipelined while it runs, as a "
        "desktop session does.",
    )
    seed: int = Field(default=0, ge=0, description="Fixes every random number of the run.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="Where to compute: auto, cpu, cuda or mps."
    )
    threads: int = Field(default=0, ge=0, description="Threads for torch; 0: as many as there are cores.")
    evaluate_every: int = Field(
        default=1, ge=1, description="Steps between readings of the test set; the last is always read."
    )
    final_at: tuple[Annotated[int, Field(gt=0)], ...] = Field(
        default=(), description="Budgets (regions) at which a final training from the start weights is read as well."
    )
    budget_fractions: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(
        default=(),
        description="Budgets as shares of the training pixels: the run ends at the largest, and each is added to "
        "final_at. Wins over acquisition.budget.",
    )
    checkpoint_seconds: float = Field(
        default=20.0, ge=0, description="Least time between checkpoints; less work is lost, more is written."
    )

    @model_validator(mode="after")
    def _bald_has_something_to_disagree(self) -> RunConfig:
        if self.acquisition.name == "bald" and not self.segmentation.dropout:
            raise ValueError(
                "the acquisition bald compares passes with dropout, but segmentation.dropout is 0. Set it to 0.2, or "
                "choose another acquisition"
            )
        return self
