"""Bad settings: refused with an error that names what is at fault and the next step, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from src_model.cli import app
from src_model.config import RunConfig
from src_model.events import drain
from src_model.exceptions import ConfigurationError, DataError, EmptyPool, RalisError
from src_model.policy_training.train_policy import train_policy
from src_model.pretraining.supervised import pretrain
from src_model.simulation.simulate import simulate

Small = Callable[..., RunConfig]
Refused = Callable[..., AbstractContextManager[None]]
Run = Callable[[RunConfig, Path], object]
Runs = dict[str, Run]


def call(*arguments: object) -> None:
    CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


# --- nothing to ask ---------------------------------------------------------------------------------------------------


def test_a_simulation_without_images_to_ask_from_is_refused(
    tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    config = small(tiny_camvid, data={"train_images": 4, "state_images": 1, "reward_images": 1})
    with refused(EmptyPool, out, tiny_camvid, then="train_images"):
        drain(simulate(config, out))


def test_policy_training_without_images_to_train_on_is_refused(
    tiny_camvid: Path, out: Path, small: Small, runs: Runs, refused: Refused
) -> None:
    with refused(EmptyPool, out, tiny_camvid, then="train_images"):
        runs["train-policy"](small(tiny_camvid, data={"train_images": 0}), out)


def test_pre_training_without_images_to_train_on_is_refused(
    tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    with refused(DataError, out, "0 training images", then="Check the data folder or the split"):
        drain(pretrain(small(tiny_camvid, data={"train_images": 0}), out, "train", 1))


def test_more_images_than_there_are_cannot_be_asked_for(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    with refused(ConfigurationError, out, "102 images", "there are 5", then="Ask for fewer"):
        run(small(tiny_camvid, data={"train_images": 100, "reward_images": 2}), out)


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reward", ["mean_iou", "weighted_iou"])
def test_an_epsilon_that_makes_class_weights_negative_is_refused(
    run: Run, reward: str, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    config = small(tiny_camvid, dqn={"reward": reward, "weighted_epsilon": 0.5})
    with refused(ConfigurationError, out, "weighted_epsilon = 0.5", then="Choose a value above 1"):
        run(config, out)


@pytest.mark.parametrize("command", ["simulate", "train-policy", "pretrain"])
def test_an_epsilon_of_one_half_is_refused_on_the_command_line(
    command: str, tiny_camvid: Path, out: Path, refused: Refused
) -> None:
    options = ("--reader", "camvid", "--segmenter", "fast", "--set", "dqn.weighted_epsilon=0.5")
    counts = [f"--set=data.{name}_images=1" for name in ("train", "state", "reward")]
    with refused(ConfigurationError, out, "weighted_epsilon", "0.5", then="above 1"):
        call(command, "--data", tiny_camvid, *options, *counts, "--out", out)


@pytest.mark.parametrize(
    ("changes", "names", "then"),
    [
        ({"data": {"reader": "coco"}}, "'coco'", "Choose one of"),
        ({"data": {"split": "halves"}}, "'halves'", "Choose one of"),
        ({"data": {"split": "ralis"}}, "published split", "Get the whole data set"),
    ],
    ids=["reader", "split", "published split"],
)
def test_a_name_that_does_not_exist_is_refused_with_those_that_do(
    changes: dict[str, Any], names: str, then: str, tiny_camvid: Path, out: Path, small: Small,
    refused: Refused,
) -> None:  # fmt: skip
    with refused(RalisError, out, names, then=then):
        drain(simulate(small(tiny_camvid, **changes), out))


def test_an_acquisition_that_does_not_exist_is_refused(
    tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    with refused(ConfigurationError, out, "'lucky'", then="margin_class_balanced"):
        drain(simulate(small(tiny_camvid, acquisition={"name": "lucky"}), out))


def test_a_policy_is_not_trained_by_another_acquisition(
    tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    with refused(ConfigurationError, out, "'random'", then="Set acquisition.name to dqn"):
        drain(train_policy(small(tiny_camvid), out))


def test_bald_without_dropout_is_refused(tiny_camvid: Path, out: Path, small: Small, refused: Refused) -> None:
    settings: dict[str, Any] = {"acquisition": {"name": "bald"}, "segmentation": {"dropout": 0.0}}
    with refused(ConfigurationError, out, "bald", "dropout is 0", then="choose another acquisition"):
        drain(simulate(small(tiny_camvid, **settings), out))


@pytest.mark.parametrize("option", ["--budget=0", "--regions-per-query=0", "--region=90", "--seed=-1", "--preset=best"])
def test_an_option_without_sense_is_refused(option: str, tiny_camvid: Path, out: Path, refused: Refused) -> None:
    with refused(ConfigurationError, out, then="."):
        call("simulate", "--data", tiny_camvid, "--reader", "camvid", "--segmenter", "fast", option, "--out", out)


def test_one_crop_that_cannot_be_normalised_is_refused(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    network = {"segmenter": "fpn", "encoder": "tu-test_efficientnet", "encoder_weights": "none", "crop": "32x32"}
    config = small(tiny_camvid, segmentation=network | {"batch_size": 1})
    with refused(ConfigurationError, out, "batch_size is 1", "32x32", then="Set segmentation.batch_size to 2 or more"):
        run(config, out)


def test_one_crop_that_can_be_normalised_is_trained_on(tiny_camvid: Path, out: Path, small: Small) -> None:
    network = {"segmenter": "fpn", "encoder": "tu-test_efficientnet", "encoder_weights": "none", "crop": "32x64"}
    training = {"batch_size": 1, "updates": 1, "final_updates": 0, "inference_batch": 1}
    assert drain(simulate(small(tiny_camvid, segmentation=network | training), out))
