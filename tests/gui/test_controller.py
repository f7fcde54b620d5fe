"""The controller with scripted parts: panels that only record, a worker that answers when told to."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from PIL import Image

from napari_ralis import controller as controller_module
from napari_ralis.controller import SessionController
from napari_ralis.labelling_controller import LabellingController
from napari_ralis.layers.layer_group import LayerGroup
from napari_ralis.panels.image_panel import ImagePanel
from napari_ralis.panels.setup_page import SetupPage
from napari_ralis.panels.start_page import StartPage
from napari_ralis.panels.start_panel import StartPanel
from napari_ralis.session import LabellingSession, Phase
from napari_ralis.threads.engine_worker import Answers, EngineWorker, Job
from src_model.config import DataConfig
from src_model.data import dataset as dataset_module
from src_model.data.images import Pixels
from src_model.exceptions import DataError


class ScriptedWorker:
    """Runs the newest job when asked to, in the calling thread."""

    def __init__(self) -> None:
        self.waiting: tuple[Job, Answers] | None = None
        self.closed = False

    def start(self, job: Job, answers: Answers) -> None:
        self.waiting = job, answers

    def abandon(self) -> None:
        self.waiting = None

    def close(self) -> None:
        self.abandon()
        self.closed = True

    def answer(self) -> None:
        assert self.waiting is not None
        (job, answers), self.waiting = self.waiting, None
        try:
            result = job()
            while isinstance(result, Generator):
                try:
                    answers.progress(next(result))
                except StopIteration as end:
                    result = end.value
        except DataError as error:
            answers.failure(error)
        else:
            answers.result(result)


class Stage:
    """A controller among its scripted parts."""

    def __init__(self) -> None:
        self.session = LabellingSession()
        self.start_page, self.setup_page = MagicMock(spec=StartPage), MagicMock(spec=SetupPage)
        self.opening_panel = MagicMock(spec=StartPanel)
        self.image_panel = MagicMock(spec=ImagePanel)
        self.layers = MagicMock(spec=LayerGroup)
        self.worker = ScriptedWorker()
        self.labelling = MagicMock(spec=LabellingController)
        self.controller = SessionController(
            self.session,
            (self.start_page, self.setup_page, self.image_panel, self.opening_panel),
            self.layers,
            self.worker,  # type: ignore[arg-type]
            self.labelling,
        )

    def request_image(self, index: int) -> None:
        """What the image panel's signal does."""
        (handler,) = self.image_panel.image_requested.connect.call_args.args
        handler(index)

    def request_stop(self) -> None:
        (handler,) = self.opening_panel.leave_requested.connect.call_args.args
        handler()


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    errors: list[Exception] = []
    monkeypatch.setattr(controller_module, "show_failure", errors.append)
    return errors


def config(folder: Path) -> DataConfig:
    return DataConfig(path=folder, reader="camvid", region=(12, 16))


def test_the_scripted_worker_has_the_verbs_of_the_real_one() -> None:
    assert all(hasattr(EngineWorker, verb) for verb in ("start", "abandon", "close"))


def test_opening_ends_with_the_first_image_in_the_layers(stage: Stage, tiny_camvid: Path) -> None:
    stage.controller.open(config(tiny_camvid))
    stage.opening_panel.setVisible.assert_called_with(True)
    stage.worker.answer()
    assert stage.session.phase is Phase.OPEN
    stage.worker.answer()
    pixels, labels, schema, region = stage.layers.show.call_args.args
    assert pixels.shape == (36, 48, 3)
    assert labels.shape == (36, 48)
    assert schema.num_classes == 11
    assert region == (12, 16)


def test_what_the_layers_get_may_be_written_to(stage: Stage, tiny_camvid: Path) -> None:
    stage.controller.open(config(tiny_camvid))
    stage.worker.answer()
    stage.worker.answer()
    pixels, labels, *_ = stage.layers.show.call_args.args
    assert pixels.flags.writeable
    assert labels.flags.writeable


def test_a_refused_folder_is_told_and_leaves_the_session_as_it_was(
    stage: Stage, tiny_camvid: Path, shown: list[Exception]
) -> None:
    stage.controller.open(config(tiny_camvid))
    stage.worker.answer()
    before = stage.session.contents
    stage.controller.open(config(tiny_camvid / "nowhere"))
    stage.worker.answer()
    assert isinstance(shown[0], DataError)
    assert stage.session.contents is before
    assert stage.session.phase is Phase.OPEN


def test_only_a_change_of_image_is_read(stage: Stage, tiny_camvid: Path) -> None:
    stage.controller.open(config(tiny_camvid))
    for _ in ("opening", "the first image", "the next one ahead"):
        stage.worker.answer()
    stage.request_image(0)
    assert stage.worker.waiting is None
    stage.request_image(1)
    assert stage.worker.waiting is not None


def test_the_image_that_comes_next_the_same_way_is_decoded_ahead(
    stage: Stage, tiny_camvid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    decode = dataset_module.read_image

    def counted(path: Path) -> Pixels:
        decoded.append(path.stem)
        return decode(path)

    monkeypatch.setattr(dataset_module, "read_image", counted)
    stage.controller.open(config(tiny_camvid))
    stage.worker.answer()
    assert stage.session.contents is not None
    names = [Path(entry.image).stem for entry in stage.session.contents.entries]
    stage.worker.answer()
    assert decoded == names[:1]
    stage.worker.answer()
    assert decoded == names[:2], "ahead"
    stage.request_image(4)
    stage.worker.answer()
    stage.request_image(3)
    stage.worker.answer()
    stage.worker.answer()
    assert decoded[2:] == [names[4], names[3], names[2]], "on the way back the one before"
    stage.request_image(2)
    stage.worker.answer()
    assert decoded[-1] == names[2], "not decoded twice"
    assert stage.layers.show.call_count == 4


def test_an_image_that_cannot_be_read_ahead_is_told_of_when_it_is_asked_for(
    stage: Stage, tiny_camvid: Path, shown: list[Exception]
) -> None:
    stage.controller.open(config(tiny_camvid))
    stage.worker.answer()
    assert stage.session.contents is not None
    damaged = next(tiny_camvid.rglob(f"{Path(stage.session.contents.entries[1].image).stem}.png"))
    damaged.write_bytes(b"no picture")
    stage.worker.answer()
    stage.worker.answer()
    assert shown == []
    stage.request_image(1)
    stage.worker.answer()
    assert isinstance(shown[0], DataError)


def test_stopping_brings_back_the_image_whose_reading_the_opening_had_overtaken(
    stage: Stage, tiny_camvid: Path
) -> None:
    stage.controller.open(config(tiny_camvid))
    stage.worker.answer()
    stage.controller.open(config(tiny_camvid))
    stage.request_stop()
    assert stage.session.phase is Phase.OPEN
    stage.worker.answer()
    stage.layers.show.assert_called_once()


def test_an_image_that_cannot_be_read_clears_the_layers(
    stage: Stage, tiny_camvid: Path, shown: list[Exception]
) -> None:
    stage.controller.open(config(tiny_camvid))
    stage.worker.answer()
    (tiny_camvid / "train" / f"{stage.session.entry.image}.png").unlink()  # type: ignore[union-attr]
    stage.worker.answer()
    stage.layers.clear.assert_called_once()
    assert len(shown) == 1


def test_after_close_the_panels_are_left_alone(stage: Stage) -> None:
    stage.controller.close()
    calls: Any = stage.setup_page.set_display.call_count
    stage.session.start_opening()
    assert stage.setup_page.set_display.call_count == calls
    assert stage.worker.closed


def test_labelling_starts_with_the_settings_of_the_open_data_set_beside_its_folder(tiny_camvid: Path) -> None:
    stage = Stage()
    stage.controller.start_labelling(tiny_camvid / "labels", {})
    stage.labelling.start.assert_not_called()
    stage.controller.open(DataConfig(path=tiny_camvid, reader="camvid", region=(12, 16)))
    stage.worker.answer()
    assert stage.session.contents is not None
    assert stage.session.contents.project == tiny_camvid.with_name(f"{tiny_camvid.name}-labels")
    stage.controller.start_labelling(tiny_camvid / "labels", {"acquisition": {"regions_per_query": 3}})
    folder, settings = stage.labelling.start.call_args.args
    assert folder == tiny_camvid / "labels"
    assert settings["data"] == {"path": str(tiny_camvid), "reader": "camvid", "region": "12x16"}
    assert settings["acquisition"] == {"regions_per_query": 3}


def test_a_refusal_stands_on_the_page_until_something_else_is_tried(
    stage: Stage, tiny_camvid: Path, shown: list[Exception]
) -> None:
    stage.controller.look(tiny_camvid / "nowhere")
    stage.worker.answer()
    assert "nowhere" in stage.start_page.set_message.call_args.args[0]
    assert stage.session.phase is Phase.EMPTY
    stage.controller.look(tiny_camvid)
    stage.start_page.set_message.assert_called_with("")


def test_the_reader_of_a_folder_is_told_by_its_layout(stage: Stage, tiny_camvid: Path) -> None:
    stage.controller.look(tiny_camvid)
    stage.worker.answer()
    assert stage.session.contents is not None
    assert stage.session.contents.config.reader == "camvid"


def test_other_regions_are_drawn_without_opening_the_data_set_again(stage: Stage, tiny_camvid: Path) -> None:
    stage.controller.open(config(tiny_camvid))
    for _ in ("opening", "the first image", "the next one ahead"):
        stage.worker.answer()
    stage.controller.cut((6, 8))
    assert stage.worker.waiting is None
    stage.layers.cut.assert_called_once_with((6, 8))
    assert stage.session.contents is not None
    assert stage.session.contents.num_regions == 8 * 36
    assert stage.setup_page.set_display.call_args.args[0].problem == ""


def test_a_single_region_is_too_little_and_the_page_says_what_to_do(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    Image.new("RGB", (40, 30)).save(tmp_path / "one" / "only.png")
    stage.controller.look(tmp_path / "one")
    stage.worker.answer()
    assert "Make regions smaller" in stage.setup_page.set_display.call_args.args[0].problem
    stage.controller.cut((16, 16))
    assert stage.setup_page.set_display.call_args.args[0].problem == ""


def test_closing_stops_the_labelling_too() -> None:
    stage = Stage()
    stage.controller.close()
    stage.labelling.close.assert_called_once_with()
