"""Makes the pictures of a labelling session again: ``python docs/labelling_pictures.py``.

A person with the true labels at hand works at a real window by mouse and keys: labels region after region by
superpixels and looks at everything. ``--data camvid`` takes real streets (`RALIS_CAMVID`), ``--regions`` says how many,
``--out`` where the pictures go; without it they are those of the docs.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from qtpy.QtCore import QBuffer, QIODevice, QPoint, Qt
from qtpy.QtTest import QTest

from benchmarks.feel.person import WINDOW, Person, rest, screen, until, window
from benchmarks.feel.scenes import streets_of
from napari_ralis.settings import settings_path, update_settings
from napari_ralis.threads.wishes import PictureWish
from src_model.config import DataConfig
from src_model.data.annotation import IGNORED
from src_model.data.dataset import Dataset
from src_model.data.readers import open_dataset
from src_model.data.streets.writer import reader_for

PICTURES = Path(__file__).parent / "pictures"
REGIONS = 40
SETTINGS: dict[str, Any] = {"acquisition": {"budget": 200}}
_PROJECTS = {"streets": "streets-delft", "camvid": "camvid-cambridge"}
_FRAME = (640, 400)
"""Size of the animation."""


def data_of(name: str) -> DataConfig:
    """Drawn streets, or those of CamVid."""
    if name == "camvid":
        path = Path(os.environ["RALIS_CAMVID"])
        return DataConfig(path=path, reader="camvid", split="ralis", region=(90, 80))
    return DataConfig(path=streets_of((256, 512)), reader=reader_for("target"), region=(64, 64))


class Annotator(Person):
    """Paints what is true.

    Parameters
    ----------
    theme:
        Of napari.
    out:
        Where pictures go.
    """

    def __init__(self, viewer: Any, theme: str, out: Path) -> None:
        super().__init__(viewer)
        viewer.theme = theme
        # The dock has made the window smaller than it was.
        viewer.window._qt_window.resize(*WINDOW)
        self.theme, self.out = theme, out
        self.frames: list[Image.Image] = []
        out.mkdir(parents=True, exist_ok=True)

    def picture(self, name: str) -> None:
        """The window as it is now."""
        rest(0.4)
        self._grabbed().save(self.out / f"{name}-{self.theme}.png", optimize=True)

    def frame(self) -> None:
        """One more picture of the animation."""
        self.frames.append(self._grabbed().resize(_FRAME, Image.Resampling.LANCZOS))

    def _grabbed(self) -> Image.Image:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.ReadWrite)
        self.viewer.window._qt_window.grab().save(buffer, "PNG")
        return Image.open(io.BytesIO(bytes(buffer.data()))).convert("RGB")

    def type(self, keys: str) -> None:
        """Keys of a class, one stroke after the other."""
        for key in keys.replace(" ", ""):
            QTest.keyClick(self.canvas, key)

    def click(self, point: QPoint) -> None:
        """On the canvas."""
        QTest.mouseMove(self.canvas, point)
        rest(0.02)
        QTest.mouseClick(self.canvas, Qt.MouseButton.LeftButton, pos=point)
        rest(0.02)

    def paint_truth(self, truth: np.ndarray, keys: dict[int, str]) -> None:
        """(h, w) labels: the commonest class by *fill the rest*, the others by superpixels."""
        until(lambda: self.superpixels_ready, "superpixels")
        made = self.dock.canvas_lane.get(PictureWish(self.region))
        ids, known = made.superpixels.ids, truth < IGNORED
        counts = np.zeros((ids.max() + 1, 256), dtype=np.intp)
        np.add.at(counts, (ids[known], truth[known]), 1)
        wanted = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
        commonest = int(np.bincount(wanted[wanted >= 0]).argmax()) if (wanted >= 0).any() else 0
        self.press(Qt.Key.Key_S)
        for index in sorted(set(wanted.tolist()) - {-1}, key=lambda own: own == commonest):
            self.type(keys[index])
            annotation = self.dock.labelling._easel.annotation
            for superpixel in np.flatnonzero(wanted == index):
                inside = ids == superpixel
                rows, columns = np.nonzero(inside)
                if (annotation.patch[inside] == index).mean() > 0.9 or (
                    index == commonest and (annotation.patch[inside] == 255).all()
                ):
                    continue
                middle = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
                self.click(self.at(float(rows[middle]), float(columns[middle])))
        self.type(keys[commonest])
        self.press(Qt.Key.Key_F)


def session(person: Annotator, data: DataConfig, regions: int, folder: Path) -> None:
    """From the start page to the last region, with a picture at every stage."""
    dataset = open_dataset(data)
    person.picture("start")
    person.open(data)
    person.picture("classes")
    person.dock.start_labelling(folder, SETTINGS)
    until(lambda: person.dock.labelling_panel.examples.isVisible(), "the first look")
    rest(3.0)
    person.picture("one-of-each")
    person.press(Qt.Key.Key_Return)
    until(lambda: person.is_ready, "the first region")
    person.picture("first-region")
    for number in range(1, regions + 1):
        until(lambda: person.is_ready, "a region")
        _label(person, dataset)
        person.frame()
        if number in (1, regions // 2, regions):
            person.picture(f"region-{number}")
        person.accept([])
    _look_round(person)


def _label(person: Annotator, dataset: Dataset) -> None:
    region = person.region
    keys = person.dock.labelling._class_keys
    person.paint_truth(dataset.labels(region.image)[region.window], keys)


def _look_round(person: Annotator) -> None:
    person.picture("labelling")
    tabs = person.dock.labelling_panel.tabs
    for place, name in ((1, "progress"), (2, "details")):
        tabs.setCurrentIndex(place)
        rest(2.0)
        person.picture(name)
    tabs.setCurrentIndex(0)
    for key, name in ((Qt.Key.Key_Y, "marks"), (Qt.Key.Key_W, "wall")):
        person.press(key)
        rest(3.0)
        person.picture(name)
    QTest.keyClick(person.dock.labelling.aids.crops.wall.list, Qt.Key.Key_Escape)
    person.press(Qt.Key.Key_V)
    rest(1.5)
    person.picture("class-card")


def main() -> None:
    """Both themes, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=("streets", "camvid"), default="streets")
    parser.add_argument("--theme", choices=("dark", "light"), nargs="+", default=("dark", "light"))
    parser.add_argument("--regions", type=int, default=REGIONS)
    parser.add_argument("--out", type=Path, default=PICTURES)
    told = parser.parse_args()
    for theme in told.theme:
        with tempfile.TemporaryDirectory() as folder, screen(), window("napari") as viewer:
            update_settings(settings_path(), lambda own: type(own)())
            person = Annotator(viewer, theme, told.out)
            session(person, data_of(told.data), told.regions, Path(folder, _PROJECTS[told.data]))
            if person.frames:
                first, *others = person.frames
                path = told.out / f"session-{theme}.webp"
                first.save(path, save_all=True, append_images=others, duration=600, loop=0, quality=60)
            person.leave()


if __name__ == "__main__":
    main()
