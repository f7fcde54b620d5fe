"""A desk with an annotation layer on it, for tests: in a viewer without a window, or in a real one with a mouse."""

from __future__ import annotations

from typing import Any

import numpy as np
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_ralis.layers.annotation_layer import AnnotationLayer
from napari_ralis.layers.stack import find
from src_model.data.annotation import VOID
from src_model.data.class_schema import ClassSchema, SemanticClass
from src_model.data.region import Region
from src_model.labelling.superpixels import Superpixels

SCHEMA = ClassSchema(
    "four",
    tuple(
        SemanticClass(number, name, (60 * number, 200 - 40 * number, 90))
        for number, name in enumerate(("road", "sky", "car", "pole"))
    ),
)
REGION = Region("img", 30, 40, 24, 32)
QUARTERS = Superpixels(
    (np.arange(24)[:, None] // 12 * 2 + np.arange(32) // 16).astype(np.int32), np.zeros((24, 32), np.bool_)
)


class Paper:
    """An annotation layer over an image of 90×120, and a look at what is painted."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        viewer.add_image(np.zeros((90, 120, 3), dtype=np.uint8), rgb=True)
        self.annotation = AnnotationLayer(viewer)
        self.show()

    def show(self, region: Region = REGION, patch: np.ndarray | None = None) -> None:
        self.annotation.show(region, np.full(region.shape, VOID, np.uint8) if patch is None else patch, SCHEMA)

    @property
    def layer(self) -> Any:
        return find(self.viewer, "annotation")

    def painted(self, value: int) -> list[tuple[int, int]]:
        return [tuple(place) for place in np.argwhere(self.annotation.patch == value).tolist()]


class Desk(Paper):
    """The same in a window, with a mouse that goes to pixels of the region."""

    def __init__(self, viewer: Any, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.canvas = viewer.window._qt_viewer.canvas.native
        super().__init__(viewer)

    def show(self, region: Region = REGION, patch: np.ndarray | None = None) -> None:
        super().show(region, patch)
        self.qtbot.wait(20)

    def at(self, row: float, column: float) -> QPoint:
        """Where a pixel of the region in hand lies on the canvas."""
        region, camera = self.annotation.region, self.viewer.scene.camera
        assert region is not None
        across = (region.column + column - camera.center[-1]) * camera.zoom + self.canvas.width() / 2
        down = (region.row + row - camera.center[-2]) * camera.zoom + self.canvas.height() / 2
        return QPoint(round(across), round(down))

    def click(self, row: float, column: float) -> None:
        self.move(row, column)
        QTest.mouseClick(self.canvas, Qt.MouseButton.LeftButton, pos=self.at(row, column))

    def move(self, row: float, column: float) -> None:
        QTest.mouseMove(self.canvas, self.at(row, column))
        self.qtbot.wait(1)

    def press(self, row: float, column: float) -> None:
        self.move(row, column)
        QTest.mousePress(self.canvas, Qt.MouseButton.LeftButton, pos=self.at(row, column))

    def release(self, row: float, column: float) -> None:
        QTest.mouseRelease(self.canvas, Qt.MouseButton.LeftButton, pos=self.at(row, column))

    def drag(self, *points: tuple[float, float]) -> None:
        self.press(*points[0])
        for point in points[1:]:
            self.move(*point)
        self.release(*points[-1])
