"""Strokes: what was painted of regions that have no answer yet, kept beside the log so that a kill loses none of it."""

from __future__ import annotations

import base64
import json
import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from src_model.atomic_file import replacing
from src_model.data.annotation import Labels
from src_model.data.region import Region
from src_model.exceptions import ProjectError

STROKES = "strokes.json"
"""Name of the file in a project folder; it is not there while nothing is unfinished."""

logger = logging.getLogger(__name__)


def keep_strokes(folder: Path, strokes: Mapping[Region, Labels], pairs: Sequence[tuple[int, int]] = ()) -> None:
    """Replace what is kept by these patches, (h, w) uint8 each; whole or not at all.

    Parameters
    ----------
    pairs:
        Those of `UnsurePairs` that the patches speak of.

    Raises
    ------
    ProjectError
        If the disk is full or refuses; what was kept before is still there.
    """
    path = folder / STROKES
    regions = [
        asdict(region) | {"labels": base64.b64encode(zlib.compress(patch.astype(np.uint8).tobytes())).decode()}
        for region, patch in strokes.items()
    ]
    try:
        if regions:
            with replacing(path) as partial:
                partial.write_text(json.dumps({"unsure": list(pairs), "regions": regions}), encoding="utf-8")
        else:
            path.unlink(missing_ok=True)
    except OSError as exc:
        raise ProjectError(
            f"What is being painted cannot be kept in {path}: {exc}. Free some space; until then only accepted regions "
            "are safe."
        ) from exc


def kept_strokes(folder: Path) -> dict[Region, Labels]:
    """What was painted and not answered, (h, w) uint8 by region; nothing where the file is missing or damaged."""
    return _kept(folder)[0]


def kept_pairs(folder: Path) -> tuple[tuple[int, int], ...]:
    """The pairs of class ids that the patches of `kept_strokes` speak of, in the order of their values."""
    return _kept(folder)[1]


def _kept(folder: Path) -> tuple[dict[Region, Labels], tuple[tuple[int, int], ...]]:
    path = folder / STROKES
    if not path.is_file():
        return {}, ()
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        # Before there were pairs the file was the list alone.
        body = {"unsure": [], "regions": body} if isinstance(body, list) else body
        pairs = tuple((int(first), int(second)) for first, second in body["unsure"])
        return dict(map(_patch, body["regions"])), pairs
    except (OSError, ValueError, KeyError, TypeError, zlib.error) as exc:
        logger.warning("%s is damaged (%s): the strokes of the last session are lost, its answers are not", path, exc)
        return {}, ()


def _patch(entry: Mapping[str, Any]) -> tuple[Region, Labels]:
    row, column, height, width = (int(entry[name]) for name in ("row", "column", "height", "width"))
    region = Region(str(entry["image"]), row, column, height, width)
    packed = zlib.decompress(base64.b64decode(entry["labels"], validate=True))
    return region, np.frombuffer(packed, dtype=np.uint8).reshape(region.shape).copy()
