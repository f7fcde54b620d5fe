"""Focus of the keyboard: whether keys reach the canvas, and how they come back to it."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QApplication, QWidget


class CanvasFocus(QObject):
    """Watches one window. Keys are bound to a layer, and only the canvas hands them to it."""

    keys_changed = Signal(bool)
    """Whether keys reach the canvas."""

    def __init__(self, inside: QWidget) -> None:
        """``inside`` is any widget of the window, such as a dock; it owns this object."""
        super().__init__(inside)
        self._inside = inside
        self._on = False
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus_changed)

    @property
    def on(self) -> bool:
        """Whether keys reach the canvas."""
        canvas = self._canvas()
        return canvas is not None and canvas.hasFocus()

    @property
    def canvas_size(self) -> tuple[int, int]:
        """Height and width of the canvas in pixels of the screen."""
        canvas = self._canvas()
        return (600, 800) if canvas is None else (canvas.height(), canvas.width())

    def give_back(self) -> None:
        """Let keys go to the canvas again."""
        if (canvas := self._canvas()) is not None:
            canvas.setFocus()

    def _canvas(self) -> QWidget | None:
        # What is drawn on is the only OpenGL widget of napari's window; plugins are not handed it. Qt looks among the
        # thousand widgets of the window without Python's help, which would take 4 ms.
        window = self._inside.window()
        return None if window is None else window.findChild(QOpenGLWidget)

    def _on_focus_changed(self) -> None:
        on = self.on
        if on != self._on:
            self._on = on
            self.keys_changed.emit(on)
