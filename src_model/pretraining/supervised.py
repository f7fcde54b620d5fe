"""Supervised training on whole labelled images: pre-training for --start-weights, and the upper line of a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from src_model.active_learning.assembly import assemble, keep_schema
from src_model.active_learning.readings import loss_row, reading_row
from src_model.checkpoint import save_tensors
from src_model.config import RunConfig, SegmentationConfig
from src_model.data.class_schema import ClassSchema
from src_model.data.region import Region, grids
from src_model.device import generator_for
from src_model.events import FitReport, Notice, Progress, ShouldStop, StepDone, never
from src_model.exceptions import ConfigurationError, DataError
from src_model.project.folder import refuse_what_is_there
from src_model.project.settings_file import write_settings
from src_model.project.tables import write_metrics
from src_model.segmentation.metrics import ConfusionMatrix
from src_model.segmentation.segmenter import FitTask, Segmenter
from src_model.segmentation.segmenter_state import save_start_weights

WEIGHTS = "segmenter.safetensors"
"""Name of the trained segmenter in the output folder."""


def pretrain(
    config: RunConfig,
    out: Path,
    images: Literal["train", "all"],
    updates: int,
    fits: int = 1,
    should_stop: ShouldStop = never,
) -> Progress[ConfusionMatrix | None]:
    """Train on every label of D_T, or of all images that are not scored, for a fixed number of updates.

    The updates are made in ``fits`` equal parts; after each the learning rate falls by ``learning_rate_decay``.

    Writes the weights (for ``--start-weights`` if they are of the FPN), ``metrics.csv`` with one row, the settings and
    the classes into ``out``. The weights after the last update are the ones measured and kept: no image that is scored
    chooses among checkpoints.

    Returns
    -------
    What was read on the test images (of D_R where there are none); None if stopped.

    Raises
    ------
    ConfigurationError
        If there are more fits than updates.
    DataError
        If there are no labelled images in these roles.
    ProjectError
        If there are files in ``out`` already.
    """
    refuse_what_is_there(out)
    if not 1 <= fits <= updates:
        raise ConfigurationError(f"{updates} updates cannot be made in {fits} fits. Ask for 1 to {updates} fits.")
    assembly = yield from assemble(config, should_stop)
    if assembly is None:
        return None
    roles, dataset, segmenter = assembly.roles, assembly.dataset, assembly.segmenter
    chosen = roles.train if images == "train" else roles.train + roles.state + roles.reward + roles.pool
    if set(chosen) & set(roles.test):
        raise DataError("Training images are among the test images. Choose another split.")
    labelled = [image for image in sorted(chosen) if dataset.has_labels(image)]
    if not labelled:
        raise DataError(f"None of the {len(chosen)} training images has a mask. Check the data folder or the split.")
    grid = grids(dataset.size, config.data.region)
    regions: list[Region] = [region for image in labelled for region in grid(image).regions(image)]
    scored = roles.test or roles.reward
    yield from segmenter.prepare(sorted({*labelled, *scored}), should_stop)
    report = yield from _fitted(segmenter, FitTask(dataset, regions, regions, updates), fits, config.seed, should_stop)
    evaluation = yield from segmenter.evaluate_with_loss(scored, dataset, should_stop)
    if report.stopped or should_stop():
        return None
    row = {
        "episode": 1,
        "step": 1,
        "labelled_regions": len(regions),
        "labelled_pixels": sum(region.pixels for region in regions),
        "updates": report.updates,
        "train_loss": report.loss,
        "fit_seconds": report.seconds,
        **reading_row(evaluation.confusion, config.dqn.weighted_epsilon, dataset.schema.names),
        **({} if roles.test else loss_row(evaluation, report.class_weights)),
    }
    out.mkdir(parents=True, exist_ok=True)
    _keep_weights(out / WEIGHTS, segmenter, dataset.schema, config.segmentation)
    write_settings(out / "settings.toml", config)
    write_metrics([row], out / "metrics.csv")
    keep_schema(out, dataset.schema)
    yield StepDone(1, 1, 1, row)
    return evaluation.confusion


def _fitted(segmenter: Segmenter, task: FitTask, fits: int, seed: int, should_stop: ShouldStop) -> Progress[FitReport]:
    """Train in several fits; the loss is that of the last one."""
    rng = generator_for(seed, "supervised")
    total = 0 if task.updates is None else task.updates
    made = images = 0
    seconds = 0.0
    for number in range(fits):
        part = (number + 1) * total // fits - number * total // fits
        report = yield from segmenter.fit(replace(task, updates=part), rng, should_stop)
        made, images, seconds = made + report.updates, images + report.images, seconds + report.seconds
        yield Notice(f"fit {number + 1} of {fits}: loss {_told(report.loss)}")
        if report.stopped:
            break
    return replace(report, updates=made, images=images, seconds=seconds)


def _told(loss: float | None) -> str:
    return "unknown, nothing was labelled" if loss is None else f"{loss:.3f}"


def _keep_weights(path: Path, segmenter: Segmenter, schema: ClassSchema, config: SegmentationConfig) -> None:
    """As start weights for other runs; the fast segmenter has none, so that its weights are only kept."""
    if config.segmenter == "fpn":
        save_start_weights(path, segmenter.state_dict(), schema.names, config)
    else:
        save_tensors(path, segmenter.state_dict(), {"kind": "fast segmenter", "classes": list(schema.names)})
