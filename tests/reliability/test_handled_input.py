"""Unusual input that is no fault: runs come to their end, and no table holds a NaN."""

from __future__ import annotations

import http.server
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from PIL import Image

from src_model.active_learning.acquisition.registry import ACQUISITIONS
from src_model.config import RunConfig
from src_model.data.readers import open_dataset
from src_model.data.readers.camvid import CAMVID
from src_model.dqn.policy import Policy, save_policy
from src_model.dqn.query_network import ReferenceQueryNetwork
from src_model.events import Notice, Progress, drain
from src_model.policy_training.train_policy import train_policy
from src_model.predict import predict
from src_model.pretraining.supervised import pretrain
from src_model.segmentation import hub
from src_model.simulation.simulate import simulate

Small = Callable[..., RunConfig]
ImageIn = Callable[[RunConfig, str], str]
Tables = Callable[[Path], dict[str, list[dict[str, str]]]]

VOID_ID = 11
"""Of CamVid: ignored."""
TALL = "36x24"
"""Regions that cut an image in two."""
FPN = {
    "segmenter": "fpn",
    "crop": "32x32",
    "batch_size": 2,
    "updates": 2,
    "final_updates": 0,
    "inference_batch": 2,
}


def ended(progress: Progress[bool]) -> list[str]:
    """Run to the end and return what the user was told."""
    told: list[str] = []
    assert drain(progress, lambda event: told.append(event.text) if isinstance(event, Notice) else None)
    return told


def images_of(data: Path) -> list[Path]:
    return sorted([*(data / "train").iterdir(), *(data / "val").iterdir()])


def masks_of(data: Path) -> list[Path]:
    return sorted([*(data / "trainannot").iterdir(), *(data / "valannot").iterdir()])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def policy(tmp_path: Path) -> Callable[[int], Path]:
    """A policy for CamVid that has learned nothing, by the number of regions of D_S."""

    def write(state_regions: int) -> Path:
        network = ReferenceQueryNetwork(CAMVID.num_classes, state_regions, torch.Generator())
        save_policy(tmp_path / "policy.safetensors", Policy(network, CAMVID.names))
        return tmp_path / "policy.safetensors"

    return write


# --- kinds of images --------------------------------------------------------------------------------------------------


def grey(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0])


def with_alpha(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.dstack([pixels, np.full(pixels.shape[:2], 90, dtype=np.uint8)]))


def sixteen_bits(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)


def palette(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels).quantize(16)


@pytest.mark.parametrize("kind", [grey, with_alpha, sixteen_bits, palette])
def test_images_of_any_kind_are_asked_from_trained_on_and_segmented(
    kind: Callable[[np.ndarray], Image.Image], tiny_camvid: Path, tmp_path: Path, out: Path, small: Small,
    tables: Tables,
) -> None:  # fmt: skip
    for path in images_of(tiny_camvid):
        kind(np.array(Image.open(path))).save(path)
    ended(simulate(small(tiny_camvid), out))
    assert len(tables(out)["queried_regions.csv"]) == 4
    assert drain(predict(out, tiny_camvid / "val", tmp_path / "masks")) == 2


def test_one_folder_may_hold_all_kinds_of_images_together(
    tiny_camvid: Path, out: Path, small: Small, tables: Tables
) -> None:
    kinds: list[Callable[[np.ndarray], Image.Image]] = [grey, with_alpha, sixteen_bits, palette, Image.fromarray]
    for path, kind in zip(images_of(tiny_camvid), kinds + kinds, strict=False):
        kind(np.array(Image.open(path))).save(path)
    ended(simulate(small(tiny_camvid), out))
    tables(out)


def test_sixteen_bit_masks_are_read_as_ids(tiny_camvid: Path, out: Path, small: Small, tables: Tables) -> None:
    for path in masks_of(tiny_camvid):
        Image.fromarray(np.array(Image.open(path)).astype(np.uint16)).save(path)
    ended(simulate(small(tiny_camvid), out))
    tables(out)


# --- images without masks ---------------------------------------------------------------------------------------------


def test_images_without_masks_are_never_asked_from_in_a_simulation_and_it_says_so(
    tiny_camvid: Path, out: Path, small: Small, tables: Tables
) -> None:
    config = small(tiny_camvid, data={"train_images": 1}, acquisition={"budget": 1000, "regions_per_query": 12})
    told = ended(simulate(config, out))
    asked = {row["image"] for row in tables(out)["queried_regions.csv"]}
    assert asked
    assert all(map(open_dataset(config.data).has_labels, asked))
    assert any("1 images without masks are not asked from" in text for text in told)


def test_an_image_without_mask_may_stand_for_the_data(
    tiny_camvid: Path, out: Path, small: Small, tables: Tables
) -> None:
    # D_S is all that D_T and D_R leave: the image without a mask is among it.
    config = small(tiny_camvid, data={"state_images": 3}, acquisition={"name": "dqn"})
    ended(train_policy(config, out))
    tables(out)


def test_pre_training_leaves_out_images_without_masks(
    tiny_camvid: Path, out: Path, small: Small, tables: Tables
) -> None:
    drain(pretrain(small(tiny_camvid), out, "all", 2))
    (row,) = tables(out)["metrics.csv"]
    assert int(row["labelled_regions"]) % 12 == 0
    assert int(row["labelled_regions"]) < 6 * 12


# --- budgets, pools and rests -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("acquisition", ["random", "dqn"])
def test_a_budget_larger_than_the_pool_is_said_and_ends_when_every_region_is_labelled(
    acquisition: str, tiny_camvid: Path, out: Path, small: Small, tables: Tables, policy: Callable[[int], Path]
) -> None:
    # 1 image in each of D_T, D_S and D_R leaves at least one to ask from: K = 3 never divides what it has.
    data = {"region": TALL, "train_images": 1}
    settings = {"name": acquisition, "budget": 1000, "regions_per_query": 3, "pool_size": 5}
    config = small(tiny_camvid, data=data, acquisition=settings, dqn={"policy": policy(2)})
    told = ended(simulate(config, out))
    last = tables(out)["metrics.csv"][-1]
    regions = {(row["image"], row["column"]) for row in tables(out)["queried_regions.csv"]}
    assert len(regions) == int(last["labelled_regions"]) == 2 * len({image for image, _ in regions})
    assert any(f"The budget of 1000 regions is larger than the pool of {len(regions)}" in text for text in told)


def test_policy_training_ends_each_episode_when_every_region_is_labelled(
    tiny_camvid: Path, out: Path, small: Small, tables: Tables
) -> None:
    settings = {"name": "dqn", "budget": 1000, "regions_per_query": 3, "pool_size": 5}
    config = small(tiny_camvid, data={"region": TALL}, acquisition=settings, dqn={"episodes": 2})
    told = ended(train_policy(config, out))
    labelled = [row["labelled_regions"] for row in tables(out)["metrics.csv"]]
    assert labelled == ["0", "3", "4", "0", "3", "4"]
    assert any("larger than the pool of 4" in text for text in told)
    assert (out / "policy.safetensors").is_file()


@pytest.mark.parametrize("schedule", ["sequential", "pipelined"])
def test_the_last_query_asks_for_what_the_budget_leaves(
    schedule: str, tiny_camvid: Path, out: Path, small: Small, tables: Tables
) -> None:
    settings = {"budget": 7, "regions_per_query": 3, "pool_size": 2}
    ended(simulate(small(tiny_camvid, acquisition=settings, schedule=schedule), out))
    assert [row["labelled_regions"] for row in tables(out)["metrics.csv"]] == ["0", "3", "6", "7"]


@pytest.mark.parametrize("schedule", ["sequential", "pipelined"])
def test_a_policy_learns_from_a_last_query_that_is_shorter(
    schedule: str, tiny_camvid: Path, out: Path, small: Small, tables: Tables
) -> None:
    settings = {"name": "dqn", "budget": 5, "regions_per_query": 3, "pool_size": 2}
    config = small(tiny_camvid, acquisition=settings, dqn={"episodes": 2}, schedule=schedule)
    ended(train_policy(config, out))
    rows = tables(out)["metrics.csv"]
    assert [row["labelled_regions"] for row in rows] == ["0", "3", "5", "0", "3", "5"]
    assert rows[-1]["q_loss"]


def test_a_region_larger_than_the_images_is_the_whole_image(
    tiny_camvid: Path, out: Path, small: Small, tables: Tables
) -> None:
    ended(simulate(small(tiny_camvid, data={"region": "500x500"}, acquisition={"budget": 1}), out))
    (region,) = tables(out)["queried_regions.csv"]
    assert (region["height"], region["width"]) == ("36", "48")


# --- classes that are not there ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("reward", ["mean_iou", "weighted_iou"])
def test_a_class_that_the_reward_set_lacks_gives_no_nan(
    reward: str, tiny_camvid: Path, out: Path, small: Small, image_in: ImageIn, tables: Tables
) -> None:
    config = small(tiny_camvid, acquisition={"name": "dqn"}, dqn={"reward": reward, "episodes": 2})
    mask = tiny_camvid / "trainannot" / f"{image_in(config, 'reward')}.png"
    Image.fromarray(np.zeros((36, 48), dtype=np.uint8)).save(mask)
    ended(train_policy(config, out))
    rows = tables(out)["metrics.csv"]
    assert all(row["reward"] for row in rows if row["step"] != "0")
    assert {row["iou_road"] for row in rows} == {""}
    assert all(row["iou_sky"] for row in rows)


@pytest.mark.parametrize("reward", ["mean_iou", "weighted_iou"])
def test_a_reward_set_that_is_all_void_gives_no_nan(
    reward: str, tiny_camvid: Path, out: Path, small: Small, image_in: ImageIn, tables: Tables
) -> None:
    config = small(tiny_camvid, acquisition={"name": "dqn"}, dqn={"reward": reward})
    mask = tiny_camvid / "trainannot" / f"{image_in(config, 'reward')}.png"
    Image.fromarray(np.full((36, 48), VOID_ID, dtype=np.uint8)).save(mask)
    ended(train_policy(config, out))
    assert {float(row["reward"]) for row in tables(out)["metrics.csv"] if row["step"] != "0"} == {0.0}


# --- labels that are all void -----------------------------------------------------------------------------------------


def make_pool_void(data: Path, config: RunConfig, image_in: ImageIn) -> None:
    kept = {image_in(config, role) for role in ("reward", "test")}
    for mask in masks_of(data):
        if mask.stem not in kept:
            Image.fromarray(np.full((36, 48), VOID_ID, dtype=np.uint8)).save(mask)


@pytest.mark.parametrize("loss_weights", ["none", "inverse_sqrt"])
@pytest.mark.parametrize("train_on", ["all", "newest", "mixed"])
def test_the_fast_segmenter_gets_over_labels_that_are_all_void(
    loss_weights: str, train_on: str, tiny_camvid: Path, out: Path, small: Small, image_in: ImageIn, tables: Tables
) -> None:
    config = small(tiny_camvid, segmentation={"loss_weights": loss_weights, "train_on": train_on})
    make_pool_void(tiny_camvid, config, image_in)
    ended(simulate(config, out))
    assert [row["labelled_regions"] for row in tables(out)["metrics.csv"]] == ["0", "2", "4"]


def test_the_fpn_gets_over_batches_that_are_all_void(
    tiny_camvid: Path, out: Path, small: Small, image_in: ImageIn, tables: Tables
) -> None:
    config = small(tiny_camvid, segmentation=FPN | {"loss_weights": "inverse_sqrt"})
    make_pool_void(tiny_camvid, config, image_in)
    ended(simulate(config, out))
    rows = tables(out)["metrics.csv"]
    assert [row["labelled_regions"] for row in rows] == ["0", "2", "4"]
    assert {row["train_loss"] for row in rows} == {""}


@pytest.mark.parametrize("acquisition", ACQUISITIONS)
def test_every_acquisition_gets_over_labels_that_are_all_void(
    acquisition: str, tiny_camvid: Path, out: Path, small: Small, image_in: ImageIn, tables: Tables,
    policy: Callable[[int], Path],
) -> None:  # fmt: skip
    config = small(tiny_camvid, acquisition={"name": acquisition}, dqn={"policy": policy(12)})
    make_pool_void(tiny_camvid, config, image_in)
    ended(simulate(config, out))
    assert len(tables(out)["queried_regions.csv"]) == 4


# --- weights ----------------------------------------------------------------------------------------------------------


def test_weights_that_pretrain_has_written_start_another_run(
    tiny_camvid: Path, tmp_path: Path, out: Path, small: Small, tables: Tables
) -> None:
    drain(pretrain(small(tiny_camvid, segmentation=FPN), tmp_path / "pretrained", "train", 2))
    weights = tmp_path / "pretrained" / "segmenter.safetensors"
    ended(simulate(small(tiny_camvid, segmentation=FPN | {"start_weights": weights}), out))
    tables(out)


@contextmanager
def silent_server() -> Iterator[str]:
    """A server that takes calls and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def failing_server() -> Iterator[str]:
    """A server that is there and has nothing but errors: a hub that is being repaired, or a firewall in its place."""

    class Failing(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(503)

        do_GET = do_HEAD

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def closed_port() -> Iterator[str]:
    """An address where nobody answers the door."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=[silent_server, failing_server, closed_port])
def no_hub(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty cache and a hub that cannot be reached."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(hub, "CONTACT_SECONDS", 0.5)
    with request.param() as address:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        yield


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("no_hub")
def test_hub_weights_without_network_become_packaged_ones_with_a_line_and_no_wait(
    tiny_camvid: Path, out: Path, small: Small, tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    settings: dict[str, Any] = FPN | {"encoder_weights": "hub", "updates": 1}
    config = small(tiny_camvid, segmentation=settings, acquisition={"budget": 2}, evaluate_every=9)
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        ended(simulate(config, out))
    assert time.monotonic() - began < 20
    assert "starts from the packaged ImageNet weights" in caplog.text
    tables(out)
