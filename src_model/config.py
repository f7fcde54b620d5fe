"""Settings of a run: frozen models that feed the command line, the forms and the copy kept with each run."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from src_model.exceptions import ConfigurationError


def parse_size(value: object) -> object:
    """Turn ``"128x256"`` (HEIGHTxWIDTH) into ``(128, 256)``; anything else is left to pydantic.

    Raises
    ------
    ValueError
        If the text is not two positive whole numbers joined by an x.
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*([1-9]\d*)\s*[x×]\s*([1-9]\d*)\s*", value)
    if match is None:
        raise ValueError(f"{value!r} is not a size; write HEIGHTxWIDTH, for example 90x80")
    return int(match[1]), int(match[2])


ConfiguredSize = Annotated[
    tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]],
    BeforeValidator(parse_size),
    PlainSerializer(lambda size: f"{size[0]}x{size[1]}", return_type=str),
]
"""Height and width in pixels; reads and writes ``HEIGHTxWIDTH``."""


STREETS = "streets"
"""Start weights: the shipped segmenter, pre-trained on embedded streets."""
_AUTO = "auto"

StartWeights = Annotated[
    Literal["streets"] | Path | None, BeforeValidator(lambda value: None if value == "none" else value)
]
"""``streets``, a file, or ``none`` (None)."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class LossWeights(StrEnum):
    """Class weights of the cross-entropy."""

    NONE = "none"
    INVERSE_SQRT = "inverse_sqrt"


class Schedule(StrEnum):
    """When the next query is proposed: after the fit, or from the last finished weights while it runs."""

    SEQUENTIAL = "sequential"
    PIPELINED = "pipelined"


class DataConfig(_Frozen):
    """Which images, cut how, in which roles."""

    path: Path = Field(default=Path(), description="Folder of the data set.")
    reader: str = Field(
        default="folder", description="Layout of the folder: camvid, cityscapes, cityscapes35, gtav or folder."
    )
    classes: Path | None = Field(
        default=None, description="CSV or YAML class table; only the reader `folder` needs one."
    )
    image_size: ConfiguredSize | None = Field(
        default=None, description="Scale images and masks to HEIGHTxWIDTH; smaller is faster and loses thin things."
    )
    region: ConfiguredSize = Field(default=(128, 128), description="Size of a region, HEIGHTxWIDTH, after scaling.")
    split: str = Field(
        default="random", description="How images get their roles: ralis, ralis-val-reward, random or cover."
    )
    train_images: int = Field(
        default=100, ge=0, description="D_T, where the policy is trained; splits random and cover."
    )
    state_images: int = Field(default=10, ge=1, description="D_S, what the query network sees of the data.")
    reward_images: int = Field(
        default=20, ge=1, description="D_R, whose gain in IoU is the reward; more is less noisy and slower."
    )
    cache_megabytes: int = Field(
        default=512, ge=0, description="Memory for decoded images; the rest is read again when needed."
    )


_SHIPPED_NETWORK = MappingProxyType(
    {
        "segmenter": "fpn",
        "architecture": "FPN",
        "encoder": "tu-tf_efficientnet_lite0",
        "encoder_weights": "packaged",
        "merge_policy": "add",
    }
)
"""What the shipped segmenter is; who asks for other encoder weights wants to start from those."""


class SegmentationConfig(_Frozen):
    """The segmentation network and how it is trained."""

    segmenter: Literal["fpn", "fast"] = Field(
        default="fpn",
        description="fpn trains a whole network; fast a linear head on frozen features (a step in 0.3 s).",
    )
    architecture: str = Field(default="FPN", description="Any architecture of segmentation-models-pytorch.")
    encoder: str = Field(default="tu-tf_efficientnet_lite0", description="Any encoder of segmentation-models-pytorch.")
    encoder_weights: Literal["packaged", "hub", "none"] = Field(
        default="packaged",
        description="Start of the encoder: ImageNet weights from the installed package, from a hub, or random.",
    )
    merge_policy: Literal["add", "cat"] = Field(
        default="add", description="How FPN joins its levels; the reference concatenates."
    )
    start_weights: StartWeights = Field(
        default=None,
        description="Pre-trained segmenter, its head's classes mapped by name: a file, streets (shipped), none, or "
        "auto (streets where the shipped one fits the network).",
    )
    loss_weights: LossWeights = Field(
        default=LossWeights.NONE, description="inverse_sqrt lifts rare classes, for every acquisition alike."
    )
    optimiser: Literal["sgd", "adamw"] = Field(
        default="adamw", description="The reference trains with SGD, momentum 0.95."
    )
    learning_rate: float = Field(default=1e-3, gt=0)
    momentum: float = Field(default=0.95, ge=0, lt=1)
    weight_decay: float = Field(default=1e-4, ge=0)
    gradient_clip: float = Field(default=4.0, gt=0)
    learning_rate_decay: float = Field(
        default=1.0, gt=0, le=1, description="Factor on the learning rate after each fit."
    )
    batch_size: int = Field(default=8, ge=1)
    crop: ConfiguredSize = Field(default=(128, 128), description="Training crops round labelled regions, HEIGHTxWIDTH.")
    updates: int = Field(
        default=20, ge=1, description="Gradient steps a fit; more learns more of each query and takes longer."
    )
    final_updates: int = Field(
        default=200, ge=0, description="Gradient steps of a final training from the start weights; 0: none."
    )
    train_on: Literal["all", "newest", "mixed"] = Field(
        default="all", description="Labels a fit sees: all, only the newest query (reference), or half and half."
    )
    augmentation: Literal["flip", "full"] = Field(
        default="full", description="flip only (reference), or flip, scale and colour."
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="In the decoder, trained; BALD needs it above 0.")
    mc_passes: int = Field(default=20, ge=2, description="Stochastic passes for BALD.")
    inference_batch: int = Field(
        default=8, ge=1, description="Images a forward pass; more is faster and needs more memory."
    )
    mixed_precision: bool = Field(default=True, description="bfloat16 arithmetic where the device has it.")
    fast_cell: ConfiguredSize = Field(
        default=(10, 10), description="Pixels a cell of the fast segmenter, HEIGHTxWIDTH."
    )
    fast_input: ConfiguredSize = Field(
        default=(360, 480), description="Size at which the fast segmenter's encoder sees images."
    )
    fast_components: int = Field(default=64, ge=1, description="Principal components kept of the frozen features.")
    fast_learning_rate: float = Field(default=0.1, gt=0, description="Of the fast segmenter's head (Adam, full batch).")
    fast_updates: int = Field(default=20, ge=1, description="Full-batch steps a fit of the fast segmenter.")

    @model_validator(mode="before")
    @classmethod
    def _auto_is_streets_where_they_fit(cls, given: Any) -> Any:
        """Decided here, so that the settings kept with a run say what it started from."""
        if not isinstance(given, Mapping) or given.get("start_weights") != _AUTO:
            return given
        fits = all(given.get(name, cls.model_fields[name].default) == value for name, value in _SHIPPED_NETWORK.items())
        return {**given, "start_weights": STREETS if fits else None}

    @model_validator(mode="after")
    def _start_weights_are_used(self) -> SegmentationConfig:
        if self.segmenter == "fast" and self.start_weights is not None:
            raise ValueError(
                f"the fast segmenter cannot start from start_weights ({self.start_weights}). Leave them out, or choose "
                "--segmenter fpn"
            )
        return self


class AcquisitionConfig(_Frozen):
    """What is asked, out of how many, until when."""

    name: str = Field(
        default="margin_class_balanced",
        description="The rule that chooses regions; `napari-ralis simulate --help` lists them.",
    )
    budget: int = Field(default=480, ge=1, description="Regions to label in all.")
    regions_per_query: int = Field(
        default=24, ge=1, description="K: regions asked a step; more is cheaper and less adaptive."
    )
    pool_size: int = Field(
        default=10, ge=1, description="P: candidates for each region asked; more costs forward passes."
    )
    regions_per_image: int | None = Field(
        default=None,
        ge=1,
        description="Candidates an image (m): all of a few images (published code), 1 as in the papers' text.",
    )
    choice: Literal["pool_wise", "global"] = Field(
        default="pool_wise", description="The best of each pool (published), or the best K of all candidates."
    )
    noise: float = Field(
        default=0.0, ge=0, description="Gumbel noise added to log scores with global choice: diversity for free."
    )
    max_regions_per_image: int | None = Field(
        default=None, ge=1, description="Cap of regions an image in one query (global choice)."
    )
    class_balance: float = Field(default=6.0, ge=0, description="ν of margin_class_balanced.")


class DQNConfig(_Frozen):
    """The query network: how it explores, learns and is rewarded."""

    policy: Path | None = Field(
        default=None,
        description="Trained policy to load; `napari-ralis train-policy` makes one. Without it the shipped one, unless "
        "features are reference.",
    )
    features: Literal["reference", "default"] = Field(
        default="reference",
        description="What a policy in training sees: as published, tied to classes and D_S, or tied to neither. "
        "A trained policy brings its own.",
    )
    target: Literal["double_dqn", "sarsa"] = Field(
        default="double_dqn", description="Learning rule: published code, or the seed's text."
    )
    episodes: int = Field(default=10, ge=1, description="Episodes of train-policy.")
    optimiser: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = Field(default=1e-3, gt=0)
    momentum: float = Field(default=0.95, ge=0, lt=1)
    weight_decay: float = Field(default=1e-3, ge=0)
    learning_rate_decay: float = Field(
        default=0.97, gt=0, le=1, description="Per step; the published 0.97 stops learning after ~10 episodes."
    )
    batch_size: int = Field(default=16, ge=1)
    updates: int = Field(default=1, ge=1, description="Gradient steps an environment step.")
    gamma: float = Field(default=0.999, ge=0, le=1)
    replay_capacity: int = Field(default=600, ge=1, description="Transitions (sub-actions) kept.")
    target_sync: int = Field(default=5, ge=1, description="Steps between copies to the target network.")
    epsilon_start: float = Field(default=0.9, ge=0, le=1)
    epsilon_end: float = Field(default=0.05, ge=0, le=1)
    epsilon_decay: float = Field(
        default=10.0, gt=0, description="Environment steps after which exploration has fallen to 1/e."
    )
    epsilon_coin: Literal["step", "sub_action"] = Field(
        default="step", description="One coin for all K (published) or one for each."
    )
    reward: Literal["mean_iou", "weighted_iou"] = Field(
        default="mean_iou", description="Φ, whose gain is the reward; weighted_iou lifts rare classes."
    )
    weighted_epsilon: float = Field(
        default=1.02, description="ε in w_c = 1/ln(f_c + ε); every logarithm must stay positive."
    )
    reward_baseline: Literal["zero", "measured"] = Field(
        default="zero", description="Φ_0: the published code starts from 0, which makes the first reward an outlier."
    )
    credit: Literal["shared", "class"] = Field(
        default="shared",
        description="The whole reward for each of the K (published), or each class's gain to those who brought it.",
    )
    huber_knee: float = Field(
        default=1.0,
        gt=0,
        description="Points of temporal difference up to which the loss is squared; small follows the median reward.",
    )

    @model_validator(mode="after")
    def _exploration_falls(self) -> DQNConfig:
        if self.epsilon_end > self.epsilon_start:
            raise ValueError("epsilon_end must not be larger than epsilon_start")
        return self


class RunConfig(_Frozen):
    """One run, whole: what the command line fills in and what is kept beside the results."""

    preset: str = Field(default="default", description="Named starting point: reference, seed or default.")
    data: DataConfig = DataConfig()
    segmentation: SegmentationConfig = SegmentationConfig()
    acquisition: AcquisitionConfig = AcquisitionConfig()
    dqn: DQNConfig = DQNConfig()
    schedule: Schedule = Field(
        default=Schedule.SEQUENTIAL,
        description="sequential asks after each fit; pipelined while it runs, as a desktop session does.",
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


_REFERENCE: dict[str, Any] = {
    "preset": "reference",
    "data": {"split": "ralis"},
    "segmentation": {
        "encoder": "resnet50",
        "encoder_weights": "none",
        "merge_policy": "cat",
        "optimiser": "sgd",
        "learning_rate": 1e-4,
        "learning_rate_decay": 0.996004,
        "batch_size": 16,
        "crop": (256, 512),
        "updates": 16,
        "train_on": "newest",
        "augmentation": "flip",
        "dropout": 0.0,
    },
    "acquisition": {"name": "dqn", "budget": 3840, "regions_per_query": 256, "pool_size": 20},
    "dqn": {"episodes": 50, "learning_rate": 1e-4, "replay_capacity": 3200},
}
_REFERENCE_CAMVID: dict[str, Any] = {
    "data": {"region": (90, 80)},
    "segmentation": {"learning_rate": 1e-3, "batch_size": 32, "crop": (224, 224), "updates": 1},
    "acquisition": {"budget": 480, "regions_per_query": 24, "pool_size": 20},
    "dqn": {"episodes": 100, "learning_rate": 1e-3, "replay_capacity": 600},
}
_SEED: dict[str, Any] = {
    "preset": "seed",
    "dqn": {"target": "sarsa", "reward": "weighted_iou"},
    "budget_fractions": (0.005, 0.01, 0.02, 0.03, 0.05),
}
_DEFAULT: dict[str, Any] = {
    "preset": "default",
    "segmentation": {"start_weights": _AUTO},
    "dqn": {
        "features": "default",
        "optimiser": "adam",
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "learning_rate_decay": 1.0,
        "batch_size": 64,
        "updates": 4,
        # A gain ten steps ahead counts a third: about its part in the area under a curve of twenty steps. One of K
        # labels hardly moves the next state, so that a longer sight adds noise and no preference.
        "gamma": 0.9,
        "replay_capacity": 20_000,
        "target_sync": 50,
        "epsilon_decay": 200.0,
        "epsilon_coin": "sub_action",
        "reward_baseline": "measured",
        "credit": "class",
        # Credit by class has a long tail (who brought a rare class), which is what has to be learned: the mean, not
        # the median.
        "huber_knee": 10.0,
    },
}


def preset_settings(preset: str, reader: str) -> dict[str, Any]:
    """The nested settings a preset starts from, for a data set read by ``reader``.

    ``reference`` holds the published numbers, which differ between Cityscapes and CamVid. ``seed`` lays over them what
    Jodeiri Rad & Armenakis (2022) state: SARSA transitions, the weighted IoU as reward, budgets in percent.

    Raises
    ------
    ConfigurationError
        If there is no such preset.
    """
    if preset == "default":
        return _DEFAULT
    reference = merged(_REFERENCE, _REFERENCE_CAMVID) if reader == "camvid" else _REFERENCE
    if preset == "reference":
        return reference
    if preset == "seed":
        return merged(reference, _SEED)
    raise ConfigurationError(f"There is no preset {preset!r}. Choose reference, seed or default.")


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with ``changes`` laid over it, level by level; neither is altered."""
    result = dict(base)
    for key, value in changes.items():
        before = result.get(key)
        result[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result


def read_toml(path: Path) -> dict[str, Any]:
    """Settings from a TOML file, as nested dictionaries.

    Raises
    ------
    ConfigurationError
        If the file is missing or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigurationError(
            f"Cannot read settings from {path}: {exc}. Check the path and the TOML syntax."
        ) from exc


def make_run_config(*layers: dict[str, Any]) -> RunConfig:
    """Lay settings over each other (preset, file, command line) and validate the result.

    Raises
    ------
    ConfigurationError
        Naming every field at fault.
    """
    settings: dict[str, Any] = {}
    for layer in layers:
        settings = merged(settings, layer)
    try:
        return RunConfig.model_validate(settings)
    except ValidationError as exc:
        raise ConfigurationError(f"These settings cannot work: {'; '.join(map(_fault, exc.errors()))}.") from exc


def _fault(error: Mapping[str, Any]) -> str:
    """``acquisition.budget: Input should be …``; what concerns several fields has no name before it."""
    names = ".".join(map(str, error["loc"]))
    return ": ".join(part for part in (names, str(error["msg"]).removeprefix("Value error, ")) if part)
