"""The presets are what the list of deviations says: every setting of the reference, every departure of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from src_model.config import RunConfig, make_run_config, preset_settings

PUBLISHED: dict[str, Any] = {
    "data.split": "ralis",
    "data.state_images": 10,
    "segmentation.segmenter": "fpn",
    "segmentation.architecture": "FPN",
    "segmentation.encoder": "resnet50",
    "segmentation.encoder_weights": "none",
    "segmentation.merge_policy": "cat",
    "segmentation.loss_weights": "none",
    "segmentation.optimiser": "sgd",
    "segmentation.momentum": 0.95,
    "segmentation.weight_decay": 1e-4,
    "segmentation.gradient_clip": 4.0,
    "segmentation.learning_rate_decay": pytest.approx(0.998**2),
    "segmentation.train_on": "newest",
    "segmentation.augmentation": "flip",
    "segmentation.dropout": 0.0,
    "segmentation.mc_passes": 20,
    "acquisition.name": "dqn",
    "acquisition.pool_size": 20,
    "acquisition.regions_per_image": None,
    "acquisition.choice": "pool_wise",
    "dqn.features": "reference",
    "dqn.target": "double_dqn",
    "dqn.optimiser": "sgd",
    "dqn.momentum": 0.95,
    "dqn.weight_decay": 1e-3,
    "dqn.learning_rate_decay": 0.97,
    "dqn.batch_size": 16,
    "dqn.updates": 1,
    "dqn.gamma": 0.999,
    "dqn.target_sync": 5,
    "dqn.epsilon_start": 0.9,
    "dqn.epsilon_end": 0.05,
    "dqn.epsilon_decay": 10.0,
    "dqn.epsilon_coin": "step",
    "dqn.reward": "mean_iou",
    "dqn.reward_baseline": "zero",
    "dqn.credit": "shared",
    "dqn.huber_knee": 1.0,
    "schedule": "sequential",
}
PUBLISHED_FOR: dict[str, dict[str, Any]] = {
    "cityscapes": {
        "data.region": "128x128",
        "segmentation.learning_rate": 1e-4,
        "segmentation.batch_size": 16,
        "segmentation.crop": "256x512",
        "segmentation.updates": 16,
        "acquisition.budget": 3840,
        "acquisition.regions_per_query": 256,
        "dqn.episodes": 50,
        "dqn.learning_rate": 1e-4,
        "dqn.replay_capacity": 3200,
    },
    "camvid": {
        "data.region": "90x80",
        "segmentation.learning_rate": 1e-3,
        "segmentation.batch_size": 32,
        "segmentation.crop": "224x224",
        "segmentation.updates": 1,
        "acquisition.budget": 480,
        "acquisition.regions_per_query": 24,
        "dqn.episodes": 100,
        "dqn.learning_rate": 1e-3,
        "dqn.replay_capacity": 600,
    },
}
OURS: dict[str, Any] = {
    "data.split": "random",
    "segmentation.encoder": "tu-tf_efficientnet_lite0",
    "segmentation.encoder_weights": "packaged",
    "segmentation.merge_policy": "add",
    "segmentation.optimiser": "adamw",
    "segmentation.learning_rate": 1e-3,
    "segmentation.learning_rate_decay": 1.0,
    "segmentation.batch_size": 8,
    "segmentation.crop": "128x128",
    "segmentation.updates": 20,
    "segmentation.train_on": "all",
    "segmentation.augmentation": "full",
    "segmentation.dropout": 0.2,
    "segmentation.start_weights": "streets",
    "acquisition.name": "margin_class_balanced",
    "acquisition.budget": 480,
    "acquisition.regions_per_query": 24,
    "acquisition.pool_size": 10,
    "dqn.features": "default",
    "dqn.episodes": 10,
    "dqn.optimiser": "adam",
    "dqn.learning_rate": 1e-3,
    "dqn.weight_decay": 0.0,
    "dqn.learning_rate_decay": 1.0,
    "dqn.batch_size": 64,
    "dqn.updates": 4,
    "dqn.gamma": 0.9,
    "dqn.replay_capacity": 20_000,
    "dqn.target_sync": 50,
    "dqn.epsilon_decay": 200.0,
    "dqn.epsilon_coin": "sub_action",
    "dqn.reward_baseline": "measured",
    "dqn.credit": "class",
    "dqn.huber_knee": 10.0,
}
UNPUBLISHED: dict[str, Any] = {
    "preset": "reference",
    "data.path": Path(),
    "data.reader": "folder",
    "data.classes": None,
    "data.image_size": None,
    "data.train_images": 100,
    "data.reward_images": 20,
    "data.cache_megabytes": 512,
    "segmentation.start_weights": None,
    "segmentation.final_updates": 200,
    "segmentation.inference_batch": 8,
    "segmentation.mixed_precision": True,
    "segmentation.fast_cell": "10x10",
    "segmentation.fast_input": "360x480",
    "segmentation.fast_components": 64,
    "segmentation.fast_learning_rate": 0.1,
    "segmentation.fast_updates": 20,
    "acquisition.noise": 0.0,
    "acquisition.max_regions_per_image": None,
    "acquisition.class_balance": 6.0,
    "dqn.policy": None,
    "dqn.start_policy": None,
    "dqn.weighted_epsilon": 1.02,
    "labelling.check_images": "sequences",
    "labelling.check_order": "in_turn",
    "seed": 0,
    "device": "auto",
    "threads": 0,
    "evaluate_every": 1,
    "final_at": (),
    "budget_fractions": (),
    "checkpoint_seconds": 20.0,
}


def preset(name: str, reader: str) -> RunConfig:
    return make_run_config(preset_settings(name, reader))


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in settings.items():
        result |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return result


@pytest.mark.parametrize("reader", PUBLISHED_FOR)
def test_the_reference_preset_holds_every_published_number(reader: str) -> None:
    """All settings there are: those that were published, and those the published code has no counterpart of."""
    assert flat(preset("reference", reader).model_dump()) == PUBLISHED | PUBLISHED_FOR[reader] | UNPUBLISHED


def test_the_default_preset_departs_from_the_reference_where_the_list_says() -> None:
    reference, ours = (flat(preset(name, "cityscapes").model_dump()) for name in ("reference", "default"))
    assert {name: value for name, value in ours.items() if value != reference[name]} == OURS | {"preset": "default"}


@pytest.mark.parametrize("reader", PUBLISHED_FOR)
def test_the_seed_preset_is_the_reference_with_what_the_seed_states(reader: str) -> None:
    reference, seed = (flat(preset(name, reader).model_dump()) for name in ("reference", "seed"))
    assert {name: value for name, value in seed.items() if value != reference[name]} == {
        "preset": "seed",
        "dqn.target": "sarsa",
        "dqn.reward": "weighted_iou",
        "budget_fractions": (0.005, 0.01, 0.02, 0.03, 0.05),
    }
