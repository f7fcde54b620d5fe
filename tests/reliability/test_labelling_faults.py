"""Faults while somebody labels: the folder goes, the disk is full, torch fails, classes change; nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from src_model.active_learning.person_run import PersonRun
from src_model.config import RunConfig
from src_model.data.annotation import Annotation
from src_model.data.region import Region
from src_model.events import drain
from src_model.exceptions import ProjectError, RalisError
from src_model.labelling.person_settings import person_settings
from src_model.project.view import ProjectView

FAST = {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4, "fast_updates": 5}
Settings = Callable[..., RunConfig]


@pytest.fixture
def bare(tiny_camvid: Path, tmp_path: Path) -> Path:
    """Images without masks and a table of three classes."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for image in sorted(tiny_camvid.glob("*/*.png")):
        if not image.parent.name.endswith("annot"):
            shutil.copy(image, folder)
    write_classes(folder, "1,sky", "2,road", "3,car")
    return folder


def write_classes(folder: Path, *classes: str) -> None:
    lines = [f"{name},{40 * number},90,{200 - 30 * number}" for number, name in enumerate(classes)]
    (folder / "classes.csv").write_text("\n".join(["id,name,R,G,B", *lines, ""]))


@pytest.fixture
def config(bare: Path) -> RunConfig:
    return person_settings(
        {
            "data": {"path": bare, "region": "12x12"},
            "segmentation": FAST,
            "acquisition": {"name": "margin_class_balanced", "regions_per_query": 2, "pool_size": 2},
            "device": "cpu",
            "threads": 1,
        }
    )


def opened(folder: Path, config: RunConfig | None = None) -> PersonRun:
    run = PersonRun.open(folder, config)
    drain(run.start())
    return run


def painted(region: Region, index: int = 1) -> Annotation:
    return Annotation.from_labels(region, np.full(region.shape, index, dtype=np.uint8))


def waiting(run: PersonRun) -> list[Region]:
    drain(run.propose())
    return [asked.region for asked in run.queue(99) if not asked.blind]


def labelled(folder: Path) -> set[Region]:
    with PersonRun.open(folder) as run:
        drain(run.start())
        return {annotation.region for annotation in run.annotations}


# --- the folder -------------------------------------------------------------------------------------------------------


def test_an_answer_is_refused_while_the_project_folder_is_gone_and_taken_when_it_is_back(
    tmp_path: Path, config: RunConfig
) -> None:
    """An open file takes writes after its folder was moved: the answer would be lost without a word."""
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    with opened(folder, config) as run:
        first, second, *_ = waiting(run)
        run.accept([painted(first)])
        folder.rename(elsewhere)
        with pytest.raises(ProjectError, match=r"has gone .* Put it back"):
            run.accept([painted(second)])
        assert run.annotation(second) is None
        elsewhere.rename(folder)
        run.accept([painted(second)])
        drain(run.fit())
    assert labelled(folder) == {first, second}


def test_a_training_that_ends_while_the_folder_is_gone_is_made_again_when_it_is_back(
    tmp_path: Path, config: RunConfig
) -> None:
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    with opened(folder, config) as run:
        regions = waiting(run)[:2]
        run.accept([painted(region) for region in regions])
        training = run.fit()
        next(training)
        folder.rename(elsewhere)
        with pytest.raises(RalisError):
            drain(training)
        assert run.status.unseen == 2
        elsewhere.rename(folder)
        assert not drain(run.fit()).stopped
    with ProjectView.read(folder) as view:
        assert [row["step"] for row in view.rows()] == [0, 1]
    assert labelled(folder) == set(regions)


def test_a_project_whose_folder_was_deleted_lets_go_and_says_so(tmp_path: Path, config: RunConfig) -> None:
    folder = tmp_path / "run"
    run = opened(folder, config)
    region = waiting(run)[0]
    run.accept([painted(region)])
    shutil.rmtree(folder)
    with pytest.raises(ProjectError, match="has gone"):
        run.accept([painted(region, 2)])
    with pytest.raises(ProjectError, match=r"metrics\.csv"):
        run.close()
    with opened(folder, config) as again:
        assert again.annotations == ()


# --- the disk ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def full_disk() -> Callable[[PersonRun, bool], None]:
    """SQLite may not take another page, or as many as it likes again."""

    def fill(run: PersonRun, full: bool) -> None:
        connection = run._project._log._connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages if full else 2**30}")

    return fill


def noisy(region: Region, seed: int) -> Annotation:
    """Labels that compress badly."""
    return Annotation.from_labels(region, np.random.default_rng(seed).integers(0, 3, region.shape, dtype=np.uint8))


def test_what_a_full_disk_refuses_is_not_taken_and_what_it_took_is_kept(
    tmp_path: Path, config: RunConfig, full_disk: Callable[[PersonRun, bool], None]
) -> None:
    folder = tmp_path / "run"
    with opened(folder, config) as run:
        first, second, *_ = waiting(run)
        run.accept([painted(first)])
        full_disk(run, True)
        refused = None
        for seed in range(200):
            try:
                run.accept([noisy(second, seed)])
            except ProjectError as error:
                refused = error
                break
        assert "Free some space" in str(refused)
        kept = run.annotation(second)
        full_disk(run, False)
        last = noisy(second, 1000)
        run.accept([last])
        drain(run.fit())
    with opened(folder) as run:
        found = run.annotation(second)
        assert found is not None
        assert kept is None or (found.labels != kept.labels).any()
        assert (found.labels == last.labels).all()
        assert run.annotation(first) is not None


def test_a_training_that_a_full_disk_cannot_record_is_made_again(
    tmp_path: Path, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from src_model.active_learning import engine

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = tmp_path / "run"
    with opened(folder, config) as run:
        regions = waiting(run)[:2]
        run.accept([painted(region) for region in regions])
        with monkeypatch.context() as full:
            full.setattr(engine, "save_run", refuse)
            with pytest.raises(OSError, match="No space left"):
                drain(run.fit())
        assert run.status.unseen == 2
        assert not drain(run.fit()).stopped
    assert labelled(folder) == set(regions)


# --- the machine ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["start", "propose", "fit"])
def test_a_failure_of_torch_leaves_a_run_that_goes_on_and_opens_again(
    tmp_path: Path, config: RunConfig, verb: str
) -> None:
    folder = tmp_path / "run"
    with PersonRun.open(folder, config) as run:
        if verb != "start":
            drain(run.start())
        if verb == "fit":
            run.accept([painted(region) for region in waiting(run)[:2]])
        work: Iterator[object] = getattr(run, verb)()
        next(work)
        with pytest.raises(RuntimeError, match="out of memory"):
            work.throw(RuntimeError("CUDA out of memory"))  # type: ignore[attr-defined]  # A generator.
        if verb == "start":
            drain(run.start())
        regions = waiting(run)[:2]
        run.accept([painted(region) for region in regions])
        drain(run.fit())
        known = {annotation.region for annotation in run.annotations}
        assert set(regions) <= known
    assert labelled(folder) == known


# --- classes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        (("1,sky", "3,car"), "gone: road"),
        (("1,sky", "2,road"), "gone: car"),
        (("1,sky", "2,road", "3,car", "4,tree"), "new: tree"),
        (("2,road", "1,sky", "3,car"), "the order"),
    ],
)
def test_classes_that_changed_elsewhere_are_told_and_the_project_stays_as_it_was(
    tmp_path: Path, config: RunConfig, bare: Path, classes: tuple[str, ...], told: str
) -> None:
    """Labels are positions in the list of classes: road would become car without a word."""
    folder = tmp_path / "run"
    with opened(folder, config) as run:
        region = waiting(run)[0]
        run.accept([painted(region)])
        table = (folder / "classes.json").read_text()
    write_classes(bare, *classes)
    with pytest.raises(ProjectError, match=told):
        PersonRun.open(folder)
    assert (folder / "classes.json").read_text() == table
    write_classes(bare, "1,sky", "2,road", "3,car")
    assert labelled(folder) == {region}


def test_a_class_may_be_called_otherwise(tmp_path: Path, config: RunConfig, bare: Path) -> None:
    with opened(tmp_path / "run", config) as run:
        run.accept([painted(waiting(run)[0])])
    write_classes(bare, "1,heaven", "2,road", "3,car")
    with opened(tmp_path / "run") as run:
        assert run.dataset.schema.names[0] == "heaven"
