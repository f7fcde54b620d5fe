"""Prediction for a folder: index masks of every image, made by the network of a project."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from src_model.active_learning.assembly import kept_schema, make_segmenter
from src_model.checkpoint import load_tensors
from src_model.data.annotation import Labels
from src_model.data.decoding import read_header, read_image, scaled_image, scaled_labels
from src_model.data.images import ImageSource, Pixels
from src_model.data.masks import save_mask
from src_model.data.region import Size
from src_model.device import choose_device
from src_model.events import ImagesScored, Progress, ShouldStop, never
from src_model.exceptions import CheckpointError, DataError
from src_model.project.view import ProjectView
from src_model.segmentation.segmenter import Segmenter

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})


class ImageFolder:
    """Every image below a folder; ids are paths relative to it. All headers are read when it is made.

    Raises
    ------
    DataError
        If there are none, or one is cut off.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        paths = (path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
        self._ids = sorted(path.relative_to(folder).as_posix() for path in paths)
        if not self._ids:
            raise DataError(f"There are no images in {folder}. Give a folder with {', '.join(sorted(IMAGE_SUFFIXES))}.")
        self._sizes = {image: read_header(folder / image) for image in self._ids}

    @property
    def ids(self) -> Sequence[str]:
        """Sorted relative paths."""
        return self._ids

    def size(self, image: str) -> Size:
        """Height and width in pixels, from the header."""
        return self._sizes[image]

    def version(self, image: str) -> str:
        """Bytes of the file."""
        return str((self._folder / image).stat().st_size)

    def image(self, image: str) -> Pixels:
        """(h, w, 3) uint8 RGB."""
        return read_image(self._folder / image)


def predict(
    project: Path, images: Path, out: Path, device: str = "auto", should_stop: ShouldStop = never
) -> Progress[int]:
    """Write a mask ``out/<sub-folder>/<stem>.png`` for every image below ``images``; returns how many were written.

    A network that was trained on scaled images sees these at the same size; masks are as large as their images. The
    training data need not be there any more. A mask that lies in ``out`` already is made again.

    Raises
    ------
    DataError
        If there are no images, one is cut off, or a mask would replace an image or another mask. Damage within an
        image is found when it is its turn; the masks before it have been written.
    ProjectError
        If this is no project.
    CheckpointError
        If the project has no finished training yet, or its weights are damaged.
    """
    source = ImageFolder(images)
    targets = _targets(source.ids, images, out)
    segmenter, seen_at = _trained_segmenter(project, source, device)
    schema = kept_schema(project)
    for done, (image, target) in enumerate(targets.items()):
        if should_stop():
            return done
        save_mask(target, _class_map(segmenter, source.image(image), seen_at), schema)
        yield ImagesScored(done + 1, len(targets))
    return len(targets)


def _targets(names: Sequence[str], images: Path, out: Path) -> dict[str, Path]:
    """The mask file of each image."""
    targets = {name: (out / name).with_suffix(".png") for name in names}
    sources = {(images / name).resolve(): name for name in names}
    first: dict[Path, str] = {}
    for name, target in targets.items():
        if target.resolve() in sources:
            raise DataError(f"The mask of {name} would replace the image {target}. Choose another folder for --out.")
        if first.setdefault(target, name) != name:
            raise DataError(f"{first[target]} and {name} would have the same mask {target}. Rename one of them.")
    return targets


def _class_map(segmenter: Segmenter, pixels: Pixels, seen_at: Size | None) -> Labels:
    """(h, w) classes of an (h, w, 3) image, looked at in the size the network was trained at."""
    if seen_at is None:
        return segmenter.class_map(pixels)
    height, width = pixels.shape[:2]
    return scaled_labels(segmenter.class_map(scaled_image(pixels, seen_at)), (height, width))


def _trained_segmenter(project: Path, source: ImageSource, device: str) -> tuple[Segmenter, Size | None]:
    with ProjectView.read(project) as view:
        checkpoint, settings = view.checkpoint, view.settings
    if checkpoint is None:
        raise CheckpointError(f"The project {project} has no trained network yet. Let it finish a training first.")
    tensors, _ = load_tensors(checkpoint)
    # All weights come from the checkpoint; those that the training began with may be gone.
    beginnings = {"start_weights": None, "encoder_weights": "none"}
    settings = settings.model_copy(update={"segmentation": settings.segmentation.model_copy(update=beginnings)})
    segmenter = make_segmenter(settings, source, kept_schema(project), choose_device(device))
    segmenter.load_state_dict(
        {name.removeprefix("segmenter."): tensor for name, tensor in tensors.items() if name.startswith("segmenter.")}
    )
    return segmenter, settings.data.image_size
