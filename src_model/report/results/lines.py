"""Lines: which runs belong together, and which lines may be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from src_model.config import LossWeights, RunConfig
from src_model.exceptions import ProjectError
from src_model.project.settings_file import MAY_CHANGE
from src_model.report.results.run_tables import Run

RANDOM = "random"
UPPER_LINES = ("label_balance_true", "gain_greedy")
"""Acquisitions that know the true labels: what there is to win, not something to use."""

_NO_MATTER = MAY_CHANGE | {"preset", "seed", "evaluate_every", "final_at", "budget_fractions", "acquisition.name"}
"""Settings that change neither what is asked nor what is learned, and the ones a line is named by."""


@dataclass(frozen=True, slots=True)
class Family:
    """Lines that may be compared: the same segmenter under the same loss."""

    segmenter: str
    loss: LossWeights

    @property
    def title(self) -> str:
        """For headings."""
        weights = "loss without class weights" if self.loss is LossWeights.NONE else "loss weighted by 1/√frequency"
        return f"{self.segmenter}, {weights}"


@dataclass(frozen=True, slots=True)
class Line:
    """Runs that differ in nothing but the seed.

    Attributes
    ----------
    variant:
        Settings in which lines of one acquisition, loss and segmenter differ; empty if there is one such line.
    """

    acquisition: str
    family: Family
    variant: str = ""

    @property
    def label(self) -> str:
        """Name within its family."""
        return f"{self.acquisition} ({self.variant})" if self.variant else self.acquisition


Lines = Mapping[Line, tuple[Run, ...]]
"""Runs by line, ordered by seed; in each family random comes first and the upper lines last."""


def group_runs(runs: Iterable[Run]) -> dict[Line, tuple[Run, ...]]:
    """Runs by line and seed.

    Runs of one acquisition, loss and segmenter that differ in a setting become lines of their own, named by it.

    Raises
    ------
    ProjectError
        If two runs are the same in line and seed.
    """
    alike: dict[Line, list[Run]] = {}
    for run in runs:
        alike.setdefault(Line(run.config.acquisition.name, _family(run.config)), []).append(run)
    lines: dict[Line, dict[int, Run]] = {}
    for base, own in alike.items():
        for run, variant in zip(own, variants([settings_of(run.config) for run in own]), strict=True):
            line = replace(base, variant=variant)
            twin = lines.setdefault(line, {}).setdefault(run.seed, run)
            if twin is not run:
                raise ProjectError(
                    f"{twin.folder} and {run.folder} are the same line ({line.label}) and seed ({run.seed}). "
                    "Leave one of them out."
                )
    return {line: tuple(lines[line][seed] for seed in sorted(lines[line])) for line in sorted(lines, key=_order)}


def families(lines: Lines) -> tuple[Family, ...]:
    """The families of these lines, in the order of the lines."""
    return tuple(dict.fromkeys(line.family for line in lines))


def members(lines: Lines, family: Family) -> dict[Line, tuple[Run, ...]]:
    """The lines of one family."""
    return {line: runs for line, runs in lines.items() if line.family == family}


def settings_of(config: RunConfig) -> dict[str, Any]:
    """Settings that matter to the result, by dotted name; a policy's path has its run's seed written as ``*``."""
    learned = config.acquisition.name == "dqn"
    flat = _flat(config.model_dump(mode="json"))
    settings = {
        name: value
        for name, value in flat.items()
        if name not in _NO_MATTER and (learned or not name.startswith("dqn."))
    }
    settings["data set"] = _data_set(config)
    if learned and config.dqn.policy is not None:
        # One policy a seed is one line, not as many lines as there are seeds; so are a few that the seeds share.
        path = re.sub(r"(?<=seed)\d+", "*", config.dqn.policy.as_posix())
        settings["dqn.policy"] = re.sub(rf"(?<!\d){config.seed}(?!\d)", "*", path)
    return settings


def random_line(line: Line, lines: Lines) -> Line | None:
    """The random line of the same family, data and budget; None if there is none, or several."""
    candidates = [
        other
        for other in members(lines, line.family)
        if other.acquisition == RANDOM and _task(lines[other][0].config) == _task(lines[line][0].config)
    ]
    same_variant = [other for other in candidates if other.variant == line.variant]
    chosen = same_variant or candidates
    return chosen[0] if len(chosen) == 1 else None


def _family(config: RunConfig) -> Family:
    network = config.segmentation
    label = "fast" if network.segmenter == "fast" else f"{network.architecture} {network.encoder}"
    return Family(label, network.loss_weights)


def variants(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Settings in which these differ, as text, one for each; empty where nothing does."""
    differing = [name for name in settings[0] if any(own[name] != settings[0][name] for own in settings)]
    values = {name: _telling([str(own[name]) for own in settings]) for name in differing}
    return [
        ", ".join(f"{name.rpartition('.')[2]} {column[position]}" for name, column in values.items())
        for position in range(len(settings))
    ]


def _telling(values: Sequence[str]) -> list[str]:
    """Paths without the folders that all of them share at either end."""
    parts = [value.split("/") for value in values]
    shortest = min(map(len, parts))
    ahead = next((i for i in range(shortest) if len({own[i] for own in parts}) > 1), shortest - 1)
    behind = next((i for i in range(shortest - ahead) if len({own[-1 - i] for own in parts}) > 1), 0)
    return ["/".join(own[ahead : len(own) - behind]) for own in parts]


def _task(config: RunConfig) -> tuple[object, ...]:
    data = config.data
    return _data_set(config), data.image_size, data.region, data.split, config.acquisition.budget


def _data_set(config: RunConfig) -> str:
    """A published data set is known by its reader, wherever it lies; a folder by its name."""
    return config.data.path.name if config.data.reader == "folder" else config.data.reader


def _order(line: Line) -> tuple[str, bool, int, str, str]:
    rank = 0 if line.acquisition == RANDOM else 2 if line.acquisition in UPPER_LINES else 1
    weighted = line.family.loss is not LossWeights.NONE
    return line.family.segmenter, weighted, rank, line.acquisition, line.variant


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat
