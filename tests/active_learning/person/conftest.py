"""A data set without a single mask, and a person who labels it as its painter meant it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from person_kit import opened

from src_model.active_learning.person_run import PersonRun
from src_model.config import RunConfig
from src_model.data.annotation import Annotation, Source
from src_model.data.region import Region
from src_model.labelling.person_settings import person_settings

FAST = {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4, "fast_updates": 5}


@pytest.fixture
def bare(tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight images of 36×48 in three sequences; nobody has labelled anything."""
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "bare"
    folder.mkdir()
    for image in sorted(tiny_camvid.glob("*/*.png")):
        if not image.parent.name.endswith("annot"):
            shutil.copy(image, folder)
    (folder / "classes.csv").write_text("id,name,R,G,B\n0,sky,70,130,180\n1,road,128,64,128\n")
    return folder


@pytest.fixture
def settings(bare: Path) -> Callable[..., RunConfig]:
    """Settings of a person's run with 2 regions a query, twelve in an image, and the fast segmenter."""

    def make(**sections: Any) -> RunConfig:
        base = {
            "data": {"path": bare, "region": "12x12", "state_images": 1},
            "segmentation": FAST,
            "acquisition": {"name": "margin_class_balanced", "regions_per_query": 2, "pool_size": 2},
            "device": "cpu",
            "threads": 1,
        }
        return person_settings(base, sections)

    return make


def painted(region: Region, turned: bool = False) -> Annotation:
    """Columns 0–23 of an image are sky (0), the others road (1); or the other way round."""
    columns = np.arange(region.column, region.column + region.width)
    row = np.where((columns < 24) != turned, 0, 1).astype(np.uint8)
    return Annotation.from_labels(region, np.tile(row, (region.height, 1)), Source.HUMAN)


@pytest.fixture(name="painted")
def _painted() -> Callable[..., Annotation]:
    return painted


@pytest.fixture
def run(tmp_path: Path, settings: Callable[..., RunConfig]) -> Iterator[PersonRun]:
    with opened(tmp_path / "run", settings()) as started:
        yield started
