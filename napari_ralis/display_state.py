"""Display state: what panels show and allow, as a pure function of the session."""

from __future__ import annotations

from dataclasses import dataclass

from napari_ralis.session import DatasetContents, ImageEntry, LabellingSession, Phase
from src_model.data.region import RegionGrid, Size


@dataclass(frozen=True, slots=True)
class DisplayState:
    """Everything a panel renders.

    Attributes
    ----------
    opening:
        A data set is being opened: a busy bar and a way to stop are shown, and the image list rests.
    browsing:
        No project is open: data sets may be opened and looked at.
    summary:
        One line about the open data set.
    entries, current:
        The image list and the row of the shown image.
    position, facts:
        Which image is shown, and what is known about it.
    may_label:
        A data set is open whose images may be labelled.
    can_go_back, can_go_on:
        Whether there is an image before and after it.
    """

    opening: bool
    browsing: bool
    summary: str
    entries: tuple[ImageEntry, ...]
    current: int | None
    position: str
    facts: str
    may_label: bool
    can_go_back: bool
    can_go_on: bool


def display_state(session: LabellingSession) -> DisplayState:
    """What to show for this session."""
    contents, entry, current = session.contents, session.entry, session.current
    entries = () if contents is None else contents.entries
    return DisplayState(
        opening=session.phase is Phase.OPENING,
        browsing=session.phase in (Phase.EMPTY, Phase.OPENING, Phase.OPEN),
        summary="" if contents is None else _summary(contents),
        entries=entries,
        current=current,
        position="" if current is None else f"{current + 1:,} of {len(entries):,}",
        facts="" if contents is None or entry is None else _facts(entry, contents.config.region),
        may_label=session.phase is Phase.OPEN and bool(entries),
        can_go_back=current is not None and current > 0,
        can_go_on=current is not None and current + 1 < len(entries),
    )


def size_text(size: Size) -> str:
    """A size as people write it here: HEIGHT×WIDTH."""
    return f"{size[0]}×{size[1]}"


def _summary(contents: DatasetContents) -> str:
    sequences = {entry.sequence for entry in contents.entries}
    parts = (
        _counted(len(contents.entries), "image"),
        _counted(len(sequences), "sequence"),
        f"{contents.schema.num_classes} classes",
        f"{_counted(contents.num_regions, 'region')} of {size_text(contents.config.region)}",
    )
    return " · ".join(parts)


def _facts(entry: ImageEntry, region: Size) -> str:
    parts = [
        f"{size_text(entry.size)} pixels",
        _counted(len(RegionGrid(entry.size, region)), "region"),
        "labelled" if entry.labelled else "no labels",
    ]
    if entry.split is not None:
        parts.append(entry.split)
    return " · ".join(parts)


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
