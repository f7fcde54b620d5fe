"""Fixtures shared by all tests: the real data set when it is at hand, tiny synthetic ones always."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_ralis.threads.torch_beside_opengl import leave_triton_out

# Test modules import torch by themselves, also after others have drawn.
leave_triton_out()


@pytest.fixture(scope="session", autouse=True)
def _settings_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the user of this machine has set neither changes a test nor is changed by one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RALIS_CONFIG", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="session")
def camvid() -> Path:
    """Folder of the real CamVid images; skips where RALIS_CAMVID does not point at them."""
    folder = os.environ.get("RALIS_CAMVID")
    if not folder:
        pytest.skip("RALIS_CAMVID is not set: point it at the folder with train/, trainannot/, val/ and valannot/")
    path = Path(folder)
    if not (path / "train").is_dir():
        pytest.skip(f"RALIS_CAMVID={folder} holds no folder train/")
    return path


@pytest.fixture
def tiny_camvid(tmp_path: Path) -> Path:
    """A made-up data set in CamVid's layout: 6 training and 2 validation images of 36×48, two sequences.

    Columns 0–23 of each mask are sky (0), the others road (3); the last two rows are ignored (11). The training image
    ``0006R0_000004`` has no mask.
    """
    folder = tmp_path / "camvid"
    for split, stems in {
        "train": ["0001TP_000001", "0001TP_000002", "0001TP_000003", "0006R0_000001", "0006R0_000002", "0006R0_000004"],
        "val": ["0016E5_000001", "0016E5_000002"],
    }.items():
        for kind in (split, f"{split}annot"):
            (folder / kind).mkdir(parents=True)
        for number, stem in enumerate(stems):
            _write_street(folder / split / f"{stem}.png", seed=number)
            if stem != "0006R0_000004":
                _write_halves(folder / f"{split}annot" / f"{stem}.png")
    return folder


def _write_street(path: Path, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 60, size=(36, 48, 3), dtype=np.uint8)
    noise[:, :24] += np.array([60, 120, 190], dtype=np.uint8)
    Image.fromarray(noise).save(path)


def _write_halves(path: Path) -> None:
    labels = np.zeros((36, 48), dtype=np.uint8)
    labels[:, 24:] = 3
    labels[-2:] = 11
    Image.fromarray(labels).save(path)
