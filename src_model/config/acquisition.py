"""Settings of the acquisition: what is asked, out of how many, until when."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from src_model.config.frozen_model import FrozenModel


class AcquisitionConfig(FrozenModel):
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
