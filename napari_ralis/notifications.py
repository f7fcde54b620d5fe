"""Notifications: which error is shown how."""

from __future__ import annotations

from napari.utils.notifications import ErrorNotification, notification_manager, show_warning

from src_model.exceptions import CheckpointError, EngineFailure, RalisError


def show_failure(error: Exception) -> None:
    """Tell the user: a warning for what they can put right, an error with its traceback for the rest."""
    if isinstance(error, EngineFailure | CheckpointError):
        notification_manager.dispatch(ErrorNotification(error))
    elif isinstance(error, RalisError):
        show_warning(str(error))
    else:
        notification_manager.receive_error(type(error), error, error.__traceback__)
