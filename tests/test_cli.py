"""The headless commands, from options to folders."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from src_model.checkpoint import load_tensors
from src_model.cli import app
from src_model.config import RunConfig
from src_model.events import Event, GenerationDone
from src_model.exceptions import ConfigurationError, RalisError
from src_model.policy_training.evolution import EvolutionSettings
from src_model.policy_training.worlds import WorldSettings
from src_model.shipped import models

FAST = [
    *("--reader", "camvid", "--region", "12x12", "--split", "random", "--segmenter", "fast", "--device", "cpu"),
    *("--set", "segmentation.fast_cell=4x4", "--set", "segmentation.fast_input=64x96"),
    *("--set", "segmentation.fast_components=4", "--set", "data.train_images=2"),
    *("--set", "data.state_images=1", "--set", "data.reward_images=1", "--set", "threads=1"),
]
RUN = ["--budget", "6", "--regions-per-query", "2", "--pool-size", "3"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RALIS_CACHE", str(tmp_path / "cache"))


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_simulate_leaves_a_row_a_step_and_a_line_a_region(tiny_camvid: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = call("simulate", "--data", tiny_camvid, *FAST, *RUN, "--acquisition", "entropy", "--out", out)
    assert result.exit_code == 0
    rows = table(out / "metrics.csv")
    assert [row["step"] for row in rows] == ["0", "1", "2", "3"]
    assert [row["labelled_regions"] for row in rows] == ["0", "2", "4", "6"]
    assert "nan" not in (out / "metrics.csv").read_text().lower()
    regions = table(out / "queried_regions.csv")
    assert len({(row["image"], row["row"], row["column"]) for row in regions}) == 6
    assert tomllib.loads((out / "settings.toml").read_text())["data"]["region"] == "12x12"


def test_a_trained_policy_is_used_and_a_missing_one_refused(tiny_camvid: Path, tmp_path: Path) -> None:
    options = ("--data", tiny_camvid, *FAST, *RUN, "--preset", "reference", "--set", "dqn.batch_size=2")
    call("train-policy", *options, "--episodes", 2, "--out", tmp_path / "policy")
    policy = tmp_path / "policy" / "policy.safetensors"
    assert policy.is_file()
    assert {row["episode"] for row in table(tmp_path / "policy" / "metrics.csv")} == {"1", "2"}
    call("simulate", *options, "--acquisition", "dqn", "--policy", policy, "--out", tmp_path / "run")
    assert len(table(tmp_path / "run" / "metrics.csv")) == 4
    with pytest.raises(RalisError, match="train-policy"):
        call("simulate", *options, "--acquisition", "dqn", "--out", tmp_path / "none")
    missing = tmp_path / "missing.safetensors"
    with pytest.raises(RalisError, match=r"missing\.safetensors"):
        call("simulate", *options, "--acquisition", "dqn", "--policy", missing, "--out", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_predict_writes_a_mask_for_every_image_without_the_training_data(tiny_camvid: Path, tmp_path: Path) -> None:
    call("simulate", "--data", tiny_camvid, *FAST, *RUN, "--acquisition", "random", "--out", tmp_path / "run")
    images = tmp_path / "new"
    (tiny_camvid / "val").rename(images)
    (tiny_camvid / "train").rename(tmp_path / "moved")
    result = call("predict", "--project", tmp_path / "run", "--images", images, "--out", tmp_path / "masks")
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == ["0016E5_000001.png", "0016E5_000002.png"]


def test_masks_are_as_large_as_their_images_also_when_the_network_saw_smaller_ones(
    tiny_camvid: Path, tmp_path: Path
) -> None:
    smaller = ("--image-size", "24x32", "--region", "8x8")
    call("simulate", "--data", tiny_camvid, *FAST, *smaller, *RUN, "--acquisition", "random", "--out", tmp_path / "run")
    call("predict", "--project", tmp_path / "run", "--images", tiny_camvid / "val", "--out", tmp_path / "masks")
    with Image.open(tmp_path / "masks" / "0016E5_000001.png") as mask:
        assert mask.size == (48, 36)


def test_pretrain_writes_weights_that_another_run_starts_from(tiny_camvid: Path, tmp_path: Path) -> None:
    call("pretrain", "--data", tiny_camvid, *FAST, "--images", "all", "--updates", 5, "--out", tmp_path / "full")
    assert (tmp_path / "full" / "segmenter.safetensors").is_file()
    (row,) = table(tmp_path / "full" / "metrics.csv")
    assert 0 <= float(row["mean_iou"]) <= 1


def test_options_win_over_the_file_and_the_file_over_the_preset(tiny_camvid: Path, tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('[acquisition]\nname = "entropy"\nbudget = 4\nregions_per_query = 2\npool_size = 2\n')
    options = ("--config", file, "--acquisition", "random", "--seed", 7)
    call("simulate", "--data", tiny_camvid, *FAST, *options, "--out", tmp_path / "run")
    kept = tomllib.loads((tmp_path / "run" / "settings.toml").read_text())
    assert (kept["acquisition"]["name"], kept["acquisition"]["budget"], kept["seed"]) == ("random", 4, 7)


@pytest.mark.parametrize("change", ["nonsense", "segmentation.nothing=1", "segmentation.updates=many"])
def test_a_setting_that_does_not_exist_is_refused_and_nothing_written(
    tiny_camvid: Path, tmp_path: Path, change: str
) -> None:
    with pytest.raises(ConfigurationError):
        call("simulate", "--data", tiny_camvid, *FAST, "--set", change, "--out", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_doctor_lists_the_shipped_models() -> None:
    lines = call("doctor").stdout.splitlines()
    assert [line for line in lines if line.startswith("ok  segmenter-streets.safetensors: shipped, whole")]
    assert [line for line in lines if line.startswith("ok  policy-default.safetensors: ")]


def test_doctor_says_what_to_do_about_a_damaged_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "FOLDER", tmp_path)
    (tmp_path / models.CHECKSUMS).write_text(f"{'0' * 64}  {models.SEGMENTER.file}\n")
    (tmp_path / models.SEGMENTER.file).write_bytes(b"cut off")
    result = call("doctor")
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if "segmenter-streets" in line]
    assert line.startswith("!!")
    assert "napari-ralis pretrain-streets" in line


def test_the_shipped_segmenter_is_made_by_one_command_that_goes_on(tmp_path: Path) -> None:
    tiny = ("--images", 8, "--size", "64x128", "--updates", 2, "--fits", 2)
    made = call("pretrain-streets", "--out", tmp_path, *tiny).stdout.strip()
    tensors, header = load_tensors(Path(made))
    assert len(header["classes"]) == 19
    assert tensors["network.trunk.encoder.model.conv_stem.weight"].dtype == torch.float16
    assert {tensor.dtype for tensor in tensors.values() if tensor.dim() == 1} == {torch.float32}
    (row,) = table(tmp_path / "training" / "metrics.csv")
    assert row["updates"] in ("2", "")
    before = (tmp_path / "training" / "segmenter.safetensors").stat().st_mtime_ns
    Path(made).unlink()
    call("pretrain-streets", "--out", tmp_path, *tiny)
    assert Path(made).is_file()
    assert (tmp_path / "training" / "segmenter.safetensors").stat().st_mtime_ns == before


def test_more_fits_than_updates_are_refused(tiny_camvid: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="1 to 2 fits"):
        call("pretrain", "--data", tiny_camvid, *FAST, "--updates", 2, "--fits", 3, "--out", tmp_path / "full")


def test_doctor_names_what_is_wrong_with_a_data_set(tiny_camvid: Path, tmp_path: Path) -> None:
    well = call("doctor", "--data", tiny_camvid, "--reader", "camvid")
    assert "8 images, 7 with masks, 11 classes" in well.stdout
    ill = call("doctor", "--data", tmp_path / "nowhere", "--reader", "camvid")
    assert ill.exit_code == 1
    assert "nowhere" in ill.stdout


def test_train_worlds_hands_on_what_it_was_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []

    def record(*arguments: object) -> Iterator[Event]:
        told.extend(arguments)
        yield GenerationDone(1, 7, 4000.0)

    monkeypatch.setattr("src_model.policy_training.train_in_worlds.train_in_worlds", record)
    out = tmp_path / "worlds"
    result = call(
        *("train-worlds", "--generations", 7, "--images", 32, "--held-out", 5, "--evaluate-every", 3, "--seed", 4),
        *("--pairs", 12, "--workers", 1, "--set", "segmentation.fast_components=8", "--out", out),
    )
    assert result.exit_code == 0
    assert "1:06 h left" in result.stderr
    config, worlds, evolution, folder = told
    assert isinstance(config, RunConfig)
    assert (config.dqn.features, config.segmentation.fast_components) == ("default", 8)
    assert (config.acquisition.name, config.segmentation.segmenter, config.seed) == ("dqn", "fast", 4)
    assert worlds == WorldSettings(images=32, held_out=5)
    assert evolution == EvolutionSettings(7, 12, evaluate_every=3, workers=1)
    assert folder == out
    with pytest.raises(ConfigurationError, match="images"):
        call("train-worlds", "--images", 3, "--out", out)


@pytest.mark.parametrize(
    "command",
    ["simulate", "train-policy", "train-worlds", "pretrain", "sweep", "report", "predict", "streets", "doctor"],
)
def test_help_says_what_every_option_does(command: str) -> None:
    text = call(command, "--help").stdout
    assert "--help" in text
    assert len(text.splitlines()) > 10
