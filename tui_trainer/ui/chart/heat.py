"""A map of the layers' figures as rows of text: layers down, steps across.

How dense a character is tells how large the number is, its style whether that is right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isclose
from typing import NamedTuple

import numpy as np
from rich.cells import cell_len

from tui_trainer.history.health import Cells, HealthHistory
from tui_trainer.history.quantities import FIGURES
from tui_trainer.history.quantity import Band, LayerQuantity
from tui_trainer.text.cells import cut, in_ascii
from tui_trainer.text.drawing import Row
from tui_trainer.text.language import _
from tui_trainer.ui.chart import axes

SHADES, DOTS, PLAIN = "·░▒▓█", "⡀⡄⡆⡇⣇⣧⣷⣿", ".:-=+*#%@"
"""Characters of growing density: for most terminals, finer ones, and for terminals that have no others."""

SHADINGS = 4
"""How many grounds there are for each grade, behind the characters."""

LONGEST_NAME = 12

HEAD_ROWS = 3
"""What is under the cursor, what the characters mean, and who says so."""

FOOT_ROWS = 1
"""The steps."""

NARROWEST = 8
"""Columns of the map below which what stands beside it is given up."""


@dataclass(frozen=True)
class Cursor:
    """Where the cursor is: a layer, and a column, or None for what was measured last."""

    layer: int = 0
    column: int | None = None


class Frame(NamedTuple):
    """How the room is shared out."""

    name: int
    columns: int
    value: int
    word: int
    layers: int

    @property
    def width(self) -> int:
        """Of all of it."""
        return self.name + self.columns + self.value + self.word


def frame(fates: HealthHistory, figure: LayerQuantity, width: int, height: int) -> Frame:
    """Names to the left of the map, values and words to its right, as far as there is room."""
    name = min(max((len(name) for name in fates.names), default=cell_len(_("step"))), LONGEST_NAME) + 1
    value, word = 9, max(cell_len(_(band.word)) for band in figure.bands) + 1
    if width - name - value - word < NARROWEST:
        word = 0
    if width - name - value < NARROWEST:
        value = 0
    return Frame(name, max(width - name - value - word, 1), value, word, max(height - HEAD_ROWS - FOOT_ROWS, 1))


def rows(fates: HealthHistory, figure: LayerQuantity, cells: Cells, end: float, at: Cursor, top: int, room: Frame, ramp: str) -> list[Row]:
    """The whole picture, the layers from `top` on."""
    found = [_under_cursor(fates, figure, cells, at, room, ramp), *_legend(figure, ramp)]
    names = list(enumerate(fates.names[: len(cells.values)]))[top : top + room.layers]
    found += [_layer(name, layer, figure, cells, at, room, ramp) for layer, name in names]
    return [*found, _steps(end, room)]


def column_of(cells: Cells, at: Cursor) -> int | None:
    """The column that is read: the cursor's, or the last one that shows anything."""
    measured = np.flatnonzero(~np.isnan(cells.last))
    if not len(measured):
        return None
    return int(measured[-1]) if at.column is None else min(at.column, len(cells.last) - 1)


def _under_cursor(fates: HealthHistory, figure: LayerQuantity, cells: Cells, at: Cursor, room: Frame, ramp: str) -> Row:
    column = column_of(cells, at)
    if column is None or at.layer >= len(cells.values):
        return [(_("nothing is measured yet"), "heat--axis")]
    name = fates.names[at.layer]
    value, judged, first, last = cells.values[at.layer, column], cells.judged[at.layer, column], cells.first[column], cells.last[column]
    if np.isnan(value):
        return [(f" {name} ", "heat--cursor"), (f" {_('nothing is measured there')}", "heat--axis")]
    if first == last:
        step = _("step {step:,.0f}").format(step=last)
    else:
        step = _("worst of steps {first:,.0f} to {last:,.0f}").format(first=first, last=last)
    band = figure.band(float(judged))
    row = [
        (f" {name} ", "heat--cursor"),
        (f" {step}  ", "heat--axis"),
        (f"{figure.text(float(value))} {_(band.word)}".rstrip(), _style(band)),
    ]
    beside = _("{factor:.2g} × the first layer's") if figure.beside == "first" else _("{factor:.2g} × the last layer's")
    beside = f"  {_plain(beside.format(factor=judged), ramp)}"
    if figure.beside and np.isfinite(judged) and sum(cell_len(text) for text, _ in row) + cell_len(beside) <= room.width:
        row.append((beside, "heat--axis"))
    return row


def _legend(figure: LayerQuantity, ramp: str) -> list[Row]:
    row: Row = []
    for band, words, strength in zip(figure.bands, figure.limits(_), figure.typical(), strict=True):
        sample = ramp[min(int(strength * len(ramp)), len(ramp) - 1)]
        row.append((f"{sample} {_plain(words, ramp)}".rstrip() + " ", _style(band)))
    return [[*row, (f"({_plain(_(figure.measure), ramp)})", "heat--axis")], [(_plain(_(figure.source), ramp), "heat--axis")]]


def _plain(text: str, ramp: str) -> str:
    return in_ascii(text) if ramp == PLAIN else text


def _layer(name: str, layer: int, figure: LayerQuantity, cells: Cells, at: Cursor, room: Frame, ramp: str) -> Row:
    chosen = layer == at.layer
    label = name if len(name) < room.name else f"{name[: room.name - 2]}~"
    row: Row = [(label.ljust(room.name - 1), "heat--cursor" if chosen else "heat--name"), (" ", "")]
    values, judged = cells.values[layer], cells.judged[layer]
    pieces = list(zip(_glyphs(figure, values, ramp), _styles(figure, values, judged), strict=True))
    if chosen and at.column is not None and at.column < len(pieces):
        pieces[at.column] = pieces[at.column][0], "heat--cursor"
    row += [("".join(glyph for glyph, _ in group), style) for style, group in groupby(pieces, key=lambda piece: piece[1])]
    column = column_of(cells, at)
    if column is None or np.isnan(values[column]):
        return row
    band = figure.band(float(judged[column]))
    if room.value:
        row.append((figure.text(float(values[column])).rjust(room.value), _style(band)))
    if room.word:
        row.append((f" {_(band.word)}", _style(band)))
    return row


def _levels(figure: LayerQuantity, values: np.ndarray, count: int) -> np.ndarray:
    """Which of so many levels values have, the faintest for what is missing."""
    return np.minimum(np.nan_to_num(figure.strength(values) * count, nan=0.0).astype(np.intp), count - 1)


def _glyphs(figure: LayerQuantity, values: np.ndarray, ramp: str) -> Sequence[str]:
    levels = np.where(np.isnan(values), len(ramp), _levels(figure, values, len(ramp)))
    characters = f"{ramp} "
    return [characters[level] for level in levels.tolist()]


def _styles(figure: LayerQuantity, values: np.ndarray, judged: np.ndarray) -> Sequence[str]:
    bands = np.searchsorted([band.below for band in figure.bands[:-1]], judged, "right").tolist()
    levels, bare = _levels(figure, values, SHADINGS).tolist(), np.isnan(values).tolist()
    return ["" if empty else f"{_style(figure.bands[band])}-{level}" for band, level, empty in zip(bands, levels, bare, strict=True)]


def _style(band: Band) -> str:
    return f"heat--{band.tone.value}"


def _steps(end: float, room: Frame) -> Row:
    return [(cut(_("step"), room.name), "heat--axis"), (scale_of_steps(end, room.columns), "heat--axis")]


def scale_of_steps(end: float, columns: int) -> str:
    """A line that tells the steps from 0 to `end` below a map of so many columns; there is no half step."""
    text = [" "] * columns
    for tick in axes.of_window(0.0, end, columns).ticks:
        if not isclose(tick, round(tick), abs_tol=1e-6):
            continue
        label = f"{tick:,.0f}"
        middle = int(tick / end * (columns - 1))
        start = min(max(middle - len(label) // 2, 0), columns - len(label))
        if start >= 0 and not "".join(text[max(start - 1, 0) : start + len(label) + 1]).strip():
            text[start : start + len(label)] = label
    return "".join(text)


def following(figure: LayerQuantity, by: int) -> LayerQuantity:
    """The figure after this one, or before it."""
    figures = list(FIGURES.values())
    return figures[(figures.index(figure) + by) % len(figures)]
