"""The page of a session: what check regions say of a person's labels, and beside another rule."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from src_model.active_learning.person_run import PersonRun
from src_model.cli import app
from src_model.data.annotation import Annotation
from src_model.data.region import Region
from src_model.events import drain
from src_model.exceptions import ProjectError
from src_model.labelling.person_settings import person_settings
from src_model.labelling.skipping import SkipReason
from src_model.project.history import history
from src_model.project.view import ProjectView
from src_model.report.results.sessions import read_session
from src_model.report.session_page import write_session_report

FAST = {"segmenter": "fast", "fast_cell": "4x4", "fast_input": "64x96", "fast_components": 4, "fast_updates": 5}


def painted(region: Region) -> Annotation:
    """Columns 0-23 of an image are sky, the others road; nobody ever saw a car."""
    columns = np.arange(region.column, region.column + region.width)
    return Annotation.from_labels(region, np.tile(np.where(columns < 24, 0, 1).astype(np.uint8), (region.height, 1)))


@pytest.fixture
def session(tiny_camvid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two trainings on images without masks; one region was passed over."""
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))
    data, folder = tmp_path / "bare", tmp_path / "my streets"
    data.mkdir()
    for image in sorted(tiny_camvid.glob("*/*.png")):
        if not image.parent.name.endswith("annot"):
            shutil.copy(image, data)
    (data / "classes.csv").write_text("id,name,R,G,B\n0,sky,70,130,180\n1,road,128,64,128\n2,car,0,0,142\n")
    acquisition = {"name": "margin_class_balanced", "regions_per_query": 2, "pool_size": 2}
    own = {"data": {"path": data, "region": "12x12"}, "segmentation": FAST, "acquisition": acquisition}
    with PersonRun.open(folder, person_settings(own, {"device": "cpu", "threads": 1})) as run:
        drain(run.start())
        for checks in (run.check_candidates[:2], run.check_candidates):
            drain(run.propose())
            asked = [place.region for place in run.queue(99) if not place.blind]
            run.accept([painted(region) for region in (*asked[:2], *checks)])
            run.skip(asked[3], SkipReason.NOT_USEFUL)
            drain(run.fit())
    return folder


def test_a_session_is_told_from_its_log_alone(session: Path) -> None:
    read = read_session(session)
    assert (len(read.labels), read.classes) == (4, ("sky", "road", "car"))
    assert [step.row["step"] for step in read.steps] == [0, 1, 2]
    assert [own.step for own in read.serving] == [1, 2]
    assert read.skipped == {"not useful": 2}
    assert 0 < read.minutes < 3
    minutes = [step.minutes for step in read.steps]
    assert minutes == sorted(minutes)
    assert minutes[0] == 0
    assert [step.row["step"] for step in read.measured] == [2]


def test_a_pause_does_not_count_as_labelling(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("src_model.report.results.sessions._LONGEST_PAUSE", 0.0)
    assert read_session(session).minutes == 0


def test_the_page_says_what_was_measured_and_what_was_not(session: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["report", str(session), "--out", str(tmp_path / "page")])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "page" / "report.html").read_text()
    assert "my streets" in page
    assert "4 regions labelled to learn from" in page
    assert "2 not useful" in page
    assert "not measurable: 0 check regions" in page
    assert "Drafts come from the model of step 2" in page
    assert page.count("data:image/jpeg;base64,") == 3
    for name in ("session-curves-1", "session-classes-1"):
        assert (tmp_path / "page" / "figures" / f"{name}.png").stat().st_size > 5000
    # Words of simulations, for which there is nothing here.
    for word in ("oracle", "seed", "reward set", "D_R", "scored"):
        assert word not in page


def test_before_anything_is_measured_the_page_says_what_to_do(session: Path, tmp_path: Path) -> None:
    with ProjectView.read(session) as view:
        rows = [own for own in history(view) if getattr(own.what, "row", {}).get("mean_iou") is not None]
    assert len(rows) == 1
    with PersonRun.open(session) as run:
        drain(run.start())
    read = read_session(session)
    object.__setattr__(read, "steps", read.steps[:2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("src_model.report.session_page.read_session", lambda _: read)
        page = write_session_report(session, tmp_path / "page").read_text()
    assert "Nothing is measurable yet" in page
    assert "go on labelling the check regions" in page


def test_beside_another_rule_the_page_says_how_much_was_known(session: Path, tmp_path: Path) -> None:
    out = tmp_path / "what if"
    command = ["replay", str(session), "--out", str(out), "--acquisition", "random"]
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "4 regions asked: 4 known from the session, 0 from masks" in result.output
    page = (out / "report.html").read_text()
    assert "There are no masks" in page
    assert "only their order differs" in page
    assert page.count("data:image/jpeg;base64,") == 2
    again = CliRunner().invoke(app, ["report", str(out), "--out", str(tmp_path / "again")], catch_exceptions=False)
    assert again.exit_code == 0, again.output


def test_images_that_are_gone_are_told_instead_of_shown(session: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "bare")
    page = write_session_report(session, tmp_path / "page").read_text()
    assert "The images cannot be shown" in page


def test_a_replay_on_the_command_line_says_that_every_number_is_as_recorded(session: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["replay", str(session), "--out", str(tmp_path / "again")])
    assert result.exit_code == 0, result.output
    assert "3 steps, every number as recorded" in result.output


def test_a_simulation_is_no_session(tmp_path: Path) -> None:
    from src_model.config import RunConfig
    from src_model.project.project import Project

    with Project.create(tmp_path / "run", RunConfig()):
        pass
    with pytest.raises(ProjectError, match="napari-ralis label"):
        read_session(tmp_path / "run")
