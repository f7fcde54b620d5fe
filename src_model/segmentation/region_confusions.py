"""Region confusions: what a segmenter says of single labelled regions, one confusion matrix each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from src_model.data.annotation import Labels
from src_model.data.images import LabelSource
from src_model.data.region import Region
from src_model.events import ImagesEvaluated, Progress, ShouldStop, never
from src_model.segmentation.segmenter import PredictionMaps, Segmenter


def read_regions(
    segmenter: Segmenter, regions: Sequence[Region], labels: LabelSource, should_stop: ShouldStop = never
) -> Progress[npt.NDArray[np.int64] | None]:
    """Confusions of these regions by one forward pass an image.

    Parameters
    ----------
    segmenter:
        Read without dropout; it is not changed.
    regions:
        R, of any images; an image's other pixels are not counted.
    labels:
        Where their labels are found.

    Returns
    -------
    (R, C, C) int64 pixels aligned with ``regions``, rows are labels; None if asked to stop, since half a reading must
    not pass for one.
    """
    own: dict[str, list[int]] = {}
    for index, region in enumerate(regions):
        own.setdefault(region.image, []).append(index)
    counts = np.zeros((len(regions), segmenter.num_classes, segmenter.num_classes), dtype=np.int64)
    done = 0
    for maps in segmenter.scan(tuple(own), should_stop=should_stop):
        for position, image in enumerate(maps.images):
            known = labels.labels(image)
            classes = filled_cells(maps, position, known.shape[0], known.shape[1])
            here = [regions[index] for index in own[image]]
            counts[own[image]] = region_confusions(known, classes, here, segmenter.num_classes)
        done += len(maps.images)
        yield ImagesEvaluated(done, len(own))
    return counts if done == len(own) else None


def region_confusions(
    labels: Labels, predictions: Labels, regions: Sequence[Region], num_classes: int
) -> npt.NDArray[np.int64]:
    """(R, C, C) pixels of each (label, prediction) pair in each of R regions of one image, by one bincount.

    Parameters
    ----------
    labels:
        (h, w) uint8; values from ``num_classes`` on (VOID, IGNORED) are not counted.
    predictions:
        (h, w) uint8 class indices.
    regions:
        They may overlap.
    num_classes:
        C.
    """
    if not regions:
        return np.zeros((0, num_classes, num_classes), dtype=np.int64)
    owner = np.repeat(np.arange(len(regions)), [region.pixels for region in regions])
    truth = np.concatenate([labels[region.window].ravel() for region in regions]).astype(np.int64)
    guess = np.concatenate([predictions[region.window].ravel() for region in regions])
    # One slot more than there are pairs collects what is left out, which is cheaper than selecting the rest.
    total = len(regions) * num_classes**2
    pairs = np.where(truth < num_classes, (owner * num_classes + truth) * num_classes + guess, total)
    return np.bincount(pairs, minlength=total + 1)[:total].reshape(len(regions), num_classes, num_classes)


def filled_cells(maps: PredictionMaps, position: int, height: int, width: int) -> Labels:
    """(height, width) uint8 classes of one image of a batch, every cell filled with its class."""
    cells = maps.classes[position].cpu().numpy()
    filled: Labels = cells.repeat(maps.cell[0], axis=0).repeat(maps.cell[1], axis=1)[:height, :width]
    return filled
