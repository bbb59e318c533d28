"""A map of two swept options: the mean in each cell and its spread over the seeds, in numbers and in shades."""

from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui_trainer.sweep.board import Board
from tui_trainer.sweep.heat import Cell, Heat, heat
from tui_trainer.sweep.space import SEED
from tui_trainer.system.folders import printable
from tui_trainer.text.cells import cut, ljust, rjust, shorten
from tui_trainer.text.drawing import Row
from tui_trainer.text.language import _, ngettext
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.kit.contrast import best_mark
from tui_trainer.ui.kit.titles import entitle

SPREAD = " ±9.99"
"""The widest spread; where there is no room for it, the sentence below tells that of the cell under the cursor."""

MEAN = "100.00"

SHADES = 5

HEADS = 2
"""Rows above the cells."""


class SweepHeat(Painted, can_focus=True):
    """Cells of means in percent; one of them has the cursor, and is told of in a sentence."""

    DEFAULT_CLASSES = "pane"

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("heat--name", "heat--axis", "heat--cursor"),
        *(f"sweep--shade-{level}" for level in range(SHADES)),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", "Up", tooltip="On the map: go to the value above (mouse: click a cell)", show=False),
        Binding("down", "move(1, 0)", "Down", tooltip="On the map: go to the value below", show=False),
        Binding("left", "move(0, -1)", "Left", tooltip="On the map: go to the value at the left", show=False),
        Binding("right", "move(0, 1)", "Right", tooltip="On the map: go to the value at the right", show=False),
        Binding("a", "axis(True)", "Across", tooltip="On the map: the next option across (mouse: click its name)"),
        Binding("d", "axis(False)", "Down", tooltip="On the map: the next option down (mouse: click its name)"),
        Binding("b", "of_best", "Best", tooltip="On the map: of the configurations in a cell the best, or the mean of all"),
        Binding(
            "enter", "choose", "To table", tooltip="On the map: find the runs of the cell in the table (mouse: double click)", show=False
        ),
    ]

    class Chosen(Message):
        """The runs of a cell are wanted."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.heat = Heat("", "", (), (), {})
        self._board: Board | None = None
        self._axes: tuple[str, str] | None = None
        """Down and across."""
        self._is_of_best = False
        self.cell: tuple[int, int] | None = None
        """Under the cursor; None until it is moved: then it is the best."""
        self._top, self._left = 0, 0

    def show(self, board: Board) -> None:
        """Map another state of the sweep."""
        self._board = board
        if board.names and self._axes is None:
            # Where one option is swept, its seeds stand across.
            down, across, *_ = *sorted(board.names, key=lambda name: name == SEED), "", ""
            self._axes = down, across
        self._map()

    def _map(self) -> None:
        if not self._board or not self._axes:
            return
        self.heat = heat(self._board, *self._axes, of_best=self._is_of_best)
        others = ", ".join(_words(printable(name)) for name in self._board.names if name != SEED and name not in self._axes)
        over = _("best over {options}") if self._is_of_best else _("mean over {options}")
        entitle(self, title=_("Validation accuracy (%)"), subtitle=over.format(options=others) if others else "")
        self.repaint()

    @property
    def place(self) -> tuple[int, int]:
        """The cell that is told of."""
        down, across = self.cell or self.heat.best or (0, 0)
        return min(down, max(len(self.heat.rows) - 1, 0)), min(across, max(len(self.heat.columns) - 1, 0))

    # What it looks like

    def draw(self, width: int, height: int) -> list[Row]:
        shown = self.heat
        if not shown.cells:
            return [[(_("no run has ended yet"), "heat--axis")]]
        down, across = self.place
        head = self._head(width)
        size = self._cell_width(width, head)
        fitting = max((width - head) // size, 1)
        rows = max(height - HEADS - 1, 1)
        self._left = _kept(self._left, across, fitting, len(shown.columns))
        self._top = _kept(self._top, down, rows, len(shown.rows))
        columns = range(self._left, min(self._left + fitting, len(shown.columns)))
        more = f"{'<' if columns.start else ''}{'>' if columns.stop < len(shown.columns) else ''}"
        name = f"{_words(shown.across)} {more}"
        name = cut(name, min(cell_len(name), width - head))
        titles = "".join(rjust(shorten(shown.columns[column] or _("all"), size - 2), size - 1) + " " for column in columns)
        lines: list[Row] = [
            [(" " * head, "heat--axis"), (name, "heat--name")],
            [(ljust(shorten(_words(shown.down), head - 1), head), "heat--name"), (titles, "heat--axis")],
        ]
        lines += [self._row(row, columns, head, size) for row in range(self._top, min(self._top + rows, len(shown.rows)))]
        return [*lines, [(self.sentence(), "heat--axis")]]

    def _head(self, width: int) -> int:
        return min(max(cell_len(text) for text in (*self.heat.rows, _words(self.heat.down))) + 1, max(width // 3, 6))

    def _cell_width(self, width: int, head: int) -> int:
        """Columns for a cell, with its spread where that leaves room for all."""
        spread = len(SPREAD) if any(cell.spread is not None for cell in self.heat.cells.values()) else 0
        least = max(len(MEAN) + 2, *(min(cell_len(label), 10) + 2 for label in self.heat.columns))
        wide = max(len(MEAN) + spread + 2, least)
        return wide if wide * len(self.heat.columns) <= width - head else least

    def _row(self, row: int, columns: range, head: int, size: int) -> Row:
        pieces: Row = [(ljust(shorten(self.heat.rows[row] or _("all"), head - 1), head), "heat--axis")]
        for column in columns:
            place = row, column
            cell = self.heat.cells.get(place)
            style = "heat--cursor" if place == self.place and self.has_focus else self._shade(place)
            marks = "[]" if place == self.place else "  "
            pieces.append((f"{marks[0]}{self._text(cell, place, size - 2):>{size - 2}}{marks[1]}", style))
        return pieces

    def _text(self, cell: Cell | None, place: tuple[int, int], size: int) -> str:
        if cell is None:
            return "-"
        best = best_mark(self.app) if place == self.heat.best else ""
        text = f"{100 * cell.mean:.2f}"
        spread = _spread(cell) if size >= len(MEAN) + len(SPREAD) else ""
        return f"{best}{text}{spread}" if len(best + text + spread) <= size else f"{best}{100 * cell.mean:.1f}{spread}"[:size]

    def _shade(self, place: tuple[int, int]) -> str:
        rank = self.heat.ranks.get(place)
        return "heat--axis" if rank is None else f"sweep--shade-{min(int(rank * SHADES), SHADES - 1)}"

    def sentence(self) -> str:
        """The cell under the cursor in words."""
        down, across = self.place
        where = ", ".join(filter(None, (self.heat.rows[down], self.heat.columns[across])))
        cell = self.heat.cells.get((down, across))
        if cell is None:
            return f"{where}: {_('no run has ended yet')}"
        spread = _("{spread} over seeds").format(spread=_spread(cell)) if cell.spread is not None else ""
        runs = ngettext(", {count} run", ", {count} runs", cell.runs).format(count=cell.runs)
        several = _(" of {count} configurations").format(count=cell.configurations) if cell.configurations > 1 else ""
        diverged = _(", {count} diverged").format(count=cell.diverged) if cell.diverged else ""
        return f"{where}: {100 * cell.mean:.2f}%{spread}{runs}{several}{diverged}"

    # What keys and the mouse do

    def _go(self, down: int, across: int) -> None:
        if self.heat.cells:
            self.cell = min(max(down, 0), len(self.heat.rows) - 1), min(max(across, 0), len(self.heat.columns) - 1)
            self.repaint()

    def action_move(self, down: int, across: int) -> None:
        """Go to a cell beside this one."""
        self._go(self.place[0] + down, self.place[1] + across)

    def action_axis(self, is_across: bool) -> None:
        """Take the next option on an axis that the other has not; where there is none, the two change places."""
        if not self._board or not self._axes:
            return
        down, across = self._axes
        now, other = (across, down) if is_across else (down, across)
        free = [name for name in self._board.names if name != other]
        after = free[(free.index(now) + 1) % len(free)] if now in free else free[0] if free else other
        after, other = (other, now) if after == now else (after, other)
        self._axes = (other, after) if is_across else (after, other)
        self.cell, self._top, self._left = None, 0, 0
        self._map()

    def action_of_best(self) -> None:
        """Show the best of each cell, or the mean of all."""
        self._is_of_best = not self._is_of_best
        self._map()

    @property
    def query_text(self) -> str:
        """A filter that leaves the runs of the cell alone; values that stand together have no name of their own."""
        down, across = self.place
        pairs = (self.heat.down, self.heat.rows[down]), (self.heat.across, self.heat.columns[across])
        return " ".join(f"{name}={value}" for name, value in pairs if name and value and not {" ", "–"} & set(value))

    def action_choose(self) -> None:
        """Have the runs of the cell shown."""
        if self.heat.cells:
            self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """The name of an axis takes the next option, a cell has the cursor, a second click shows its runs."""
        offset = event.get_content_offset(self)
        if offset is None or not self.heat.cells:
            return
        head = self._head(self.size.width)
        if offset.y < HEADS:
            if (offset.y == 0) == (offset.x >= head):
                self.action_axis(offset.y == 0)
            return
        if offset.x >= head and offset.y < self.size.height - 1:
            row, column = self._top + offset.y - HEADS, self._left + (offset.x - head) // self._cell_width(self.size.width, head)
            if row < len(self.heat.rows) and column < len(self.heat.columns):
                self._go(row, column)
                if event.chain == 2:
                    self.action_choose()

    def on_focus(self) -> None:
        """The cursor is seen."""
        self.repaint()

    def on_blur(self) -> None:
        """The cursor is elsewhere."""
        self.repaint()


def _spread(cell: Cell) -> str:
    """In as many characters, however wide it is."""
    return "" if cell.spread is None else f" ±{100 * cell.spread:.{1 if cell.spread >= 0.09995 else 2}f}"


def _kept(first: int, cursor: int, room: int, count: int) -> int:
    """Where what is in sight begins, so that the cursor is in it."""
    first = min(max(first, cursor - room + 1), cursor)
    return max(min(first, count - room), 0)


def _words(name: str) -> str:
    return _(name.replace("_", " "))
