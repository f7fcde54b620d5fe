"""The reward set: images with masks in a simulation, check regions where a person labels; read alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt
import torch

from src_model.active_learning.readings import Counted, Row, reading_row
from src_model.data.images import LabelSource
from src_model.data.region import Region
from src_model.dqn.reward import Reading
from src_model.events import ImagesEvaluated, Progress, ShouldStop, never
from src_model.labelling.check_set import CheckSample
from src_model.labelling.measurement import CheckReading, Measurement, measure
from src_model.segmentation.metrics import ConfusionMatrix, Evaluation
from src_model.segmentation.region_confusions import filled_cells, region_confusions
from src_model.segmentation.segmenter import OptionalMap, PredictionMaps, Segmenter


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """What only a reading of check regions has.

    Attributes
    ----------
    reading:
        Region by region, for comparisons.
    measurement:
        What it says, with its intervals.
    version:
        Of the `CheckSample`.
    """

    reading: CheckReading
    measurement: Measurement
    version: int

    @property
    def measurable(self) -> Counted:
        """(C,) classes that enough check regions hold."""
        return np.array([interval is not None for interval in self.measurement.iou], dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class RewardReading:
    """What one network says on D_R.

    Attributes
    ----------
    evaluation:
        Pixels and losses; of check regions the estimate for everything held out.
    checked:
        None where images with masks were read.
    """

    evaluation: Evaluation
    checked: Checked | None = None

    @property
    def reading(self) -> Reading | None:
        """IoU of each class as the reward sees it; None while no class is measurable."""
        confusion = self.evaluation.confusion
        if self.checked is None:
            return Reading(confusion.iou(), confusion.supported)
        measurable = self.checked.measurable
        return Reading(confusion.iou(), measurable) if measurable.any() else None

    def row(self, epsilon: float, class_names: Sequence[str]) -> Row:
        """`reading_row`; of check regions with their number, and the intervals and support of mean and classes."""
        confusion = self.evaluation.confusion
        if self.checked is None:
            return reading_row(confusion, epsilon, class_names)
        measurement = self.checked.measurement
        mean = measurement.mean
        return reading_row(confusion, epsilon, class_names, self.checked.measurable) | {
            "check_regions": measurement.regions,
            "mean_iou_low": None if mean is None else mean.low,
            "mean_iou_high": None if mean is None else mean.high,
            **_class_columns(measurement, class_names),
        }


class RewardSet(Protocol):
    """D_R at one moment."""

    @property
    def images(self) -> tuple[str, ...]:
        """Ids of the images that are read."""

    def is_read_in(self, reading: RewardReading | None) -> bool:
        """Whether this reading was taken on exactly this set."""

    def read(self, segmenter: Segmenter, should_stop: ShouldStop = never) -> Progress[RewardReading]:
        """Read a network on it; what was seen so far when asked to stop."""


@dataclass(frozen=True, slots=True, eq=False)
class MaskedImages:
    """Whole images whose labels are known beforehand and never change."""

    images: tuple[str, ...]
    labels: LabelSource

    def is_read_in(self, reading: RewardReading | None) -> bool:
        """Always: there is only one such set in a run."""
        return True

    def read(self, segmenter: Segmenter, should_stop: ShouldStop = never) -> Progress[RewardReading]:
        """One pass over the images."""
        return RewardReading((yield from segmenter.evaluate_with_loss(self.images, self.labels, should_stop)))


@dataclass(frozen=True, slots=True, eq=False)
class CheckedRegions:
    """Check regions as far as they are labelled; each counts with the inverse of its probability."""

    sample: CheckSample

    @property
    def images(self) -> tuple[str, ...]:
        """Those in which a labelled check region lies."""
        return tuple(dict.fromkeys(own.region.image for own in self.sample.regions))

    def is_read_in(self, reading: RewardReading | None) -> bool:
        """Whether the labels are those that this reading was taken with."""
        return reading is not None and reading.checked is not None and reading.checked.version == self.sample.version

    def read(self, segmenter: Segmenter, should_stop: ShouldStop = never) -> Progress[RewardReading]:
        """One pass over the images, of which only the check regions are counted."""
        regions = [own.region for own in self.sample.regions]
        probabilities = np.array([own.probability for own in self.sample.regions], dtype=np.float64)
        classes = segmenter.num_classes
        counts, losses = np.zeros((len(regions), classes, classes), dtype=np.int64), np.zeros((len(regions), classes))
        of_image: dict[str, list[int]] = {image: [] for image in self.images}
        for index, region in enumerate(regions):
            of_image[region.image].append(index)
        done = 0
        for maps in segmenter.scan(self.images, (OptionalMap.PROBABILITIES,), should_stop=should_stop):
            for position, image in enumerate(maps.images):
                known = self.sample.labels.labels(image)
                own = [regions[index] for index in of_image[image]]
                predicted = filled_cells(maps, position, *known.shape)
                counts[of_image[image]] = region_confusions(known, predicted, own, classes)
                losses[of_image[image]] = [_losses(maps, position, known[region.window], region) for region in own]
            done += len(maps.images)
            yield ImagesEvaluated(done, len(self.images))
        return self._reading(CheckReading(counts, probabilities, tuple(region.image for region in regions)), losses)

    def _reading(self, reading: CheckReading, losses: npt.NDArray[np.float64]) -> RewardReading:
        measurement = measure(reading)
        # Estimated pixels need not be whole.
        confusion = ConfusionMatrix(cast(npt.NDArray[np.int64], measurement.confusion))
        evaluation = Evaluation(confusion, (1.0 / reading.probabilities) @ losses)
        return RewardReading(evaluation, Checked(reading, measurement, self.sample.version))


def _class_columns(measurement: Measurement, class_names: Sequence[str]) -> Row:
    """Of each class the ends of its interval, and how many check regions (or images) hold it."""
    row: Row = {}
    for index, name in enumerate(class_names):
        interval = measurement.iou[index]
        row[f"low_{name}"] = None if interval is None else interval.low
        row[f"high_{name}"] = None if interval is None else interval.high
        row[f"support_{name}"] = int(measurement.support[index])
    return row


def _losses(
    maps: PredictionMaps, position: int, known: npt.NDArray[np.uint8], region: Region
) -> npt.NDArray[np.float64]:
    """(C,) nats lost at each label of a region, summed over its pixels."""
    assert maps.probabilities is not None
    of_image = maps.probabilities[position]
    rows = torch.arange(region.row, region.row + region.height) // maps.cell[0]
    columns = torch.arange(region.column, region.column + region.width) // maps.cell[1]
    here = of_image[:, rows.to(of_image.device)][:, :, columns.to(of_image.device)].cpu().numpy()
    classes = len(here)
    labelled = known < classes
    labels = known[labelled].astype(np.intp)
    said = here[:, labelled][labels, np.arange(len(labels))]
    lost = -np.log(np.maximum(said, np.finfo(np.float32).tiny).astype(np.float64))
    return np.bincount(labels, lost, minlength=classes).astype(np.float64)
