"""Bad input: refused with an error that names what is at fault and the next step, and nothing is written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from typer.testing import CliRunner

import src_model
from src_model.checkpoint import load_tensors, save_tensors
from src_model.cli import app
from src_model.config import RunConfig
from src_model.data.readers.camvid import CAMVID
from src_model.data.readers.cityscapes import CITYSCAPES
from src_model.dqn.policy import Policy, save_policy
from src_model.dqn.query_network import ReferenceQueryNetwork
from src_model.events import StepDone, drain
from src_model.exceptions import CheckpointError, ConfigurationError, DataError, EmptyPool, ProjectError, RalisError
from src_model.project.settings_file import write_settings
from src_model.project.view import ProjectView
from src_model.simulation.predict import predict
from src_model.simulation.simulate import simulate
from src_model.simulation.supervised import pretrain
from src_model.simulation.train_policy import train_policy

Small = Callable[..., RunConfig]
Refused = Callable[..., AbstractContextManager[None]]
ImageIn = Callable[[RunConfig, str], str]
Contents = Callable[[Path], object]
Run = Callable[[RunConfig, Path], object]


def train(config: RunConfig, out: Path) -> object:
    asking = config.acquisition.model_copy(update={"name": "dqn"})
    return drain(train_policy(config.model_copy(update={"acquisition": asking}), out))


RUNS: dict[str, Run] = {
    "simulate": lambda config, out: drain(simulate(config, out)),
    "train-policy": train,
    "pretrain": lambda config, out: drain(pretrain(config, out, "train", 1)),
}
EACH_RUN = pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)

FPN = {
    "segmenter": "fpn",
    "crop": "32x32",
    "batch_size": 1,
    "updates": 1,
    "final_updates": 0,
    "inference_batch": 1,
}


def call(*arguments: object) -> None:
    CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def mask_of(data: Path, image: str) -> Path:
    return next(data.glob(f"*annot/{image}.png"))


def image_of(data: Path, image: str) -> Path:
    return next(path for path in data.glob(f"*/{image}.png") if not path.parent.name.endswith("annot"))


def paint(mask: Path, value: int, pixels: int) -> None:
    labels = np.array(Image.open(mask))
    labels.ravel()[:pixels] = value
    Image.fromarray(labels).save(mask)


def cut_off(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """Five images with colour masks, road above and sky below, and their class table."""
    folder = tmp_path / "colours"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(5):
        noise = np.random.default_rng(number).integers(0, 256, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / "images" / f"{number}.png")
        mask = np.full((24, 24, 3), (128, 64, 128), dtype=np.uint8)
        mask[12:] = 70, 130, 180
        Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    (folder / "classes.csv").write_text("id,name,R,G,B\n0,road,128,64,128\n1,sky,70,130,180\n")
    return folder


# --- folders and pairs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["simulate", "train-policy", "pretrain"])
def test_a_data_folder_that_is_not_there_is_refused(command: str, tmp_path: Path, out: Path, refused: Refused) -> None:
    missing = tmp_path / "nowhere"
    with refused(DataError, out, missing, then="Check --data"):
        call(command, "--data", missing, "--reader", "camvid", "--out", out)


def test_predict_refuses_an_image_folder_that_is_not_there(
    finished: Path, tmp_path: Path, out: Path, refused: Refused
) -> None:
    missing = tmp_path / "nowhere"
    with refused(DataError, out, missing, then="Give a folder"):
        call("predict", "--project", finished, "--images", missing, "--out", out)


def test_predict_refuses_a_project_that_is_not_there(
    tiny_camvid: Path, tmp_path: Path, out: Path, refused: Refused
) -> None:
    missing = tmp_path / "nowhere"
    with refused(ProjectError, out, missing, then="Check the path"):
        call("predict", "--project", missing, "--images", tiny_camvid / "val", "--out", out)


def test_a_report_on_a_folder_that_is_not_there_is_refused(tmp_path: Path, out: Path, refused: Refused) -> None:
    missing = tmp_path / "nowhere"
    with refused(ProjectError, out, missing, then="Give folders that `napari-ralis simulate --out` has written"):
        call("report", missing, "--out", out)


def test_a_study_that_is_not_there_is_refused(tiny_camvid: Path, tmp_path: Path, out: Path, refused: Refused) -> None:
    missing = tmp_path / "nowhere.toml"
    with refused(ConfigurationError, out, missing, then="Check the path"):
        call("sweep", missing, "--data", tiny_camvid, "--out", out)


@EACH_RUN
def test_a_folder_without_images_is_refused(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    for image in (tiny_camvid / "train").iterdir():
        image.unlink()
    with refused(DataError, out, tiny_camvid / "train", then="Check --data"):
        run(small(tiny_camvid), out)


@EACH_RUN
def test_images_and_masks_under_different_names_are_no_pairs(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    for mask in (tiny_camvid / "trainannot").iterdir():
        mask.rename(mask.with_name(f"mask_{mask.name}"))
    with refused(DataError, out, tiny_camvid / "train", "mask_0001TP_000001", then="Give both the same name"):
        run(small(tiny_camvid), out)


@EACH_RUN
def test_a_run_over_images_that_all_lack_masks_is_refused(
    run: Run, colours: Path, out: Path, small: Small, refused: Refused
) -> None:
    for mask in (colours / "masks").iterdir():
        mask.unlink()
    with refused(DataError, out, "mask", then="Check"):
        run(small(colours, data={"reader": "folder", "train_images": 1}), out)


@EACH_RUN
def test_a_mask_without_image_is_refused(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    lonely = tiny_camvid / "trainannot" / "0001TP_000009.png"
    Image.new("L", (48, 36)).save(lonely)
    with refused(DataError, out, lonely, then="Add the images or remove the masks"):
        run(small(tiny_camvid), out)


@EACH_RUN
def test_a_mask_of_another_size_is_refused(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    mask = mask_of(tiny_camvid, "0001TP_000002")
    Image.new("L", (48, 30)).save(mask)
    with refused(DataError, out, mask, "30x48", "36x48", then="Replace the mask"):
        run(small(tiny_camvid), out)


# --- labels that no class has -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "role"),
    [
        ("simulate", "pool"),
        ("simulate", "reward"),
        ("simulate", "test"),
        ("train-policy", "train"),
        ("train-policy", "reward"),
        ("pretrain", "train"),
        ("pretrain", "test"),
    ],
)
def test_ids_that_no_class_has_are_counted_and_named(
    command: str, role: str, tiny_camvid: Path, out: Path, small: Small, image_in: ImageIn, refused: Refused
) -> None:
    config = small(tiny_camvid)
    mask = mask_of(tiny_camvid, image_in(config, role))
    paint(mask, 42, pixels=7)
    with refused(DataError, out, mask, "id 42 (7 pixels)", then="Add them to the table"):
        RUNS[command](config, out)


@EACH_RUN
def test_colours_that_no_class_has_are_counted_and_named(
    run: Run, colours: Path, out: Path, small: Small, refused: Refused
) -> None:
    for mask in (colours / "masks").iterdir():
        values = np.array(Image.open(mask))
        values[0, :3] = 1, 2, 3
        Image.fromarray(values).save(mask)
    config = small(colours, data={"reader": "folder", "train_images": 1})
    with refused(DataError, out, "colour 1,2,3 (", colours / "masks", then="Add them to the table"):
        run(config, out)


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("id,name,R,G,B\n0,road,128,64\n", "entry 1 of"),
        ("id,name,R,G,B\nzero,road,128,64,128\n", "'zero'"),
        ("id,name,R,G,B\n0,road,128,64,128\n0,sky,70,130,180\n", "id 0 twice"),
        ("", "0 classes"),
    ],
    ids=["half a line", "no number", "twice", "empty"],
)
def test_a_class_table_that_makes_no_sense_is_refused(
    table: str, fault: str, colours: Path, out: Path, small: Small, refused: Refused
) -> None:
    (colours / "classes.csv").write_text(table)
    with refused(DataError, out, "classes", fault, then="."):
        drain(simulate(small(colours, data={"reader": "folder", "train_images": 1}), out))


def test_a_class_that_one_side_of_a_mapping_does_not_have_is_refused() -> None:
    with pytest.raises(DataError, match=r"no class 'lorry' in cityscapes.*Choose one of: .*truck"):
        CITYSCAPES.mapping_to(CAMVID, {"lorry": "car"})
    with pytest.raises(DataError, match=r"no class 'vehicle' in camvid.*Choose one of: .*car"):
        CITYSCAPES.mapping_to(CAMVID, {"truck": "vehicle"})


# --- files that were cut off ------------------------------------------------------------------------------------------


@EACH_RUN
@pytest.mark.parametrize("kind", ["image", "mask"])
def test_a_png_that_was_cut_off_is_refused(
    run: Run, kind: str, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    path = cut_off((image_of if kind == "image" else mask_of)(tiny_camvid, "0001TP_000002"))
    with refused(DataError, out, path, "cut off", then="copy it again or remove it"):
        run(small(tiny_camvid), out)


@EACH_RUN
def test_an_empty_file_is_refused(run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused) -> None:
    path = image_of(tiny_camvid, "0001TP_000002")
    path.write_bytes(b"")
    with refused(DataError, out, path, then="copy it again or remove it"):
        run(small(tiny_camvid), out)


def test_predict_refuses_a_cut_off_image_before_it_writes_a_mask(
    finished: Path, tiny_camvid: Path, out: Path, refused: Refused
) -> None:
    path = cut_off(image_of(tiny_camvid, "0016E5_000002"))
    with refused(DataError, out, path, then="copy it again or remove it"):
        drain(predict(finished, tiny_camvid / "val", out))


@pytest.mark.parametrize("ending", ["jpg", "bmp", "tif", "webp"])
def test_a_cut_off_image_of_any_format_is_refused(
    ending: str, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    png = image_of(tiny_camvid, "0001TP_000002")
    path = png.with_suffix(f".{ending}")
    Image.open(png).save(path)
    png.unlink()
    cut_off(path)
    with refused(DataError, out, path, then="copy it again or remove it"):
        drain(simulate(small(tiny_camvid), out))


def test_predict_refuses_two_images_whose_masks_would_have_one_name(
    finished: Path, tiny_camvid: Path, out: Path, refused: Refused
) -> None:
    first = image_of(tiny_camvid, "0016E5_000002")
    Image.open(first).save(first.with_suffix(".jpg"))
    with refused(DataError, out, first.name, first.with_suffix(".jpg").name, then="Rename one of them"):
        drain(predict(finished, tiny_camvid / "val", out))


def test_predict_never_replaces_an_image_by_its_mask(finished: Path, tiny_camvid: Path, refused: Refused) -> None:
    images = tiny_camvid / "val"
    with refused(DataError, images, images / "0016E5_000001.png", then="Choose another folder for --out"):
        drain(predict(finished, images, images))


# --- nothing to ask ---------------------------------------------------------------------------------------------------


def test_a_simulation_without_images_to_ask_from_is_refused(
    tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    config = small(tiny_camvid, data={"train_images": 4, "state_images": 1, "reward_images": 1})
    with refused(EmptyPool, out, tiny_camvid, then="train_images"):
        drain(simulate(config, out))


def test_policy_training_without_images_to_train_on_is_refused(
    tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    with refused(EmptyPool, out, tiny_camvid, then="train_images"):
        train(small(tiny_camvid, data={"train_images": 0}), out)


def test_pre_training_without_images_to_train_on_is_refused(
    tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    with refused(DataError, out, "0 training images", then="Check the data folder or the split"):
        drain(pretrain(small(tiny_camvid, data={"train_images": 0}), out, "train", 1))


@EACH_RUN
def test_more_images_than_there_are_cannot_be_asked_for(
    run: Run, tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    with refused(ConfigurationError, out, "102 images", "there are 5", then="Ask for fewer"):
        run(small(tiny_camvid, data={"train_images": 100, "reward_images": 2}), out)


# --- settings ---------------------------------------------------------------------------------------------------------


@EACH_RUN
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


# --- weights and policies ---------------------------------------------------------------------------------------------


def foreign(path: Path) -> Path:
    """Weights of some other program."""
    save_file({"layer.weight": torch.zeros(3, 3)}, path)
    return path


def text(path: Path) -> Path:
    path.write_text("not found")
    return path


def of_another_kind(path: Path) -> Path:
    save_tensors(path, {"network.weight": torch.zeros(3)}, {"kind": "projection"})
    return path


def missing(path: Path) -> Path:
    return path


NO_WEIGHTS = pytest.mark.parametrize(
    ("make", "fault", "then"),
    [
        (missing, "There is no checkpoint", "Check the path"),
        (foreign, "not one that napari-ralis wrote", "Give a checkpoint or policy made by napari-ralis"),
        (text, "not a safetensors file", "Copy it again"),
        (of_another_kind, "", "Choose"),
    ],
    ids=["missing", "foreign", "text", "another kind"],
)


def policy_for(path: Path, classes: tuple[str, ...] = CAMVID.names, state_regions: int = 12) -> Path:
    network = ReferenceQueryNetwork(len(classes), state_regions, torch.Generator())
    save_policy(path, Policy(network, classes))
    return path


@NO_WEIGHTS
def test_a_policy_that_is_missing_foreign_or_of_another_kind_is_refused(
    make: Callable[[Path], Path], fault: str, then: str, tiny_camvid: Path, tmp_path: Path, out: Path, small: Small,
    refused: Refused,
) -> None:  # fmt: skip
    policy = make(tmp_path / "policy.safetensors")
    with refused(CheckpointError, out, policy, fault, then=then):
        drain(simulate(small(tiny_camvid, acquisition={"name": "dqn"}, dqn={"policy": policy}), out))


def test_a_policy_that_was_cut_off_is_refused(
    tiny_camvid: Path, tmp_path: Path, out: Path, small: Small, refused: Refused
) -> None:
    policy = cut_off(policy_for(tmp_path / "policy.safetensors"))
    with refused(CheckpointError, out, policy, "damaged", then="Copy it again"):
        drain(simulate(small(tiny_camvid, acquisition={"name": "dqn"}, dqn={"policy": policy}), out))


def test_a_policy_with_weights_that_are_not_finite_is_refused(
    tiny_camvid: Path, tmp_path: Path, out: Path, small: Small, refused: Refused
) -> None:
    policy = policy_for(tmp_path / "policy.safetensors")
    tensors, header = load_tensors(policy)
    next(iter(tensors.values())).view(-1)[0] = torch.nan
    save_tensors(policy, tensors, header)
    with refused(CheckpointError, out, policy, "not finite", then="Train the policy anew"):
        drain(simulate(small(tiny_camvid, acquisition={"name": "dqn"}, dqn={"policy": policy}), out))


def test_the_acquisition_dqn_without_a_policy_is_refused(
    tiny_camvid: Path, out: Path, small: Small, refused: Refused
) -> None:
    with refused(CheckpointError, out, "dqn", then="Train one with `napari-ralis train-policy`"):
        drain(simulate(small(tiny_camvid, acquisition={"name": "dqn"}), out))


@pytest.mark.parametrize(
    ("classes", "state_regions", "fault"),
    [
        (CITYSCAPES.names, 12, "19 classes, here are 11"),
        ((*CAMVID.names[:-1], "tram"), 12, "Class 10"),
        (CAMVID.names, 24, "24 regions of D_S, here are 12"),
    ],
    ids=["count of classes", "names of classes", "state images"],
)
def test_a_policy_for_other_data_is_refused(
    classes: tuple[str, ...], state_regions: int, fault: str, tiny_camvid: Path, tmp_path: Path, out: Path,
    small: Small, refused: Refused,
) -> None:  # fmt: skip
    policy = policy_for(tmp_path / "policy.safetensors", classes, state_regions)
    with refused(CheckpointError, out, policy, fault, then="napari-ralis train-policy"):
        drain(simulate(small(tiny_camvid, acquisition={"name": "dqn"}, dqn={"policy": policy}), out))


@pytest.mark.parametrize("version", ["reference-0", "default-0"])
def test_a_policy_of_another_feature_version_is_refused_on_the_command_line(
    version: str, tiny_camvid: Path, tmp_path: Path, out: Path, refused: Refused
) -> None:
    policy = policy_for(tmp_path / "policy.safetensors")
    tensors, header = load_tensors(policy)
    save_tensors(policy, tensors, header | {"features": version})
    counts = [f"--set=data.{name}_images=1" for name in ("train", "state", "reward")]
    options = ("--reader", "camvid", "--segmenter", "fast", "--acquisition", "dqn", "--policy", policy)
    with refused(CheckpointError, out, policy, version, then="napari-ralis train-policy"):
        call("simulate", "--data", tiny_camvid, *options, *counts, "--out", out)


@NO_WEIGHTS
def test_start_weights_that_are_missing_foreign_or_of_another_kind_are_refused(
    make: Callable[[Path], Path], fault: str, then: str, tiny_camvid: Path, tmp_path: Path, out: Path, small: Small,
    refused: Refused,
) -> None:  # fmt: skip
    weights = make(tmp_path / "start.safetensors")
    settings = FPN | {"encoder": "resnet18", "encoder_weights": "none", "start_weights": weights}
    with refused(CheckpointError, out, weights, fault, then=then):
        drain(simulate(small(tiny_camvid, segmentation=settings), out))


@EACH_RUN
def test_start_weights_for_the_fast_segmenter_are_refused_because_it_has_none(
    run: Run, tiny_camvid: Path, tmp_path: Path, out: Path, small: Small, refused: Refused
) -> None:
    weights = tmp_path / "start.safetensors"
    with refused(ConfigurationError, out, weights, "fast", then="--segmenter fpn"):
        run(small(tiny_camvid, segmentation={"start_weights": weights}), out)


# --- runs that go on --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that are made once; tests get copies of them."""
    return tmp_path_factory.mktemp("originals")


@pytest.fixture
def finished(originals: Path, tiny_camvid: Path, tmp_path: Path, small: Small) -> Path:
    """Folder of a simulation that has ended."""
    original = originals / "finished"
    if not original.exists():
        drain(simulate(small(tiny_camvid), original))
    return shutil.copytree(original, tmp_path / "finished")


@pytest.fixture
def begun(originals: Path, tiny_camvid: Path, tmp_path: Path, small: Small) -> Path:
    """Folder of a run that was stopped after step 2, with its last checkpoint at step 1."""
    original = originals / "begun"
    if not original.exists():
        for step, seconds in ((1, 0), (2, 1000)):
            progress = simulate(small(tiny_camvid, acquisition={"budget": 8}, checkpoint_seconds=seconds), original)
            next(event for event in progress if isinstance(event, StepDone) and event.step == step)
            progress.close()
    folder = shutil.copytree(original, tmp_path / "begun")
    write_settings(folder / "settings.toml", small(tiny_camvid, acquisition={"budget": 8}, checkpoint_seconds=1000))
    return folder


def checkpoint_of(folder: Path) -> Path:
    (path,) = folder.glob("checkpoint-*.safetensors")
    return path


@pytest.mark.parametrize(
    ("damage", "kind", "then"),
    [
        (cut_off, CheckpointError, "Copy it again"),
        (text, CheckpointError, "Copy it again"),
        (foreign, CheckpointError, "Give a checkpoint"),
        (of_another_kind, CheckpointError, "."),
        (policy_for, CheckpointError, "."),
        (Path.unlink, ProjectError, "Take it from a backup"),
    ],
    ids=["cut off", "text", "foreign", "another kind", "a policy", "missing"],
)
def test_a_run_whose_checkpoint_is_damaged_is_refused_and_goes_on_once_it_is_mended(
    damage: Callable[[Path], object], kind: type[RalisError], then: str, begun: Path, tiny_camvid: Path,
    small: Small, refused: Refused,
) -> None:  # fmt: skip
    config = small(tiny_camvid, acquisition={"budget": 8}, checkpoint_seconds=1000)
    checkpoint = checkpoint_of(begun)
    whole = checkpoint.read_bytes()
    damage(checkpoint)
    with refused(kind, begun, checkpoint, then=then):
        drain(simulate(config, begun))
    checkpoint.write_bytes(whole)
    assert drain(simulate(config, begun))


def test_predict_refuses_a_damaged_checkpoint(finished: Path, tiny_camvid: Path, out: Path, refused: Refused) -> None:
    checkpoint = cut_off(checkpoint_of(finished))
    with refused(CheckpointError, out, checkpoint, then="Copy it again"):
        drain(predict(finished, tiny_camvid / "val", out))


def test_predict_refuses_a_project_that_has_trained_nothing_yet(
    tiny_camvid: Path, tmp_path: Path, out: Path, small: Small, refused: Refused
) -> None:
    progress = simulate(small(tiny_camvid), tmp_path / "new")
    next(event for event in progress if isinstance(event, StepDone))
    progress.close()
    with refused(CheckpointError, out, tmp_path / "new", then="Let it finish a training first"):
        drain(predict(tmp_path / "new", tiny_camvid / "val", out))


@pytest.mark.parametrize("command", ["simulate", "train-policy"])
def test_other_settings_than_those_a_run_was_begun_with_are_refused(
    command: str, finished: Path, tiny_camvid: Path, small: Small, refused: Refused
) -> None:
    with refused(ProjectError, finished, finished, "acquisition.budget", then="choose another folder"):
        RUNS[command](small(tiny_camvid, acquisition={"budget": 5}), finished)


@EACH_RUN
def test_a_folder_with_other_files_is_not_written_into(
    run: Run, tiny_camvid: Path, small: Small, refused: Refused
) -> None:
    with refused(ProjectError, tiny_camvid, tiny_camvid, then="Choose a new or empty folder"):
        run(small(tiny_camvid), tiny_camvid)


HOLD = """
import sys
from pathlib import Path
from src_model.project.project import Project
with Project.open(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_project_that_another_process_holds_is_refused_until_it_lets_go(
    finished: Path, tiny_camvid: Path, small: Small, refused: Refused
) -> None:
    command = [sys.executable, "-c", HOLD, str(finished)]
    root = Path(src_model.__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        for run in RUNS.values():
            with refused(ProjectError, finished, finished, then="choose another folder"):
                run(small(tiny_camvid), finished)
        with refused(ProjectError, finished, f"is open in process {holder.pid}", then="Close it there"):
            drain(simulate(small(tiny_camvid), finished))
        with ProjectView.read(finished) as view:
            assert view.rows()
        holder.stdin.close()
    assert drain(simulate(small(tiny_camvid), finished))
