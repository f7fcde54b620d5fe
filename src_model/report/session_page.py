"""Session page: what a person's labelling has brought, and beside it what another rule would have asked."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from src_model.atomic_file import replacing
from src_model.data.annotation import Annotation
from src_model.data.dataset import Dataset
from src_model.data.readers import open_dataset
from src_model.data.region import Region
from src_model.exceptions import ProjectError, RalisError
from src_model.project.folder import COMPARED
from src_model.report.figures.drawing import Drawing
from src_model.report.figures.mosaic import mosaic
from src_model.report.figures.session_figures import class_bars, session_curves
from src_model.report.results.sessions import Painted, Session, Step, is_session, read_session

PAGE = "report.html"
_FIGURES = "figures"
_TILES = 10
_POINTS = 100


@dataclass(frozen=True, slots=True)
class Strip:
    """Regions side by side, or why they are not shown."""

    label: str
    source: str
    reason: str


def is_about_a_session(folders: Sequence[Path]) -> bool:
    """Whether this is one person's project, or the folder of a session beside another rule."""
    return len(folders) == 1 and ((folders[0] / COMPARED).is_file() or is_session(folders[0]))


def write_session_report(folder: Path, out: Path) -> Path:
    """Write ``report.html`` and ``figures/`` into ``out`` and return the page.

    Parameters
    ----------
    folder:
        A project in which a person labels, or what ``napari-ralis replay --acquisition`` has written.

    Raises
    ------
    RalisError
        If nothing was measured or labelled yet, the log is damaged, or ``out`` cannot be written.
    """
    known = _known(folder)
    if known is None:
        sessions, shown = {"this session": read_session(folder)}, folder
    else:
        names = {"as labelled": "recorded", str(known["rule"]): str(known["rule"])}
        sessions = {label: read_session(folder / name) for label, name in names.items()}
        shown = folder / "recorded"
    session = next(iter(sessions.values()))
    curves = session_curves("session-curves-1", sessions, by_minutes=known is None)
    bars = class_bars("session-classes-1", session)
    page = (
        _environment()
        .get_template("session_page.html.j2")
        .render(
            title=shown.name if known is None else f"As labelled, and as {known['rule']} would have asked",
            facts=_facts(session) if known is None else {},
            known=_told(known) if known is not None else [],
            headline=_headline(session) if known is None else _comparison(sessions),
            curves=curves,
            bars=bars,
            strips=_strips(sessions, known is not None),
            legend=_legend(session),
            history=_history(session) if known is None else [],
            folder=str(folder),
            command=shlex.join(["napari-ralis", "report", str(folder), "--out", str(out)]),
        )
    )
    _write(out, page, [own for own in (curves, bars) if own is not None])
    return out / PAGE


def _known(folder: Path) -> dict[str, Any] | None:
    path = folder / COMPARED
    if not path.is_file():
        return None
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as exc:
        raise ProjectError(f"{path} is damaged ({exc}). Make it again with napari-ralis replay.") from exc


def _told(known: Mapping[str, Any]) -> list[str]:
    """How far the comparison carries: whose answers it rests on."""
    rule, asked, labelled = known["rule"], int(known["asked"]), int(known["labelled"])
    told = [
        f"{rule} chose {asked} regions out of {known['askable']} whose labels are known, of {known['pool']} that there "
        f"are. {_percent(known['from_session'], asked)} of what it asked was answered by the session, "
        f"{_percent(known['from_masks'], asked)} by masks."
    ]
    if known["askable"] == labelled:
        told.append(
            "There are no masks, so that it could only ask what was labelled anyway: both lines end with the same "
            f"{labelled} labels, and only their order differs. What {rule} would have found elsewhere is not "
            "known, nor does it show here what the session gained by choosing these regions out of all. No difference "
            "does not mean that both are as good."
        )
    elif known["from_masks"]:
        told.append(
            "Where masks answered, nobody's strokes are compared: masks may be more or less careful than the person "
            "was. Both lines are measured on the check regions of the session, all of them from the start."
        )
    told.append("One session is one draw of chance: a second one could come out the other way round.")
    return told


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.0f} %"


def _headline(session: Session) -> list[str]:
    count = f"{len(session.labels)} regions labelled to learn from and {len(session.checks)} to measure with"
    lines = [f"{count}, in {_minutes(session.minutes)}."]
    if not session.measured:
        lines.append("Nothing is measurable yet: no class is held by enough labelled check regions.")
        return lines
    last = session.measured[-1]
    lines.append(f"Mean IoU on check regions: {_interval(last, 'mean_iou')}, after {last.regions:.0f} regions.")
    return lines


def _minutes(minutes: float) -> str:
    return "under a minute" if minutes < 1 else "a minute" if minutes < 1.5 else f"{minutes:.0f} minutes"


def _comparison(sessions: Mapping[str, Session]) -> list[str]:
    lines = []
    for label, session in sessions.items():
        if session.measured:
            last = session.measured[-1]
            lines.append(f"{label}: mean IoU {_interval(last, 'mean_iou')} after {last.regions:.0f} regions.")
    return lines or ["Nothing is measurable: no class is held by enough check regions."]


def _facts(session: Session) -> dict[str, str]:
    skipped = ", ".join(f"{count} {reason}" for reason, count in session.skipped.items())
    facts = {
        "asked by": f"{session.config.acquisition.name}, {session.config.acquisition.regions_per_query} at a time",
        "trainings": str(len(session.steps) - 1),
        "passed over": skipped,
    }
    return {name: fact for name, fact in facts.items() if fact}


def _interval(step: Step, column: str) -> str:
    value, low, high = (step.number(column + end) for end in ("", "_low", "_high"))
    if value is None:
        return "not measurable"
    if low is None or high is None:
        return f"{_POINTS * value:.1f}"
    return f"{_POINTS * value:.1f} ({_POINTS * low:.1f} to {_POINTS * high:.1f})"


def _gain(step: Step) -> str:
    value, low, high = (step.number(column) for column in ("gain", "gain_low", "gain_high"))
    if value is None or low is None or high is None:
        return "not measurable"
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


def _history(session: Session) -> list[tuple[str, ...]]:
    """Step, regions, check regions, minutes, mean IoU, of how many classes, gain, and what became of the weights."""
    served = {own.step: own.text for own in session.serving}
    return [
        (
            str(step.row.get("step")),
            f"{step.regions:.0f}",
            f"{step.number('check_regions') or 0:.0f}",
            f"{step.minutes:.1f}",
            _interval(step, "mean_iou"),
            str(step.classes_measured),
            _gain(step) if step.row.get("step") else "",
            served.get(int(step.number("step") or 0), ""),
        )
        for step in session.steps
    ]


def _strips(sessions: Mapping[str, Session], compared: bool) -> list[Strip]:
    session = next(iter(sessions.values()))
    try:
        dataset = open_dataset(session.config.data)
    except RalisError as exc:
        return [Strip("", "", f"The images cannot be shown: {exc}")]
    if compared:
        return [_strip(f"{label}: the first regions", dataset, own, _first(own)) for label, own in sessions.items()]
    newest = [region for query in reversed(session.queries) for region in query.regions if region in session.labels]
    strips = [
        _strip("labelled last, as it was asked", dataset, session, newest[:_TILES]),
        _strip("asked first", dataset, session, _first(session)),
        _strip("check regions, drawn by chance", dataset, session, list(session.checks)[:_TILES]),
    ]
    return [strip for strip in strips if strip.source or strip.reason]


def _first(session: Session) -> list[Region]:
    asked = [region for query in session.queries for region in query.regions if region in session.labels]
    return asked[:_TILES]


def _strip(label: str, dataset: Dataset, session: Session, regions: Sequence[Region]) -> Strip:
    if not regions:
        return Strip(label, "", "")
    known: dict[Region, Annotation] = {**session.labels, **session.checks}
    of_these = {region: known[region] for region in regions if region in known}
    try:
        jpeg = mosaic(Painted(dataset, of_these), regions)
    except RalisError as exc:
        return Strip(label, "", f"The images cannot be shown: {exc}")
    return Strip(label, f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}", "")


def _legend(session: Session) -> list[tuple[str, str]]:
    try:
        schema = open_dataset(session.config.data).schema
    except RalisError:
        return []
    return [(one.name, "#" + bytes(one.colour).hex()) for one in schema.classes]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("src_model.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["inline"] = lambda drawing: Markup(drawing.inline)
    return environment


def _write(out: Path, page: str, drawings: Sequence[Drawing]) -> None:
    try:
        (out / _FIGURES).mkdir(parents=True, exist_ok=True)
        for drawing in drawings:
            for ending, content in ((".svg", drawing.svg.encode()), (".png", drawing.png)):
                with replacing((out / _FIGURES / drawing.name).with_suffix(ending)) as partial:
                    partial.write_bytes(content)
        with replacing(out / PAGE) as partial:
            partial.write_bytes(page.encode(errors="replace"))
    except OSError as exc:
        raise ProjectError(f"Cannot write the report into {out}: {exc}. Choose another folder with --out.") from exc
