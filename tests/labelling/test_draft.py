"""Drafts: what is taken over, and where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from src_model.data.annotation import VOID
from src_model.exceptions import AnnotationError, ConfigurationError
from src_model.labelling.draft import Purpose, draft

PREDICTION = np.array([[0, 1], [2, VOID]], dtype=np.uint8)
CERTAINTY = np.array([[0.9, 0.8], [0.79, 1.0]], dtype=np.float32)


def test_a_draft_holds_what_the_segmenter_is_sure_of() -> None:
    patch = draft(PREDICTION, CERTAINTY, 0.8, Purpose.TRAINING)
    assert patch.tolist() == [[0, 1], [VOID, VOID]]
    assert patch.dtype == np.uint8


def test_a_threshold_of_zero_takes_everything_over() -> None:
    assert (draft(PREDICTION, CERTAINTY, 0, Purpose.TRAINING) == PREDICTION).all()


def test_a_check_region_gets_no_draft() -> None:
    with pytest.raises(AnnotationError, match="without help"):
        draft(PREDICTION, CERTAINTY, 0.8, Purpose.CHECK)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_that_is_no_probability_is_refused(threshold: float) -> None:
    with pytest.raises(ConfigurationError, match="from 0 to 1"):
        draft(PREDICTION, CERTAINTY, threshold, Purpose.TRAINING)
