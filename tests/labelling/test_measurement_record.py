"""What was measured comes back from the project as it was told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from src_model.labelling.intervals import Interval
from src_model.labelling.measurement import Change, Measurement, gain_text, mean_text
from src_model.labelling.measurement_record import MeasuredFit, measured_from_json, measured_to_json

READ = Measurement(
    confusion=np.array([[88.25, 11.75], [3.0, 9.0]]),
    regions=24,
    support=np.array([20, 2]),
    iou=(Interval(0.81, 0.7, 0.88), None),
    mean=Interval(0.81, 0.7, 0.88),
)
NOTHING = Measurement(np.zeros((2, 2)), 0, np.array([0, 0]), (None, None), None)
CHANGE = Change(24, (Interval(0.1, 0.02, 0.2), None), Interval(0.1, 0.02, 0.2))


@pytest.mark.parametrize("change", [None, CHANGE, Change(3, (None, None), None)])
@pytest.mark.parametrize("read", [READ, NOTHING])
def test_a_fit_survives_json(read: Measurement, change: Change | None) -> None:
    fit = MeasuredFit(7, 31, read, change, served=True)
    found = measured_from_json(7, json.loads(json.dumps(measured_to_json(fit), allow_nan=False)))
    assert (found.step, found.regions, found.served, found.change) == (7, 31, True, change)
    assert mean_text(found.measurement) == mean_text(read)
    assert found.measurement.iou == read.iou
    np.testing.assert_array_equal(found.measurement.support, read.support)
    np.testing.assert_allclose(found.measurement.confusion, read.confusion, atol=0.05)
    if change is not None:
        assert gain_text(found.change or CHANGE, ("road", "car")) == gain_text(change, ("road", "car"))
