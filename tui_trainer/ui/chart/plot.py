"""Draws curves with plotext into rows of styled text: pens are numbers for plotext, and in the end the names of their styles.

plotext draws the frame: the axes, the ticks and their labels. What is inside is worked out in NumPy and put there, because plotext walks
along every line dot by dot in Python, and holds up the training thread while it does. It keeps its figure in module state, so only one
thread, the event loop's, may call `draw`.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import plotext

from tui_trainer.history.series import Points
from tui_trainer.text.drawing import Row
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.axes import Axis
from tui_trainer.ui.chart.curve import Curve, Pen, Stroke
from tui_trainer.ui.chart.notes import Guess, Note
from tui_trainer.ui.chart.raster import Marks

STYLES = tuple(pen.style for pen in Pen)

FRAME_ROWS = 2
"""Rows that the x axis and its labels take."""

_TO_ASCII = str.maketrans("│┤├┼─┬┴└┘┌┐", "|++" + "+-+++" + "+++")
_ESCAPE = re.compile(r"\x1b\[(?:38;5;(\d+)|0)m")


def canvas_size(y: Axis, size: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows left for the curves in a picture of `size`, (width, height), beside the labels of y."""
    width, height = size
    return width - max((len(label) for label in y.labels), default=0) - 1, height - FRAME_ROWS


def draw(
    curves: Sequence[Curve],
    x: Axis,
    y: Axis,
    size: tuple[int, int],
    marks: Marks,
    posts: Sequence[tuple[float, Pen]] = (),
    notes: Sequence[Note] = (),
    guess: Guess | None = None,
) -> list[Row]:
    """Paint rows of characters, `size` being width and height. A post is an upright line at a place on the x axis.

    Notes are written as far as there is room beside the curves, the first ones first.
    """
    width, height = size
    columns, rows = canvas_size(y, size)
    if columns < 1 or rows < 1:
        return [[(" " * width, Pen.PAPER.style)] for _ in range(height)]
    canvas = raster.Canvas(columns, rows)
    rules = [canvas.row_of(float(y.share(np.array(tick))), marks.down) for tick in y.ticks]
    for curve in (each for each in curves if each.stroke is Stroke.FAINT):
        canvas.line(_shares(curve, x, y), int(curve.pen), marks.faint)
    for curve in (each for each in curves if each.stroke in (Stroke.BAND, Stroke.GHOST)):
        if curve.upper is None:
            canvas.line(_shares(curve, x, y), int(curve.pen), marks.ghostly, dashed=True)
        else:
            canvas.band(_shares(curve, x, y), np.clip(y.share(curve.upper.astype(np.float64)), 0, 1), int(curve.pen), marks.shade)
    notes = [note for note in notes if 0 <= x.share(np.array(note.at)) <= 1]
    for place, pen in [*((note.at, note.pen) for note in notes if note.level is None), *posts]:
        if 0 <= x.share(np.array(place)) <= 1:
            canvas.post(canvas.column_of(float(x.share(np.array(place)))), pen, marks.post)
    for curve in (each for each in curves if each.stroke in (Stroke.LINE, Stroke.BETWEEN_DOTS)):
        faint = curve.stroke is Stroke.BETWEEN_DOTS and marks.plain
        canvas.line(_shares(curve, x, y), int(curve.pen), marks.faint if faint else marks.glyphs, turn=curve.turn)
    for curve in (each for each in curves if each.stroke is Stroke.DOTS):
        canvas.dots(_shares(curve, x, y), int(curve.pen), curve.mark, marks.down)
    for note in notes:
        _write(canvas, note, x, y, marks)
    if guess and 0 <= y.share(np.array(guess.level)) <= 1:
        row = canvas.row_of(float(y.share(np.array(guess.level))), marks.down)
        any(canvas.write(words, int(Pen.GUESS), (row, row - 1, row + 1)) for words in guess.words)
        canvas.rule(row, int(Pen.GUESS), marks.guess)
    for row in rules if marks.rule else ():
        canvas.rule(row, int(Pen.GRID), marks.rule)
    characters, pens = framed(canvas, x, y, size, plain=marks.plain, down=marks.down)
    return painted(characters, pens, STYLES)


def _write(canvas: raster.Canvas, note: Note, x: Axis, y: Axis, marks: Marks) -> None:
    """Write a note's words in the upper half beside its post, or near the point that it is of."""
    column = canvas.column_of(float(x.share(np.array(note.at))))
    rows: Sequence[int] = range((canvas.rows + 1) // 2)
    if note.level is not None:
        row = canvas.row_of(float(np.clip(y.share(np.array(note.level)), 0, 1)), marks.down)
        rows = (row - 1, row + 1, row, row - 2, row + 2)
    any(canvas.write(words, int(note.pen), rows, column) for words in note.words)


def framed(canvas: raster.Canvas, x: Axis, y: Axis, size: tuple[int, int], *, plain: bool, down: int) -> tuple[np.ndarray, np.ndarray]:
    """Characters and pens of a canvas with its axes to the left and below; a row of it is `down` dots high."""
    width, height = size
    rows, left = canvas.rows, width - canvas.columns
    ticks = tuple(canvas.row_of(float(y.share(np.array(tick))), down) for tick in y.ticks)
    places = tuple(canvas.column_of(float(x.share(np.array(tick)))) for tick in x.ticks)
    side = _frame((left + 1, height), ((0,), ("0",)), (ticks, y.labels), plain)
    foot = _frame((width, FRAME_ROWS + 1), (places, x.labels), ((0,), (max(y.labels, key=len, default=""),)), plain)
    characters, pens = (
        np.vstack([np.hstack([beside[:rows, :left], inside]), below[-FRAME_ROWS:]])
        for beside, inside, below in zip(side, (canvas.characters, canvas.pens), foot, strict=True)
    )
    return characters, pens


def _shares(curve: Curve, x: Axis, y: Axis) -> Points:
    """A curve's points as shares of the canvas. Clipped, not cut: a spike beyond the axis runs along its edge."""
    return x.share(curve.points[0]), np.clip(y.share(curve.points[1].astype(np.float64)), 0, 1)


Ticks = tuple[tuple[int, ...], tuple[str, ...]]
"""Columns or rows, and what is written at each."""


@lru_cache(64)
def _frame(size: tuple[int, int], x: Ticks, y: Ticks, plain: bool) -> tuple[np.ndarray, np.ndarray]:
    """Characters and pens of axes around nothing, by plotext, whose units here are cells.

    What it costs grows with the cells inside, and axes seldom change from one picture to the next: each is drawn by itself, and kept.
    """
    (width, height), rows = size, size[1] - FRAME_ROWS
    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plot_size(width, height)
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    for paint in (plotext.canvas_color, plotext.axes_color):
        paint("default")
    plotext.ticks_color(int(Pen.AXIS))
    columns = width - max((len(label) for label in y[1]), default=0) - 1
    plotext.xlim(0, max(columns - 1, 1))
    plotext.ylim(0, max(rows - 1, 1))
    plotext.xticks(*x)
    plotext.yticks([rows - 1 - row for row in y[0]], y[1])
    # plotext makes room for the axes only once there is something to draw.
    plotext.scatter([0], [float("nan")], marker=" ", color=int(Pen.PAPER))
    text = plotext.build()
    lines = [_painted(line, width) for line in (text.translate(_TO_ASCII) if plain else text).split("\n")[:height]]
    return np.array([list(characters) for characters, _ in lines]), np.array([pens for _, pens in lines], np.uint8)


def _painted(line: str, width: int) -> tuple[str, list[int]]:
    """The characters of a line of plotext's, and the colour of each."""
    characters, pens, pen, position = "", list[int](), int(Pen.PAPER), 0
    for start, end, colour in [*((escape.start(), escape.end(), escape[1]) for escape in _ESCAPE.finditer(line)), (len(line), 0, None)]:
        characters += line[position:start]
        pens += [pen] * (start - position)
        pen, position = int(colour or Pen.PAPER), end
    missing = width - len(characters)
    return characters + " " * missing, pens + [int(Pen.PAPER)] * missing


def painted(characters: np.ndarray, pens: np.ndarray, styles: Sequence[str]) -> list[Row]:
    """Each row as texts, each text of one pen, in the style at the pen's number.

    Blank cells take the pen to their left: each change of pens is some 40 bytes on the line.
    """
    height, width = characters.shape
    drawn = np.maximum.accumulate(np.where(characters == " ", 0, np.arange(width)), axis=1)
    pens = np.take_along_axis(pens, drawn, axis=1)
    texts = characters.view(f"<U{width}").ravel().tolist()
    starts = np.flatnonzero(np.diff(pens, axis=1, prepend=255).ravel())
    rows: list[Row] = [[] for _ in range(height)]
    for start, end, pen in zip(starts.tolist(), [*starts[1:].tolist(), pens.size], pens.ravel()[starts].tolist(), strict=True):
        row, column = divmod(start, width)
        # The second cell of a wide letter is empty.
        rows[row].append((texts[row][column : end - row * width].replace("\0", ""), styles[pen]))
    return rows
