"""Policy training: episodes on D_T, in which the query network learns from its own rewards."""

from __future__ import annotations

from pathlib import Path

from src_model.active_learning.acquisition.dqn import DQNAcquisition
from src_model.active_learning.acquisition.registry import make_acquisition
from src_model.active_learning.assembly import Assembly, assemble, keep_schema, policy_training_roles
from src_model.active_learning.engine import ActiveLearningEngine
from src_model.config import SHIPPED, RunConfig
from src_model.device import generator_for, torch_generator
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.double_dqn import DQNLearner
from src_model.dqn.policy import EpsilonGreedyPolicy, Policy, load_policy, save_policy
from src_model.dqn.query_network import QueryNetwork, ReferenceQueryNetwork
from src_model.events import Progress, ShouldStop, never
from src_model.exceptions import ConfigurationError
from src_model.project.project import Project
from src_model.shipped.models import shipped_policy
from src_model.simulation.episode import run_episode
from src_model.simulation.oracle import GroundTruthOracle
from src_model.simulation.simulate import answerable, notices

POLICY = "policy.safetensors"
"""Name of the trained policy in the run's folder."""


def train_policy(config: RunConfig, out: Path, should_stop: ShouldStop = never) -> Progress[bool]:
    """Train, or go on training, the policy kept in ``out``; ends with ``out/policy.safetensors``.

    An episode begins with the start weights and no labels and ends when the budget is spent; the query network, its
    replay buffer and the exploration schedule live through all of them. The network begins with random weights or
    those of ``dqn.start_policy``. Returns whether training was finished.

    Raises
    ------
    RalisError
        For bad data, settings, weights or start policy, before anything is written.
    """
    refuse_other_choices(config)
    _refuse_a_policy_to_ask_with(config)
    whole = yield from assemble(config, should_stop)
    if whole is None:
        return False
    assembly = answerable(whole.in_roles(policy_training_roles), config)
    schema = assembly.dataset.schema
    oracle = GroundTruthOracle(assembly.dataset, schema.num_classes)
    start = _start(config, assembly)
    learner = DQNLearner(config.dqn, start.network)
    acquisition = make_acquisition(config.acquisition, learner.network, EpsilonGreedyPolicy(config.dqn.epsilon_coin))
    with Project.create_or_resume(out, config) as project:
        keep_schema(out, schema)
        engine = ActiveLearningEngine(
            config, assembly.surroundings(), assembly.segmenter, acquisition, project, learner
        )
        yield from notices(config, engine.regions_in_pool, assembly.roles.notes)
        yield from engine.start(should_stop)
        while True:
            # query → teach → fit → reward → store → update → sync, until the budget is spent
            finished = yield from run_episode(engine, oracle, config.schedule, should_stop)
            if not finished or engine.episode == config.dqn.episodes:
                break
            yield from engine.begin(engine.episode + 1, should_stop)
        if finished:
            save_policy(out / POLICY, Policy(learner.network, schema.names, *_training(config, project, start)))
        return finished


def _start(config: RunConfig, assembly: Assembly) -> Policy:
    """The policy that training begins with: the one that is named, or an untrained one.

    Raises
    ------
    CheckpointError
        If the file is missing or corrupt, or was trained for other classes, state images or features than there are.
    ConfigurationError
        If it reads other features than the settings say.
    """
    named = config.dqn.start_policy
    if named is None:
        return Policy(_untrained_network(config, assembly).to(assembly.device))
    file = shipped_policy() if named == SHIPPED else Path(named)
    policy = load_policy(file, assembly.dataset.schema.names, assembly.state_regions())
    theirs = "default" if policy.network.feature_version == DefaultQueryNetwork.feature_version else "reference"
    if theirs != config.dqn.features:
        raise ConfigurationError(
            f"The policy {file} reads the {theirs} features, dqn.features is {config.dqn.features}. Set dqn.features "
            f"to {theirs}, or start from another policy."
        )
    policy.network.to(assembly.device)
    return policy


def _untrained_network(config: RunConfig, assembly: Assembly) -> QueryNetwork:
    generator = torch_generator(generator_for(config.seed, "query network"))
    if config.dqn.features == "default":
        return DefaultQueryNetwork(generator)
    return ReferenceQueryNetwork(assembly.dataset.schema.num_classes, assembly.state_regions(), generator)


def refuse_other_choices(config: RunConfig) -> None:
    """Raise `ConfigurationError` for settings with which no policy can be trained."""
    if config.acquisition.name != DQNAcquisition.name:
        raise ConfigurationError(
            f"A policy is trained by asking with it, not with {config.acquisition.name!r}. Set acquisition.name to "
            f"{DQNAcquisition.name} for training."
        )
    if config.acquisition.choice != "pool_wise":
        raise ConfigurationError("A policy learns one choice a pool. Set acquisition.choice to pool_wise for training.")


def _refuse_a_policy_to_ask_with(config: RunConfig) -> None:
    if config.dqn.policy is not None:
        raise ConfigurationError(
            f"dqn.policy ({config.dqn.policy}) names a policy to ask with, not one to train. Leave it out, or name the "
            "file as dqn.start_policy (--start-policy) to go on from its weights."
        )


def _training(config: RunConfig, project: Project, start: Policy) -> tuple[dict[str, object], dict[str, object]]:
    """What the policy has seen, and what it reached: the last mean IoU of each episode on D_R."""
    seen: dict[str, object] = {
        "reader": config.data.reader,
        "split": config.data.split,
        "region": list(config.data.region),
        "segmenter": config.segmentation.segmenter,
        "loss_weights": str(config.segmentation.loss_weights),
        "seed": config.seed,
        "episodes": config.dqn.episodes,
        "environment_steps": sum(1 for row in project.rows() if row["step"]),
    }
    if config.dqn.start_policy is not None:
        seen["before"] = dict(start.seen)
    last = {int(row["episode"] or 0): row["mean_iou"] for row in project.rows()}
    return seen, {"final_mean_iou_by_episode": list(last.values())}
