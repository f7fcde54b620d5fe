"""Augmentation: how a training crop is varied; all randomness comes from the generator passed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from src_model.data.region import Size

SCALES = (0.75, 1.5)
"""Magnification of a crop, drawn uniformly in its logarithm."""

COLOUR_FACTORS = (0.75, 1.25)
"""Range of the factors on brightness, contrast and saturation; 1 leaves them as they are."""


@dataclass(frozen=True, slots=True)
class Variation:
    """What is done to one crop.

    Attributes
    ----------
    flipped:
        Mirrored left to right.
    scale:
        Magnification; above 1 the crop shows a smaller part of the image.
    colour:
        Factors on brightness, contrast and saturation; None leaves the colours alone.
    """

    flipped: bool = False
    scale: float = 1.0
    colour: tuple[float, float, float] | None = None

    def seen(self, size: Size) -> Size:
        """Height and width of the window of the image that fills a crop of ``size``."""
        return max(1, round(size[0] / self.scale)), max(1, round(size[1] / self.scale))


def draw_variation(augmentation: Literal["flip", "full"], rng: np.random.Generator) -> Variation:
    """A random variation: mirrored with probability ½ (the published one), and with ``full`` scaled and coloured."""
    flipped = bool(rng.random() < 0.5)
    if augmentation == "flip":
        return Variation(flipped)
    scale = float(np.exp(rng.uniform(*np.log(SCALES))))
    brightness, contrast, saturation = rng.uniform(*COLOUR_FACTORS, size=3)
    return Variation(flipped, scale, (float(brightness), float(contrast), float(saturation)))


def vary(
    pixels: torch.Tensor, labels: torch.Tensor, variation: Variation, size: Size
) -> tuple[torch.Tensor, torch.Tensor]:
    """Apply a variation to a window and bring it to the size of a crop.

    Parameters
    ----------
    pixels:
        (3, h, w) uint8 RGB.
    labels:
        (h, w) uint8; never interpolated.
    variation:
        What to do.
    size:
        Height and width of the crop.

    Returns
    -------
    (3, height, width) uint8 pixels and (height, width) uint8 labels.
    """
    height, width = size
    if (height, width) != labels.shape:
        pixels = transforms.resize(pixels, [height, width], InterpolationMode.BILINEAR, antialias=False)
        labels = transforms.resize(labels[None], [height, width], InterpolationMode.NEAREST_EXACT)[0]
    if variation.flipped:
        pixels, labels = pixels.flip(-1), labels.flip(-1)
    if variation.colour is not None:
        brightness, contrast, saturation = variation.colour
        pixels = transforms.adjust_brightness(pixels, brightness)
        pixels = transforms.adjust_contrast(pixels, contrast)
        pixels = transforms.adjust_saturation(pixels, saturation)
    return pixels, labels
