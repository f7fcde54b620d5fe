"""Pre-training on embedded streets: the one command that makes the shipped segmenter again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from src_model.config import RunConfig, make_run_config, preset_settings
from src_model.data.region import Size
from src_model.data.streets.street_images import StreetImages
from src_model.data.streets.writer import is_written, reader_for, write_streets
from src_model.events import ImagesDrawn, Progress, ShouldStop, never
from src_model.pretraining.supervised import WEIGHTS, pretrain
from src_model.segmentation.segmenter_state import halve_start_weights
from src_model.shipped.models import SEGMENTER

TRAINING = "training"
"""Folder of the training in the output folder: settings, metrics on the held-out streets, weights as float32."""


@dataclass(frozen=True, slots=True)
class StreetsPretraining:
    """How the segmenter is pre-trained; the defaults made the shipped one.

    Attributes
    ----------
    images:
        How many are drawn; a fifth of them is held out.
    size:
        Their height and width in pixels.
    updates, fits:
        Gradient steps, and the parts these are made in; the learning rate falls by a fifth after each.
    """

    images: int = 400
    size: Size = (192, 384)
    updates: int = 600
    fits: int = 12

    @property
    def streets(self) -> StreetImages:
        """Short drives, for many places; the seed is one that no study of ours uses."""
        return StreetImages("source", self.images, self.size, seed=100, sequence_length=4)

    def config(self, data: Path) -> RunConfig:
        """Class weights, because what is rare here need not be rare where the weights are used."""
        changes = {
            "data": {
                "path": data,
                "reader": reader_for(self.streets.domain),
                "region": "64x64",
                "train_images": 0,
                "state_images": 1,
                "reward_images": 1,
            },
            "segmentation": {
                "start_weights": "none",
                "loss_weights": "inverse_sqrt",
                "crop": "128x192",
                "learning_rate_decay": 0.8,
            },
            # One thread adds in one order: the same file on the same kind of machine.
            "device": "cpu",
            "threads": 1,
        }
        return make_run_config(preset_settings("default", ""), changes)


def pretrain_streets(out: Path, how: StreetsPretraining, should_stop: ShouldStop = never) -> Progress[Path | None]:
    """Draw the streets, train on them and write the segmenter with float16 weights into ``out``.

    Streets and training that are there whole are used again. Returns the file; None if stopped.

    Raises
    ------
    RalisError
        If something else is in the way in ``out``, or it cannot be written.
    """
    data, weights = out / "streets", out / TRAINING / WEIGHTS
    yield from drawn(how.streets, data)
    if not weights.is_file():
        confusion = yield from pretrain(
            how.config(data), out / TRAINING, "all", how.updates, how.fits, should_stop=should_stop
        )
        if confusion is None:
            return None
    halve_start_weights(weights, out / SEGMENTER.file)
    return out / SEGMENTER.file


def drawn(images: StreetImages, folder: Path) -> Progress[None]:
    """Write these street images into ``folder``, unless it holds just them.

    Raises
    ------
    DataError
        If something else is there, or it cannot be written.
    """
    if not is_written(images, folder):
        for done in write_streets(images, folder):
            yield ImagesDrawn(done, len(images))
