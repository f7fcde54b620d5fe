"""Checkpoints: tensors and a JSON header in one safetensors file, written atomically and never unpickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from src_model.atomic_file import replacing
from src_model.exceptions import CheckpointError

SCHEMA = 1
"""Version of the layout below; a file with a higher one is refused."""

_KEY = "src_model"


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor], header: Mapping[str, Any]) -> None:
    """Write tensors of any device, type and shape with a JSON header; an older file stays until the new one is whole.

    Tensors may share memory; each is stored in full and comes back on its own.

    Parameters
    ----------
    path:
        File to write; its folder must exist.
    tensors:
        By name; copied to the CPU.
    header:
        Strict JSON: string keys, no NaN, no infinity. Tuples come back as lists.

    Raises
    ------
    CheckpointError
        If the file cannot be written, for example because the disk is full; ``path`` is as before.
    ValueError
        If the header is not strict JSON.
    """
    metadata = {_KEY: json.dumps({"schema": SCHEMA, "header": dict(header)}, allow_nan=False)}
    try:
        with replacing(path) as partial:
            save_file(_separate(tensors), partial, metadata=metadata)
    except (OSError, SafetensorError) as exc:
        raise CheckpointError(
            f"Cannot write the checkpoint {path}: {exc}. Nothing was changed; free some space or check that the "
            "folder can be written, then repeat."
        ) from exc


def load_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read what `save_tensors` wrote: the tensors, on the CPU and in memory of their own, and the header.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, not one of ours or made by a newer version.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint {path}. Check the path, or train to make one.")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            header = _checked_header(path, file.metadata())
            # Clones, because the tensors lie in the mapped file, which may be replaced or deleted while they are used.
            # The opened file is no mapping: it has keys(), but cannot be iterated.
            return {name: file.get_tensor(name).clone() for name in file.keys()}, header  # noqa: SIM118
    except (OSError, SafetensorError) as exc:
        raise CheckpointError(
            f"The checkpoint {path} is damaged or not a safetensors file ({exc}). Copy it again from where it came "
            "from, or train anew."
        ) from exc


def _separate(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    separate: dict[str, torch.Tensor] = {}
    taken: set[int] = set()
    for name, tensor in tensors.items():
        plain = tensor.detach().to("cpu").contiguous()
        storage = plain.untyped_storage()
        if storage.data_ptr() in taken or storage.nbytes() != plain.numel() * plain.element_size():
            plain = plain.clone()
        taken.add(plain.untyped_storage().data_ptr())
        separate[name] = plain
    return separate


def _checked_header(path: Path, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    foreign = CheckpointError(
        f"{path} is a safetensors file, but not one that napari-ralis wrote: its header is missing or damaged. "
        "Give a checkpoint or policy made by napari-ralis."
    )
    try:
        content = json.loads((metadata or {})[_KEY])
        schema, header = content["schema"], content["header"]
    except (KeyError, TypeError, ValueError) as exc:
        raise foreign from exc
    if not isinstance(schema, int) or not isinstance(header, dict):
        raise foreign
    if schema > SCHEMA:
        raise CheckpointError(
            f"{path} has layout {schema}, this version of napari-ralis reads up to {SCHEMA}. Update napari-ralis."
        )
    return header
