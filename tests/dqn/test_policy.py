from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from src_model.checkpoint import load_tensors, save_tensors
from src_model.dqn.default_features import ACTION_FEATURES, STATE_FEATURES
from src_model.dqn.default_query_network import DefaultQueryNetwork
from src_model.dqn.features import action_length, base_length
from src_model.dqn.policy import (
    EpsilonGreedyPolicy,
    EpsilonSchedule,
    Policy,
    StateValues,
    candidate_values,
    load_policy,
    save_policy,
)
from src_model.dqn.query_network import ReferenceQueryNetwork
from src_model.exceptions import CheckpointError

NAMES = ("sky", "road", "car")
REGIONS = 4


@pytest.fixture
def policy() -> Policy:
    network = ReferenceQueryNetwork(len(NAMES), REGIONS, torch.Generator().manual_seed(0))
    return Policy(network, NAMES, seen={"data": "streets", "episodes": 3}, metrics={"mean_iou": 41.5})


@pytest.fixture
def policy_file(policy: Policy, tmp_path: Path) -> Path:
    path = tmp_path / "policy.safetensors"
    save_policy(path, policy)
    return path


def test_exploration_falls_as_published() -> None:
    schedule = EpsilonSchedule(start=0.9, end=0.05, decay=10)

    published = {0: 0.90, 5: 0.566, 10: 0.363, 15: 0.240, 20: 0.165, 30: 0.092, 40: 0.066}

    for step, epsilon in published.items():
        assert schedule.at(step) == pytest.approx(epsilon, abs=1e-3)


@pytest.mark.parametrize("coin", ["step", "sub_action"])
def test_without_exploration_the_best_of_each_pool_is_chosen(coin: str) -> None:
    q_values = np.array([[0.1, 0.3, 0.2], [5.0, -1.0, 2.0]])

    chosen = EpsilonGreedyPolicy(coin).select(q_values, 0.0, np.random.default_rng(0))

    assert chosen.tolist() == [1, 0]
    assert chosen.dtype == np.int64


@pytest.mark.parametrize("coin", ["step", "sub_action"])
def test_with_full_exploration_every_candidate_is_chosen_equally_often(coin: str) -> None:
    rng = np.random.default_rng(0)
    q_values = np.tile([9.0, 0.0, 0.0, 0.0], (50, 1))

    chosen = np.concatenate([EpsilonGreedyPolicy(coin).select(q_values, 1.0, rng) for _ in range(80)])

    np.testing.assert_allclose(np.bincount(chosen) / len(chosen), 0.25, atol=0.03)


def test_one_coin_decides_for_a_whole_step_or_for_one_pool() -> None:
    rng = np.random.default_rng(0)
    q_values = np.tile([1.0, *np.zeros(99)], (40, 1))

    def greedy_shares(policy: EpsilonGreedyPolicy) -> np.ndarray:
        return np.array([(policy.select(q_values, 0.5, rng) == 0).mean() for _ in range(60)])

    by_step, by_pool = (greedy_shares(EpsilonGreedyPolicy(coin)) for coin in ("step", "sub_action"))

    assert set((by_step > 0.5).tolist()) == {True, False}
    assert ((by_step == 1) | (by_step < 0.2)).all()
    assert ((by_pool > 0.2) & (by_pool < 0.8)).all()


def test_the_same_generator_makes_the_same_choice() -> None:
    q_values = np.random.default_rng(1).random((6, 5))
    policy = EpsilonGreedyPolicy("sub_action")

    first, second = (policy.select(q_values, 0.5, np.random.default_rng(7)) for _ in range(2))

    np.testing.assert_array_equal(first, second)


def test_values_for_acting_are_those_of_the_evaluation_mode(policy: Policy) -> None:
    rng = np.random.default_rng(0)
    state = rng.random((REGIONS, base_length(3)), dtype=np.float32)
    pools = rng.random((2, 5, action_length(3)), dtype=np.float32)
    policy.network.train()
    before = {name: tensor.clone() for name, tensor in policy.network.state_dict().items()}

    values = candidate_values(policy.network, state, pools)

    assert values.shape == (2, 5)
    assert policy.network.training
    assert all(torch.equal(before[name], tensor) for name, tensor in policy.network.state_dict().items())
    policy.network.eval()
    expected = policy.network(torch.from_numpy(state).expand(2, -1, -1), torch.from_numpy(pools))
    np.testing.assert_allclose(values, expected.detach(), rtol=1e-5, atol=1e-6)


def test_a_policy_comes_back_as_it_was_saved(policy: Policy, policy_file: Path) -> None:
    loaded = load_policy(policy_file, NAMES, REGIONS)

    assert (loaded.class_names, loaded.seen, loaded.metrics) == (NAMES, policy.seen, policy.metrics)
    assert not loaded.network.training
    saved = policy.network.state_dict()
    assert all(torch.equal(saved[name], tensor) for name, tensor in loaded.network.state_dict().items())


def test_the_case_of_class_names_does_not_matter(policy_file: Path) -> None:
    assert load_policy(policy_file, ("Sky", "Road", "Car"), REGIONS).class_names == NAMES


@pytest.mark.parametrize(
    ("names", "regions", "message"),
    [
        (("sky", "road"), REGIONS, "made for 3 classes, here are 2.*train-policy"),
        (("sky", "car", "road"), REGIONS, "Class 1 .* is 'road', here it is 'car'.*Rename or reorder"),
        (NAMES, 9, "reads 4 regions of D_S, here are 9.*Use the number of state images"),
    ],
)
def test_a_policy_for_other_data_is_refused(
    policy_file: Path, names: tuple[str, ...], regions: int, message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        load_policy(policy_file, names, regions)


def test_a_missing_policy_is_an_error_and_never_a_random_one(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="absent"):
        load_policy(tmp_path / "absent.safetensors", NAMES, REGIONS)


def test_a_truncated_policy_is_refused(policy_file: Path) -> None:
    policy_file.write_bytes(policy_file.read_bytes()[:5000])

    with pytest.raises(CheckpointError):
        load_policy(policy_file, NAMES, REGIONS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "segmenter"}, "is not a policy, but 'segmenter'"),
        ({"features": "another-9"}, "reads features 'another-9'"),
        ({"class_names": None}, "made for no classes"),
    ],
)
def test_a_file_with_a_foreign_header_is_refused(policy_file: Path, change: dict[str, object], message: str) -> None:
    tensors, header = load_tensors(policy_file)
    save_tensors(policy_file, tensors, header | change)

    with pytest.raises(CheckpointError, match=message):
        load_policy(policy_file, NAMES, REGIONS)


def test_weights_that_belie_the_header_are_refused(policy_file: Path) -> None:
    tensors, header = load_tensors(policy_file)
    del tensors["merge.weight"]
    save_tensors(policy_file, tensors, header)

    with pytest.raises(CheckpointError, match="do not fit its own header"):
        load_policy(policy_file, NAMES, REGIONS)


def test_weights_that_are_not_finite_are_refused(policy_file: Path) -> None:
    tensors, header = load_tensors(policy_file)
    tensors["merge.bias"] = torch.tensor([math.nan])
    save_tensors(policy_file, tensors, header)

    with pytest.raises(CheckpointError, match="not finite"):
        load_policy(policy_file, NAMES, REGIONS)


# --- policies that know no class list ---------------------------------------------------------------------------------


@pytest.fixture
def default_file(tmp_path: Path) -> Path:
    path = tmp_path / "default.safetensors"
    save_policy(path, Policy(DefaultQueryNetwork(torch.Generator().manual_seed(0)), seen={"worlds": 5}))
    return path


@pytest.mark.parametrize(("names", "regions"), [(NAMES, REGIONS), (("sky",), 1), (tuple(map(str, range(253))), 999)])
def test_a_policy_for_the_default_features_fits_any_classes_and_any_d_s(
    default_file: Path, names: tuple[str, ...], regions: int
) -> None:
    policy = load_policy(default_file, names, regions)

    assert isinstance(policy.network, DefaultQueryNetwork)
    assert not policy.network.training
    saved = DefaultQueryNetwork(torch.Generator().manual_seed(0)).state_dict()
    assert all(torch.equal(saved[name], tensor) for name, tensor in policy.network.state_dict().items())
    assert (policy.class_names, policy.seen) == ((), {"worlds": 5})


def test_the_file_says_which_features_it_reads(default_file: Path, policy_file: Path) -> None:
    assert load_tensors(default_file)[1]["features"] == "default-1"
    assert load_tensors(policy_file)[1]["features"] == "reference-1"


@pytest.mark.parametrize("version", ["default-0", "reference-0", None])
def test_features_of_another_version_are_refused_by_name(default_file: Path, version: str | None) -> None:
    tensors, header = load_tensors(default_file)
    save_tensors(default_file, tensors, header | {"features": version})

    with pytest.raises(CheckpointError, match=rf"{version!r}.*'default-1' and 'reference-1'.*train-policy"):
        load_policy(default_file, NAMES, REGIONS)


def test_damaged_weights_of_the_default_network_are_refused(default_file: Path) -> None:
    tensors, header = load_tensors(default_file)
    name, tensor = next(iter(tensors.items()))
    save_tensors(default_file, tensors | {name: torch.full_like(tensor, math.inf)}, header)
    with pytest.raises(CheckpointError, match="not finite"):
        load_policy(default_file, NAMES, REGIONS)
    save_tensors(default_file, tensors | {name: tensor[:1]}, header)
    with pytest.raises(CheckpointError, match="do not fit its own header"):
        load_policy(default_file, NAMES, REGIONS)


def test_values_pool_by_pool_are_those_of_all_pools_at_once() -> None:
    rng = np.random.default_rng(0)
    state = rng.random((1, STATE_FEATURES), dtype=np.float32)
    pools = rng.random((3, 5, ACTION_FEATURES), dtype=np.float32)
    values = StateValues(DefaultQueryNetwork(torch.Generator().manual_seed(0)), state)

    by_pool = np.concatenate([values.of(pools[turn : turn + 1]) for turn in range(3)])

    np.testing.assert_allclose(by_pool, values.of(pools), rtol=1e-5, atol=1e-6)
