"""A simulation: one episode on D_V with an oracle in the person's place, recorded as a project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from src_model.active_learning.acquisition.acquisition import Acquisition, Statistic
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.active_learning.assembly import (
    Assembly,
    assemble,
    budgets_in_regions,
    keep_class_pixels,
    keep_schema,
)
from src_model.active_learning.engine import ActiveLearningEngine
from src_model.active_learning.policy_in_use import policy_in_use
from src_model.active_learning.surroundings import Knowledge
from src_model.config import RunConfig
from src_model.dqn.reward import Reward, class_frequencies, class_weights
from src_model.events import Notice, Progress, ShouldStop, never
from src_model.exceptions import DataError, EmptyPool
from src_model.project.project import Project
from src_model.simulation.episode import run_episode
from src_model.simulation.measured_gain import MeasuredGain
from src_model.simulation.oracle import GroundTruthOracle


def simulate(config: RunConfig, out: Path, should_stop: ShouldStop = never) -> Progress[bool]:
    """Run, or go on with, the simulation kept in ``out``. Returns whether it was finished.

    Killed at any point and called again with the same settings, it ends with the numbers of an uninterrupted run.

    Raises
    ------
    RalisError
        For bad data, settings, weights or policy, before anything is written.
    """
    whole = yield from assemble(config, should_stop)
    if whole is None:
        return False
    assembly = answerable(whole, config)
    config = budgets_in_regions(config, assembly)
    oracle = GroundTruthOracle(assembly.dataset, assembly.dataset.schema.num_classes)
    acquisition = make_acquisition(config.acquisition, policy_in_use(config, assembly))
    with Project.create_or_resume(out, config) as project:
        keep_schema(out, assembly.dataset.schema)
        keep_class_pixels(out, assembly)
        engine = ActiveLearningEngine(
            config,
            assembly.surroundings(),
            assembly.segmenter,
            acquisition,
            project,
            knowledge=_knowledge(acquisition, assembly, oracle, config),
        )
        yield from notices(config, engine.regions_in_pool, assembly.roles.notes)
        yield from engine.start(should_stop)
        return (yield from run_episode(engine, oracle, config.schedule, should_stop))


def answerable(assembly: Assembly, config: RunConfig) -> Assembly:
    """The same parts, asking only from images with masks: an oracle knows nothing of the others.

    Raises
    ------
    DataError
        If there is no mask to measure with.
    EmptyPool
        If there is no image to ask from.
    """
    roles, dataset = assembly.roles, assembly.dataset
    if not any(map(dataset.has_labels, roles.reward)):
        raise DataError(
            f"None of the {len(dataset)} images in {config.data.path} has a mask to measure with. "
            "Check --data and where the masks lie, or label the images in napari."
        )
    pool = tuple(image for image in roles.pool if dataset.has_labels(image))
    if not pool:
        raise EmptyPool(
            f"No image with a mask is left to ask from in {config.data.path}: of {len(dataset)} images "
            f"{len(roles.train)} are in D_T, {len(roles.state)} in D_S, {len(roles.reward)} in D_R and "
            f"{len(roles.test)} in the test set. Change train_images, state_images or reward_images, or add images."
        )
    unknown = len(roles.pool) - len(pool)
    note = f"{unknown} images without masks are not asked from: a simulation has no answer for them."
    return assembly.in_roles(lambda _: replace(roles, pool=pool, notes=(*roles.notes, *([note] if unknown else []))))


def notices(config: RunConfig, regions: int, notes: Iterable[str]) -> Progress[None]:
    """Say beforehand what a reader of the results should know, and what will not go as the settings ask."""
    for note in notes:
        yield Notice(note)
    if config.acquisition.budget > regions:
        yield Notice(
            f"The budget of {config.acquisition.budget} regions is larger than the pool of {regions}; "
            "the run stops when every region is labelled."
        )


def _knowledge(acquisition: Acquisition, assembly: Assembly, oracle: GroundTruthOracle, config: RunConfig) -> Knowledge:
    """True shares and measured gains for the upper lines, nothing for the others."""
    shares = oracle.shares if Statistic.TRUE_SHARES in acquisition.needs else None
    if Statistic.GAINS not in acquisition.needs:
        return Knowledge(shares)
    truth, images = assembly.dataset, assembly.roles.reward
    frequency = class_frequencies(assembly.class_pixels(images))
    reward = Reward(config.dqn.reward, "measured", class_weights(frequency, config.dqn.weighted_epsilon))
    return Knowledge(shares, MeasuredGain(assembly.segmenter, oracle, truth, images, reward, config.seed).of)
