from __future__ import annotations

import pytest
import torch

from src_model.segmentation.linear_head import LinearHead, TrainingBlocks, mean_loss

CPU = torch.device("cpu")
ROWS, CLASSES, COMPONENTS = 13, 3, 4
_RANDOM = torch.Generator().manual_seed(0)
FEATURES = torch.randn(ROWS, COMPONENTS, generator=_RANDOM)
WEIGHTS = torch.rand(ROWS, CLASSES, generator=_RANDOM)


def _kept(blocks: int, dropout: float = 0.0) -> torch.Tensor:
    drawn = torch.rand(blocks, 1, COMPONENTS, generator=torch.Generator().manual_seed(1))
    return (drawn >= dropout) / (1 - dropout)


def _trained(blocks: int, updates: int = 5, dropout: float = 0.0) -> LinearHead:
    head = LinearHead(CLASSES, COMPONENTS, CPU)
    for _ in range(updates):
        head.update(TrainingBlocks.dealt(FEATURES, WEIGHTS, blocks), _kept(blocks, dropout), 0.1, 0.01)
    return head


def test_it_starts_undecided() -> None:
    assert (LinearHead(CLASSES, COMPONENTS, CPU).logits(FEATURES) == 0).all()


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_its_steps_are_those_of_autograd_and_torch_adam(dropout: float) -> None:
    blocks, kept = 4, _kept(4, dropout)
    slopes = torch.zeros(CLASSES, COMPONENTS, requires_grad=True)
    bias = torch.zeros(CLASSES, requires_grad=True)
    adam = torch.optim.Adam([{"params": [slopes], "weight_decay": 0.01}, {"params": [bias]}], lr=0.1)
    for _ in range(5):
        # Row i is dealt to block i mod 4.
        dropped = FEATURES * kept[torch.arange(ROWS) % blocks, 0]
        log_probabilities = (dropped @ slopes.T + bias).log_softmax(dim=1)
        loss = -(log_probabilities * WEIGHTS).sum() / WEIGHTS.sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
    expected = (FEATURES @ slopes.T + bias).detach().T
    assert torch.allclose(_trained(blocks, dropout=dropout).logits(FEATURES), expected, atol=1e-4)


def test_the_number_of_blocks_changes_nothing_without_dropout() -> None:
    assert torch.allclose(_trained(1).logits(FEATURES), _trained(5).logits(FEATURES), atol=1e-4)


def test_more_blocks_than_rows_are_filled_up_with_nothing() -> None:
    assert torch.allclose(_trained(1).logits(FEATURES), _trained(50).logits(FEATURES), atol=1e-4)


def test_the_loss_is_the_weighted_mean_cross_entropy() -> None:
    blocks = TrainingBlocks.dealt(FEATURES, WEIGHTS, 4)
    logits = LinearHead(CLASSES, COMPONENTS, CPU).update(blocks, _kept(4), 0.1, 0.0)
    assert mean_loss(logits, blocks.targets) == pytest.approx(torch.log(torch.tensor(3.0)).item(), abs=1e-5)


def test_dropped_features_do_not_count_in_a_pass() -> None:
    head = _trained(1)
    only_first = torch.tensor([1.0, 0, 0, 0])
    assert torch.allclose(head.logits(FEATURES, only_first), head.logits(FEATURES * only_first), atol=1e-6)


def test_it_goes_on_from_its_state_with_the_same_numbers() -> None:
    whole = _trained(4, updates=6)
    resumed = LinearHead(CLASSES, COMPONENTS, CPU)
    resumed.load_state_dict(_trained(4, updates=5).state_dict())
    resumed.update(TrainingBlocks.dealt(FEATURES, WEIGHTS, 4), _kept(4), 0.1, 0.01)
    assert torch.equal(whole.logits(FEATURES), resumed.logits(FEATURES))


def test_a_reset_forgets_weights_and_moments() -> None:
    head = _trained(4)
    head.reset()
    fresh = LinearHead(CLASSES, COMPONENTS, CPU)
    assert all(torch.equal(head.state_dict()[name], value) for name, value in fresh.state_dict().items())


def test_its_state_is_a_copy() -> None:
    head = _trained(4, updates=1)
    before = head.state_dict()
    kept = before["weights"].clone()
    head.update(TrainingBlocks.dealt(FEATURES, WEIGHTS, 4), _kept(4), 0.1, 0.01)
    assert torch.equal(before["weights"], kept)
