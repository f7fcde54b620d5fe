"""From simulations and policy trainings to the page, with nothing made up."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from src_model.config import RunConfig, make_run_config
from src_model.events import drain
from src_model.policy_training.train_policy import train_policy
from src_model.project.project import Project
from src_model.report.page import write_report
from src_model.simulation.simulate import simulate

SMALL: dict[str, Any] = {
    "data": {"reader": "camvid", "region": "12x12", "train_images": 1, "state_images": 1, "reward_images": 1},
    "segmentation": {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4},
    "acquisition": {"name": "random", "budget": 6, "regions_per_query": 2, "pool_size": 2},
    "dqn": {"batch_size": 2, "episodes": 2},
    "device": "cpu",
    "threads": 1,
    "checkpoint_seconds": 0,
}


class Text(HTMLParser):
    """Words of a page without its style sheet."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.words: list[str] = []
        self._skipped = False
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipped = tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.words += data.split()

    def __str__(self) -> str:
        return " ".join(self.words)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))


def settings(data: Path, **changes: Any) -> RunConfig:
    return make_run_config(SMALL, {"data": {"path": str(data)}}, changes)


def test_runs_of_several_kinds_make_one_whole_page(tiny_camvid: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for seed in (0, 1):
        drain(simulate(settings(tiny_camvid, seed=seed), runs / f"random{seed}"))
    drain(simulate(settings(tiny_camvid, acquisition={"name": "entropy"}), runs / "entropy"))
    drain(train_policy(settings(tiny_camvid, acquisition={"name": "dqn"}), runs / "policy"))
    # as an older version left it: no matrix, no counts, nothing about labels
    for name in ("confusion.csv", "class_pixels.csv"):
        (runs / "random1" / name).unlink()
    unfinished = drain_until_second_step(settings(tiny_camvid, acquisition={"name": "margin"}), runs / "margin")
    assert unfinished

    page = write_report([runs], tmp_path / "out")
    text = str(Text(page))
    assert "runs 4 in 3 lines" in text
    assert "1 of 4 runs hold fewer regions than their budget" in text
    assert "policy trainings 1" in text
    assert not re.search(r"\b(nan|NaN|None|inf)\b", text)
    figures = {path.stem for path in (tmp_path / "out" / "figures").iterdir()}
    every = (
        "curves curve-differences area-differences class-shares rare-classes training training-loss region-positions"
    )
    assert {f"{name}-1" for name in every.split()} <= figures
    assert {"policies", "confusion-1-1", "confusion-1-2", "asked-1-1-3"} <= figures


def drain_until_second_step(config: RunConfig, out: Path) -> bool:
    """Stop a run when its first query is fitted; tells whether it is unfinished."""
    done = 0

    def stop() -> bool:
        return done > 1

    progress = simulate(config, out, stop)
    while True:
        try:
            done += type(next(progress)).__name__ == "StepDone"
        except StopIteration as end:
            return not end.value


def test_a_lost_table_is_made_again_from_the_log(tiny_camvid: Path, tmp_path: Path) -> None:
    config = settings(tiny_camvid)
    drain(simulate(config, tmp_path / "run"))
    kept = (tmp_path / "run" / "confusion.csv").read_text()
    assert kept.count("\n") == 1 + 11 * 4  # the start and three steps
    (tmp_path / "run" / "confusion.csv").unlink()
    with Project.open(tmp_path / "run") as project:
        project.write_tables()
    assert (tmp_path / "run" / "confusion.csv").read_text() == kept


def test_a_project_of_an_older_version_goes_on_and_tells_what_it_has(tiny_camvid: Path, tmp_path: Path) -> None:
    """Without counts and without the setting of budgets in percent, as it was before they existed."""
    config = settings(tiny_camvid)
    assert drain_until_second_step(config, tmp_path / "run")
    (tmp_path / "run" / "class_pixels.csv").unlink()
    kept = tmp_path / "run" / "settings.toml"
    kept.write_text("".join(line for line in kept.read_text().splitlines(True) if "budget_fractions" not in line))
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    write_report([tmp_path / "copy"], tmp_path / "before")
    assert drain(simulate(config, tmp_path / "run"))
    assert (tmp_path / "run" / "class_pixels.csv").is_file()
    write_report([tmp_path / "run"], tmp_path / "after")


def test_a_run_with_budgets_in_percent_ends_at_the_last_and_is_read_at_each(tiny_camvid: Path, tmp_path: Path) -> None:
    config = settings(tiny_camvid, budget_fractions=(0.05, 0.1), segmentation={"final_updates": 2})
    drain(simulate(config, tmp_path / "run"))
    drain(simulate(config, tmp_path / "run"))  # the same command again is the same run
    with Project.open(tmp_path / "run") as project:
        last = project.rows()[-1]
        finals = project.finals()
    assert last["labelled_fraction"] == pytest.approx(0.1, abs=0.02)
    assert float(last["labelled_fraction"] or 0) >= 0.1
    assert [row["budget"] for row in finals] == [4, last["labelled_regions"]]
    assert (tmp_path / "run" / "final_confusion.csv").is_file()
