"""Policy tables: what trainings of query networks have written, by episode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src_model.config import RunConfig
from src_model.project.folder import METRICS, QUERIED_REGIONS, SETTINGS
from src_model.project.settings_file import read_settings
from src_model.report.results.csv_tables import Cells, read_rows
from src_model.report.results.lines import settings_of, variants
from src_model.report.results.run_tables import NEEDED, MetricsTable, metrics_table
from src_model.report.results.statistics import Curve, Values


@dataclass(frozen=True, eq=False)
class PolicyTraining:
    """One training of a query network.

    Attributes
    ----------
    steps:
        A row a step of every episode; ``episode`` stands in all of them.
    values:
        Rows of the regions that were asked: ``episode``, ``step`` and ``score``, their Q in points; often none in
        damaged or old projects.
    """

    folder: Path
    config: RunConfig
    steps: MetricsTable
    values: MetricsTable

    @property
    def episodes(self) -> tuple[int, ...]:
        """Episodes with a finished step, rising."""
        return tuple(int(one) for one in np.unique(self.steps.columns["episode"][self.steps.columns["step"] > 0]))

    @property
    def finished_episodes(self) -> tuple[int, ...]:
        """Episodes whose budget was spent: as many regions as in the largest of them."""
        labelled = {episode: float(self._of(episode, "labelled_regions").max()) for episode in self.episodes}
        most = max(labelled.values(), default=0.0)
        return tuple(episode for episode, regions in labelled.items() if regions == most)

    @property
    def environment_steps(self) -> int:
        """Steps of all episodes."""
        return int(np.count_nonzero(self.steps.columns["step"] > 0))

    def returns(self) -> Curve:
        """Sum of the rewards of each finished episode, in points."""
        return self._by_episode("reward", np.sum, self.finished_episodes)

    def final_iou(self) -> Curve:
        """Mean IoU on the reward set at the end of each finished episode, in 0..1."""
        return self._by_episode("mean_iou", lambda values: float(values[-1]), self.finished_episodes)

    def losses(self) -> Curve:
        """Mean Huber loss of the TD errors of each episode."""
        return self._by_episode("q_loss", np.mean, self.episodes)

    def exploration(self) -> Curve:
        """Mean ε of each episode."""
        return self._by_episode("epsilon", np.mean, self.episodes)

    def mean_values(self) -> Curve:
        """Mean Q of the regions asked in each episode, in points; those drawn by ε are among them."""
        if "score" not in self.values.columns:
            return np.empty(0), np.empty(0)
        episodes, score = self.values.columns["episode"], self.values.columns["score"]
        means = [float(score[episodes == episode].mean()) for episode in self.episodes if np.any(episodes == episode)]
        there = [float(episode) for episode in self.episodes if np.any(episodes == episode)]
        return np.array(there), np.array(means)

    def rewards(self) -> Curve:
        """Reward of each environment step in points, counted over all episodes from 1."""
        taken = self.steps.columns["step"] > 0
        rewards = self.steps.columns.get("reward", np.full(len(taken), np.nan))[taken]
        places = np.arange(1.0, rewards.size + 1)
        return places[np.isfinite(rewards)], rewards[np.isfinite(rewards)]

    def _by_episode(self, column: str, reduced: Callable[[Values], float], episodes: Sequence[int]) -> Curve:
        read = [(episode, own) for episode in episodes if (own := self._of(episode, column)).size]
        return np.array([float(one) for one, _ in read]), np.array([float(reduced(own)) for _, own in read])

    def _of(self, episode: int, column: str) -> Values:
        """What was measured of a column after the start of an episode."""
        columns = self.steps.columns
        if column not in columns:
            return np.empty(0)
        values: Values = columns[column][(columns["episode"] == episode) & (columns["step"] > 0)]
        return values[np.isfinite(values)]


Trainings = dict[str, tuple[PolicyTraining, ...]]
"""By label: trainings that differ in nothing but the seed."""


def read_trainings(folders: Sequence[Path]) -> Trainings:
    """Read policy trainings, those that differ only in their seed together; without a finished step they are left out.

    Raises
    ------
    ProjectError
        If settings are damaged.
    DataError
        If a table is damaged.
    """
    read = [training for folder in folders if (training := _read(folder)).episodes]
    groups: Trainings = {}
    labels = variants([settings_of(training.config) for training in read]) if read else []
    for training, variant in zip(read, labels, strict=True):
        label = f"policy ({variant})" if variant else "policy"
        groups[label] = (*groups.get(label, ()), training)
    return groups


def _read(folder: Path) -> PolicyTraining:
    tables = []
    for name, needed in ((METRICS, NEEDED), (QUERIED_REGIONS, ("step", "score"))):
        rows = [_with_episode(row) for row in read_rows(folder / name, needed)]
        tables.append(metrics_table(rows, folder / name))
    steps, values = (MetricsTable({"episode": np.empty(0), **table.columns}) for table in tables)
    return PolicyTraining(folder, read_settings(folder / SETTINGS), steps, values)


def _with_episode(row: Cells) -> Cells:
    """A table of a single episode does not name it."""
    return {"episode": "1"} | row
