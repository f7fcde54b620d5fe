"""Events and reports are frozen and can be sent to another process."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from src_model import events
from src_model.data.grounds import Ground, Grounds
from src_model.data.region import Region

HERE = Region("img", 0, 0, 8, 8)
GROUNDS = Grounds("dqn", 40, (Ground(2, 0.5, 0.4, 1.0, 0.9, (0.2, 0.8)),), 0.3, (3.0, 0.1), (("random", (HERE,)),))
QUERY = events.Query(step=1, regions=(HERE,), scores=(0.5,), grounds=GROUNDS)
EXAMPLES = (
    QUERY,
    events.LabelsRead(1, 2),
    events.ImagesPrepared(1, 2),
    events.ImagesScored(1, 2),
    events.ImagesDrawn(1, 2),
    events.ImagesEvaluated(1, 2),
    events.UpdatesDone(1, 2, 0.5),
    events.QueryReady(QUERY),
    events.RewardMeasured("mean_iou", 0.4, 1.5),
    events.PolicyUpdated(0.1, 0.9),
    events.StepDone(1, 2, 20, {"mean_iou": 0.4}),
    events.EpisodePlayed(3, 48),
    events.GenerationDone(3, 20, 60.0),
    events.LineBegun("entropy", 2, 4),
    events.Notice("Packaged weights are used."),
    events.FitReport(updates=20, images=8, loss=None, seconds=0.3),
)


def test_there_is_an_example_of_every_event() -> None:
    kinds = {kind.__name__ for kind in vars(events).values() if isinstance(kind, type) and is_dataclass(kind)}
    assert kinds - {"Event", "Grounds", "Region"} == {type(example).__name__ for example in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_an_event_crosses_a_process_border_unchanged(example: object) -> None:
    assert pickle.loads(pickle.dumps(example)) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_an_event_cannot_be_changed(example: object) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(example, fields(example)[0].name, None)  # type: ignore[arg-type]  # Every example is a dataclass, which object does not say.
    assert not hasattr(example, "__dict__")
