"""Beside a training: strokes against those in a bare napari, and the change of images; a fit goes on without end.

One process, one training and two windows side by side; strokes of one and of the other take turns, so that whatever
else the machine does is in both. The bare window shows the same image under a Labels layer of the same size at the same
place and zoom. Images are changed in the dock of the second window, by clicks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image, Labels
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from benchmarks.feel.clocks import Drawn, quantiles
from benchmarks.feel.person import WINDOW, Person, draw_stroke, place_of, rest, screen, until, window
from benchmarks.feel.scenes import data_of
from napari_ralis.layers.stack import find
from napari_ralis.session import Phase
from napari_ralis.threads.run_messages import Began, Job
from src_model.data.annotation import VOID

STROKES, IMAGES = 12, 20
ENDLESS: dict[str, Any] = {
    "segmentation": {"updates": 1_000_000},
    "acquisition": {"name": "random", "budget": 100_000, "regions_per_query": 2, "pool_size": 2},
}


def measure(tiny: bool, strokes: int, images: int) -> dict[str, Any]:
    """Milliseconds of each arm."""
    ours: list[float] = []
    bare: list[float] = []
    changes: list[float] = []
    data = data_of(tiny)
    with (
        tempfile.TemporaryDirectory() as folder,
        screen(2 * WINDOW[0], WINDOW[1]),
        window("ours") as viewer,
        window("bare", QPoint(WINDOW[0], 0)) as other,
    ):
        person = Person(viewer)
        person.open(data)
        person.start(Path(folder, "project"), ENDLESS)
        while not any(isinstance(own, Began) and own.job is Job.LEARNING for own in person.heard):
            person.label_quickly()
            rest(0.3)
        print("training", file=sys.stderr, flush=True)
        until(lambda: person.is_ready, "a region")
        drawn = _undress(other, person)
        person.press(Qt.Key.Key_B)
        person.press(Qt.Key.Key_2)
        for _ in range(strokes):
            start, end = person.somewhere(), person.somewhere()
            _stroke(person.viewer, person.drawn, person, start, end, ours)
            _stroke(other, drawn, person, start, end, bare)
        changes += _changes(other, data, images)
        person.leave()
    at_ours, at_bare = quantiles(ours), quantiles(bare)
    return {
        "event_of_a_stroke_ms": at_ours,
        "event_of_a_stroke_in_bare_napari_ms": at_bare,
        "stroke_ratio": round(sum(ours) / sum(bare), 3),
        "image_change_ms": quantiles(changes),
    }


def _undress(other: Any, person: Person) -> Drawn:
    """The same picture in a window without the plugin."""
    region = person.region
    other.add_layer(Image(np.array(find(person.viewer, "image").data), rgb=True))
    layer = Labels(np.full(region.shape, VOID, np.uint8), translate=(region.row, region.column), opacity=0.6)
    other.add_layer(layer)
    layer.brush_size, layer.selected_label = find(person.viewer, "annotation").brush_size, 1
    layer.mode = "paint"
    rest(0.5)
    other.scene.camera.center, other.scene.camera.zoom = (
        person.viewer.scene.camera.center,
        person.viewer.scene.camera.zoom,
    )
    rest(0.5)
    return Drawn(other)


def _stroke(viewer: Any, drawn: Drawn, person: Person, start: Any, end: Any, into: list[float]) -> None:
    region = person.region
    points = np.add(np.linspace(start, end, 16), (region.row, region.column))
    draw_stroke(viewer.window._qt_viewer.canvas.native, drawn, [place_of(viewer, *point) for point in points], into)


def _changes(other: Any, data: Any, images: int) -> list[float]:
    """Seconds from a click until the next image is drawn."""
    other.layers.clear()
    _, dock = other.window.add_plugin_dock_widget("napari-ralis", "Labelling")
    drawn, seconds = Drawn(other), list[float]()
    dock.open(data)
    until(lambda: dock.session.phase is Phase.OPEN and not dock.worker.busy, "the data set")
    rest(0.5)
    for _ in range(min(images, 22)):
        layer = other.layers[0]
        before = np.array(layer.data[:8])
        drawn.expect(lambda before=before: not np.array_equal(other.layers[0].data[:8], before), seconds)
        QTest.mouseClick(dock.image_panel.next_button, Qt.MouseButton.LeftButton)
        until(lambda: not drawn.is_waiting, "the next image")
        rest(0.3)
    return seconds


def main() -> None:
    """Print the reading as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="small images, for a trial")
    parser.add_argument("--strokes", type=int, default=STROKES)
    parser.add_argument("--images", type=int, default=IMAGES)
    told = parser.parse_args()
    print(json.dumps(measure(told.tiny, told.strokes, told.images)))


if __name__ == "__main__":
    main()
