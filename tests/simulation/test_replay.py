"""A session done again: the same numbers, whatever happened in it; and what another rule would have asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src_model.active_learning.person_run import PersonRun
from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.data.region import Region
from src_model.events import drain
from src_model.exceptions import ConfigurationError, ProjectError
from src_model.labelling.person_settings import person_settings
from src_model.labelling.skipping import SkipReason
from src_model.project.project import Project
from src_model.project.view import ProjectView
from src_model.simulation.other_rule import RECORDED, ask_otherwise
from src_model.simulation.replay import replay

FAST = {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4, "fast_updates": 5}


@pytest.fixture
def settings(tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    """Eight images in three sequences, twelve regions each, two regions a query; all but one image have masks."""
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    own = {
        "data": {"path": tiny_camvid, "reader": "camvid", "region": "12x12", "state_images": 1},
        "segmentation": FAST,
        "acquisition": {"name": "margin_class_balanced", "regions_per_query": 2, "pool_size": 2, "budget": 60},
        "device": "cpu",
        "threads": 1,
    }
    return person_settings(own)


def painted(region: Region, turned: bool = False) -> Annotation:
    """Columns 0-23 of an image are sky (0), the others road (3); or the other way round."""
    columns = np.arange(region.column, region.column + region.width)
    row = np.where((columns < 24) != turned, 0, 3).astype(np.uint8)
    return Annotation.from_labels(region, np.tile(row, (region.height, 1)))


def opened(folder: Path, config: RunConfig | None = None) -> PersonRun:
    run = PersonRun.open(folder, config)
    drain(run.start())
    return run


def proposals(run: PersonRun) -> list[Region]:
    drain(run.propose())
    return [asked.region for asked in run.queue(99) if not asked.blind]


def answer_query(run: PersonRun) -> None:
    run.accept([painted(region) for region in proposals(run)[:2]])


def unasked(run: PersonRun) -> Region:
    asked = set(proposals(run))
    known = {annotation.region for annotation in run.annotations}
    pool = run._engine._data.pool_regions(run._engine._grid)
    return next(own for regions in pool.values() for own in regions if own not in asked | known)


def eventful(folder: Path, config: RunConfig) -> None:
    """Corrections, skips, take-backs, labels nobody asked for, a stopped training, a new order of checks, a closing."""
    with opened(folder, config) as run:
        first, second, third, *_ = proposals(run)
        run.accept([painted(first, turned=True)])
        run.skip(second, SkipReason.NOT_USEFUL)
        run.accept([painted(region) for region in run.check_candidates[:12]])
        drain(run.fit())
        run.accept([painted(first)])
        run.accept([painted(unasked(run))])
        stopped = run.fit(lambda: True)
        assert drain(stopped).stopped
        drain(run.fit())
        answer_query(run)
        run.take_back([third])
        run.accept([painted(third)])
        for count, _ in enumerate(run.fit()):
            if count == 0:
                # While it trains: left to the next training, which the check regions are not.
                run.accept([painted(region) for region in proposals_now(run)[:1]])
                run.accept([painted(run.check_candidates[13], turned=True)])
        run.draw_checks(np.ones((len(run.check_candidates), 11)))
        run.accept([painted(asked.region) for asked in run.queue(99) if asked.blind][:4])
    with opened(folder) as run:
        answer_query(run)
        drain(run.fit())
        answer_query(run)
        drain(run.fit())
        answer_query(run)


def proposals_now(run: PersonRun) -> list[Region]:
    return [asked.region for asked in run.queue(99) if not asked.blind]


def rows(folder: Path) -> list[dict[str, Any]]:
    with ProjectView.read(folder) as view:
        return view.rows()


def test_an_eventful_session_comes_to_the_same_numbers_again(settings: RunConfig, tmp_path: Path) -> None:
    eventful(tmp_path / "session", settings)
    done = drain(replay(tmp_path / "session", tmp_path / "again"))
    assert done is not None
    assert done.differing == ()
    assert done.steps == 6
    recorded, again = rows(tmp_path / "session"), rows(tmp_path / "again")
    assert [row["step"] for row in recorded] == [row["step"] for row in again]
    assert len({row.get("reward") for row in recorded}) > 2
    for column in ("mean_iou", "mean_iou_low", "reward", "phi", "train_loss", "confusion", "labelled_regions"):
        assert [row[column] for row in again if column in row] == [row[column] for row in recorded if column in row]
    with ProjectView.read(tmp_path / "session") as one, ProjectView.read(tmp_path / "again") as other:
        assert one.queries(1) == other.queries(1)
        assert [own.answer for own in one.answers(1)] == [own.answer for own in other.answers(1)]


def test_a_replayed_session_can_be_replayed(settings: RunConfig, tmp_path: Path) -> None:
    eventful(tmp_path / "session", settings)
    drain(replay(tmp_path / "session", tmp_path / "again"))
    done = drain(replay(tmp_path / "again", tmp_path / "and again"))
    assert done is not None
    assert done.differing == ()


def test_other_numbers_are_told_apart(settings: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session in which somebody had changed an answer since would not come to the same numbers."""
    eventful(tmp_path / "session", settings)
    accept = PersonRun.accept
    turn: Callable[[PersonRun, list[Annotation]], None] = lambda run, annotations: accept(  # noqa: E731
        run, [painted(own.region, turned=True) for own in annotations]
    )
    monkeypatch.setattr(PersonRun, "accept", turn)
    done = drain(replay(tmp_path / "session", tmp_path / "again"))
    assert done is not None
    assert "train_loss" in {column for _, columns in done.differing for column in columns}


def test_a_stopped_replay_says_so(settings: RunConfig, tmp_path: Path) -> None:
    eventful(tmp_path / "session", settings)
    assert drain(replay(tmp_path / "session", tmp_path / "again", lambda: True)) is None


def test_a_simulation_is_no_session(settings: RunConfig, tmp_path: Path) -> None:
    with Project.create(tmp_path / "run", settings):
        pass
    with pytest.raises(ProjectError, match="napari-ralis label"):
        drain(replay(tmp_path / "run", tmp_path / "again"))
    assert not (tmp_path / "again").exists()


# --- another rule -----------------------------------------------------------------------------------------------------


def test_another_rule_is_answered_by_the_session_and_by_masks_under_the_same_budget(
    settings: RunConfig, tmp_path: Path
) -> None:
    eventful(tmp_path / "session", settings)
    known = drain(ask_otherwise(tmp_path / "session", tmp_path / "out", "random"))
    assert known is not None
    one, other = rows(tmp_path / "out" / RECORDED), rows(tmp_path / "out" / "random")
    assert [row["labelled_regions"] for row in one] == [row["labelled_regions"] for row in other]
    assert one[-1]["labelled_regions"] == known.asked == known.labelled
    # Measured on the same check regions from the beginning.
    assert len({row["check_regions"] for row in (*one, *other)}) == 1
    assert {key: cell for key, cell in one[0].items() if not key.endswith("_seconds")} == {
        key: cell for key, cell in other[0].items() if not key.endswith("_seconds")
    }
    assert known.from_session + known.from_masks == known.asked
    assert known.from_masks > 0
    assert known.labelled < known.askable <= known.pool
    assert json.loads((tmp_path / "out" / "compared.json").read_text())["from_masks"] == known.from_masks


def test_without_masks_only_what_was_labelled_is_asked_in_another_order(
    settings: RunConfig, tmp_path: Path, tiny_camvid: Path
) -> None:
    eventful(tmp_path / "session", settings)
    with ProjectView.read(tmp_path / "session") as view:
        checked = {Path(image).name for image in view.check_draws()[0][0]["images"].tolist()}
    # The reader wants some masks; those of check images answer for nothing.
    for mask in tiny_camvid.glob("*annot/*.png"):
        if mask.stem not in checked:
            mask.unlink()
    known = drain(ask_otherwise(tmp_path / "session", tmp_path / "out", "random"))
    assert known is not None
    assert (known.from_masks, known.askable) == (0, known.labelled)
    asked = []
    for name in (RECORDED, "random"):
        with ProjectView.read(tmp_path / "out" / name) as view:
            asked.append([region for query in view.queries(1) for region in query.regions])
    assert asked[0] != asked[1]
    assert sorted(asked[0]) == sorted(asked[1])


@pytest.mark.parametrize("rule", ["gain_greedy", "recorded", "nonsense"])
def test_a_rule_that_cannot_ask_here_is_refused_before_anything_is_written(
    settings: RunConfig, tmp_path: Path, rule: str
) -> None:
    eventful(tmp_path / "session", settings)
    with pytest.raises(ConfigurationError, match="Choose one of"):
        drain(ask_otherwise(tmp_path / "session", tmp_path / "out", rule))
    assert not (tmp_path / "out").exists()
