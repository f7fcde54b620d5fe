"""Feature store: the frozen features of a set of images, in memory or in one file that processes share."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock

from src_model.atomic_file import replacing
from src_model.exceptions import EngineFailure

logger = logging.getLogger(__name__)

HalfRows = npt.NDArray[np.float16]

_ROWS = "cells.f16"
_CHECKSUMS = "checksums.u32"
_LOCK = "lock"


class FeatureStore:
    """(cells, D) float16 rows for each image, filled image by image in any order by any number of processes.

    An image counts as stored when the checksum of its rows is there and right, which is looked at once a process: what
    a crash or a full disk left half written is made again. Rows that are stored are never written again, so that all
    processes read the same numbers.

    Parameters
    ----------
    cells:
        Number of cells of each image; the order is that of the file.
    components:
        D.
    folder:
        Where the files lie or will lie; None keeps everything in memory.

    Raises
    ------
    EngineFailure
        If the folder cannot be written.
    """

    def __init__(self, cells: Mapping[str, int], components: int, folder: Path | None) -> None:
        ends = list(accumulate(cells.values()))
        self._spans = {image: (end - cells[image], end) for image, end in zip(cells, ends, strict=True)}
        self._places = {image: place for place, image in enumerate(cells)}
        self._shape = (ends[-1] if ends else 0, components)
        self._sound: set[str] = set()
        self._path: Path | None = None
        self._lock: FileLock | nullcontext[None] = nullcontext()
        if folder is None or not self._shape[0]:
            self._rows: HalfRows = np.zeros(self._shape, dtype=np.float16)
            self._checksums: npt.NDArray[np.uint32] = np.zeros(len(cells), dtype=np.uint32)
            return
        with writing_to(folder):
            self._open(folder)

    def __contains__(self, image: str) -> bool:
        if image in self._sound:
            return True
        checksum = self._checksums[self._places[image]]
        if not checksum:
            return False
        if checksum != _checksum(self._slice(image)):
            logger.warning("The stored features of %s are damaged and are made again.", image)
            return False
        self._sound.add(image)
        return True

    def add(self, image: str, make: Callable[[], HalfRows]) -> None:
        """Store ``make()``, (cells, D) float16, unless somebody has stored this image meanwhile.

        The lock is held for this one image, so that processes that start together share the work.

        Raises
        ------
        EngineFailure
            If the file cannot be written, for example because the disk is full.
        """
        with self._lock:
            if image in self:
                return
            rows = make()
            if self._path is None:
                self._slice(image)[:] = rows
            else:
                with writing_to(self._path.parent):
                    self._write(image, rows)
            self._checksums[self._places[image]] = _checksum(rows)
            self._sound.add(image)

    def rows(self, image: str) -> torch.Tensor:
        """(cells, D) float16 view of a stored image; not to be written to."""
        return torch.from_numpy(self._slice(image))

    def read(self, images: Sequence[str]) -> torch.Tensor:
        """(cells of all images in order, D) float32 copy."""
        parts = [self.rows(image) for image in images]
        gathered = torch.empty((sum(map(len, parts)), self._shape[1]))
        start = 0
        for part in parts:
            gathered[start : start + len(part)] = part
            start += len(part)
        return gathered

    def _slice(self, image: str) -> HalfRows:
        start, end = self._spans[image]
        return self._rows[start:end]

    def _open(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / _LOCK, thread_local=False)
        self._path = folder / _ROWS
        with self._lock:
            # A file with holes: room on the disk is taken as images are stored.
            _ensure(self._path, self._shape[0] * self._shape[1] * 2, filled=False)
            _ensure(folder / _CHECKSUMS, len(self._places) * 4, filled=True)
        # Opened for writing because torch warns of read-only arrays; rows are written through the file, where a full
        # disk is an error and not the end of the process.
        self._rows = np.memmap(self._path, dtype=np.float16, mode="r+", shape=self._shape)
        self._checksums = np.memmap(folder / _CHECKSUMS, dtype=np.uint32, mode="r+", shape=(len(self._places),))

    def _write(self, image: str, rows: HalfRows) -> None:
        assert self._path is not None
        with self._path.open("r+b") as file:
            file.seek(self._spans[image][0] * self._shape[1] * 2)
            file.write(rows.tobytes())


def _checksum(rows: HalfRows) -> int:
    return zlib.crc32(np.ascontiguousarray(rows).data) or 1


def _ensure(path: Path, size: int, *, filled: bool) -> None:
    if path.is_file() and path.stat().st_size == size:
        return
    with replacing(path) as partial, partial.open("wb") as file:
        if filled:
            file.write(bytes(size))
        file.truncate(size)


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Raise `EngineFailure` with what to do for files that cannot be made inside."""
    try:
        yield
    except OSError as exc:
        raise EngineFailure(
            f"Cannot keep features in {folder}: {exc}. Free some space, or let RALIS_CACHE name another folder."
        ) from exc
