"""Drawings: how figures look, and the forms they are kept in, without pyplot's global state."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from src_model.report.results.lines import RANDOM, UPPER_LINES, Line

Dashes = tuple[int, tuple[float, ...]]
"""Offset, then lengths of strokes and gaps, in line widths."""

WIDTH = 9.2
"""Of a figure, in inches."""

INK = "#2b2f36"
"""Colour of text and axes; inside a page it is the colour of the page's text."""

PALETTE = ("#2f7fd1", "#c96a00", "#1d9350", "#a05fd0", "#d94452", "#108a94", "#857d12", "#cf4f9a", "#9a6a4a", "#6d7f95")
"""Each at least 3.7 : 1 against a white and against a nearly black page."""

RARE = "#d9480f"
"""Names of rare classes."""

_COLOUR_OF = {
    acquisition: PALETTE[position]
    for position, acquisition in enumerate(
        (
            "dqn",
            "entropy",
            "label_balance",
            "bald",
            "margin_class_balanced",
            "margin",
            "random_class_balanced",
            "gain_greedy",
            "impurity",
            "label_balance_true",
        )
    )
}
"""Each acquisition has its colour in every report; further lines of the same one take what is free."""

_MARKERS = "os^DvPX<>p"
_DASHES: tuple[Dashes, ...] = ((0, ()), (0, (7, 2)), (0, (7, 2, 2, 2)), (0, (3, 1)))
# Any: newer matplotlib types the names of its settings one by one, older releases do not
_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": INK,
    "grid.alpha": 0.15,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "legend.handlelength": 3.2,
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure in the two forms it is kept in; ``svg`` is a file of its own."""

    name: str
    svg: str
    png: bytes

    @property
    def inline(self) -> str:
        """The SVG element for a page: in the page's text colour, and with ids that no other figure has."""
        element = self.svg[self.svg.index("<svg") :].replace(INK, "currentColor")
        return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{self.name}-", element)


@dataclass(frozen=True, slots=True)
class Stroke:
    """How one acquisition is drawn, in every figure alike."""

    colour: str
    dashes: Dashes
    marker: str


def strokes(lines: Iterable[Line]) -> dict[str, Stroke]:
    """Strokes by line label: random is a dashed line in the colour of the text, upper lines are dotted."""
    result: dict[str, Stroke] = {}
    for line in lines:
        if line.label in result:
            continue
        position = len(result)
        dashes = _DASHES[position // len(PALETTE) % len(_DASHES)]
        stroke = Stroke(_free_colour(line, result.values()), dashes, _MARKERS[position % len(_MARKERS)])
        if line.acquisition == RANDOM:
            stroke = Stroke(INK if line.label == RANDOM else stroke.colour, (0, (4, 2)), stroke.marker)
        elif line.acquisition in UPPER_LINES:
            stroke = Stroke(stroke.colour, (0, (1, 1.2)), stroke.marker)
        result[line.label] = stroke
    return result


def _free_colour(line: Line, taken: Iterable[Stroke]) -> str:
    """That of the acquisition, or the one that the fewest lines have."""
    used = Counter(stroke.colour for stroke in taken)
    own = _COLOUR_OF.get(line.acquisition)
    return own if own and not used[own] else min(PALETTE, key=lambda colour: used[colour])


def style() -> AbstractContextManager[None]:
    """Look of all figures; draw inside it."""
    return mpl.rc_context(_STYLE)


def drawing(name: str, figure: Figure) -> Drawing:
    """Render a figure; ``name`` is that of its files."""
    vector, raster = io.StringIO(), io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(vector, format="svg", transparent=True, metadata={"Date": None})
    # laid out once: finding the places of everything costs more than drawing it
    figure.set_layout_engine("none")
    figure.savefig(raster, format="png", dpi=150, facecolor="white")
    return Drawing(name, vector.getvalue(), raster.getvalue())
