from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from src_model.dqn.default_features import (
    ACTION_FEATURES,
    REGION_FEATURES,
    REGION_NAMES,
    SLOT_FEATURES,
    SLOT_NAMES,
    SLOTS,
    STATE_FEATURES,
    STATE_NAMES,
)
from src_model.dqn.direct_query_network import (
    DIRECT_NAMES,
    DIRECT_WEIGHTS,
    DirectQueryNetwork,
    label_balance_weights,
)
from src_model.dqn.policy import Policy, load_policy, save_policy


def inputs(batch: int = 3, pool_size: int = 5, classes: int = SLOTS) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    state = torch.rand(batch, 1, STATE_FEATURES, generator=generator)
    pools = torch.randn(batch, pool_size, ACTION_FEATURES, generator=generator)
    slots = slots_of(pools)
    slots[..., 0] = 1
    slots[..., classes:, :] = 0
    return state, pools


def slots_of(pools: torch.Tensor) -> torch.Tensor:
    """A view: (B, P, R+M·F_c) -> (B, P, M, F_c)."""
    return pools[..., REGION_FEATURES:].unflatten(-1, (SLOTS, SLOT_FEATURES))


def only(name: str, spent: bool = False) -> DirectQueryNetwork:
    weights = np.zeros(DIRECT_WEIGHTS)
    weights[DIRECT_NAMES.index(name) + spent * len(DIRECT_NAMES)] = 1.0
    return DirectQueryNetwork(weights)


def test_without_weights_all_candidates_are_worth_the_same() -> None:
    assert not DirectQueryNetwork()(*inputs()).any()


def test_it_starts_as_label_balance() -> None:
    state, pools = inputs()
    gain = pools[..., REGION_NAMES.index("gain_z")]
    values = DirectQueryNetwork(label_balance_weights())(state, pools)
    assert torch.equal(values.argsort(dim=1), gain.argsort(dim=1))


@pytest.mark.parametrize("weight", ["gain", "share"])
def test_slots_count_by_what_their_class_gains_or_covers(weight: str) -> None:
    state, pools = inputs(classes=4)
    slots = slots_of(pools)
    expected = (slots[..., SLOT_NAMES.index(weight)] * slots[..., SLOT_NAMES.index("reliability")]).sum(dim=-1)
    values = only(f"reliability by {weight}")(state, pools)
    assert torch.allclose(values / values.abs().max(), expected / expected.abs().max(), atol=1e-6)


def test_slots_that_do_not_exist_say_nothing_and_their_order_does_not_matter() -> None:
    state, pools = inputs(classes=4)
    network = DirectQueryNetwork(np.random.default_rng(0).standard_normal(DIRECT_WEIGHTS))
    values = network(state, pools)
    turned, filled = pools.clone(), pools.clone()
    slots_of(turned)[:] = slots_of(pools).flip(dims=[-2])
    slots_of(filled)[..., 4:, 1:] += 1.0
    torch.testing.assert_close(network(state, turned), values, atol=1e-3, rtol=1e-4)
    assert torch.equal(network(state, filled), values)


def test_a_weight_may_turn_round_while_the_budget_is_spent() -> None:
    state, pools = inputs(batch=1)
    network = only("entropy_z", spent=True)
    values = []
    for spent in (0.0, 0.5, 1.0):
        state[0, 0, STATE_NAMES.index("budget_used")] = spent
        values.append(network(state, pools))
    assert torch.equal(values[0], -values[2])
    assert not values[1].any()


def test_one_state_code_serves_all_pools_and_half_precision_is_enough() -> None:
    network = DirectQueryNetwork(np.random.default_rng(0).standard_normal(DIRECT_WEIGHTS))
    state, pools = inputs()
    once = network.action_values(network.state_code(state[:1]), pools)
    torch.testing.assert_close(once, network(state[:1].expand(3, -1, -1), pools))
    assert network.kept_as is np.float16


def test_what_all_candidates_share_can_be_learned_without_moving_a_choice() -> None:
    state, pools = inputs()
    network = DirectQueryNetwork(label_balance_weights())
    before = network(state, pools)
    with torch.no_grad():
        network.value.weight.fill_(1.0)
    torch.testing.assert_close(network(state, pools) - before, state.sum(dim=-1).expand(-1, pools.shape[1]))


def test_its_file_tells_what_it_is(tmp_path: Path) -> None:
    network = DirectQueryNetwork(np.random.default_rng(0).standard_normal(DIRECT_WEIGHTS))
    save_policy(tmp_path / "policy.safetensors", Policy(network, seen={"worlds": 5}))
    read = load_policy(tmp_path / "policy.safetensors", ("road", "sky"), 3)
    assert isinstance(read.network, DirectQueryNetwork)
    state, pools = inputs()
    assert torch.equal(read.network(state, pools), network(state, pools))
