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
        A data set is being opened: how far that is and a way to stop are shown, and nothing else.
    beginning:
        Nothing is open: the ways in are shown.
    setting_up:
        A data set is open: it may be looked at, and a project of it be made.
    title, summary:
        Name of the open data set, and one line about it.
    problem:
        Why nothing could be labelled in it; empty if it can.
    entries, current:
        The image list and the row of the shown image.
    position, facts:
        Which image is shown, and what is known about it.
    can_go_back, can_go_on:
        Whether there is an image before and after it.
    """

    opening: bool
    beginning: bool
    setting_up: bool
    title: str
    summary: str
    problem: str
    entries: tuple[ImageEntry, ...]
    current: int | None
    position: str
    facts: str
    can_go_back: bool
    can_go_on: bool


def display_state(session: LabellingSession) -> DisplayState:
    """What to show for this session."""
    contents, entry, current = session.contents, session.entry, session.current
    entries = () if contents is None else contents.entries
    return DisplayState(
        opening=session.phase is Phase.OPENING,
        beginning=session.phase is Phase.EMPTY,
        setting_up=session.phase is Phase.OPEN,
        title="" if contents is None else contents.config.path.absolute().name,
        summary="" if contents is None else _summary(contents),
        problem="" if contents is None else _problem(contents),
        entries=entries,
        current=current,
        position="" if current is None else f"{current + 1:,} of {len(entries):,}",
        facts="" if contents is None or entry is None else _facts(entry, contents.config.region),
        can_go_back=current is not None and current > 0,
        can_go_on=current is not None and current + 1 < len(entries),
    )


def size_text(size: Size) -> str:
    """A size as people write it here: HEIGHT×WIDTH."""
    return f"{size[0]}×{size[1]}"


def _summary(contents: DatasetContents) -> str:
    sequences = {entry.sequence for entry in contents.entries}
    labelled = sum(entry.labelled for entry in contents.entries)
    parts = (
        counted(len(contents.entries), "image"),
        counted(len(sequences), "sequence"),
        f"{labelled:,} labelled" if labelled else "no labels",
    )
    return ", ".join(parts)


def _problem(contents: DatasetContents) -> str:
    if contents.num_regions > 1:
        return ""
    what = f"The image is one region of {size_text(contents.config.region)} at most, and one more is needed to check"
    return f"{what} what was learnt. Make regions smaller, or add images to the folder."


def _facts(entry: ImageEntry, region: Size) -> str:
    parts = [
        f"{size_text(entry.size)} pixels",
        counted(len(RegionGrid(entry.size, region)), "region"),
        "labelled" if entry.labelled else "no labels",
    ]
    if entry.split is not None:
        parts.append(entry.split)
    return " · ".join(parts)


def counted(number: int, thing: str) -> str:
    """A number of things as people write it."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
