"""The budget axis: regions, pixels and percent are one budget."""

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from src_model.report.figures.budget_axis import BudgetScale, budget_scale, draw_budget_axis, megapixels, percent, told
from src_model.report.results.run_tables import read_run

WriteRun = Callable[..., Path]


def test_a_region_is_worth_the_pixels_and_the_share_of_the_tables(write_run: WriteRun) -> None:
    scale = budget_scale([read_run(write_run())])
    assert scale == BudgetScale(pixels=64, fraction=0.01)
    assert told(scale, 4) == "4 regions (256 px, 4 % of the training pixels)"
    assert told(None, 4) == "4 regions"


def test_runs_with_other_regions_share_no_scale(write_run: WriteRun) -> None:
    other = write_run("bald")
    table = other / "metrics.csv"
    table.write_text(table.read_text().replace(",0.02,", ",0.04,").replace(",0.04,", ",0.08,"))
    assert budget_scale([read_run(write_run()), read_run(other)]) is None
    assert budget_scale([]) is None


def test_runs_without_the_columns_have_no_scale(write_run: WriteRun) -> None:
    folder = write_run()
    table = folder / "metrics.csv"
    table.write_text(table.read_text().replace("labelled_fraction", "something_else"))
    assert budget_scale([read_run(folder)]) is None


@pytest.mark.parametrize(
    ("pixels", "text"), [(7200, "7,200 px"), (691_200, "0.691 Mpx"), (63_416_000, "63.4 Mpx"), (6.2e9, "6.2 Gpx")]
)
def test_pixels_are_told_as_people_read_them(pixels: float, text: str) -> None:
    assert megapixels(pixels) == text


@pytest.mark.parametrize(("fraction", "text"), [(0.000114, "0.0114 %"), (0.0109, "1.09 %"), (0.5, "50.0 %")])
def test_shares_keep_the_digits_that_matter(fraction: float, text: str) -> None:
    assert percent(fraction) == text


def ticks_above(regions: int, scale: BudgetScale) -> list[float]:
    figure = Figure()
    axes = figure.subplots()
    axes.plot([0, regions], [0, 1])
    axes.set_xlim(0, regions)
    draw_budget_axis(axes, scale)
    figure.draw_without_rendering()
    (above,) = axes.child_axes
    low, high = sorted(above.get_xlim())
    return [round(float(tick), 6) for tick in above.get_xticks() if low <= tick <= high]


def test_the_budgets_of_the_seed_paper_are_the_ticks_of_a_short_axis() -> None:
    assert ticks_above(500, BudgetScale(7200, 0.0001)) == [0.5, 1, 2, 3, 5]


def test_ticks_that_would_touch_are_left_out_the_smaller_first() -> None:
    assert ticks_above(800, BudgetScale(7200, 0.0001)) == [1, 2, 3, 5]


def test_a_long_axis_has_ticks_of_its_own() -> None:
    assert ticks_above(5000, BudgetScale(7200, 0.0001))[-1] == 50
