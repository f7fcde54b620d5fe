"""Checkpoints: what goes in comes out, and nothing foreign or half-written comes in."""

import errno
import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from src_model.checkpoint import SCHEMA, load_tensors, save_tensors
from src_model.exceptions import CheckpointError

TENSORS = {
    "weights": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "count": torch.tensor(7),
    "mask": torch.tensor([True, False]),
    "nothing": torch.empty(0, 4),
}
HEADER = {"step": 3, "classes": ["road", "sky"], "rng": {"state": 2**127 + 1}, "loss": 0.1, "policy": None}


def written(path: Path) -> Path:
    save_tensors(path, TENSORS, HEADER)
    return path


def test_tensors_and_header_come_back_as_they_were(tmp_path: Path) -> None:
    tensors, header = load_tensors(written(tmp_path / "a.safetensors"))
    assert header == HEADER
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
    )
)
def test_any_strict_json_can_be_a_header(tmp_path: Path, header: dict[str, Any]) -> None:
    save_tensors(tmp_path / "a.safetensors", {}, header)
    assert load_tensors(tmp_path / "a.safetensors") == ({}, header)


def test_tensors_that_share_memory_come_back_on_their_own(tmp_path: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    shared = {"whole": whole, "again": whole, "row": whole[1], "turned": whole.T, "grown": torch.ones(1).expand(5)}
    save_tensors(tmp_path / "a.safetensors", shared, {})
    tensors, _ = load_tensors(tmp_path / "a.safetensors")
    assert all(torch.equal(tensors[name], tensor) for name, tensor in shared.items())
    tensors["whole"].zero_()
    assert torch.equal(tensors["again"], whole)
    assert (tmp_path / "a.safetensors").stat().st_size < 1000


def test_parameters_can_be_saved_and_loaded_tensors_can_be_trained_after_the_file_is_gone(tmp_path: Path) -> None:
    layer = torch.nn.Linear(2, 1)
    path = tmp_path / "a.safetensors"
    save_tensors(path, dict(layer.named_parameters()), {})
    tensors, _ = load_tensors(path)
    path.write_bytes(b"")
    tensors["weight"] += 1
    assert torch.equal(tensors["weight"], layer.weight.detach() + 1)


def test_what_cannot_be_json_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        save_tensors(tmp_path / "a.safetensors", TENSORS, {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no checkpoint .*gone\.safetensors"):
        load_tensors(tmp_path / "gone.safetensors")


@pytest.mark.parametrize("kept", [0, 4, 8, 60, 200, -1])
def test_a_truncated_checkpoint_is_refused(tmp_path: Path, kept: int) -> None:
    path = written(tmp_path / "a.safetensors")
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"a\.safetensors is damaged"):
        load_tensors(path)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        load_tensors(path)


def test_a_header_length_beyond_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(CheckpointError):
        load_tensors(path)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"format": "pt"},
        {"src_model": "not json"},
        {"src_model": "[1]"},
        {"src_model": '{"schema": 1}'},
        {"src_model": '{"schema": "1", "header": {}}'},
        {"src_model": '{"schema": 1, "header": []}'},
    ],
)
def test_a_safetensors_file_of_somebody_else_is_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"weights": torch.zeros(1)}, path, metadata=metadata)
    with pytest.raises(CheckpointError, match="not one that napari-ralis wrote"):
        load_tensors(path)


def test_a_newer_layout_asks_for_an_update(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    content = json.dumps({"schema": SCHEMA + 1, "header": {}})
    save_file({"weights": torch.zeros(1)}, path, metadata={"src_model": content})
    with pytest.raises(CheckpointError, match="Update napari-ralis"):
        load_tensors(path)


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    path, mark = tmp_path / "a.safetensors", tmp_path / "exploded"
    for new_format in (True, False):
        torch.save({"weights": Bomb(mark)}, path, _use_new_zipfile_serialization=new_format)
        with pytest.raises(CheckpointError, match="damaged or not a safetensors file"):
            load_tensors(path)
    assert not mark.exists()


def test_a_kill_before_the_exchange_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.safetensors")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save_tensors(path, {"weights": torch.ones(1)}, {})
    assert load_tensors(path)[1] == HEADER
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_a_checkpoint_error_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.safetensors")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match="No space left"):
        save_tensors(path, {"weights": torch.ones(1)}, {})
    assert load_tensors(path)[1] == HEADER


def test_a_missing_folder_is_a_checkpoint_error(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Cannot write the checkpoint"):
        save_tensors(tmp_path / "missing" / "a.safetensors", {}, {})
