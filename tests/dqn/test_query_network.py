from __future__ import annotations

import pytest
import torch

from src_model.dqn.features import action_length, base_length
from src_model.dqn.query_network import ReferenceQueryNetwork

CLASSES, REGIONS = 3, 5


def _network(seed: int = 0) -> ReferenceQueryNetwork:
    return ReferenceQueryNetwork(CLASSES, REGIONS, torch.Generator().manual_seed(seed))


def _inputs(batch: int, pool_size: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    state = torch.randn(batch, REGIONS, base_length(CLASSES), generator=generator)
    return state, torch.randn(batch, pool_size, action_length(CLASSES), generator=generator)


@pytest.mark.parametrize(
    ("classes", "regions", "published"), [(19, 1280, 531_732), (11, 240, 390_356)], ids=["cityscapes", "camvid"]
)
def test_it_has_as_many_parameters_as_the_published_one(classes: int, regions: int, published: int) -> None:
    network = ReferenceQueryNetwork(classes, regions, torch.Generator())
    unused_last_layer = 256 + 1

    assert sum(parameter.numel() for parameter in network.parameters()) == published - unused_last_layer


def test_every_candidate_gets_one_value() -> None:
    network = _network()

    assert network(*_inputs(batch=4, pool_size=7)).shape == (4, 7)


def test_one_state_code_serves_all_pools() -> None:
    network = _network().eval()
    state, pools = _inputs(batch=6, pool_size=3)
    state = state[:1].expand(6, -1, -1)

    once = network.action_values(network.state_code(state[:1]), pools)

    torch.testing.assert_close(once, network(state, pools))


def test_the_value_is_the_gate_times_a_score_that_does_not_see_the_divergences() -> None:
    network = _network().eval()
    state, pools = _inputs(batch=2, pool_size=4)
    gate = torch.sigmoid(network.gate(pools[..., -64:])).squeeze(-1)
    score = network(state, pools) / gate

    changed = pools.clone()
    changed[..., -64:] = 0
    same_gate = torch.sigmoid(network.gate(changed[..., -64:])).squeeze(-1)

    torch.testing.assert_close(network(state, changed) / same_gate, score)
    assert ((gate > 0) & (gate < 1)).all()


def test_the_score_is_linear_in_the_merged_codes() -> None:
    network = _network().eval()
    merged = []
    network.merge_norm.register_forward_hook(lambda _module, _inputs, output: merged.append(output))
    state, pools = _inputs(batch=2, pool_size=4)

    values = network(state, pools)

    gate = torch.sigmoid(network.gate(pools[..., -64:])).squeeze(-1)
    score = (merged[0] @ network.merge.weight.T + network.merge.bias).reshape(2, 4)
    assert (merged[0] < 0).any()
    torch.testing.assert_close(values, gate * score)


def test_the_same_seed_gives_the_same_weights_whatever_the_global_generator_did() -> None:
    first = _network(seed=3).state_dict()
    torch.rand(5)
    second = _network(seed=3).state_dict()

    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["merge.weight"], _network(seed=4).state_dict()["merge.weight"])
