"""Presets: the named starting points of a run, reference, seed and default."""

from __future__ import annotations

from typing import Any

from src_model.config.layers import merged
from src_model.config.segmentation import AUTO
from src_model.exceptions import ConfigurationError

_REFERENCE: dict[str, Any] = {
    "preset": "reference",
    "data": {"split": "ralis"},
    "segmentation": {
        "encoder": "resnet50",
        "encoder_weights": "none",
        "merge_policy": "cat",
        "optimiser": "sgd",
        "learning_rate": 1e-4,
        "learning_rate_decay": 0.996004,
        "batch_size": 16,
        "crop": (256, 512),
        "updates": 16,
        "train_on": "newest",
        "augmentation": "flip",
        "dropout": 0.0,
    },
    "acquisition": {"name": "dqn", "budget": 3840, "regions_per_query": 256, "pool_size": 20},
    "dqn": {"episodes": 50, "learning_rate": 1e-4, "replay_capacity": 3200},
}
_REFERENCE_CAMVID: dict[str, Any] = {
    "data": {"region": (90, 80)},
    "segmentation": {"learning_rate": 1e-3, "batch_size": 32, "crop": (224, 224), "updates": 1},
    "acquisition": {"budget": 480, "regions_per_query": 24, "pool_size": 20},
    "dqn": {"episodes": 100, "learning_rate": 1e-3, "replay_capacity": 600},
}
_SEED: dict[str, Any] = {
    "preset": "seed",
    "dqn": {"target": "sarsa", "reward": "weighted_iou"},
    "budget_fractions": (0.005, 0.01, 0.02, 0.03, 0.05),
}
_DEFAULT: dict[str, Any] = {
    "preset": "default",
    "segmentation": {"start_weights": AUTO},
    "dqn": {
        "features": "default",
        "optimiser": "adam",
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "learning_rate_decay": 1.0,
        "batch_size": 64,
        "updates": 4,
        # A gain ten steps ahead counts a third: about its part in the area under a curve of twenty steps. One of K
        # labels hardly moves the next state, so that a longer sight adds noise and no preference.
        "gamma": 0.9,
        "replay_capacity": 20_000,
        "target_sync": 50,
        "epsilon_decay": 200.0,
        "epsilon_coin": "sub_action",
        "reward_baseline": "measured",
        "credit": "class",
        # Credit by class has a long tail (who brought a rare class), which is what has to be learned: the mean, not
        # the median.
        "huber_knee": 10.0,
    },
}


def preset_settings(preset: str, reader: str) -> dict[str, Any]:
    """The nested settings a preset starts from, for a data set read by ``reader``.

    ``reference`` holds the published numbers, which differ between Cityscapes and CamVid. ``seed`` lays over them what
    Jodeiri Rad & Armenakis (2022) state: SARSA transitions, the weighted IoU as reward, budgets in percent.

    Raises
    ------
    ConfigurationError
        If there is no such preset.
    """
    if preset == "default":
        return _DEFAULT
    reference = merged(_REFERENCE, _REFERENCE_CAMVID) if reader == "camvid" else _REFERENCE
    if preset == "reference":
        return reference
    if preset == "seed":
        return merged(reference, _SEED)
    raise ConfigurationError(f"There is no preset {preset!r}. Choose reference, seed or default.")
