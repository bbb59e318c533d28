"""The runs of a sweep, or its configurations, in a table of thousands of rows of which only those in sight are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui_trainer.sweep.table import ACCURACY, SHORT, Table, TableRow
from tui_trainer.text.cells import ljust, rjust, shorten
from tui_trainer.text.language import _
from tui_trainer.ui.chart.curve import RUN_PENS, Pen
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.kit.contrast import best_mark

Pieces = list[tuple[str, str]]

EDGE = 4
"""Columns before the first one of the table: a run's mark on the charts, and that of the best."""

WIDEST = 22

ENDS = 1_000_000
"""Rows from any to either end."""


@dataclass(frozen=True)
class RunMark:
    """What a run has on the charts."""

    character: str
    pen: Pen


class SweepTable(Painted, can_focus=True):
    """A row has the cursor, which stays with what it is on however the rows are sorted; a column has what they are sorted by."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"sweep--{part}" for part in ("head", "sorted", "row", "cursor", "best", "bad", "open")),
        *(pen.style for pen in RUN_PENS),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", tooltip="In the table: draw a run's curves, or no more; up to six (mouse: click at its left)"),
        Binding("enter", "open", "Open", tooltip="In the table: open the run on a screen of its own (mouse: double click)", show=False),
        Binding("up", "move(-1)", "Up", tooltip="In the table: go up (mouse: click, wheel)", show=False),
        Binding("down", "move(1)", "Down", tooltip="In the table: go down", show=False),
        Binding("pageup", "page(-1)", "Page up", tooltip="In the table: go up by as many rows as there is room for", show=False),
        Binding("pagedown", "page(1)", "Page down", tooltip="In the table: go down by as many rows as there is room for", show=False),
        Binding("home", f"move({-ENDS})", "Top", tooltip="In the table: go to the first row", show=False),
        Binding("end", f"move({ENDS})", "Bottom", tooltip="In the table: go to the last row", show=False),
        Binding(
            "left", "sort(-1)", "Sort left", tooltip="In the table: sort by the column to the left (mouse: click its head)", show=False
        ),
        Binding("right", "sort(1)", "Sort right", tooltip="In the table: sort by the column to the right", show=False),
        Binding("r", "reverse", "Reverse", tooltip="In the table: turn the order round (mouse: click the head again)", show=False),
    ]

    class Pointed(Message):
        """The cursor is on another row."""

    class Marked(Message):
        """The row under the cursor is to be marked, or no more."""

    class Opened(Message):
        """The row under the cursor is to be opened."""

    class Sorted(Message):
        """The order is another one."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.table = Table((), ())
        self.rows: Sequence[TableRow] = ()
        self.query_text = ""
        self.head, self.descending = ACCURACY, True
        self.empty = ""
        """What to say where there is no row."""
        self._widths: tuple[int, ...] = ()
        self._numbers: tuple[bool, ...] = ()
        self._marks: Mapping[str, RunMark] = {}
        self._cursor, self._top, self._first = 0, 0, 0

    @property
    def chosen(self) -> TableRow | None:
        """The row under the cursor."""
        return self.rows[self._cursor] if self._cursor < len(self.rows) else None

    @property
    def place(self) -> str:
        """Where the cursor is, in words."""
        if not self.rows:
            return ""
        of = _(" of {count:,}").format(count=len(self.table.rows)) if len(self.rows) < len(self.table.rows) else ""
        return f"{self._cursor + 1:,}/{len(self.rows):,}{of}"

    def show(self, table: Table) -> None:
        """Show these rows instead."""
        self.table = table
        if self.head not in table.heads:
            self.head = ACCURACY if ACCURACY in table.heads else ""
        self._widths = table.widths(WIDEST)
        self._numbers = tuple(table.is_number(column) for column in range(len(table.heads)))
        self.order()

    def show_marks(self, marks: Mapping[str, RunMark]) -> None:
        """Show which runs are on the charts."""
        self._marks = marks
        self.repaint()

    def order(self) -> None:
        """Sort and filter; the cursor stays with its row, or on the first one until it is moved."""
        before = self.chosen
        self.rows = self.table.view(self.head, self.query_text, descending=self.descending)
        if before and self._cursor:
            place = next((place for place, row in enumerate(self.rows) if row.keys[0] == before.keys[0]), self._cursor)
            self._cursor = place
        self._go(self._cursor, told=self.chosen is not before)

    def _go(self, row: int, *, told: bool = True) -> None:
        before, self._cursor = self._cursor, min(max(row, 0), max(len(self.rows) - 1, 0))
        self.repaint()
        if told or before != self._cursor:
            self.post_message(self.Pointed())

    # What it looks like

    def draw(self, width: int, height: int) -> list[Pieces]:
        if not self.rows:
            return [[(self.empty, "sweep--head")]]
        visible = max(height - 1, 1)
        self._top = min(max(self._top, self._cursor - visible + 1), self._cursor)
        self._top = max(min(self._top, len(self.rows) - visible), 0)
        columns = self._columns(width)
        return [self._heads(columns), *(self._row(place, columns) for place in range(self._top, min(self._top + visible, len(self.rows))))]

    def _columns(self, width: int) -> list[tuple[int, int, int]]:
        """Those there is room for, the sorted one among them: each with where it begins and how wide it is."""
        sorted_by = self.table.heads.index(self.head) if self.head in self.table.heads else 0
        self._first = min(self._first, sorted_by)
        while self._first < sorted_by and self._extent(self._first, sorted_by) > width:
            self._first += 1
        columns: list[tuple[int, int, int]] = []
        start = EDGE
        for column in range(self._first, len(self.table.heads)):
            size = self._width(column)
            if columns and start + size > width:
                break
            columns.append((column, start, size))
            start += size + 1
        return columns

    def _extent(self, first: int, last: int) -> int:
        return EDGE + sum(self._width(column) + 1 for column in range(first, last + 1)) - 1

    def _width(self, column: int) -> int:
        # With a mark beside the head of the one that is sorted by.
        return max(self._widths[column], cell_len(self._label(column)) + (self.table.heads[column] == self.head))

    def _label(self, column: int) -> str:
        head = self.table.heads[column]
        return _(SHORT.get(head, head.replace("_", " ")))

    def _heads(self, columns: Sequence[tuple[int, int, int]]) -> Pieces:
        pieces: Pieces = [("".ljust(EDGE), "sweep--head")]
        for column, _start, size in columns:
            is_sorted = self.table.heads[column] == self.head
            text = self._label(column) + (("▼" if self.descending else "▲") if is_sorted else "")
            pieces += [(self._aligned(column, text, size), "sweep--sorted" if is_sorted else "sweep--head"), (" ", "sweep--head")]
        return pieces

    def _row(self, place: int, columns: Sequence[tuple[int, int, int]]) -> Pieces:
        row = self.rows[place]
        is_cursor = place == self._cursor
        style = "sweep--bad" if row.is_bad else "sweep--best" if row.is_best else "sweep--open" if row.is_open else "sweep--row"
        style = "sweep--cursor" if is_cursor and self.has_focus else style
        mark = next((self._marks[key] for key in row.keys if key in self._marks), None)
        best = best_mark(self.app) if row.is_best else " "
        pieces: Pieces = [
            (">" if is_cursor else " ", style),
            (mark.character if mark else " ", mark.pen.style if mark and style != "sweep--cursor" else style),
            (f"{best} ", style),
        ]
        return pieces + [(self._aligned(column, row.cells[column], size) + " ", style) for column, _start, size in columns]

    def _aligned(self, column: int, text: str, size: int) -> str:
        text = shorten(text, size)
        return rjust(text, size) if self._numbers[column] else ljust(text, size)

    # What keys and the mouse do

    def action_move(self, rows: int) -> None:
        """Go up or down."""
        self._go(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        """Go up or down by what is in sight."""
        self._go(self._cursor + pages * max(self.size.height - 2, 1))

    def action_mark(self) -> None:
        """Mark the row, or no more."""
        self.post_message(self.Marked())

    def action_open(self) -> None:
        """Open the row."""
        self.post_message(self.Opened())

    def action_sort(self, columns: int) -> None:
        """Sort by a column beside this one."""
        if self.table.heads:
            self._sort(min(max(self.table.heads.index(self.head) + columns, 0), len(self.table.heads) - 1))

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.descending = not self.descending
        self.order()
        self.post_message(self.Sorted())

    def _sort(self, column: int) -> None:
        head = self.table.heads[column]
        if head == self.head:
            return
        # The best of a figure first; names and what was chosen in their own order.
        self.head, self.descending = head, head == ACCURACY
        self.order()
        self.post_message(self.Sorted())

    def on_click(self, event: events.Click) -> None:
        """A head sorts, a row has the cursor, its left end marks it, and a second click opens it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y == 0:
            for column, start, size in self._columns(self.size.width) if self.rows else ():
                if start <= offset.x <= start + size:
                    if self.table.heads[column] == self.head:
                        self.action_reverse()
                    else:
                        self._sort(column)
            return
        if self._top + offset.y - 1 < len(self.rows):
            self._go(self._top + offset.y - 1)
            if offset.x < EDGE:
                self.action_mark()
            elif event.chain == 2:
                self.action_open()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go up."""
        event.stop()
        self.action_move(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go down."""
        event.stop()
        self.action_move(3)

    def on_focus(self) -> None:
        """The cursor is seen."""
        self.repaint()

    def on_blur(self) -> None:
        """The cursor is elsewhere."""
        self.repaint()
