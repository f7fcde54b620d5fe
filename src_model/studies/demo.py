"""Demo: several acquisitions label embedded streets under the same budget, starting from the shipped models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from src_model.config import DataConfig, RunConfig, make_run_config, preset_settings
from src_model.data.region import Size
from src_model.data.streets.street_images import StreetImages
from src_model.data.streets.writer import reader_for
from src_model.events import LineBegun, Notice, Progress, ShouldStop, StepDone, never
from src_model.pretraining.pretrain_streets import drawn
from src_model.report.page import write_report
from src_model.shipped.models import POLICY, is_shipped
from src_model.simulation.simulate import simulate

STREETS = "streets"
RUNS = "runs"
REPORT = "report"


@dataclass(frozen=True, slots=True)
class Demo:
    """What is labelled, and how much of it; the defaults take a few minutes on two cores.

    Attributes
    ----------
    images, size:
        Number of street images and their height and width in pixels; a fifth is only scored.
    region:
        Height and width of a region in pixels.
    budget, regions_per_query, pool_size:
        Regions labelled in all, and K and P of the acquisitions.
    updates:
        Gradient steps a fit.
    """

    images: int = 120
    size: Size = (192, 384)
    region: Size = (64, 64)
    budget: int = 96
    regions_per_query: int = 12
    pool_size: int = 10
    updates: int = 10

    @property
    def streets(self) -> StreetImages:
        """The streets that look unlike those the shipped segmenter has seen."""
        return StreetImages("target", self.images, self.size, seed=7, sequence_length=4)

    @property
    def steps(self) -> int:
        """Of a line."""
        return -(-self.budget // self.regions_per_query)

    def data(self, out: Path) -> DataConfig:
        """The data set as a simulation and as the napari dock open it."""
        return self.config(out, "random").data

    def config(self, out: Path, acquisition: str) -> RunConfig:
        """The run of one line: the preset `default` on these images."""
        changes = {
            "data": {
                "path": (out / STREETS).absolute(),
                "reader": reader_for(self.streets.domain),
                "region": self.region,
                "train_images": 0,
                "state_images": min(8, self.images // 10),
                "reward_images": min(8, self.images // 10),
            },
            # Large steps would make it forget the rare classes, of which the first labels hold none.
            "segmentation": {"updates": self.updates, "learning_rate": 3e-4, "loss_weights": "inverse_sqrt"},
            "acquisition": {
                "name": acquisition,
                "budget": self.budget,
                "regions_per_query": self.regions_per_query,
                "pool_size": self.pool_size,
            },
        }
        return make_run_config(preset_settings("default", ""), changes)


QUICK = Demo(images=20, size=(96, 192), region=(32, 32), budget=8, regions_per_query=4, pool_size=4, updates=1)
"""The same in seconds: shows that everything works, and no learning."""


def demo_lines() -> tuple[str, ...]:
    """The acquisitions that are compared: the trained policy where one is shipped."""
    return "random", "entropy", "label_balance", "dqn" if is_shipped(POLICY) else "margin_class_balanced"


def run_demo(out: Path, demo: Demo, should_stop: ShouldStop = never) -> Progress[Path | None]:
    """Draw the streets, run each line as a project below ``out`` and write the report; what is there goes on.

    Returns
    -------
    The report's page; None if stopped.

    Raises
    ------
    RalisError
        If something else is in the way in ``out``, or it cannot be written.
    """
    names = demo_lines()
    if "dqn" not in names:
        yield Notice("No policy is shipped with this version: margin_class_balanced asks in the place of dqn.")
    yield from drawn(demo.streets, out / STREETS)
    folders = [out / RUNS / name for name in names]
    total = demo.steps * len(names)
    for number, (name, folder) in enumerate(zip(names, folders, strict=True), 1):
        yield LineBegun(name, number, len(names))
        before = demo.steps * (number - 1)
        finished = yield from _counted(simulate(demo.config(out, name), folder, should_stop), before, total)
        if not finished:
            return None
    return _reported(folders, out)


def _counted(run: Progress[bool], before: int, total: int) -> Progress[bool]:
    """The same run, its steps counted over all lines; what it remarks on the data is said once, by the first line."""
    while True:
        try:
            event = next(run)
        except StopIteration as stop:
            return bool(stop.value)
        if isinstance(event, StepDone):
            yield StepDone(1, before + event.step, total, event.row)
        elif not before or not isinstance(event, Notice):
            yield event


def _reported(folders: Sequence[Path], out: Path) -> Path:
    return write_report(folders, out / REPORT).absolute()
