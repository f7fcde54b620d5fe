"""Figures: what they are made of, not how they look."""

import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
from PIL import Image

from src_model.data.region import Region
from src_model.report.figures.class_figures import class_shares, last_shares
from src_model.report.figures.drawing import INK, Drawing, strokes
from src_model.report.figures.line_figures import (
    area_differences,
    budget_curves,
    curve_differences,
    position_shares,
    region_positions,
)
from src_model.report.results.comparison import compare
from src_model.report.results.lines import Lines, group_runs
from src_model.report.results.run_tables import AskedRegion, read_run

WriteRun = Callable[..., Path]


def two_lines(write_run: WriteRun) -> Lines:
    folders = [write_run(name, seed, curve=(0.2 + seed / 10, 0.4)) for name in ("random", "bald") for seed in (0, 1)]
    return group_runs(read_run(folder) for folder in folders)


def every_figure(lines: Lines) -> list[Drawing | None]:
    pens = strokes(lines)
    return [
        budget_curves("curves", lines, pens, 0.5),
        curve_differences("curve-differences", lines, pens),
        area_differences("area-differences", compare(lines), pens),
        class_shares("class-shares", lines, pens),
        region_positions("region-positions", lines),
    ]


def test_every_figure_is_valid_svg_and_png_and_names_its_lines(write_run: WriteRun) -> None:
    for drawing in every_figure(two_lines(write_run)):
        assert drawing is not None
        texts = {"".join(element.itertext()).strip() for element in ElementTree.fromstring(drawing.svg).iter()}
        assert "bald" in texts
        assert "nan" not in texts
        with Image.open(io.BytesIO(drawing.png)) as image:
            assert image.width > 1000


def test_drawing_leaves_no_trace_in_the_settings_of_matplotlib(write_run: WriteRun) -> None:
    lines = two_lines(write_run)
    before = dict(mpl.rcParams)
    region_positions("region-positions", lines)
    assert dict(mpl.rcParams) == before


def test_one_line_without_regions_or_shares_has_only_its_curve(write_run: WriteRun) -> None:
    folder = write_run("bald", shares=False)
    (folder / "queried_regions.csv").unlink()
    curves, *others = every_figure(group_runs([read_run(folder)]))
    assert curves is not None
    assert others == [None] * 4


def test_a_figure_in_a_page_takes_its_colour_and_keeps_its_ids_to_itself() -> None:
    svg = f'<?xml version="1.0"?><svg><path id="a" style="fill: {INK}"/><use href="#a" clip-path="url(#b)"/></svg>'
    inline = Drawing("curves", svg, b"").inline
    assert '<path id="curves-a" style="fill: currentColor"/>' in inline
    assert '<use href="#curves-a" clip-path="url(#curves-b)"/>' in inline
    assert inline.startswith("<svg>")


def test_the_same_runs_draw_the_same_figure(write_run: WriteRun) -> None:
    lines = two_lines(write_run)
    first, second = (budget_curves("curves", lines, strokes(lines), None) for _ in range(2))
    assert first == second


def test_lines_differ_in_colour_or_dashes_and_random_has_the_colour_of_the_text(write_run: WriteRun) -> None:
    names = ("random", "bald", "entropy", "margin", "label_balance_true")
    pens = strokes(group_runs(read_run(write_run(name)) for name in names))
    assert pens["random"].colour == INK
    assert len({(pen.colour, pen.dashes) for pen in pens.values()}) == len(names)


def test_an_acquisition_has_the_same_colour_in_every_report(write_run: WriteRun) -> None:
    runs = {name: read_run(write_run(name)) for name in ("random", "bald", "entropy", "margin")}
    alone = strokes(group_runs([runs["entropy"]]))["entropy"]
    among = strokes(group_runs(runs.values()))["entropy"]
    assert alone.colour == among.colour


def test_two_lines_of_one_acquisition_have_two_colours(write_run: WriteRun) -> None:
    folders = [write_run("entropy"), write_run("entropy", folder="b", data={"split": "cover"})]
    pens = strokes(group_runs(read_run(folder) for folder in folders))
    assert len({pen.colour for pen in pens.values()}) == 2


def test_a_name_with_signs_of_formulas_or_markup_stays_text(write_run: WriteRun) -> None:
    folder = write_run("random", curve=(0.2, 0.4))
    table = folder / "metrics.csv"
    table.write_text(table.read_text().replace("share_pole", "share_$x^<b>"))
    lines = group_runs([read_run(folder)])
    drawing = class_shares("class-shares", lines, strokes(lines))
    assert drawing is not None
    assert "$x^&lt;b&gt;" in drawing.svg


def test_positions_are_counted_in_percent_of_the_regions_asked() -> None:
    places = [(0, 0), (0, 8), (0, 8), (8, 8)]
    asked = [AskedRegion(1, Region("a", row, column, 8, 8 if column == 0 else 4)) for row, column in places]
    across, down, shares = position_shares(asked)
    assert across.tolist() == [0, 8, 12]
    assert down.tolist() == [0, 8, 16]
    assert shares.tolist() == [[25, 50], [0, 25]]


def test_shares_of_the_labels_leave_out_pixels_without_a_class(write_run: WriteRun) -> None:
    folder = write_run()
    table = folder / "metrics.csv"
    table.write_text(table.read_text().replace("0.75", "0.3").replace("0.25", "0.2"))
    run = read_run(folder)
    assert last_shares([run], ("sky", "pole")).tolist() == [0.6, 0.4]
    assert last_shares([run], ("unheard_of",)).tolist() == [0.0]
