"""Checkpoints of a project: how they are named, which ones count, and which are left over."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from src_model.atomic_file import PARTIAL_SUFFIX
from src_model.project.event_log import Entry, EventLog, Kind

CHECKPOINT = "checkpoint"
"""In the body of a record about serving: the file with the weights that are served; None if no file holds them."""

_FILES = "checkpoint-*.safetensors"


def new_checkpoint_path(folder: Path, log: EventLog) -> Path:
    """A name that no checkpoint has had."""
    return folder / _FILES.replace("*", str(log.last + 1))


def checkpoint_entry(folder: Path, episode: int, step: int, checkpoint: Path) -> Entry:
    """From now on this checkpoint counts.

    Raises
    ------
    ValueError
        If it is not in the folder, or has another name than `new_checkpoint_path` gave.
    """
    if checkpoint.parent != folder or not checkpoint.match(_FILES) or not checkpoint.is_file():
        raise ValueError(f"{checkpoint} is not a checkpoint written under a name from new_checkpoint_path().")
    return Entry(Kind.CHECKPOINT, episode, step, {"file": checkpoint.name})


def serving_entry(log: EventLog, episode: int, step: int, served: bool, text: str) -> Entry:
    """Whether the weights of a step are served from now on; permanent. It names the file of those that are."""
    before, newest = log.newest(Kind.SERVED), log.newest(Kind.CHECKPOINT)
    if not served:
        file = None if before is None else before.entry.body.get(CHECKPOINT)
    else:
        is_own = newest is not None and (newest.entry.episode, newest.entry.step) == (episode, step)
        file = newest.entry.body["file"] if newest is not None and is_own else None
    return Entry(Kind.SERVED, episode, step, {"served": served, "text": text, CHECKPOINT: file}, permanent=True)


def remove_leftovers(folder: Path, log: EventLog) -> None:
    """Delete all checkpoints but the one that counts and the one that is served, and what was never written whole."""
    newest, served = log.newest(Kind.CHECKPOINT), log.newest(Kind.SERVED)
    counts = None if newest is None else folder / str(newest.entry.body["file"])
    kept = {None if counts is None else counts.name, None if served is None else served.entry.body.get(CHECKPOINT)}
    leftovers = list(folder.glob(f".*{PARTIAL_SUFFIX}"))
    # Where the one that counts is missing, nobody knows what the others are good for.
    if counts is None or counts.is_file():
        leftovers += [path for path in folder.glob(_FILES) if path.name not in kept]
    for path in leftovers:
        # Windows keeps what another program has open; the next writer tries again.
        with suppress(OSError):
            path.unlink()
