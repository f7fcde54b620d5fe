"""Prediction for a folder: index masks of every image, made by the network of a project."""

from __future__ import annotations

from pathlib import Path

from src_model.active_learning.assembly import kept_schema, make_segmenter
from src_model.checkpoint import load_tensors
from src_model.config import RunConfig
from src_model.data.decoding import read_image
from src_model.data.masks import save_mask
from src_model.device import choose_device
from src_model.events import ImagesScored, Progress, ShouldStop, never
from src_model.exceptions import CheckpointError, DataError
from src_model.project.view import ProjectView
from src_model.segmentation.segmenter import Segmenter

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})


def predict(
    project: Path, images: Path, out: Path, device: str = "auto", should_stop: ShouldStop = never
) -> Progress[int]:
    """Write ``out/<sub-folder>/<stem>.png`` for every image below ``images``; returns how many were written.

    The training data need not be there any more. A mask that lies in ``out`` already is made again.

    Raises
    ------
    DataError
        If there are no images, or one cannot be read (those before it have been written).
    CheckpointError
        If the project has no finished training yet.
    """
    paths = sorted(path for path in images.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if not paths:
        raise DataError(
            f"There are no images in {images}. Give a folder with {', '.join(sorted(IMAGE_SUFFIXES))} files."
        )
    schema = kept_schema(project)
    segmenter = _trained_segmenter(project, device)
    for done, path in enumerate(paths):
        if should_stop():
            return done
        target = out / path.relative_to(images).with_suffix(".png")
        target.parent.mkdir(parents=True, exist_ok=True)
        save_mask(target, segmenter.class_map(read_image(path)), schema)
        yield ImagesScored(done + 1, len(paths))
    return len(paths)


def _trained_segmenter(project: Path, device: str) -> Segmenter:
    with ProjectView.read(project) as view:
        checkpoint, settings = view.checkpoint, view.settings
    if checkpoint is None:
        raise CheckpointError(f"The project {project} has no trained network yet. Let it finish a training first.")
    tensors, _ = load_tensors(checkpoint)
    config: RunConfig = settings
    segmenter = make_segmenter(config, None, kept_schema(project), choose_device(device))
    segmenter.load_state_dict(
        {name.removeprefix("segmenter."): tensor for name, tensor in tensors.items() if name.startswith("segmenter.")}
    )
    return segmenter
