"""The easel: which drafts are wished for, and which are shown while newer ones are made."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest

from napari_ralis.easel import Easel
from napari_ralis.sitting import Place, Sitting
from napari_ralis.threads.wishes import DraftMade, DraftWish, PredictionWish, Wish
from src_model.data.class_schema import ClassSchema
from src_model.data.region import Region
from src_model.data.streets.domain import domain_named

FIRST, SECOND = (Region("image", 0, column, 8, 8) for column in (0, 8))


class Lane:
    """A light lane that makes only what the test puts in."""

    def __init__(self) -> None:
        self.made: dict[Wish, Any] = {}
        self.wanted: list[Wish] = []

    def want(self, wishes: list[Wish]) -> None:
        self.wanted = wishes
        self.made = {wish: made for wish, made in self.made.items() if wish in wishes}

    def get(self, wish: Wish) -> Any:
        return self.made.get(wish)


def schema() -> ClassSchema:
    return domain_named("target").schema


def draft(step: int) -> DraftMade:
    return DraftMade(np.zeros((8, 8), np.uint8), np.ones((8, 8), np.float32), np.zeros(3), step)


@pytest.fixture
def easel(tmp_path: Path) -> Easel:
    made = Easel(MagicMock(), Lane(), MagicMock(), MagicMock())  # type: ignore[arg-type]
    made._learning.version, made._learning.prediction_is_wanted = 0, False  # type: ignore[misc]
    made._learning.wishes.return_value = ()  # type: ignore[attr-defined]
    made._learning.later_wishes.return_value = ()  # type: ignore[attr-defined]
    sitting = Sitting(schema(), 2)
    dataset = SimpleNamespace(ids=["image"], sequence=lambda _: "")
    made.begin(SimpleNamespace(folder=tmp_path, dataset=dataset, blind=lambda _: False), sitting)  # type: ignore[arg-type]
    sitting.follow([Place(FIRST, False), Place(SECOND, False)])
    return made


def test_the_draft_of_an_older_model_stays_until_the_newest_has_said_something(easel: Easel) -> None:
    lane: Any = easel._light
    easel.want()
    lane.made[DraftWish(SECOND, 0)] = old = draft(0)
    easel._learning.version = 1  # type: ignore[misc]
    easel.want()
    drafts = [wish for wish in lane.wanted if isinstance(wish, DraftWish) and wish.region == SECOND]
    assert list(dict.fromkeys(drafts)) == [DraftWish(SECOND, 1), DraftWish(SECOND, 0)]
    assert easel.draft_of(SECOND) is old
    lane.made[DraftWish(SECOND, 1)] = new = draft(1)
    assert easel.draft_of(SECOND) is new
    easel.want()
    assert DraftWish(SECOND, 0) not in lane.wanted
    easel.end()


def test_a_prediction_is_made_last_and_only_if_somebody_looks_at_it(easel: Easel) -> None:
    lane: Any = easel._light
    easel.want()
    assert not any(isinstance(wish, PredictionWish) for wish in lane.wanted)
    easel._learning.prediction_is_wanted = True  # type: ignore[misc]
    easel.want()
    assert lane.wanted[-1] == PredictionWish("image", 0)
    easel.end()
