"""Settings of the data: which images, cut how, in which roles."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from src_model.config.frozen_model import FrozenModel
from src_model.config.sizes import ConfiguredSize


class DataConfig(FrozenModel):
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
