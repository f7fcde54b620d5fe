from __future__ import annotations

import numpy as np
import pytest
import torch

from src_model.dqn.default_features import ACTION_FEATURES, REGION_FEATURES, SLOT_FEATURES, SLOTS, STATE_FEATURES
from src_model.dqn.default_query_network import DefaultQueryNetwork


def _network(seed: int = 0) -> DefaultQueryNetwork:
    return DefaultQueryNetwork(torch.Generator().manual_seed(seed))


def _inputs(batch: int, pool_size: int, classes: int = SLOTS) -> tuple[torch.Tensor, torch.Tensor]:
    """Random numbers of size 1; slots beyond the last class are zeros."""
    generator = torch.Generator().manual_seed(1)
    pools = torch.randn(batch, pool_size, ACTION_FEATURES, generator=generator)
    slots = _slots(pools)
    slots[..., 0] = 1
    slots[..., classes:, :] = 0
    return torch.randn(batch, 1, STATE_FEATURES, generator=generator), pools


def _slots(pools: torch.Tensor) -> torch.Tensor:
    """A view: (B, P, R+M·F_c) -> (B, P, M, F_c)."""
    return pools[..., REGION_FEATURES:].unflatten(-1, (SLOTS, SLOT_FEATURES))


def test_it_is_small() -> None:
    assert sum(parameter.numel() for parameter in _network().parameters()) < 60_000


@pytest.mark.parametrize("classes", [0, 1, 3, SLOTS])
def test_every_candidate_gets_one_finite_value_whatever_the_number_of_classes(classes: int) -> None:
    network = _network()
    values = network(*_inputs(batch=4, pool_size=7, classes=classes))

    torch.autograd.backward(values.sum())

    assert values.shape == (4, 7)
    assert values.isfinite().all()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in network.parameters())


def test_the_order_of_classes_does_not_matter() -> None:
    network = _network()
    state, pools = _inputs(batch=3, pool_size=4, classes=5)
    turned = pools.clone()
    _slots(turned)[:] = _slots(pools)[..., torch.randperm(SLOTS, generator=torch.Generator().manual_seed(2)), :]

    torch.testing.assert_close(network(state, turned), network(state, pools))


def test_every_slot_that_exists_is_read_and_no_other() -> None:
    network = _network()
    state, pools = _inputs(batch=1, pool_size=1, classes=5)
    for slot in range(SLOTS):
        changed = pools.clone()
        _slots(changed)[..., slot, 1:] += 1.0
        assert torch.equal(network(state, changed), network(state, pools)) == (slot >= 5)


def test_slots_are_summed_and_maximised_over_those_that_exist() -> None:
    network = _network()
    _, pools = _inputs(batch=1, pool_size=1, classes=2)
    slots = _slots(pools)
    first, second = network.slots(slots)[0, 0, :2]

    pooled = network._pooled(slots)[0, 0]

    assert (torch.maximum(first, second) < 0).any()
    torch.testing.assert_close(pooled, torch.cat([(first + second) / SLOTS, torch.maximum(first, second)]))


def test_codes_keep_their_size_whatever_that_of_the_features() -> None:
    network = _network()
    state, _ = _inputs(batch=4, pool_size=1)

    assert network.state_code(1000 * state).abs().max() < 10


def test_a_value_depends_neither_on_the_rest_of_the_pool_nor_on_the_rest_of_the_batch() -> None:
    network = _network().train()
    state, pools = _inputs(batch=6, pool_size=5)

    torch.testing.assert_close(network(state[2:3], pools[2:3, 1:2]), network(state, pools)[2:3, 1:2])
    assert not network.normalises_over_batches


def test_one_state_code_serves_all_pools() -> None:
    network = _network()
    state, pools = _inputs(batch=6, pool_size=3)

    once = network.action_values(network.state_code(state[:1]), pools)

    torch.testing.assert_close(once, network(state[:1].expand(6, -1, -1), pools))


def test_the_worth_of_a_candidate_depends_on_the_state() -> None:
    network = _network()
    state, pools = _inputs(batch=2, pool_size=4)
    here, there = (network(each, pools[:1])[0] for each in (state[:1], state[1:]))

    difference = here - there
    assert (difference - difference.mean()).abs().max() > 1e-3


def test_half_precision_of_what_is_remembered_moves_values_by_less_than_a_hundredth() -> None:
    network = _network()
    state, pools = _inputs(batch=16, pool_size=10)
    pools = pools.clamp(-3, 3)
    kept = torch.from_numpy(pools.numpy().astype(network.kept_as).astype(np.float32))

    assert network.kept_as is np.float16
    torch.testing.assert_close(network(state, kept), network(state, pools), atol=1e-2, rtol=0)


def test_the_same_seed_gives_the_same_weights_whatever_the_global_generator_did() -> None:
    first = _network(seed=3).state_dict()
    torch.rand(5)
    second = _network(seed=3).state_dict()

    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["value.weight"], _network(seed=4).state_dict()["value.weight"])
