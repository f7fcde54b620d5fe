"""The page, its summary and its figures, and the tables for studies."""

import csv
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from src_model.exceptions import ConfigurationError, ProjectError
from src_model.report.page import write_report
from src_model.report.study_tables import study_table
from src_model.report.tables import Cell, Table

WriteRun = Callable[..., Path]


class Words(HTMLParser):
    """All text of a page outside its style sheet, and the attributes that load something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.loaded: list[str] = []
        self._tag = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        if self._tag != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def three_lines(write_run: WriteRun, tmp_path: Path) -> Path:
    for seed, ease in enumerate((0.0, 0.05)):
        write_run("random", seed, curve=(0.2 + ease, 0.4 + ease), finals={4: 0.5})
        write_run("bald", seed, curve=(0.22 + ease, 0.41 + ease), finals={4: 0.52})
        write_run("label_balance_true", seed, curve=(0.3 + ease, 0.5 + ease), finals={4: 0.55})
    return tmp_path / "runs"


def test_the_page_holds_everything_and_loads_nothing(three_lines: Path, tmp_path: Path) -> None:
    page = write_report([three_lines], tmp_path / "out", full_supervision=0.6)
    assert page == tmp_path / "out" / "report.html"
    words = Words(page.read_text(encoding="utf-8"))
    for heading in (
        "Mean IoU against budget",
        "IoU of each class",
        "Classes in the data",
        "Which class is taken for which",
        "Training and scored images",
        "Which regions",
        "Seconds a step",
    ):
        assert heading in words.text
    assert "runs 6 in 3 lines seeds 0, 1" in words.text
    assert "budget 4 regions (256 px, 4 % of the training pixels)" in words.text
    assert all(address.startswith(("#", "data:")) for address in words.loaded)
    assert not re.search(r"\b(nan|NaN|None)\b", words.text)


def test_the_page_says_how_to_make_it_again(write_run: WriteRun, tmp_path: Path) -> None:
    folder = write_run()
    page = write_report([folder], tmp_path / "out dir", full_supervision=0.6)
    command = f"napari-ralis report {folder} --out '{tmp_path / 'out dir'}' --full-supervision 0.6"
    assert command in Words(page.read_text(encoding="utf-8")).text


def test_figures_and_summary_lie_beside_the_page(three_lines: Path, tmp_path: Path) -> None:
    out = write_report([three_lines], tmp_path / "out").parent
    names = {path.name for path in (out / "figures").iterdir()}
    for name in ("curves", "curve-differences", "area-differences", "class-shares", "region-positions"):
        assert {f"{name}-1.svg", f"{name}-1.png"} <= names
    with (out / "summary.csv").open(newline="") as file:
        rows = {row["acquisition"]: row for row in csv.DictReader(file)}
    assert float(rows["bald"]["area"]) == pytest.approx(34)  # 31.5 and 36.5 points
    assert float(rows["bald"]["area_minus_random"]) == pytest.approx(1.5)
    assert float(rows["bald"]["after_final_training"]) == pytest.approx(52)
    assert (rows["bald"]["from_regions"], rows["bald"]["to_regions"]) == ("2.0", "4.0")
    assert (rows["bald"]["from_pixels"], rows["bald"]["to_fraction"]) == ("128", "0.04")
    assert rows["random"]["p_holm"] == ""


def test_one_run_makes_a_page_that_says_what_it_cannot_say(write_run: WriteRun, tmp_path: Path) -> None:
    page = write_report([write_run("bald", curve=(0.25,))], tmp_path / "out")
    text = Words(page.read_text(encoding="utf-8")).text
    assert "A line with one seed has no interval" in text
    assert "there is no random line" in text
    assert "one run: no interval" in text
    assert not re.search(r"\b(nan|NaN|None)\b", text)


def test_a_run_that_was_never_read_makes_a_page_with_reasons(write_run: WriteRun, tmp_path: Path) -> None:
    page = write_report([write_run(curve=(None, None), shares=False)], tmp_path / "out")
    text = Words(page.read_text(encoding="utf-8")).text
    assert "the mean IoU has not been measured after a label yet" in text
    assert "what was labelled is not shown" in text


def test_images_that_are_gone_are_left_out_and_published_splits_come_with_cautions(
    write_run: WriteRun, tmp_path: Path
) -> None:
    folder = write_run(data={"path": str(tmp_path / "gone"), "reader": "camvid", "split": "ralis-val-reward"})
    page = write_report([folder], tmp_path / "out").read_text(encoding="utf-8")
    text = Words(page).text
    assert "the images of this run cannot be shown" in text
    assert "<img" not in page
    assert "these are not test results" in text
    assert "interleave its sequences" in text


def test_newest_and_first_regions_are_shown_if_the_images_are_there(
    write_run: WriteRun, tiny_camvid: Path, tmp_path: Path
) -> None:
    folder = write_run(data={"path": str(tiny_camvid), "reader": "camvid"})
    table = folder / "queried_regions.csv"
    table.write_text(re.sub(r"street_\d", "0001TP_000001", table.read_text()))
    page = write_report([folder], tmp_path / "out").read_text(encoding="utf-8")
    assert 'src="data:image/jpeg;base64,' in page
    assert (tmp_path / "out" / "figures" / "asked-1-1-1.jpg").stat().st_size > 0
    assert (tmp_path / "out" / "figures" / "asked-1-1-2.jpg").stat().st_size > 0
    assert "The first query of each line" in page


def test_runs_of_an_older_version_make_a_page_that_says_what_was_not_recorded(
    three_lines: Path, tmp_path: Path
) -> None:
    text = Words(write_report([three_lines], tmp_path / "out").read_text(encoding="utf-8")).text
    assert "Not recorded: these runs were made before confusion matrices were kept" in text
    assert "The IoU on labels was not recorded by these runs." in text
    assert "Without “support, pixels”, “support, images”: not recorded by these runs." in text
    assert not list((tmp_path / "out" / "figures").glob("confusion*"))


def test_old_and_new_runs_stand_side_by_side(write_run: WriteRun, tmp_path: Path) -> None:
    folders = [write_run("random"), write_run("random", 1, recorded=True), write_run("bald", recorded=True)]
    text = Words(write_report(folders, tmp_path / "out").read_text(encoding="utf-8")).text
    assert "mean over 1 run." in text
    assert "Not recorded" not in text
    assert not re.search(r"\b(nan|NaN|None)\b", text)


def test_what_is_recorded_is_shown(write_run: WriteRun, tmp_path: Path) -> None:
    out = write_report([write_run("bald", recorded=True)], tmp_path / "out").parent
    figures = {path.name for path in (out / "figures").iterdir()}
    assert {"confusion-1-1.svg", "training-1.png", "training-loss-1.svg", "rare-classes-1.svg"} <= figures
    words = Words((out / "report.html").read_text(encoding="utf-8")).text
    assert "sky 90.0 % 90 3 50.0" in words  # share of the pool, scored pixels and images, IoU
    assert "pole 10.0 % 10 2 30.0" in words


def test_figures_that_a_new_report_does_not_have_are_taken_away(write_run: WriteRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_report([write_run("bald", recorded=True)], out)
    (out / "figures" / "my-own.png").write_text("kept")
    write_report([write_run("random")], out)
    names = {path.name for path in (out / "figures").iterdir()}
    assert "confusion-1-1.svg" not in names
    assert {"my-own.png", "curves-1.svg"} <= names


def test_a_policy_training_alone_makes_a_page_of_its_own(write_run: WriteRun, tmp_path: Path) -> None:
    out = write_report([write_run("dqn")], tmp_path / "out").parent
    text = Words((out / "report.html").read_text(encoding="utf-8")).text
    assert "How policies learned" in text
    assert "policy trainings 1" in text
    assert "Mean IoU against budget" not in text
    assert {path.name for path in (out / "figures").iterdir()} == {"policies.svg", "policies.png"}
    assert not (out / "summary.csv").exists()


def test_a_policy_training_without_a_step_leaves_no_section(write_run: WriteRun, tmp_path: Path) -> None:
    folders = [write_run("random"), write_run("dqn", curve=())]
    text = Words(write_report(folders, tmp_path / "out").read_text(encoding="utf-8")).text
    assert "How policies learned" not in text


def test_names_from_the_data_cannot_write_into_the_page(write_run: WriteRun, tmp_path: Path) -> None:
    folder = write_run()
    table = folder / "metrics.csv"
    table.write_text(table.read_text().replace("_pole", "_<script>alert(1)</script>"))
    assert "<script" not in write_report([folder], tmp_path / "out").read_text(encoding="utf-8")


def test_runs_below_their_budget_are_counted_out_loud(write_run: WriteRun, tmp_path: Path) -> None:
    folders = [write_run("random"), write_run("bald", curve=(0.3,), budget=4)]
    text = Words(write_report(folders, tmp_path / "out").read_text(encoding="utf-8")).text
    assert "1 of 2 runs hold fewer regions than their budget" in text
    assert "1 of 2 runs have not come to 4 regions" in text


@pytest.mark.parametrize("full_supervision", [0.0, 51.5])
def test_a_refused_report_writes_nothing(three_lines: Path, tmp_path: Path, full_supervision: float) -> None:
    with pytest.raises(ConfigurationError):
        write_report([three_lines], tmp_path / "out", full_supervision)
    with pytest.raises(ProjectError):
        write_report([tmp_path / "nowhere"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_is_named(write_run: WriteRun, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(ProjectError, match=r"Cannot write the report into .*out"):
        write_report([write_run()], tmp_path / "out")


def test_the_study_table_is_markdown_with_a_reason_for_every_gap(three_lines: Path) -> None:
    table = study_table([three_lines])
    header = next(line for line in table.splitlines() if line.startswith("| line"))
    assert header.split(" | ")[1:6] == ["seeds", "final mean IoU", "after final training", "area", "area minus random"]
    bald = next(line for line in table.splitlines() if line.startswith("| bald"))
    assert "| 2 | 43.5 ± 31.8 |" in bald  # half of 5 points times t(0.975, 1) = 12.7
    assert "+1.50 ± 0.00" in bald
    assert "<sup>a</sup> the line that others are compared with." in table
    assert "fast, loss without class weights" in table


def test_the_study_table_names_what_it_left_out(write_run: WriteRun, three_lines: Path) -> None:
    write_run("entropy", curve=())
    assert "Left out, because each has no finished step yet: " in study_table([three_lines])


def test_a_column_of_gaps_is_a_sentence_instead(write_run: WriteRun) -> None:
    table = study_table([write_run()])
    assert "Without “after final training”: no final training at the largest budget." in table


def test_bars_in_names_do_not_break_a_markdown_table() -> None:
    table = Table(("line",), ((Cell("a|b", "c"),),), (("c", "why"),))
    assert table.markdown().splitlines() == ["| line |", "| --- |", "| a\\|b<sup>c</sup> |", "", "<sup>c</sup> why."]
