"""The policy in use: which trained query network a run asks with."""

from __future__ import annotations

from pathlib import Path

from src_model.active_learning.assembly import Assembly
from src_model.config import RunConfig
from src_model.dqn.policy import load_policy
from src_model.dqn.query_network import QueryNetwork
from src_model.exceptions import CheckpointError
from src_model.shipped.models import shipped_policy


def policy_in_use(config: RunConfig, assembly: Assembly) -> QueryNetwork | None:
    """The trained query network of the acquisition dqn; the others need none.

    Raises
    ------
    CheckpointError
        If none is named or shipped, or the file is missing, corrupt or was trained for other classes, state images or
        features.
    """
    if config.acquisition.name != "dqn":
        return None
    policy = load_policy(_policy_file(config), assembly.dataset.schema.names, assembly.state_regions())
    return policy.network.to(assembly.device)


def _policy_file(config: RunConfig) -> Path:
    """The policy that is named, or else the shipped one, which is none for the published features."""
    if config.dqn.policy is not None:
        return config.dqn.policy
    if config.dqn.features == "default":
        return shipped_policy()
    raise CheckpointError(
        "The acquisition dqn with the published features needs a policy trained on these classes. Train one with "
        "`napari-ralis train-policy` and name it with --policy, use --preset default, which has a policy for any "
        "classes, or use --acquisition margin_class_balanced instead."
    )
