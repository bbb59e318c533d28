"""The network as a picture: a column of cells for each layer, as bright as its units are, and its strongest connections between."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from tui_trainer.text.cells import rjust, shorten
from tui_trainer.text.drawing import Look, Row, bar, resized
from tui_trainer.trained.activity import Activity, Connections, LayerActivity
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.chart.raster import BRAILLE, PLAIN, Canvas
from tui_trainer.ui.inside.gallery import TRUE, picture

DIM, BRIGHT = (38, 44, 54), (255, 224, 150)

STEPS = 6
"""Brightnesses of a cell: each change of one is some thirty bytes on the line."""

DEAD = -2
"""What a cell has in place of a brightness, where a unit is dead."""

BARE = -1
"""Where there is no cell."""

FAINT, STRONG = (16, 22, 34), (50, 96, 152)

CELLS = {Look.BLOCKS: "·░▒▓▓█", Look.ASCII: "_:=+*#"}
"""Characters of a cell where there are no colours, from dark to bright."""

DEAD_CELL = {Look.BLOCKS: "×", Look.ASCII: "x"}

WIDEST_GAP = 20
LEAST_LINES = 4
"""Columns between two layers from which on connections are lines; with fewer they are shades."""

LINES_A_COLUMN, MOST_LINES = 2, 24
"""Lines at most, for each column of a gap, and in all: more cannot be told apart."""

APART = 6
"""Columns between two changes from which on they are written one by one."""

BYTES_A_PLACE, BYTES_A_STYLE = 8, 34
"""What it takes on the line to go somewhere, and to write in another style."""

LARGEST_CELL = 3

LONGEST_NAME = 8
"""Columns of the name of a class before its bar."""

LONGEST_BAR = 40

LARGE, SMALL = (28, 26), (14, 15)
"""Columns of the image, and of the output with its bars."""

WIDE = 110
"""Columns from which on these are large, where that leaves room for lines."""

PENS = ("", "network--raises", "network--lowers")


def _between(share: float, low: tuple[int, int, int], high: tuple[int, int, int]) -> str:
    return "rgb(" + ",".join(str(round(a + share * (b - a))) for a, b in zip(low, high, strict=True)) + ")"


_BRIGHTNESS = [_between(step / (STEPS - 1), DIM, BRIGHT) for step in range(STEPS)]
_STRENGTH = [_between(step / (STEPS - 1), FAINT, STRONG) for step in range(STEPS)]
_COLOURS = {BARE: "", DEAD: "rgb(170,30,50)", **dict(enumerate(_BRIGHTNESS)), **dict(enumerate(_STRENGTH, 10))}


@dataclass(frozen=True)
class Column:
    """Where a layer's cells are: `down` of them in each of `across` columns, of `size` dots either way; of many units several to a cell."""

    units: int
    dots: int
    """Rows of dots that there are in all."""
    down: int
    across: int
    size: int

    @classmethod
    def of(cls, units: int, dots: int, size: int, most_across: int) -> "Column":
        """As many columns as the units take, but not more than `most_across`."""
        fitting = max(dots // size, 1)
        across = min(-(-units // fitting), max(most_across, 1))
        return cls(units, dots, min(-(-units // across), fitting), across, size)

    @property
    def width(self) -> int:
        """Columns of characters."""
        return self.across * self.size

    @property
    def top(self) -> int:
        """Dots above the first cell."""
        return (self.dots - self.down * self.size) // 2

    def cells(self, units: NDArray[np.intp]) -> NDArray[np.intp]:
        """The numbers of the cells of these units, counted downwards."""
        return np.minimum(units * min(self.down * self.across, self.units) // self.units, self.down * self.across - 1)

    def heights(self, units: NDArray[np.intp]) -> NDArray[np.float64]:
        """How far down these units are, as shares of all there is."""
        return (self.top + (self.cells(units) % self.down + 0.5) * self.size) / self.dots

    def levels(self, layer: LayerActivity) -> NDArray[np.intp]:
        """The levels of all dots (dots, width): a cell of several units is as bright as the brightest, and dead where all are."""
        cells = self.cells(np.arange(self.units))
        shares, dead = np.full(self.down * self.across, -1.0), np.ones(self.down * self.across, np.bool_)
        np.maximum.at(shares, cells, np.clip(layer.shares, 0, 1))
        np.logical_and.at(dead, cells, layer.dead)
        levels = np.where(shares < 0, BARE, np.where(dead, DEAD, np.rint(np.sqrt(np.maximum(shares, 0)) * (STEPS - 1)).astype(np.intp)))
        grid = levels.reshape(self.across, self.down).T.repeat(self.size, 0).repeat(self.size, 1)
        found = np.full((self.dots, self.width), BARE)
        found[self.top : self.top + len(grid)] = grid
        return found


@dataclass(frozen=True)
class Layout:
    """What has room: the layers that are shown with their columns, and how wide the gap before each and before the output is."""

    shown: tuple[int, ...]
    columns: tuple[Column, ...]
    gap: int

    @classmethod
    def of(cls, units: Sequence[int], width: int, dots: int) -> "Layout":
        """For hidden layers of so many units: the largest cells with room for lines, else smaller ones, else the first and last layers."""
        for size in range(LARGEST_CELL, 0, -1):
            columns = tuple(Column.of(count, dots, size, width) for count in units)
            gap = (width - sum(column.width for column in columns)) // (len(units) + 1)
            if gap >= (2 * LEAST_LINES if size > 1 else LEAST_LINES):
                return cls(tuple(range(len(units))), columns, min(gap, WIDEST_GAP))
        most = max((width - (len(units) + 1)) // max(len(units), 1), 1)
        shown = tuple(range(len(units)))
        if (room := (width - 1) // 2) < len(units):
            # One column of the room is for what is left out.
            first = max(room - 1, 2) // 2
            shown = (*range(first), *range(len(units) - max(room - 1 - first, 1), len(units)))
        columns = tuple(Column.of(units[layer], dots, 1, most) for layer in shown)
        gap = (width - sum(column.width for column in columns) - (len(shown) < len(units))) // (len(shown) + 1)
        return cls(shown, columns, max(min(gap, WIDEST_GAP), 1))

    @property
    def left_out(self) -> tuple[int, int] | None:
        """The first and the last hidden layer, from 0, for which there is no room."""
        jump = next((place for place in range(1, len(self.shown)) if self.shown[place] - self.shown[place - 1] > 1), None)
        return None if jump is None else (self.shown[jump - 1] + 1, self.shown[jump] - 1)


@dataclass(frozen=True)
class Shown:
    """A sample, and what the network does with it."""

    levels: NDArray[np.uint8] | None
    """The image in levels of gray; None where it is none."""
    activity: Activity
    truth: int | None
    """The class of a test image."""
    names: Sequence[str] = ()
    """What the classes are called; without, by their numbers."""


class NetworkPicture(Painted, can_focus=True):
    """Image, layers and output from left to right; left and right arrows choose the image, up and down the layer that is told of."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("network--head", "network--chosen", "network--raises", "network--lowers", "network--truth", "network--likeliest")
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "sample(-1)", "Previous", tooltip="In the network: the test image before; at last what was drawn", show=False),
        Binding("right", "sample(1)", "Next image", tooltip="In the network: the next test image"),
        Binding("up", "layer(-1)", "Layer before", tooltip="In the network: tell of the layer before (mouse: click)", show=False),
        Binding("down", "layer(1)", "Next layer", tooltip="In the network: tell of the next layer"),
    ]

    @dataclass
    class Sampled(Message):
        """Another image is wanted, so many places further."""

        by: int

    class Chosen(Message):
        """Another layer is told of."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.shown: Shown | None = None
        self._nothing = ""
        self._chosen: int | None = None
        """A layer from 0; None for the last hidden one."""
        self._places: list[tuple[int, int, int]] = []
        """Of each layer that is drawn its number, the column where it begins, and the one after it."""
        self.left_out: tuple[int, int] | None = None
        """The first and the last layer, from 0, for which there was no room."""
        self.has_lines = False
        """Whether connections are drawn as lines."""

    def show(self, shown: Shown | None, nothing: str = "") -> int:
        """Show this, or why there is nothing; tells about how many bytes that is on the line."""
        self.shown, self._nothing = shown, nothing
        return self.repaint()

    def repaint(self) -> int:
        """Draw what is to be shown now, but write only the cells that are others, and tell about how many bytes that is."""
        before = self._rows if self._drawn_for == self.size else None
        if before is None or not self.is_on_screen or not self.size:
            return super().repaint()
        self._draw()
        if len(before) != len(self._rows):
            self.refresh()
            return 0
        rows = enumerate(zip(before, self._rows, strict=True))
        spans = [span for y, (old, new) in rows if old != new for span in _changed_spans(y, old, new)]
        if spans:
            self.refresh(*(region for region, _ in spans))
        return sum(BYTES_A_PLACE + BYTES_A_STYLE * styles + region.width for region, styles in spans)

    @property
    def chosen(self) -> int:
        """The layer that is told of, from 0."""
        count = len(self.shown.activity.layers) if self.shown else 1
        return max(count - 2, 0) if self._chosen is None else min(self._chosen, count - 1)

    def draw(self, width: int, height: int) -> list[Row]:
        self._places, self.left_out = [], None
        if self.shown is None or height < 4:
            return [[(line, "")] for line in self._nothing.split("\n")]
        rows = height - 1
        sheet = Sheet(width, rows)
        layers = self.shown.activity.layers
        dots = 2 * rows if self.look is Look.SHADES else rows
        hidden, output = layers[:-1], layers[-1]
        for size, out in LARGE, SMALL:
            left = 0 if self.shown.levels is None else resized(self.shown.levels, size).shape[1]
            layout = Layout.of([len(layer.shares) for layer in hidden], width - left - out, dots)
            if layout.gap >= LEAST_LINES and width >= WIDE and rows >= LARGE[0] // 2:
                break
        features = self.shown.activity.features
        # Where there is no image the inputs are along the edge.
        inputs = (np.arange(features) + 0.5) / features if self.shown.levels is None else self._draw_image(sheet, self.shown.levels, size)
        self.left_out, self.has_lines = layout.left_out, layout.gap >= LEAST_LINES
        strongest = max((float(layer.strengths.max(initial=0)) for layer in layers), default=1.0) or 1.0
        heights = inputs
        column = left
        for place, number in enumerate(layout.shown):
            layer, cells = hidden[number], layout.columns[place]
            follows = place == 0 or layout.shown[place - 1] == number - 1
            column += not follows
            units = np.arange(cells.units)
            self._connect(sheet, column, layout.gap, layer, heights if follows else None, cells.heights(units), strongest)
            column += layout.gap
            self._draw_cells(sheet, column, cells.levels(layer))
            self._places.append((number, column, column + cells.width))
            heights = cells.heights(units)
            column += cells.width
        classes = np.arange(len(output.shares))
        ends = (np.floor((classes + 0.5) * rows / len(classes)) + 0.5) / rows
        self._connect(sheet, column, layout.gap, output, heights, ends, strongest)
        column += layout.gap
        self._places.append((len(layers) - 1, column, width))
        self._draw_output(sheet, column, self.shown, rows)
        return [self._heads(layout, width), *sheet.rows()]

    def _draw_image(self, sheet: "Sheet", levels: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
        """Draw it in the middle of the left side; tells how far down each pixel is, as shares of the height."""
        rows = picture(levels, size, self.look)[: sheet.height]
        top = (sheet.height - len(rows)) // 2
        for row, pieces in enumerate(rows, top):
            column = 0
            for text, style in pieces:
                sheet.write(row, column, text, style)
                column += len(text)
        down = np.repeat(np.arange(levels.shape[0]), levels.shape[1])
        heights: NDArray[np.float64] = (top + (down + 0.5) / levels.shape[0] * len(rows)) / sheet.height
        return heights

    def _draw_cells(self, sheet: "Sheet", column: int, levels: NDArray[np.intp]) -> None:
        if self.look is Look.SHADES:
            sheet.halves(column, levels)
            return
        characters = {BARE: " ", DEAD: DEAD_CELL[self.look], **dict(enumerate(CELLS[self.look]))}
        for row, line in enumerate(levels.tolist()):
            sheet.write(row, column, "".join(characters[level] for level in line), "")

    def _connect(
        self,
        sheet: "Sheet",
        column: int,
        gap: int,
        layer: LayerActivity,
        starts: NDArray[np.float64] | None,
        ends: NDArray[np.float64],
        strongest: float,
    ) -> None:
        """Draw what comes into a layer; nothing from where a layer is left out."""
        if starts is None:
            for row in range(sheet.height):
                sheet.write(row, column - 1, ":" if self.look is Look.ASCII else "┊", "network--head")
        elif gap >= LEAST_LINES and layer.connections:
            sheet.lines(column, gap, layer.connections, starts, ends, is_ascii=self.look is Look.ASCII)
        elif gap < LEAST_LINES and self.look is Look.SHADES and layer.connections:
            sheet.halves(column, _shaded(layer.strengths / strongest, ends, 2 * sheet.height, gap))

    def _draw_output(self, sheet: "Sheet", column: int, shown: Shown, rows: int) -> None:
        """A bar for each class, or for the likeliest; the likeliest and the true one stand out."""
        probabilities = shown.activity.probabilities
        count = len(probabilities)
        classes = np.arange(count) if count <= rows else np.sort(np.argsort(-probabilities, kind="stable")[:rows])
        names = [shorten(name, LONGEST_NAME) for name in shown.names or map(str, range(count))]
        likeliest, longest = int(probabilities.argmax()), max(map(cell_len, names))
        room = min(max(sheet.width - column - longest - 7, 1), LONGEST_BAR)
        for place, label in enumerate(classes.tolist()):
            row = label * rows // count + (rows // count) // 2 if count <= rows else place
            is_true = label == shown.truth
            style = "network--truth" if is_true else "network--likeliest" if label == likeliest else ""
            drawn = bar(float(probabilities[label]), room, is_ascii=self.look is Look.ASCII)
            mark = TRUE[self.look is Look.ASCII] if is_true else " "
            sheet.write(row, column, f"{mark}{rjust(names[label], longest)} {drawn:<{room}}{probabilities[label]:>5.0%}", style)

    def _heads(self, layout: Layout, width: int) -> Row:
        """The layers' numbers, as many as find room, the chosen one first."""
        heads: dict[int, tuple[str, str]] = {}
        taken = np.zeros(width + 2, np.bool_)
        chosen = self.chosen
        order = sorted(self._places, key=lambda place: (place[0] != chosen, place[0] > 0 and (place[0] + 1) % 5 > 0, place[0]))
        last = len(self.shown.activity.layers) - 1 if self.shown else 0
        for number, start, end in order:
            text = f">{number + 1}" if number == chosen else str(number + 1)
            at = min(max(start if number == last else (start + end - len(text)) // 2, 0), max(width - len(text), 0))
            if not taken[at : at + len(text) + 1].any():
                taken[at : at + len(text) + 1] = True
                heads[at] = text, "network--chosen" if number == chosen else "network--head"
        row: Row = []
        column = 0
        for at, (text, style) in sorted(heads.items()):
            row += [(" " * (at - column), ""), (text, style)]
            column = at + len(text)
        return row

    # What keys and the mouse do

    def action_sample(self, by: int) -> None:
        """Ask for another image."""
        self.post_message(self.Sampled(by))

    def action_layer(self, by: int) -> None:
        """Tell of another layer."""
        self._choose(self.chosen + by)

    def _choose(self, layer: int) -> None:
        if self.shown:
            self._chosen = min(max(layer, 0), len(self.shown.activity.layers) - 1)
            self.repaint()
            self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        """Tell of the layer that is clicked, or of the one into which what is clicked leads."""
        offset = event.get_content_offset(self)
        if offset is not None and (found := next((number for number, _, end in self._places if offset.x < end), None)) is not None:
            self._choose(found)


class Sheet:
    """Rows and columns of characters, each with a style."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._characters: list[list[str]] = [[" "] * width for _ in range(height)]
        self._styles: list[list[str]] = [[""] * width for _ in range(height)]

    def write(self, row: int, column: int, text: str, style: str) -> None:
        """Write a text of narrow characters, as far as there is room."""
        text = text[: max(self.width - column, 0)]
        self._characters[row][column : column + len(text)] = text
        self._styles[row][column : column + len(text)] = [style] * len(text)

    def halves(self, column: int, levels: NDArray[np.intp]) -> None:
        """Draw levels of dots (twice the height, width), two to a character."""
        pairs: list[tuple[list[int], list[int]]] = list(zip(levels[::2].tolist(), levels[1::2].tolist(), strict=True))
        for row, (upper, lower) in enumerate(pairs):
            for at, (above, below) in enumerate(zip(upper, lower, strict=True), column):
                if at < self.width and (above != BARE or below != BARE):
                    self._characters[row][at] = "▄" if above == BARE else "▀"
                    self._styles[row][at] = _pair(above, below)

    def lines(self, column: int, gap: int, connections: Connections, starts: NDArray[Any], ends: NDArray[Any], *, is_ascii: bool) -> None:
        """Draw the strongest connections as lines over the gap; one that raises has a cell before one that lowers."""
        canvas, glyphs = Canvas(gap, self.height), (PLAIN.faint if is_ascii else BRAILLE.glyphs)
        count = min(2 * self.height, LINES_A_COLUMN * gap, MOST_LINES, len(connections.inputs))
        for pen, raises in ((2, False), (1, True)):
            found = np.flatnonzero(connections.raises[:count] == raises)
            y = np.stack([1 - starts[connections.inputs[found]], 1 - ends[connections.units[found]], np.full(len(found), np.nan)], axis=1)
            x = np.broadcast_to([0.0, 1.0, np.nan], y.shape)
            canvas.line((x.ravel(), y.ravel()), pen, glyphs)
        for row, (characters, pens) in enumerate(zip(canvas.characters.tolist(), canvas.pens.tolist(), strict=True)):
            for at, (character, pen) in enumerate(zip(characters, pens, strict=True), column):
                if pen and at < self.width:
                    self._characters[row][at], self._styles[row][at] = character, PENS[pen]

    def rows(self) -> list[Row]:
        """What was drawn."""
        return [
            [("".join(character for character, _ in same), style) for style, same in groupby(zip(*row, strict=True), lambda cell: cell[1])]
            for row in zip(self._characters, self._styles, strict=True)
        ]


def _changed_spans(y: int, old: Row, new: Row) -> list[tuple[Region, int]]:
    """The parts of a row that are others now, each with the number of its styles."""
    before, after = _cells(old), _cells(new)
    width = max(len(before), len(after))
    before += [(" ", "")] * (width - len(before))
    after += [(" ", "")] * (width - len(after))
    changed = [x for x in range(width) if before[x] != after[x]]
    spans: list[tuple[int, int]] = []
    for x in changed:
        if spans and x - spans[-1][1] < APART:
            spans[-1] = spans[-1][0], x + 1
        else:
            spans.append((x, x + 1))
    return [(Region(start, y, end - start, 1), len(list(groupby(style for _, style in after[start:end])))) for start, end in spans]


def _cells(row: Row) -> list[tuple[str, str]]:
    return [(character, style) for text, style in row for character in text]


def _pair(above: int, below: int) -> str:
    if above == BARE:
        return _COLOURS[below]
    return f"{_COLOURS[above]} on {_COLOURS[below]}" if below != BARE else _COLOURS[above]


def _shaded(shares: NDArray[Any], ends: NDArray[np.float64], dots: int, gap: int) -> NDArray[np.intp]:
    """Levels of the strengths of weights (dots, gap): rows are the units beside, columns bins of their inputs."""
    inputs, units = shares.shape
    row_of_unit = np.clip((ends * dots).astype(np.intp), 0, dots - 1)
    first, last = int(row_of_unit.min()), int(row_of_unit.max())
    levels = np.full((dots, gap), BARE)
    rows = np.arange(first, last + 1)
    unit_bins = (rows - first) * units // max(last - first + 1, 1)
    input_bins = np.arange(gap) * inputs // gap
    levels[first : last + 1] = 10 + np.rint(np.clip(shares.T[np.ix_(unit_bins, input_bins)], 0, 1) * (STEPS - 1)).astype(np.intp)
    return levels
