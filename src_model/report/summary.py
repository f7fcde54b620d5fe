"""Summary: what each line reached, as a CSV table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from src_model.report.figures.budget_axis import BudgetScale, budget_scale
from src_model.report.results.comparison import TARGETS, LineResult, Missing, span
from src_model.report.results.lines import Lines, families, members
from src_model.report.results.statistics import Estimate, PairedDifference

Number = float | int | None


def summary_csv(lines: Lines, results: Sequence[LineResult]) -> str:
    """A row a line: points of IoU, budgets in regions, an empty cell where there is no number."""
    spans = {
        family: span(run for runs in members(lines, family).values() for run in runs) for family in families(lines)
    }
    scales = {
        family: budget_scale(run for runs in members(lines, family).values() for run in runs)
        for family in families(lines)
    }
    rows = [
        _named(result)
        | _numbers(result, spans[result.line.family])
        | _budgets(spans[result.line.family], scales[result.line.family])
        for result in results
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _named(result: LineResult) -> dict[str, str | Number]:
    return {
        "segmenter": result.line.family.segmenter,
        "loss_weights": result.line.family.loss.value,
        "acquisition": result.line.acquisition,
        "variant": result.line.variant,
        "seeds": " ".join(map(str, result.seeds)),
    }


def _numbers(result: LineResult, whole: tuple[float, float] | None) -> dict[str, str | Number]:
    paired = result.against_random
    estimates = {
        "final_mean_iou": result.final,
        "after_final_training": result.trained,
        "area": result.area,
        "rare_area": result.rare_area,
        "area_minus_random": paired.difference if isinstance(paired, PairedDifference) else paired,
    }
    for share, needed in zip(TARGETS, result.labels_to_reach, strict=False):
        estimates[f"regions_to_{share * 100:.0f}"] = needed
    row: dict[str, str | Number] = dict(zip(("from_regions", "to_regions"), whole or (None, None), strict=True))
    for name, estimate in estimates.items():
        row |= _estimate(name, estimate)
    row["p"] = paired.p_value if isinstance(paired, PairedDifference) else None
    row["p_holm"] = None if isinstance(result.corrected_p, Missing) else result.corrected_p
    row["way_to_upper_line"] = None if isinstance(result.way, Missing) else result.way
    return row


def _budgets(whole: tuple[float, float] | None, scale: BudgetScale | None) -> dict[str, str | Number]:
    """The span once more, in pixels and as a share of the training pixels."""
    row: dict[str, str | Number] = {}
    for end, regions in zip(("from", "to"), whole or (None, None), strict=True):
        row[f"{end}_pixels"] = None if regions is None or scale is None else round(regions * scale.pixels)
        row[f"{end}_fraction"] = None if regions is None or scale is None else regions * scale.fraction
    return row


def _estimate(name: str, value: Estimate | Missing) -> dict[str, str | Number]:
    if isinstance(value, Missing):
        return {name: None, f"{name}_half_width": None, f"{name}_runs": 0}
    return {name: value.mean, f"{name}_half_width": value.half_width, f"{name}_runs": value.count}
