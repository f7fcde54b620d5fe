"""Shipped models: the trained files that come with the package, where they lie and whether they are whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from src_model.exceptions import CheckpointError

FOLDER = Path(__file__).parent
"""Where the models lie, each with a card of the same name in Markdown."""

CHECKSUMS = "checksums.txt"
"""SHA-256 of each model, as ``sha256sum`` writes and checks it: a model is shipped if it is named there."""


@dataclass(frozen=True, slots=True)
class ShippedModel:
    """One model.

    Attributes
    ----------
    file:
        Its name.
    remedy:
        What to do where it is missing or damaged: the command that makes it again, and what to use instead.
    """

    file: str
    remedy: str


SEGMENTER = ShippedModel(
    "segmenter-streets.safetensors",
    "Install napari-ralis again, make it with `napari-ralis pretrain-streets --out models` and name it with "
    "--start-weights models/segmenter-streets.safetensors, or use --start-weights none instead.",
)
POLICY = ShippedModel(
    "policy-default.safetensors",
    "Install napari-ralis again, make it with `napari-ralis train-worlds --out models` and name its file, "
    "or do without: --acquisition margin_class_balanced asks instead, --start-policy none trains from nothing.",
)
MODELS = (SEGMENTER, POLICY)


def shipped_segmenter() -> Path:
    """The FPN segmenter pre-trained on embedded streets, as start weights.

    Raises
    ------
    CheckpointError
        If it is missing or not the file that was shipped.
    """
    return shipped(SEGMENTER)


def shipped_policy() -> Path:
    """The query network that answers for any classes and image size.

    Raises
    ------
    CheckpointError
        If it is missing or not the file that was shipped.
    """
    return shipped(POLICY)


def shipped(model: ShippedModel) -> Path:
    """The file of a model, compared with its checksum.

    Raises
    ------
    CheckpointError
        If it is missing or not the file that was shipped; the message ends in `ShippedModel.remedy`.
    """
    if not is_shipped(model):
        raise CheckpointError(f"This version of napari-ralis comes without {model.file}. {model.remedy}")
    path = FOLDER / model.file
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as exc:
        raise CheckpointError(f"The shipped model {path} cannot be read ({exc}). {model.remedy}") from exc
    if found != _checksums()[model.file]:
        raise CheckpointError(f"The shipped model {path} is damaged: its checksum is another. {model.remedy}")
    return path


def is_shipped(model: ShippedModel) -> bool:
    """Whether this version comes with the model; `shipped` tells whether the file is whole.

    Raises
    ------
    CheckpointError
        If the list of checksums cannot be read.
    """
    return model.file in _checksums()


def _checksums() -> Mapping[str, str]:
    try:
        lines = (FOLDER / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except OSError as exc:
        remedy = "Install napari-ralis again."
        raise CheckpointError(f"The list of shipped models cannot be read ({exc}). {remedy}") from exc
    return {name: checksum for checksum, name in (line.split() for line in lines if line.strip())}
