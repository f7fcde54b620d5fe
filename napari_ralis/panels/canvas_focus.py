"""Focus of the keyboard: whether keys reach the canvas, and how they come back to it."""

from __future__ import annotations

from enum import Enum

from qtpy.QtCore import QEvent, QObject, QPoint, QRect, Signal
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QApplication, QWidget

_MARGIN = 8


class Spot(Enum):
    """Where a sheet lies over the canvas."""

    ALL = "all"
    TOP_LEFT = "top left"
    BOTTOM_LEFT = "bottom left"


class CanvasFocus(QObject):
    """Watches one window. Keys are bound to a layer, and only the canvas hands them to it."""

    keys_changed = Signal(bool)
    """Whether keys reach the canvas."""

    def __init__(self, inside: QWidget) -> None:
        """``inside`` is any widget of the window, such as a dock; it owns this object."""
        super().__init__(inside)
        self._inside = inside
        self._on = False
        self._sheets: dict[QWidget, Spot] = {}
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
        """Let keys go to the canvas again, or to the sheet that covers it."""
        cover = next((sheet for sheet, spot in self._sheets.items() if spot is Spot.ALL and sheet.isVisible()), None)
        if (widget := cover or self._canvas()) is not None:
            widget.setFocus()

    def lay(self, sheet: QWidget, spot: Spot) -> None:
        """Lay a sheet over the canvas and let it follow the canvas's size."""
        canvas = self._canvas()
        if canvas is None:
            return
        if sheet not in self._sheets:
            sheet.setParent(canvas.window())
            # A window that closes takes its sheets along.
            sheet.destroyed.connect(lambda: self._sheets.pop(sheet, None))
            canvas.installEventFilter(self)
        self._sheets[sheet] = spot
        sheet.adjustSize()
        sheet.show()
        self._follow()
        sheet.raise_()

    def take_off(self) -> None:
        """Let go of all sheets, which belong to the window by now."""
        for sheet in tuple(self._sheets):
            sheet.hide()
            sheet.deleteLater()
        self._sheets = {}

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """The canvas has another size or place; Qt's name."""
        if event is not None and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._follow()
        return bool(super().eventFilter(watched, event))

    def _follow(self) -> None:
        canvas = self._canvas()
        window = None if canvas is None else canvas.window()
        if canvas is None or window is None:
            return
        place = QRect(canvas.mapTo(window, QPoint(0, 0)), canvas.size())
        inner = place.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        for sheet, spot in self._sheets.items():
            # A narrow canvas must not make it cover the dock.
            wished = sheet.sizeHint().expandedTo(sheet.minimumSize())
            own = QRect(inner.topLeft(), wished.boundedTo(inner.size()))
            if spot is Spot.ALL:
                own = place
            elif spot is Spot.BOTTOM_LEFT:
                own.moveBottomLeft(inner.bottomLeft())
            sheet.setGeometry(own)

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
