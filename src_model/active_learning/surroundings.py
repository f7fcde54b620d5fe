"""The surroundings of a run: its data as the engine needs it, and what only a simulation knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from src_model.active_learning.acquisition.acquisition import Shares
from src_model.data.class_schema import ClassSchema
from src_model.data.images import LabelSource
from src_model.data.labelled_set import LabelledSet
from src_model.data.region import Region, Size
from src_model.data.splits import Roles


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What only a simulation knows; the upper lines look at it, nothing else does."""

    shares: Shares | None = None
    gains: Callable[[Sequence[Region], LabelledSet], npt.NDArray[np.float64]] | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The data of a run as the engine needs it.

    Attributes
    ----------
    schema:
        Classes 0 … C-1.
    roles:
        Which images are asked from (``pool``), represent the data (``state``), give the reward, are only scored.
    size:
        Height and width of an image.
    measured:
        Labels of the reward and test images.
    counted_pixels:
        Pixels that 100 % of the budget axis stands for.
    """

    schema: ClassSchema
    roles: Roles
    size: Callable[[str], Size]
    measured: LabelSource
    counted_pixels: int
