"""The stroke keeper writes the newest state, and all of it before it ends."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from napari_ralis.threads.stroke_keeper import StrokeKeeper
from src_model.data.region import Region
from src_model.project.strokes import STROKES, kept_strokes

HERE = Region("a_1", 0, 0, 2, 2)


def test_the_last_state_is_on_the_disk_when_it_is_closed(tmp_path: Path) -> None:
    keeper = StrokeKeeper(tmp_path)
    for value in range(50):
        keeper.keep(({HERE: np.full((2, 2), value, np.uint8)}, ()))
    keeper.close()
    keeper.close()
    assert (kept_strokes(tmp_path)[HERE] == 49).all()


def test_a_disk_that_refuses_is_logged_and_tried_again_with_the_next_stroke(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gone"
    keeper = StrokeKeeper(folder)
    keeper.keep(({HERE: np.zeros((2, 2), np.uint8)}, ()))
    while STROKES not in caplog.text:
        time.sleep(0.01)
    folder.mkdir()
    keeper.keep(({HERE: np.ones((2, 2), np.uint8)}, ()))
    keeper.close()
    assert (kept_strokes(folder)[HERE] == 1).all()
