"""Study tables: the results of a set of runs as markdown, for docs/studies."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from src_model.atomic_file import replacing
from src_model.report.figures.drawing import strokes, style
from src_model.report.figures.line_figures import budget_curves, curve_differences
from src_model.report.results.comparison import compare
from src_model.report.results.lines import families, group_runs, members
from src_model.report.results.run_tables import Run, read_simulations
from src_model.report.tables import result_caption, result_table


def study_table(folders: Sequence[Path], full_supervision: float | None = None) -> str:
    """Lines against final mean IoU, area, paired difference to random, Holm's p and area of the rarest classes.

    A table for each segmenter and loss; p is corrected over the lines of all of them.

    Parameters
    ----------
    folders:
        Run folders, or folders that hold run folders.
    full_supervision:
        Mean IoU in 0..1 with all labels; adds the regions needed to come near it.

    Raises
    ------
    RalisError
        If a folder is no run, a table is damaged, or two runs are the same in line and seed.
    """
    found = read_simulations(folders)
    lines = group_runs(found.runs)
    results = compare(lines, full_supervision)
    parts = []
    for family in families(lines):
        own = [result for result in results if result.line.family == family]
        caption = result_caption(members(lines, family))
        parts.append(f"**{family.title}**\n\n{caption}\n\n{result_table(own).markdown()}")
    return "\n\n".join([*parts, *found.left_out]) + "\n"


def write_study(folders: Sequence[Path], out: Path, full_supervision: float | None = None) -> None:
    """What a study commits: ``table.md``, ``runs.csv`` with every reading of every run, and its curves as SVG.

    Raises
    ------
    RalisError
        As `study_table`; nothing has been written then.
    """
    table = study_table(folders, full_supervision)
    lines = group_runs(read_simulations(folders).runs)
    with style():
        drawings = [
            drawn
            for number, family in enumerate(families(lines), start=1)
            for own in [members(lines, family)]
            for drawn in (
                budget_curves(f"curves-{number}", own, strokes(own), full_supervision),
                curve_differences(f"differences-{number}", own, strokes(own)),
            )
            if drawn is not None
        ]
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "table.md", table)
    _write(out / "runs.csv", _readings([(line.label, run) for line, runs in lines.items() for run in runs]))
    for drawn in drawings:
        _write(out / f"{drawn.name}.svg", drawn.svg)


def _readings(runs: Sequence[tuple[str, Run]]) -> str:
    """IoU of each class of any run to four places after the point; an empty cell where nothing was read."""
    classes = dict.fromkeys(name for _, run in runs for name in run.steps.names("iou_"))
    columns = ("mean_iou", "weighted_iou", *(f"iou_{name}" for name in classes))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("line", "seed", "labelled_regions", *columns))
    for label, run in runs:
        table = run.steps.columns
        for position, regions in enumerate(table["labelled_regions"].tolist()):
            values = [table[column][position] if column in table else math.nan for column in columns]
            if math.isfinite(values[0]):
                cells = [f"{value:.4f}" if math.isfinite(value) else "" for value in values]
                writer.writerow((label, run.seed, int(regions), *cells))
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
