"""Which error is shown how."""

from __future__ import annotations

import pytest
from napari.utils.notifications import NotificationSeverity, notification_manager

from napari_ralis.notifications import show_failure
from src_model.exceptions import CheckpointError, DataError, EngineFailure


@pytest.mark.parametrize(
    ("error", "severity"),
    [
        (DataError("mask.png is cut off. Copy it again."), NotificationSeverity.WARNING),
        (EngineFailure("Out of memory. Choose smaller images."), NotificationSeverity.ERROR),
        (CheckpointError("weights.safetensors is not ours. Choose another file."), NotificationSeverity.ERROR),
    ],
)
def test_the_message_is_the_error_s_own_and_the_severity_says_whose_turn_it_is(
    error: Exception, severity: NotificationSeverity
) -> None:
    show_failure(error)
    notification = notification_manager.records[-1]
    assert notification.message == str(error)
    assert notification.severity == severity


def test_a_bug_of_ours_is_shown_with_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification_manager, "catch_error", True)
    monkeypatch.setattr(notification_manager, "exit_on_error", False)
    try:
        raise KeyError("a bug")
    except KeyError as error:
        show_failure(error)
    assert "KeyError" in notification_manager.records[-1].as_text()
