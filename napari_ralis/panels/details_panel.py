"""The details panel: how the query was chosen, what others would have asked, losses, the machine, and the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from napari_ralis.panels.loss_plot import LossPlot
from napari_ralis.panels.proposal_table import ProposalRow, ProposalTable
from napari_ralis.panels.thumbnail_row import ThumbnailRow
from src_model.data.images import Pixels


@dataclass(frozen=True, slots=True)
class OtherRule:
    """What another rule would have asked: one sentence, and pictures with whether they are asked here too."""

    text: str
    pictures: tuple[tuple[Pixels | None, bool], ...]


@dataclass(frozen=True, slots=True)
class QueryDetails:
    """All that is shown of a query.

    Attributes
    ----------
    title:
        One line.
    score:
        What its scores are called.
    rows:
        Of the proposals.
    others:
        At most two.
    """

    title: str
    score: str = "score"
    rows: tuple[ProposalRow, ...] = ()
    others: tuple[OtherRule, ...] = ()


class DetailsPanel(QWidget):
    """The third tab. Passive."""

    region_requested = Signal(int)
    """Place in the query that is shown."""

    def __init__(self, log: QPlainTextEdit) -> None:
        super().__init__()
        self.title, self.machine, self.log = QLabel(), QLabel(), log
        self.table, self.losses = ProposalTable(), LossPlot()
        self.other_texts, self.other_rows = (QLabel(), QLabel()), (ThumbnailRow(), ThumbnailRow())
        self.log.setMinimumHeight(60)
        self.machine.setToolTip("What computes, and the memory that napari and the model hold together.")
        for label in (self.title, self.machine, *self.other_texts):
            label.setWordWrap(True)
        self.table.region_requested.connect(self.region_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 6, 4, 4)
        column.setSpacing(4)
        column.addWidget(self.title)
        column.addWidget(self.table)
        for text, row in zip(self.other_texts, self.other_rows, strict=True):
            column.addWidget(text)
            column.addWidget(row)
        for widget in (self.losses, self.machine):
            column.addWidget(widget)
        column.addWidget(self.log, stretch=1)
        self.set_query(QueryDetails("No query yet."))

    def set_query(self, details: QueryDetails) -> None:
        """Show this query."""
        self.title.setText(details.title)
        self.table.set_rows(details.rows, details.score)
        self.table.setVisible(bool(details.rows))
        for place, (text, row) in enumerate(zip(self.other_texts, self.other_rows, strict=True)):
            other = details.others[place] if place < len(details.others) else None
            text.setVisible(other is not None)
            row.setVisible(other is not None)
            if other is not None:
                text.setText(other.text)
                row.set_pictures(other.pictures)

    def set_losses(self, fits: Sequence[tuple[int, float]], running: Sequence[float]) -> None:
        """Show how the trainings went."""
        self.losses.set_losses(fits, running)

    def set_machine(self, text: str) -> None:
        """Show what computes, in one line."""
        self.machine.setText(text)
