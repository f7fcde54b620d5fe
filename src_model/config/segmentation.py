"""Settings of the segmenter: which network, what it starts from, how it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from src_model.config.frozen_model import FrozenModel
from src_model.config.sizes import ConfiguredSize

STREETS = "streets"
"""Start weights: the shipped segmenter, pre-trained on embedded streets."""
AUTO = "auto"
"""Start weights: streets where the shipped segmenter fits the network, otherwise none."""

StartWeights = Annotated[
    Literal["streets"] | Path | None, BeforeValidator(lambda value: None if value == "none" else value)
]
"""``streets``, a file, or ``none`` (None)."""


class LossWeights(StrEnum):
    """Class weights of the cross-entropy."""

    NONE = "none"
    INVERSE_SQRT = "inverse_sqrt"


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


class SegmentationConfig(FrozenModel):
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
        if not isinstance(given, Mapping) or given.get("start_weights") != AUTO:
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
