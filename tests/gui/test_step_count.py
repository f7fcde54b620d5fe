"""Strokes of a person are counted as they stand; what is undone or laid by others is none of them."""

from __future__ import annotations

import numpy as np
from annotation_desk import Paper

from napari_ralis.layers.step_count import StepCount


def test_undone_steps_count_again_when_they_are_redone_and_no_more_after_another_step() -> None:
    steps = StepCount()
    steps.add()
    steps.add()
    steps.travel("undo")
    assert steps.by_hand == 1
    steps.travel("redo")
    assert steps.by_hand == 2
    steps.travel("undo")
    steps.add()
    steps.travel("redo")
    assert steps.by_hand == 2
    steps.begin()
    steps.travel("undo")
    assert steps.by_hand == 0


def test_a_fill_counts_and_a_draft_that_is_laid_undone_and_laid_again_does_not(paper: Paper) -> None:
    annotation = paper.annotation
    draft = np.full(annotation.patch.shape, 255, np.uint8)
    draft[:, :9] = 1
    annotation.replace(draft)
    annotation.replace(draft)
    assert annotation.strokes == 0
    annotation.set_class(2)
    annotation.fill_rest()
    annotation.paint(draft == 1)
    annotation.paint(draft == 1)
    assert annotation.strokes == 2, "the last one changed nothing"
    annotation.undo()
    assert annotation.strokes == 1
    annotation.undo()
    annotation.undo()
    annotation.undo()
    assert annotation.strokes == 0
    annotation.redo()
    annotation.redo()
    assert annotation.strokes == 1
    paper.show()
    assert annotation.strokes == 0
