"""Plot colours: what our own drawings take from the theme, so that they can be read on light and on dark."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QWidget

_ON_DARK, _ON_LIGHT = "#56b4e9", "#0072b2"
"""Okabe and Ito's blues."""


@dataclass(frozen=True, slots=True)
class PlotColours:
    """Colours of one widget under its present theme.

    Attributes
    ----------
    window, text:
        Background and writing.
    dim, faint:
        Writing that matters less; lines and empty tracks.
    accent:
        What is to be looked at.
    """

    window: QColor
    text: QColor
    dim: QColor
    faint: QColor
    accent: QColor

    @classmethod
    def of(cls, widget: QWidget) -> PlotColours:
        """Those of this widget now; cheap enough to be asked for at every painting."""
        palette = widget.palette()
        window, text = palette.color(QPalette.ColorRole.Window), palette.color(QPalette.ColorRole.WindowText)
        accent = QColor(_ON_DARK if window.lightness() < 128 else _ON_LIGHT)
        return cls(window, text, blend(window, text, 0.65), blend(window, text, 0.22), accent)


def blend(first: QColor, second: QColor, share: float) -> QColor:
    """A colour between two: the first at 0, the second at 1."""
    channels = zip(first.getRgb()[:3], second.getRgb()[:3], strict=True)
    red, green, blue = (round((1 - share) * one + share * other) for one, other in channels)
    return QColor(red, green, blue)
