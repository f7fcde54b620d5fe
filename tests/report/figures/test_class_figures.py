"""Class figures and learning figures: the numbers they are drawn from."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from src_model.report.figures.class_figures import class_shares, confusion_figure, rare_class_iou
from src_model.report.figures.drawing import RARE, Drawing, strokes
from src_model.report.figures.learning_figures import training_curves, training_losses
from src_model.report.results.comparison import class_counts, class_support, rare_classes
from src_model.report.results.confusions import Confusion
from src_model.report.results.lines import Lines, group_runs
from src_model.report.results.run_tables import read_run
from src_model.report.tables import class_table

WriteRun = Callable[..., Path]


def texts(drawing: Drawing | None) -> list[str]:
    assert drawing is not None
    elements = ElementTree.fromstring(drawing.svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(element.itertext()).strip() for element in elements]


def lines_of(*folders: Path) -> Lines:
    return group_runs(read_run(folder) for folder in folders)


def test_what_is_rare_is_told_by_the_pool_not_by_what_was_labelled(write_run: WriteRun) -> None:
    folder = write_run(recorded=True)
    table = folder / "class_pixels.csv"
    table.write_text(table.read_text().replace("sky,900", "sky,50"))
    runs = [read_run(folder)]
    assert class_support(runs) == {"sky": 50, "pole": 100}
    assert rare_classes(runs, 1) == ("sky",)
    assert class_counts([read_run(write_run(seed=1))], "pool_pixels") == {}


def test_counts_of_splits_that_differ_by_seed_are_averaged(write_run: WriteRun) -> None:
    first, second = write_run(seed=0, recorded=True), write_run(seed=1, recorded=True)
    table = second / "class_pixels.csv"
    table.write_text(table.read_text().replace("pole,100", "pole,300"))
    assert class_counts([read_run(first), read_run(second)], "pool_pixels") == {"sky": 900, "pole": 200}


def test_the_class_table_has_support_and_intervals(write_run: WriteRun) -> None:
    lines = lines_of(*(write_run(seed=seed, curve=(0.2, 0.4 + seed / 10), recorded=True) for seed in (0, 1)))
    table = class_table(lines)
    assert table.header == ("class", "share of the pool", "support, pixels", "support, images", "random")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["sky", "90.0 %", "90", "3", "55.0 ± 63.5"],  # 50 and 60: half of 10 times t(0.975, 1)
        ["pole", "10.0 %", "10", "2", "35.0 ± 63.5"],
    ]


def test_one_run_has_no_interval_and_says_so(write_run: WriteRun) -> None:
    table = class_table(lines_of(write_run(recorded=True)))
    assert table.rows[0][-1].text == "50.0"
    assert table.notes == (("a", "one run: no interval"),)


def test_the_pool_is_drawn_with_its_pixels_and_rare_names_in_colour(write_run: WriteRun) -> None:
    lines = lines_of(write_run(recorded=True))
    drawing = class_shares("class-shares", lines, strokes(lines))
    assert {"the pool", "pixels in the pool", "sky", "pole"} <= set(texts(drawing))
    assert drawing is not None
    assert RARE in drawing.svg
    assert "mathdefault" not in drawing.svg


def test_without_the_pool_only_labels_are_drawn(write_run: WriteRun) -> None:
    lines = lines_of(write_run())
    assert "pixels in the pool" not in texts(class_shares("class-shares", lines, strokes(lines)))


def test_rare_classes_are_named_with_their_share_of_the_pool(write_run: WriteRun) -> None:
    lines = lines_of(write_run(recorded=True))
    shown = texts(rare_class_iou("rare", lines, strokes(lines), 4.0))
    assert "10.0 %" in shown
    assert rare_class_iou("rare", lines, strokes(lines), 3.0) is None


def test_cells_of_a_confusion_hold_percent_and_small_ones_nothing() -> None:
    shares = np.array([[0.996, 0.004], [0.25, 0.75]])
    shown = texts(confusion_figure("confusion", Confusion(("sky", "pole"), shares, 1)))
    numbers = [text for text in shown if re.fullmatch(r"\d+", text)]
    assert numbers == ["100", "25", "75"]
    assert shown.count("sky") == shown.count("pole") == 2


@pytest.mark.parametrize("count", [1, 19, 66])
def test_a_confusion_of_any_number_of_classes_is_drawn(count: int) -> None:
    names = tuple(f"class {index}" for index in range(count))
    drawing = confusion_figure("confusion", Confusion(names, np.eye(count), 3))
    assert texts(drawing).count("100") == count


def test_training_is_drawn_for_the_lines_that_recorded_it(write_run: WriteRun) -> None:
    lines = lines_of(write_run("random", recorded=True), write_run("bald"))
    pens = strokes(lines)
    shown = texts(training_curves("training", lines, pens))
    assert {"random", "scored images", "labels trained on"} <= set(shown)
    assert "bald" not in shown
    assert "bald" not in texts(training_losses("losses", lines, pens))
    old = lines_of(write_run("bald", 1))
    assert training_curves("training", old, strokes(old)) is None
    assert training_losses("losses", old, strokes(old)) is None


def test_losses_of_the_reward_set_are_drawn_beside_those_of_the_labels(write_run: WriteRun) -> None:
    lines = lines_of(write_run("random", recorded=True))
    assert {"reward set", "labels trained on"} <= set(texts(training_losses("losses", lines, strokes(lines))))


def test_runs_that_recorded_no_loss_on_the_reward_set_are_drawn_with_that_of_their_labels(write_run: WriteRun) -> None:
    folders = [write_run("random", recorded=True), write_run("bald", recorded=True)]
    for folder in folders:
        table = folder / "metrics.csv"
        table.write_text(table.read_text().replace("reward_set_loss", "something_else"))
        lines = lines_of(*folders)
        shown = texts(training_losses("losses", lines, strokes(lines)))
        assert {"random", "bald", "labels trained on"} <= set(shown)
        assert ("reward set" in shown) == (folder is folders[0])  # one run that has it is enough
