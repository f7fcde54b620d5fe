"""Corrections a region: what drafts took at first and by now, and only where it was counted."""

from __future__ import annotations

import pytest

from src_model.labelling.corrections import Corrections, corrections_over_time, corrections_text


@pytest.mark.parametrize(
    ("strokes", "thirds"),
    [
        ([9, 9, 6, 6, 4, 4], (9.0, 6.0, 4.0)),
        ([9, None, 9, 6, 6, None, 4, 4], (9.0, 6.0, 4.0)),
        ([9, 8, 6, 5, 6, 4, 3], (8.5, 17 / 3, 3.5)),
        ([1, 2, 3, 0, 0, 0, 0, 0], (2.0, 0.0, 0.0)),
    ],
)
def test_the_means_of_three_thirds(strokes: list[int | None], thirds: tuple[float, float, float]) -> None:
    counted = [own for own in strokes if own is not None]
    assert corrections_over_time(strokes) == Corrections(pytest.approx(thirds), len(counted))  # type: ignore[arg-type]


def test_of_five_regions_and_of_regions_without_a_draft_nothing_is_said() -> None:
    assert corrections_over_time([3] * 5 + [None] * 90) is None
    assert corrections_text(None) == ""


def test_the_sentence_names_the_thirds_and_how_many_regions_it_rests_on() -> None:
    text = corrections_text(Corrections((9.0, 6.25, 4.0), 14))
    assert text == "Corrections a region: 9 → 6.2 → 4 (first, middle and last third of 14 with a draft)."
