from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from src_model.exceptions import EngineFailure
from src_model.segmentation.feature_store import FeatureStore, HalfRows

CELLS = {"a": 2, "b": 3, "c": 2}


def _rows(image: str) -> HalfRows:
    return np.full((CELLS[image], 4), ord(image), dtype=np.float16)


def _never() -> HalfRows:
    pytest.fail("made again")


def test_rows_come_back_in_the_order_asked_for() -> None:
    store = FeatureStore(CELLS, 4, None)
    for image in ("c", "a"):
        store.add(image, lambda name=image: _rows(name))
    assert store.read(["c", "a"])[:, 0].tolist() == [99, 99, 97, 97]
    assert ("a" in store, "b" in store) == (True, False)


def test_what_is_stored_is_not_made_again() -> None:
    store = FeatureStore(CELLS, 4, None)
    store.add("a", lambda: _rows("a"))
    store.add("a", _never)


def test_a_second_store_of_the_folder_reads_what_the_first_has_written(tmp_path: Path) -> None:
    first, second = FeatureStore(CELLS, 4, tmp_path), FeatureStore(CELLS, 4, tmp_path)
    first.add("b", lambda: _rows("b"))
    second.add("b", _never)
    assert second.read(["b"])[:, 0].tolist() == [98, 98, 98]
    assert "b" in FeatureStore(CELLS, 4, tmp_path)


def test_stores_that_start_together_share_the_work(tmp_path: Path) -> None:
    made: list[str] = []

    def fill(_: int) -> list[float]:
        store = FeatureStore(CELLS, 4, tmp_path)
        for image in CELLS:
            store.add(image, lambda name=image: (made.append(name), _rows(name))[1])
        numbers: list[float] = store.read(list(CELLS))[:, 0].tolist()
        return numbers

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(fill, range(4)))
    assert sorted(made) == ["a", "b", "c"]
    assert all(result == [97, 97, 98, 98, 98, 99, 99] for result in results)


def test_damaged_rows_are_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    FeatureStore(CELLS, 4, tmp_path).add("a", lambda: _rows("a"))
    with (tmp_path / "cells.f16").open("r+b") as file:
        file.write(b"\x01")
    again = FeatureStore(CELLS, 4, tmp_path)
    with caplog.at_level(logging.WARNING):
        assert "a" not in again
    assert "a are damaged" in caplog.text
    again.add("a", lambda: _rows("a"))
    assert again.read(["a"])[:, 0].tolist() == [97, 97]


def test_a_file_of_another_size_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "cells.f16").write_bytes(b"cut off")
    store = FeatureStore(CELLS, 4, tmp_path)
    store.add("c", lambda: _rows("c"))
    assert store.read(["c"])[:, 0].tolist() == [99, 99]


def test_a_folder_that_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EngineFailure, match="RALIS_CACHE"):
        FeatureStore(CELLS, 4, tmp_path / "file" / "below")


def test_no_images_need_no_file(tmp_path: Path) -> None:
    assert FeatureStore({}, 4, tmp_path).read([]).shape == (0, 4)
    assert not list(tmp_path.iterdir())
