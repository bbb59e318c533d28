"""The confusion matrix: what images of each class were taken for, and how many of each class were recognised."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui_trainer.text.cells import ljust, rjust, shorten
from tui_trainer.text.drawing import Look, Row
from tui_trainer.text.language import _
from tui_trainer.trained.inspection import Examination
from tui_trainer.ui.chart.painted import Painted

RECALL = 8
"""Columns of the last figure in a row."""

PERCENT = 3
"""Columns of a cell where there are too many classes for counts."""

LONGEST_NAME = 14
"""Columns of the name of a class before its row."""

BESIDE = 2
"""Lines above the matrix and below it that are always there."""

SHADES = 4
"""Grounds of cells, from a few mistakes to the most in any cell."""


class Layout(NamedTuple):
    """How the matrix lies."""

    head: int
    """Columns of a row's head."""
    cell: int
    """Columns of a cell."""
    rows: range
    """The classes whose rows can be seen."""
    columns: range
    """The classes whose columns can be seen."""
    is_brief: bool
    """Whether cells are percentages of their rows."""


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
        self._names: Sequence[str] = ()
        self.cell: tuple[int, int] | None = None
        """The class of the images under the cursor, and the class they were taken for."""

    def show(self, examination: Examination | None, nothing: str = "", names: Sequence[str] = ()) -> None:
        """Show this, with the names of the classes; at first the cursor is where most mistakes are."""
        self._examination, self._nothing, self._names = examination, nothing, names
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
        what = _("recognised") if label == predicted else _("taken for {predicted}").format(predicted=self._called(predicted))
        text = _("{label} {what}: {count:,} of {total:,}{share}")
        return text.format(label=self._called(label), what=what, count=count, total=total, share=share)

    def _called(self, label: int) -> str:
        return self._names[label] if self._names else str(label)

    def _layout(self, width: int, height: int) -> Layout:
        """What of the matrix there is room for: counts, or of many classes percentages, around the chosen cell."""
        classes = len(self.counts)
        head = min(max(cell_len(_("true")), *(cell_len(self._called(label)) for label in range(classes))), LONGEST_NAME) + 2
        cell = max(5, len(str(int(self.counts.max()))) + 1)
        is_brief = head + classes * cell + RECALL > width
        # Names of classes have as much room as there is.
        longest = max(cell_len(self._called(label)) for label in range(classes)) + 1
        cell = PERCENT if is_brief else max(cell, min(longest, (width - head - RECALL) // classes))
        across = min(max((width - head - RECALL) // cell, 1), classes)
        down = min(max(height - BESIDE, 1), classes)
        row, column = self.cell or (0, 0)
        top, left = (min(max(place - room // 2, 0), classes - room) for place, room in ((row, down), (column, across)))
        return Layout(head, cell, range(top, top + down), range(left, left + across), is_brief)

    def draw(self, width: int, height: int) -> list[Row]:
        if self._examination is None:
            return [[(line, "")] for line in self._nothing.split("\n")]
        counts, recall, layout = self.counts, self._examination.recall, self._layout(width, height)
        head, cell = layout.head, layout.cell
        labels = "".join(rjust(shorten(self._called(label), cell - 1), cell) for label in layout.columns)
        heading: Row = [(ljust(_("true"), head) + labels + rjust(_("recall"), RECALL), "confusion--head")]
        most = max(int((counts - np.diag(counts.diagonal())).max()), 1)
        rows = [heading]
        for label in layout.rows:
            pieces: Row = [(rjust(shorten(self._called(label), head - 2), head - 2) + "  ", "confusion--head")]
            total = max(int(counts[label].sum()), 1)
            for predicted in layout.columns:
                count = int(counts[label, predicted])
                told = min(max(round(100 * count / total), 1), 99) if layout.is_brief and count else count
                chosen = (label, predicted) == self.cell
                style = "confusion--cursor" if chosen else self._shade(count, most, right=label == predicted)
                pieces += [(">" if chosen else " ", style if chosen else ""), (f"{told or self._none:>{cell - 1}}", style)]
            share = "" if np.isnan(recall[label]) else f"{recall[label]:.1%}"
            rows.append([*pieces, (f"{share:>{RECALL}}", "")])
        what = (
            _("percent of each row; rows: what they are")
            if layout.is_brief
            else _("rows: what they are; columns: what they were taken for")
        )
        return [*rows, [(self.sentence(), "")], [(what, "confusion--head")]][:height]

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
        layout = self._layout(self.size.width, self.size.height)
        column, row = (offset.x - layout.head) // layout.cell, offset.y - 1
        if 0 <= row < len(layout.rows) and 0 <= column < len(layout.columns):
            self._choose(layout.rows[row], layout.columns[column])
