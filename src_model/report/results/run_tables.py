"""Run tables: what finished or running runs have written, read without locking them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from src_model.config import RunConfig
from src_model.data.region import Region
from src_model.exceptions import ProjectError
from src_model.project.folder import ABOUT, CLASS_PIXELS, FINAL_METRICS, METRICS, QUERIED_REGIONS, SETTINGS
from src_model.project.settings_file import read_settings
from src_model.report.results.csv_tables import Cells, damaged, read_rows, whole_numbers
from src_model.report.results.statistics import Curve, Values

NEEDED = ("step", "labelled_regions", "mean_iou")
_REGION = ("step", "row", "column", "height", "width")
_COUNTS = ("pool_pixels", "pool_images", "scored_pixels", "scored_images")


class NotComparable(ProjectError):
    """A project that is well, but no simulation with readings."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder} cannot be compared: {reason}. Leave it out.")
        self.folder = folder
        self.reason = reason


class TrainedPolicy(NotComparable):
    """A policy training: it has curves of its own, but is no line."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "trained a policy and is no simulation")


@dataclass(frozen=True, eq=False)
class MetricsTable:
    """Rows of one ``metrics.csv``, by column, in the order they were written.

    Attributes
    ----------
    columns:
        (n,) numbers a column; NaN stands for an empty cell and never leaves the methods of this class.
    """

    columns: Mapping[str, Values]

    def __len__(self) -> int:
        return len(self.columns["labelled_regions"])

    def names(self, prefix: str) -> tuple[str, ...]:
        """What follows ``prefix`` in the columns that begin with it: ``iou_`` gives the class names."""
        return tuple(name.removeprefix(prefix) for name in self.columns if name.startswith(prefix))

    def measured(self, column: str) -> Values:
        """All values of a column that are there; empty if there is no such column."""
        values = self.columns.get(column, np.empty(0))
        return values[np.isfinite(values)]

    def curve(self, *columns: str) -> Curve:
        """Budgets in regions, strictly rising, and the mean of these columns where all of them were measured."""
        if not all(column in self.columns for column in columns):
            return np.empty(0), np.empty(0)
        values = np.mean([self.columns[column] for column in columns], axis=0)
        budgets = self.columns["labelled_regions"]
        there = np.isfinite(values) & np.isfinite(budgets)
        budgets, values = budgets[there][::-1], values[there][::-1]
        # of two readings at one budget the later one counts
        rising, latest = np.unique(budgets, return_index=True)
        return rising, values[latest]

    def at(self, budget: float, column: str) -> float | None:
        """The reading at exactly this budget, or None."""
        budgets, values = self.curve(column)
        found = np.flatnonzero(budgets == budget)
        return float(values[found[0]]) if found.size else None


@dataclass(frozen=True, slots=True)
class AskedRegion:
    """One line of ``queried_regions.csv``."""

    step: int
    region: Region


@dataclass(frozen=True, slots=True)
class ClassPixels:
    """How much there is of one class in the pool that is asked from, and in the images that are scored."""

    pool_pixels: int
    pool_images: int
    scored_pixels: int
    scored_images: int


@dataclass(frozen=True, eq=False)
class Run:
    """One project folder as its tables describe it.

    Attributes
    ----------
    steps:
        A row a step.
    finals:
        Rows of trainings from the start weights at given budgets; often none.
    asked:
        Regions in the order they were asked; empty if the table is not there.
    class_pixels:
        By class name, in the order of the schema; empty if the run did not record it.
    """

    folder: Path
    config: RunConfig
    steps: MetricsTable
    finals: MetricsTable
    asked: tuple[AskedRegion, ...]
    class_pixels: Mapping[str, ClassPixels] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """What pairs this run with the runs of other lines."""
        return self.config.seed

    @property
    def budget(self) -> float:
        """Regions labelled so far."""
        return float(self.steps.columns["labelled_regions"][-1])


@dataclass(frozen=True, slots=True)
class Found:
    """Runs to report on.

    Attributes
    ----------
    left_out:
        Which projects below the given folders cannot be compared, and why: a sentence a reason.
    trainings:
        Folders of policy trainings; they are no lines.
    """

    runs: tuple[Run, ...]
    left_out: tuple[str, ...]
    trainings: tuple[Path, ...] = ()


def read_runs(folders: Sequence[Path]) -> Found:
    """Read run folders, and all runs below folders that are no runs themselves, in a stable order.

    Raises
    ------
    ProjectError
        If a folder is missing, holds no run, or is named itself and cannot be compared.
    DataError
        If a table is damaged.
    """
    runs: dict[Path, Run] = {}
    trainings: dict[Path, None] = {}
    left_out: dict[str, list[Path]] = {}
    for folder in folders:
        if not folder.is_dir():
            raise ProjectError(
                f"{folder} is not a folder. Give folders that `napari-ralis simulate --out` has written."
            )
        named = (folder / ABOUT).is_file()
        for place in [folder] if named else sorted(path.parent for path in folder.rglob(ABOUT)):
            try:
                runs[place] = read_run(place)
            except TrainedPolicy:
                trainings[place] = None
            except NotComparable as exc:
                if named:
                    raise
                left_out.setdefault(exc.reason, []).append(exc.folder)
    sentences = tuple(_sentence(reason, places) for reason, places in left_out.items())
    if not runs and not trainings:
        given = ", ".join(map(str, folders)) or "No folder"
        raise ProjectError(
            f"{given}: no run to report on. {' '.join(sentences) or 'No project lies in it or below.'} "
            "Give the folder of a run with a finished step."
        )
    return Found(tuple(runs.values()), sentences, tuple(trainings))


def read_simulations(folders: Sequence[Path]) -> Found:
    """As `read_runs`, where policy trainings are of no use: they are left out with the others.

    Raises
    ------
    ProjectError, DataError
        As `read_runs`, and if there are only policy trainings.
    """
    found = read_runs(folders)
    trained = [_sentence(TrainedPolicy(found.trainings[0]).reason, found.trainings)] if found.trainings else []
    if not found.runs:
        raise ProjectError(f"There is no simulation to compare. {' '.join(trained)} Give the folder of a simulation.")
    return Found(found.runs, (*found.left_out, *trained))


def read_run(folder: Path) -> Run:
    """Read the tables of one run.

    Raises
    ------
    NotComparable
        If it has not finished its first step, or trained a policy.
    ProjectError
        If the folder is no run, or its settings are damaged.
    DataError
        If a table is damaged.
    """
    if not (folder / ABOUT).is_file():
        raise ProjectError(f"{folder} is not a run: it has no {ABOUT}. Give a folder that a simulation has written.")
    config = read_settings(folder / SETTINGS)
    rows = read_rows(folder / METRICS, NEEDED)
    steps = metrics_table(rows, folder / METRICS)
    if _learned(config, rows) or len({row.get("episode") for row in rows}) > 1:
        raise TrainedPolicy(folder)
    if not np.any(steps.columns["step"] > 0):
        raise NotComparable(folder, "has no finished step yet")
    finals = metrics_table(read_rows(folder / FINAL_METRICS, NEEDED), folder / FINAL_METRICS)
    asked = _asked_regions(folder / QUERIED_REGIONS)
    return Run(folder, config, steps, finals, asked, _class_pixels(folder / CLASS_PIXELS))


def _learned(config: RunConfig, rows: Sequence[Cells]) -> bool:
    """Whether a policy was trained: none is named, and it is not the shipped one that asked, which never explores."""
    if config.acquisition.name != "dqn" or config.dqn.policy is not None:
        return False
    return config.dqn.features == "reference" or any(row.get("epsilon") for row in rows)


def metrics_table(rows: Sequence[Cells], path: Path) -> MetricsTable:
    """Rows of ``metrics.csv`` as numbers by column; columns of text are left out.

    Raises
    ------
    DataError
        If a needed column holds text.
    """
    columns: dict[str, Values] = {name: np.empty(0) for name in NEEDED}
    for name in rows[0] if rows else ():
        try:
            columns[name] = np.array([float(row[name] or "nan") for row in rows])
        except ValueError as exc:
            # other columns may hold text
            if name in NEEDED:
                raise damaged(path, f"column {name}: {exc}") from exc
    return MetricsTable(columns)


def _asked_regions(path: Path) -> tuple[AskedRegion, ...]:
    asked: list[AskedRegion] = []
    for row in read_rows(path, (*_REGION, "image")):
        step, *window = whole_numbers(path, row, _REGION)
        asked.append(AskedRegion(step, Region(row["image"], *window)))
    return tuple(asked)


def _class_pixels(path: Path) -> dict[str, ClassPixels]:
    rows = read_rows(path, ("class", *_COUNTS))
    return {row["class"]: ClassPixels(*whole_numbers(path, row, _COUNTS)) for row in rows}


def _sentence(reason: str, places: Sequence[Path]) -> str:
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f"Left out, because each {reason}: {places[0]}{more}."
