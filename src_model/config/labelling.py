"""Settings of labelling: which regions a person's run is measured with, and when these are asked."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from src_model.config.frozen_model import FrozenModel


class CheckImages(StrEnum):
    """Where check regions lie."""

    SEQUENCES = "sequences"
    REWARD = "reward"


class CheckOrder(StrEnum):
    """When check regions are asked."""

    IN_TURN = "in_turn"
    FIRST = "first"


class LabellingConfig(FrozenModel):
    """What a person is asked besides the query; a simulation has no use for it."""

    check_images: CheckImages = Field(
        default=CheckImages.SEQUENCES,
        description="Where check regions lie: in sequences set aside for them, or in the reward images that a "
        "simulation with the same data settings and seed reads.",
    )
    check_order: CheckOrder = Field(
        default=CheckOrder.IN_TURN,
        description="in_turn asks check regions among the others; first asks all of them before anything is learned, "
        "so that the first reading has them all, as that of a simulation.",
    )
