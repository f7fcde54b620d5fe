"""Study tables: the results of a set of runs as markdown, for docs/studies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from src_model.simulation.comparison import compare
from src_model.simulation.lines import families, group_runs, members
from src_model.simulation.report_tables import result_caption, result_table
from src_model.simulation.run_tables import read_runs


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
    found = read_runs(folders)
    lines = group_runs(found.runs)
    results = compare(lines, full_supervision)
    parts = []
    for family in families(lines):
        own = [result for result in results if result.line.family == family]
        caption = result_caption(members(lines, family))
        parts.append(f"**{family.title}**\n\n{caption}\n\n{result_table(own).markdown()}")
    return "\n\n".join([*parts, *found.left_out]) + "\n"
