"""Knowledge: what a young model is said to know."""

from __future__ import annotations

import numpy as np

from src_model.labelling.knowledge import knowledge_text

NAMES = ("road", "sky", "car", "bicycle")


def test_a_class_is_known_that_is_found_again_and_unknown_that_was_never_labelled() -> None:
    confusion = np.array([[90, 10, 0, 0], [0, 50, 0, 0], [8, 0, 2, 0], [0, 0, 0, 0]])
    assert (
        knowledge_text(confusion, NAMES, 3)
        == "Knows road and sky; not yet car; nothing of bicycle. Next: 3 more places that you showed."
    )


def test_nothing_known_is_said_plainly() -> None:
    text = knowledge_text(np.zeros((4, 4), dtype=np.int64), NAMES, 0)
    assert text.startswith("Knows nothing well yet; nothing of road, sky, car and bicycle. Next: places it chooses")


def test_many_names_are_cut_short() -> None:
    names = tuple(f"class {number}" for number in range(9))
    assert "class 4 and 4 more" in knowledge_text(np.zeros((9, 9), dtype=np.int64), names, 0)
