"""Settings for a person: where they start, told without torch, so that a form can show them at once."""

from __future__ import annotations

from typing import Any

from src_model.config import RunConfig, make_run_config, merged, preset_settings
from src_model.shipped.models import POLICY, is_shipped

_POLICY_ASKS = "dqn"
_WITHOUT_A_POLICY = "margin_class_balanced"

ASKS = (
    _POLICY_ASKS,
    _WITHOUT_A_POLICY,
    "margin",
    "entropy",
    "impurity",
    "label_balance",
    "bald",
    "random_class_balanced",
    "random",
)
"""Acquisitions that a person may choose: those that need no true labels, the recommended ones first."""


def person_settings(*layers: dict[str, Any], reader: str = "folder") -> RunConfig:
    """Settings for a person: `usual_settings`, and layers over them.

    Raises
    ------
    CheckpointError
        If nobody can tell which models came with this version.
    ConfigurationError
        Naming every field at fault.
    """
    return make_run_config(usual_settings(reader), *layers)


def usual_settings(reader: str = "folder") -> dict[str, Any]:
    """What a person starts from, nested: the preset ``default``, and the shipped policy where there is one.

    Images are looked at one at a time, so that a stop is quick, and every fit is kept, so that a kill loses none.

    Raises
    ------
    CheckpointError
        If nobody can tell which models came with this version.
    """
    asks = _POLICY_ASKS if is_shipped(POLICY) else _WITHOUT_A_POLICY
    own: dict[str, Any] = {
        "acquisition": {"name": asks, "regions_per_query": 8, "pool_size": 20},
        "segmentation": {"inference_batch": 1},
        "dqn": {"epsilon_start": 0.0, "epsilon_end": 0.0},
        "schedule": "pipelined",
        "checkpoint_seconds": 0,
    }
    return merged(preset_settings("default", reader), own)
