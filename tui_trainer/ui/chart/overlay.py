"""Curves of several runs over each other, each with a mark of its own: what a lesson's claim is decided by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from textual import events
from textual.binding import Binding, BindingType
from textual.reactive import reactive

from tui_trainer.history.series import Points, envelope, some
from tui_trainer.text.drawing import Row
from tui_trainer.text.language import _
from tui_trainer.ui.chart import axes, plot, raster
from tui_trainer.ui.chart.axes import Axis
from tui_trainer.ui.chart.curve import RUN_PENS, Curve, Pen, Stroke
from tui_trainer.ui.chart.legend import Entry, of_runs, telling, value_at
from tui_trainer.ui.chart.notes import Guess
from tui_trainer.ui.chart.overlap import in_turn, twins
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.chart.raster import Marks

PENS = (*RUN_PENS, Pen.VALIDATION)
"""One for each curve, as many as can be told apart."""

DOTS = 8
"""On each curve, to tell by its mark whose it is."""

LEGEND_SHARE = 8
"""Rows of a chart for each row of its legend, where names need several."""


def marks_of(marks: Marks) -> str:
    """A character for each curve."""
    return marks.runs + marks.validation


@dataclass(frozen=True)
class Line:
    """A curve: whose it is and its points, of which a share is from 0 to 1."""

    name: str
    points: Points
    outcome: str = ""
    """How its run ended, where it has: there is nothing to read beyond."""


class Overlay(Painted, can_focus=True):
    """Shows lines over one x axis, which ends at `end`; the place of a line among them decides its colour and its mark."""

    DEFAULT_CLASSES = "pane"

    ALLOW_MAXIMIZE = True

    COMPONENT_CLASSES: ClassVar[set[str]] = {pen.style for pen in Pen}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "point(-1)", "Cursor left", tooltip="In a chart: read the values further left (mouse: point)", show=False),
        Binding("right", "point(1)", "Cursor right", tooltip="In a chart: read the values further right", show=False),
        Binding("0", "unpoint", "No cursor", tooltip="In a chart: read the latest values again", show=False),
    ]

    marks: reactive[Marks] = reactive(raster.BRAILLE)
    cursor: reactive[float | None] = reactive(None)
    """Where on the x axis values are read."""

    def __init__(self, title: str, scale: str, over: str) -> None:
        super().__init__()
        self.border_title = title + (f", {_('log scale')}" if scale == "log" else "")
        self.border_subtitle = {"layers": _("layer"), "seconds": _("training time"), "epochs": _("epoch"), "steps": _("step")}[over]
        self._scale, self._over = scale, over
        self._lines: Sequence[Line] = ()
        self._guess: Guess | None = None
        self._end = 1.0
        self._x = Axis(0.0, 1.0, (), ())
        self._columns = range(0)

    def show(self, lines: Sequence[Line], end: float, guess: Guess | None = None) -> None:
        """Draw these lines instead of those before, and what guessing reaches where it is in sight."""
        self._lines, self._end = lines, end
        self._guess = guess.logarithmic if guess and self._scale == "log" else guess
        self.repaint()

    def watch_marks(self) -> None:
        """Draw with other characters."""
        self.repaint()

    def watch_cursor(self) -> None:
        """Read the values elsewhere."""
        self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        low = 1.0 if self._over == "layers" else 0.0
        pens = zip(self._lines, PENS, marks_of(self.marks), strict=False)
        drawn = [self._curve(line, pen, mark) for line, pen, mark in pens]
        end = max(self._end, low + 1e-9)
        alike = twins(drawn, Axis(low, end, (), ()), self._y_axis(drawn, height), width, height * self.marks.down)
        legend = self._legend(drawn, alike, width, height)
        rows = height - len(legend)
        y = self._y_axis(drawn, rows)
        columns, _ = plot.canvas_size(y, (width, rows))
        self._x = self._x_axis(low, end, columns)
        self._columns = range(width - columns, width)
        reduced: list[Curve] = []
        for curve in drawn:
            dots = some(curve.points, DOTS * len(alike.get(curve.pen, (curve.pen,))))
            reduced += [
                replace(curve, points=envelope(curve.points, low, self._end, max(columns, 1))),
                replace(curve, points=dots, stroke=Stroke.DOTS),
            ]
        posts = [] if self.cursor is None else [(self.cursor, Pen.CURSOR)]
        return [*legend, *plot.draw(list(in_turn(reduced, alike)), self._x, y, (width, rows), self.marks, posts, guess=self._guess)]

    def _curve(self, line: Line, pen: Pen, mark: str) -> Curve:
        points = self._y(line)
        end = float(points[0][-1]) if len(points[0]) else 0.0
        return Curve(points, pen, Stroke.BETWEEN_DOTS, (line.name,), mark, end=end)

    def _y(self, line: Line) -> Points:
        """The points as they are drawn: percent, or powers of ten; what has no place is a gap."""
        x, y = line.points[0], line.points[1].astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            y = np.where(np.isfinite(y), y, np.nan)
            if self._scale == "log":
                y = np.where(y > 0, np.log10(y), np.nan)
        return x, 100 * y if self._scale == "share" else y

    def _y_axis(self, drawn: Sequence[Curve], rows: int) -> Axis:
        if self._scale == "log":
            return axes.logarithmic(drawn, rows, axes.GRADIENT_POWERS)
        if self._scale == "share":
            return axes.accuracy(drawn, rows, whole=True)
        return _around_zero(drawn, rows, self._guess.level if self._guess else axes.USUAL_LOSS)

    def _x_axis(self, low: float, high: float, columns: int) -> Axis:
        if self._over != "layers":
            return axes.of_window(low, high, columns, clock=self._over == "seconds")
        # Half layers are none.
        every = max(1, -(-round(high) // max(1, columns // 4)))
        ticks = tuple(float(layer) for layer in range(1, round(high) + 1, every))
        return Axis(low, max(high, low + 1), ticks, tuple(f"{tick:.0f}" for tick in ticks))

    def _legend(self, drawn: Sequence[Curve], alike: Mapping[Pen, Sequence[Pen]], width: int, height: int) -> list[Row]:
        place: Row = [] if self.cursor is None else [(f" {self._place()} ", Pen.CURSOR.style)]
        marks = {curve.pen: curve.mark for curve in drawn}
        tails = telling([line.name for line in self._lines])
        entries: list[Entry] = []
        for line, tail, curve in zip(self._lines, tails, drawn, strict=False):
            first = alike.get(curve.pen, (curve.pen,))[0]
            twin = "" if first is curve.pen else f"{self.marks.alike}{marks[first]}"
            entries.append(Entry(curve.mark, curve.pen, (line.name, tail), self._value(curve, line.outcome), alike=twin))
        return of_runs(entries, place, width, max(height // LEGEND_SHARE, 1) + (height >= LEGEND_SHARE))

    def _place(self) -> str:
        at = self.cursor or 0.0
        texts = {"layers": _("layer {at:.0f}"), "seconds": _("{at:.1f} s"), "steps": _("step {at:,.0f}")}
        return texts.get(self._over, _("epoch {at:.2f}")).format(at=at)

    def _value(self, curve: Curve, outcome: str) -> str:
        value = value_at(curve.points, None if self.cursor is None else self.cursor + 1e-9)
        is_beyond = self.cursor is not None and self.cursor > curve.end * (1 + 1e-9)
        if is_beyond or not len(curve.points[0]):
            return outcome
        if value is None:
            return ""
        if self._scale == "log":
            return f"{10**value:.1e}"
        return f"{value:.1f}%" if self._scale == "share" else axes.figure(value, 3 if abs(value) < 100 else 0)

    # What keys and the mouse do

    @property
    def _last(self) -> float:
        """Where the longest line ends: beyond that there is nothing to read."""
        return max((float(line.points[0][-1]) for line in self._lines if len(line.points[0])), default=self._end)

    def action_point(self, columns: int) -> None:
        """Move the cursor; at first it stands at the end."""
        if self.cursor is None:
            self.cursor = self._last
            return
        step = 1.0 if self._over == "layers" else (self._x.high - self._x.low) / max(len(self._columns) - 1, 1)
        self.cursor = max(min(self.cursor + columns * step, self._last), self._x.low)

    def action_unpoint(self) -> None:
        """Read the latest values."""
        self.cursor = None

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read the values under the mouse."""
        offset = event.get_content_offset(self)
        if offset is None or offset.x not in self._columns or len(self._columns) < 2:
            self.cursor = None
            return
        at = self._x.low + (offset.x - self._columns.start) / (len(self._columns) - 1) * (self._x.high - self._x.low)
        self.cursor = min(float(round(at)) if self._over == "layers" else at, self._last)

    def on_leave(self, _event: events.Leave) -> None:
        """Nothing is pointed at any more."""
        self.cursor = None


def _around_zero(drawn: Sequence[Curve], rows: int, normal: float) -> Axis:
    """From 0, or the lowest below it, up to where nearly all is: a loss that bursts would leave no room for the others."""
    known = [y[np.isfinite(y)] for _, y in (curve.points for curve in drawn)]
    known = [y for y in known if len(y)]
    # The run whose values reach least far sets the measure.
    if known and min(float(y.min()) for y in known) < 0:
        return axes.spanning(min(float(y.min()) for y in known), max(float(y.max()) for y in known), rows)
    measure = min((float(y.max()) for y in known), default=normal)
    if len(known) == 1:
        # It may burst itself.
        measure = min(measure, max(axes.BURST * normal, axes.STRETCH * float(np.median(known[0]))))
    high = min(max((float(y.max()) for y in known), default=normal), axes.STRETCH * measure)
    return axes.spanning(0.0, high * 1.08 or 1.0, rows)
