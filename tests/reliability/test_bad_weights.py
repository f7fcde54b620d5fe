"""Bad weights, policies and runs to go on with: refused with the next step, and nothing is written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch
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
from src_model.exceptions import CheckpointError, ConfigurationError, ProjectError, RalisError
from src_model.predict import predict
from src_model.project.settings_file import write_settings
from src_model.project.view import ProjectView
from src_model.simulation.simulate import simulate

Small = Callable[..., RunConfig]
Refused = Callable[..., AbstractContextManager[None]]
Run = Callable[[RunConfig, Path], object]
Runs = dict[str, Run]


FPN = {
    "segmenter": "fpn",
    "crop": "32x32",
    "batch_size": 1,
    "updates": 1,
    "final_updates": 0,
    "inference_batch": 1,
}


def cut_off(path: Path) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    return path


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


@NO_WEIGHTS
def test_a_start_policy_that_is_missing_foreign_or_of_another_kind_is_refused(
    make: Callable[[Path], Path], fault: str, then: str, tiny_camvid: Path, tmp_path: Path, out: Path, small: Small,
    runs: Runs, refused: Refused,
) -> None:  # fmt: skip
    policy = make(tmp_path / "policy.safetensors")
    with refused(CheckpointError, out, policy, fault, then=then):
        runs["train-policy"](small(tiny_camvid, dqn={"start_policy": policy}), out)


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
@pytest.mark.parametrize(
    ("command", "asking"),
    [("simulate", ("--acquisition", "dqn", "--policy")), ("train-policy", ("--start-policy",))],
    ids=["simulate", "train-policy"],
)
def test_a_policy_of_another_feature_version_is_refused_on_the_command_line(
    command: str, asking: tuple[str, ...], version: str, tiny_camvid: Path, tmp_path: Path, out: Path, refused: Refused
) -> None:
    policy = policy_for(tmp_path / "policy.safetensors")
    tensors, header = load_tensors(policy)
    save_tensors(policy, tensors, header | {"features": version})
    counts = [f"--set=data.{name}_images=1" for name in ("train", "state", "reward")]
    options = ("--reader", "camvid", "--segmenter", "fast", *asking, policy)
    with refused(CheckpointError, out, policy, version, then="napari-ralis train-policy"):
        arguments = (command, "--data", tiny_camvid, *options, *counts, "--out", out)
        CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


@NO_WEIGHTS
def test_start_weights_that_are_missing_foreign_or_of_another_kind_are_refused(
    make: Callable[[Path], Path], fault: str, then: str, tiny_camvid: Path, tmp_path: Path, out: Path, small: Small,
    refused: Refused,
) -> None:  # fmt: skip
    weights = make(tmp_path / "start.safetensors")
    settings = FPN | {"encoder": "resnet18", "encoder_weights": "none", "start_weights": weights}
    with refused(CheckpointError, out, weights, fault, then=then):
        drain(simulate(small(tiny_camvid, segmentation=settings), out))


def test_start_weights_for_the_fast_segmenter_are_refused_because_it_has_none(
    run: Run, tiny_camvid: Path, tmp_path: Path, out: Path, small: Small, refused: Refused
) -> None:
    weights = tmp_path / "start.safetensors"
    with refused(ConfigurationError, out, weights, "fast", then="--segmenter fpn"):
        run(small(tiny_camvid, segmentation={"start_weights": weights}), out)


# --- runs that go on --------------------------------------------------------------------------------------------------


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
    command: str, finished: Path, tiny_camvid: Path, small: Small, runs: Runs, refused: Refused
) -> None:
    with refused(ProjectError, finished, finished, "acquisition.budget", then="choose another folder"):
        runs[command](small(tiny_camvid, acquisition={"budget": 5}), finished)


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
    finished: Path, tiny_camvid: Path, small: Small, runs: Runs, refused: Refused
) -> None:
    command = [sys.executable, "-c", HOLD, str(finished)]
    root = Path(src_model.__file__).parents[1]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        for run in runs.values():
            with refused(ProjectError, finished, finished, then="choose another folder"):
                run(small(tiny_camvid), finished)
        with refused(ProjectError, finished, f"is open in process {holder.pid}", then="Close it there"):
            drain(simulate(small(tiny_camvid), finished))
        with ProjectView.read(finished) as view:
            assert view.rows()
        holder.stdin.close()
    assert drain(simulate(small(tiny_camvid), finished))
