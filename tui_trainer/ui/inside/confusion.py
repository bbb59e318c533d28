"""The confusion matrix: what images of each class were taken for, and how many of each class were recognised."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui_trainer.text.cells import ljust, rjust
from tui_trainer.text.drawing import Look, Row
from tui_trainer.text.language import _
from tui_trainer.trained.inspection import Examination
from tui_trainer.ui.chart.painted import Painted

RECALL = 8
"""Columns of the last figure in a row."""

SHADES = 4
"""Grounds of cells, from a few mistakes to the most in any cell."""


class ConfusionMatrix(Painted, can_focus=True):
    """Rows are what images are, columns what they were taken for; arrows or a click choose a cell."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("confusion--head", "confusion--right", "confusion--none", "confusion--cursor"),
        *(f"confusion--wrong-{shade}" for shade in range(1, SHADES + 1)),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", "Up", tooltip="In the matrix: the cell above (mouse: click)", show=False),
        Binding("down", "move(1, 0)", "Down", tooltip="In the matrix: the cell below", show=False),
        Binding("left", "move(0, -1)", "Left", tooltip="In the matrix: the cell to the left", show=False),
        Binding("right", "move(0, 1)", "Right", tooltip="In the matrix: the cell to the right", show=False),
        Binding("enter", "digits", "Digits", tooltip="In the matrix: go to the images of this cell"),
        Binding("j", "next", "Next mistake", tooltip="In the matrix: the next cell of mistakes, the fullest first"),
    ]

    @dataclass
    class Chosen(Message):
        """Another cell is looked at."""

        label: int
        predicted: int

    class Entered(Message):
        """The focus is to go to its images."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._examination: Examination | None = None
        self._nothing = ""
        self.cell: tuple[int, int] | None = None
        """The class of the images under the cursor, and the class they were taken for."""

    def show(self, examination: Examination | None, nothing: str = "") -> None:
        """Show this; at first the cursor is where most mistakes are."""
        self._examination, self._nothing = examination, nothing
        if examination is not None:
            classes = len(examination.confusion)
            if self.cell is None or max(self.cell) >= classes:
                self.cell = self._by_size()[0]
        self.repaint()

    @property
    def counts(self) -> NDArray[np.intp]:
        """Rows true, columns predicted."""
        assert self._examination is not None
        return self._examination.confusion

    def _by_size(self) -> list[tuple[int, int]]:
        """The cells of mistakes, the fullest first."""
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")
        cells = [(int(row), int(column)) for row, column in zip(*np.unravel_index(order, wrong.shape), strict=True)]
        return [cell for cell in cells if wrong[cell]] or [(0, 0)]

    def sentence(self) -> str:
        """The chosen cell in words."""
        if self._examination is None or self.cell is None:
            return ""
        label, predicted = self.cell
        count, total = int(self.counts[self.cell]), int(self.counts[label].sum())
        share = f" ({count / total:.1%})" if total else ""
        what = _("recognised") if label == predicted else _("taken for {predicted}").format(predicted=predicted)
        return _("{label} {what}: {count:,} of {total:,}{share}").format(label=label, what=what, count=count, total=total, share=share)

    def _widths(self) -> tuple[int, int]:
        """Columns of a row's head, and of a cell."""
        return cell_len(_("true")) + 2, max(5, len(str(int(self.counts.max()))) + 1)

    def draw(self, width: int, height: int) -> list[Row]:
        if self._examination is None:
            return [[(line, "")] for line in self._nothing.split("\n")]
        counts, recall = self.counts, self._examination.recall
        head, cell = self._widths()
        labels = "".join(f"{label:>{cell}}" for label in range(len(counts)))
        heading: Row = [(ljust(_("true"), head) + labels + rjust(_("recall"), RECALL), "confusion--head")]
        most = max(int((counts - np.diag(counts.diagonal())).max()), 1)
        rows = [heading]
        for label, row in enumerate(counts.tolist()):
            pieces: Row = [(f"{label:>{head - 2}}  ", "confusion--head")]
            for predicted, count in enumerate(row):
                text = f"{count or self._none:>{cell - 1}}"
                chosen = (label, predicted) == self.cell
                style = "confusion--cursor" if chosen else self._shade(count, most, right=label == predicted)
                pieces += [(">" if chosen else " ", style if chosen else ""), (text, style)]
            share = "" if np.isnan(recall[label]) else f"{recall[label]:.1%}"
            rows.append([*pieces, (f"{share:>{RECALL}}", "")])
        explanation: Row = [(_("rows: what they are; columns: what they were taken for"), "confusion--head")]
        return [*rows, [(self.sentence(), "")], explanation][:height]

    @property
    def _none(self) -> str:
        return "." if self.look is Look.ASCII else "·"

    def _shade(self, count: int, most: int, *, right: bool) -> str:
        if not count:
            return "confusion--none"
        return "confusion--right" if right else f"confusion--wrong-{min(1 + count * SHADES // (most + 1), SHADES)}"

    def _choose(self, label: int, predicted: int) -> None:
        if self._examination is None:
            return
        last = len(self.counts) - 1
        cell = min(max(label, 0), last), min(max(predicted, 0), last)
        if cell != self.cell:
            self.cell = cell
            self.repaint()
            self.post_message(self.Chosen(*cell))

    def action_move(self, down: int, across: int) -> None:
        """Go to a cell beside this one."""
        if self.cell:
            self._choose(self.cell[0] + down, self.cell[1] + across)

    def action_next(self) -> None:
        """Go to the cell with the next fewer mistakes, and from the last one to the first."""
        if self._examination is None or self.cell is None:
            return
        cells = self._by_size()
        place = cells.index(self.cell) + 1 if self.cell in cells else 0
        self._choose(*cells[place % len(cells)])

    def action_digits(self) -> None:
        """Go among the images of the cell."""
        self.post_message(self.Entered())

    def on_click(self, event: events.Click) -> None:
        """Look at the cell that is clicked."""
        offset = event.get_content_offset(self)
        if offset is None or self._examination is None:
            return
        head, cell = self._widths()
        column, row = (offset.x - head) // cell, offset.y - 1
        if 0 <= row < len(self.counts) and 0 <= column < len(self.counts):
            self._choose(row, column)
