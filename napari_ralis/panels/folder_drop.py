"""The folder drop: one folder that is dragged from the desktop onto a widget."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QWidget


class FolderDrop(QObject):
    """Lets a widget and all in it take folders. Whether it is one is looked at later: the drive may be slow."""

    dropped = Signal(object)
    """Path."""

    def __init__(self, target: QWidget) -> None:
        super().__init__(target)
        target.setAcceptDrops(True)
        target.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take what comes from the desktop; Qt's name."""
        if event is None or event.type() not in (QEvent.Type.DragEnter, QEvent.Type.Drop):
            return False
        drop = cast(QDropEvent, event)
        path = _path(drop)
        if path is None:
            return False
        drop.acceptProposedAction()
        if event.type() == QEvent.Type.Drop:
            self.dropped.emit(path)
        return True


def _path(event: QDropEvent) -> Path | None:
    """The one local path that is being dragged."""
    data = event.mimeData()
    urls = [] if data is None else data.urls()
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
