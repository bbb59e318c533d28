"""The staircase of gradients as a widget: a bar for each layer of weights, and what its figures mean."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import isfinite
from typing import ClassVar, NamedTuple

from rich.cells import cell_len

from tui_trainer.history.measurements import Measurement
from tui_trainer.history.quantities import FIGURES
from tui_trainer.history.quantity import Band, Grade, LayerQuantity, LayerTableCell
from tui_trainer.history.staircase import AILING, Span, Stair, descent, limits, span, stairs
from tui_trainer.text import drawing
from tui_trainer.text.cells import cut, ljust, rjust
from tui_trainer.text.drawing import Row
from tui_trainer.text.language import _
from tui_trainer.ui.chart.painted import Painted

LEAST_BAR = 10
"""Columns of the bars below which what stands beside them is given up."""

ENOUGH_BAR = 32
"""Columns of the bars before further figures are shown."""

LONGEST_NAME = 12

GAP = 2
"""Columns between two of the table."""


class Marks(NamedTuple):
    """The characters beside those of the bars."""

    behind: str
    """How far the run before comes, beyond the bar."""
    within: str
    """And within the bar."""
    limit: str
    """Where a gradient begins to count as vanishing, and as exploding."""


MARKS = Marks("░", "│", "┊")
PLAIN_MARKS = Marks("-", "+", ":")


class Column(NamedTuple):
    """A figure beside the bars."""

    figure: LayerQuantity
    cell: LayerTableCell
    place: int
    """Among the FIGURES."""

    @property
    def width(self) -> int:
        """Of the cells and the head."""
        return max(self.cell.width, cell_len(_(self.cell.head)))


def _columns() -> tuple[Column, ...]:
    return tuple(Column(figure, figure.cell, place) for place, figure in enumerate(FIGURES.values()) if figure.cell)


class Frame(NamedTuple):
    """How the room is shared out."""

    name: int
    bar: int
    word: int
    columns: tuple[Column, ...]


class Staircase(Painted, can_focus=True):
    """All layers at once: of a deep network neighbours share a bar. Behind it may stand another run's."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "stairs--name",
        "stairs--axis",
        "stairs--limit",
        "stairs--behind",
        *(f"stairs--{grade.value}" for grade in Grade),
    }

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._measured: Measurement | None = None
        self._behind: Measurement | None = None
        self._span: Span | None = None
        self._layers = 1

    @property
    def is_plain(self) -> bool:
        """Whether the terminal has no other characters than ASCII's."""
        return self.app.has_class("-plain")

    @property
    def wanted_height(self) -> int:
        """Lines for the heads, all layers, and what becomes of the gradient."""
        return (len(self._measured.names) if self._measured else self._layers) + 2

    def begin(self, layers: int) -> None:
        """Make ready for another run, of so many layers of weights."""
        self._layers, self._span = layers, None
        self.show(None)
        self.refresh(layout=True)

    def show(self, measured: Measurement | None, behind: Measurement | None = None) -> int:
        """Show how the layers fare, before another run's, and return how many columns have to be written anew."""
        self._measured, self._behind = measured, behind
        return self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        if self._measured is None:
            return [[(cut(_("the layers are measured from the first batch on"), width), "stairs--axis")]]
        told = descent(self._measured, _)
        has_words = bool(told) and height > 3
        found = stairs(self._measured, max(height - 1 - has_words, 1))
        behind = self._stairs_behind(found)
        gradients = [stair.gradient for stair in (*found, *filter(None, behind))]
        # A scale that grows with the run, and does not jump back.
        scale = self._span = span(gradients).including(self._span)
        room = _frame(found, width)
        rows = [self._heads(scale, room)]
        # Where gradients begin to vanish and to explode is the same in all rows.
        ends = [int(scale.share(limit) * room.bar) for limit in limits(self._measured) if isfinite(limit)]
        rows += [self._row(stair, before, scale, room, ends) for stair, before in zip(found, behind, strict=True)]
        if has_words:
            # Where there is no room for all of it, what comes first.
            text = told if cell_len(told) <= width else told.partition(":")[0]
            rows.append([(cut(text, width), _style(found[0].bands[0]))])
        return rows

    def _stairs_behind(self, found: Sequence[Stair]) -> list[Stair | None]:
        """The other run's layers beside which this run's stand: by their names, and the output layer by the output layer."""
        assert self._measured
        if self._behind is None:
            return [None] * len(found)
        others = stairs(self._behind, len(self._behind.names))
        by_name = {stair.name: stair for stair in others[:-1]}
        last = len(self._measured.names) - 1
        return [others[-1] if stair.layer == last else by_name.get(self._measured.names[stair.layer]) for stair in found]

    def _heads(self, scale: Span, room: Frame) -> Row:
        low, high = f"1e{scale.low}", f"1e{scale.high}"
        axis = f"{low}{high:>{room.bar - len(low)}}" if room.bar > len(low) + len(high) else low
        texts = [ljust(_("layer"), room.name), axis.ljust(room.bar), " " * (room.word + 1)]
        texts += [rjust(_(column.cell.head), column.width) + " " * GAP for column in room.columns]
        return [("".join(texts), "stairs--axis")]

    def _row(self, stair: Stair, behind: Stair | None, scale: Span, room: Frame, ends: Sequence[int]) -> Row:
        meaning = stair.meaning
        name = stair.name if len(stair.name) < room.name else f"{stair.name[: room.name - 2]}~"
        row: Row = [(ljust(name, room.name), "stairs--name")]
        row += self._bar(stair, behind, scale, room.bar, ends)
        row.append((" " + ljust(_(meaning.word) if meaning else "", room.word), _style(meaning)))
        for column in room.columns:
            value, band = float(stair.figures[column.place]), stair.bands[column.place]
            row.append((rjust(format(value, column.cell.form) if band else "", column.width) + " " * GAP, _style(band)))
        return row

    def _bar(self, stair: Stair, behind: Stair | None, scale: Span, width: int, ends: Sequence[int]) -> Iterator[tuple[str, str]]:
        marks, style = PLAIN_MARKS if self.is_plain else MARKS, _style(stair.bands[0])
        if not isfinite(stair.gradient):
            yield "!" * width, style
            return
        bar = drawing.bar(scale.share(stair.gradient), width, is_ascii=self.is_plain)
        cells = [(character, style) for character in bar] + [(" ", "")] * (width - len(bar))
        for place in ends:
            if len(bar) <= place < width and place:
                cells[place] = marks.limit, "stairs--limit"
        if behind:
            end = min(round(scale.share(behind.gradient) * width), width)
            for place in range(len(bar), end):
                cells[place] = marks.behind, "stairs--behind"
            if 0 < end < len(bar):
                cells[end] = marks.within, "stairs--behind"
        for same, pieces in groupby(cells, key=lambda cell: cell[1]):
            yield "".join(character for character, _ in pieces), same


def _frame(found: Sequence[Stair], width: int) -> Frame:
    """Names, bars and words; then the figures, as many as leave the bars room, first those that are wrong somewhere."""
    name = min(max(len(stair.name) for stair in found), LONGEST_NAME) + 1
    word = max(cell_len(_(band.word)) for figure in FIGURES.values() if figure.cell for band in figure.bands) + GAP
    room = width - name - word - 1
    if room < LEAST_BAR:
        return Frame(name, max(width - name, 1), 0, ())
    chosen: list[Column] = []
    for column in sorted(_columns(), key=lambda column: (not _ails(column, found), -column.cell.importance)):
        least = LEAST_BAR if not chosen else ENOUGH_BAR
        if room - column.width - GAP < least:
            break
        room -= column.width + GAP
        chosen.append(column)
    return Frame(name, room, word, tuple(column for column in _columns() if column in chosen))


def _ails(column: Column, found: Sequence[Stair]) -> bool:
    return any(band and band.grade in AILING for band in (stair.bands[column.place] for stair in found))


def _style(band: Band | None) -> str:
    return f"stairs--{band.tone.value}" if band else "stairs--axis"
