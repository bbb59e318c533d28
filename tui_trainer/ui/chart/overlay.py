"""Curves of several runs over each other, each with a mark of its own: what a lesson's claim is decided by."""

from collections.abc import Sequence
from dataclasses import dataclass
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
from tui_trainer.ui.chart.curves import RUN_PENS, Curve, Pen, Stroke
from tui_trainer.ui.chart.legend import fitting, value_at
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.chart.raster import Marks

PENS = (*RUN_PENS, Pen.VALIDATION)
"""One for each curve, as many as can be told apart."""

DOTS = 8
"""On each curve, to tell by its mark whose it is."""

POWERS = 20
"""Of ten on a logarithmic axis, at most."""


def marks_of(marks: Marks) -> str:
    """A character for each curve."""
    return marks.runs + marks.validation


@dataclass(frozen=True)
class Line:
    """A curve: whose it is and its points, of which a share is from 0 to 1."""

    name: str
    points: Points


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
        self._end = 1.0
        self._x = Axis(0.0, 1.0, (), ())
        self._columns = range(0)

    def show(self, lines: Sequence[Line], end: float) -> None:
        """Draw these lines instead of those before."""
        self._lines, self._end = lines, end
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
        drawn = [(Curve(self._y(line), pen, Stroke.BETWEEN_DOTS, (line.name,), mark)) for line, pen, mark in pens]
        legend = [self._legend(drawn, width)]
        rows = height - len(legend)
        y = self._y_axis(drawn, rows)
        columns, _ = plot.canvas_size(y, (width, rows))
        self._x = self._x_axis(low, max(self._end, low + 1e-9), columns)
        self._columns = range(width - columns, width)
        reduced: list[Curve] = []
        for curve in drawn:
            points = envelope(curve.points, low, self._end, max(columns, 1))
            reduced += [
                Curve(points, curve.pen, Stroke.BETWEEN_DOTS),
                Curve(some(curve.points, DOTS), curve.pen, Stroke.DOTS, curve.names, curve.mark),
            ]
        posts = [] if self.cursor is None else [(self.cursor, Pen.CURSOR)]
        return [*legend, *plot.draw(reduced, self._x, y, (width, rows), self.marks, posts)]

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
            return axes.logarithmic(drawn, rows, POWERS)
        if self._scale == "share":
            return axes.accuracy(drawn, rows, whole=True)
        return _around_zero(drawn, rows)

    def _x_axis(self, low: float, high: float, columns: int) -> Axis:
        if self._over != "layers":
            return axes.of_window(low, high, columns, clock=self._over == "seconds")
        # Half layers are none.
        every = max(1, -(-round(high) // max(1, columns // 4)))
        ticks = tuple(float(layer) for layer in range(1, round(high) + 1, every))
        return Axis(low, max(high, low + 1), ticks, tuple(f"{tick:.0f}" for tick in ticks))

    def _legend(self, drawn: Sequence[Curve], width: int) -> Row:
        place: Row = [] if self.cursor is None else [(f" {self._place()} ", Pen.CURSOR.style)]
        values = [self._value(curve) for curve in drawn]
        wordings = ((True, True), (True, False), (False, True), (False, False))
        return fitting(([*place, *_entries(drawn, values, *which)] for which in wordings), width)

    def _place(self) -> str:
        at = self.cursor or 0.0
        texts = {"layers": _("layer {at:.0f}"), "seconds": _("{at:.1f} s"), "steps": _("step {at:,.0f}")}
        return texts.get(self._over, _("epoch {at:.2f}")).format(at=at)

    def _value(self, curve: Curve) -> str:
        value = value_at(curve.points, None if self.cursor is None else self.cursor + 1e-9)
        if value is None:
            return ""
        if self._scale == "log":
            return f"{10**value:.1e}"
        return f"{value:.1f}%" if self._scale == "share" else axes.figure(value, 3 if abs(value) < 100 else 0)

    # What keys and the mouse do

    def action_point(self, columns: int) -> None:
        """Move the cursor; at first it stands at the end."""
        if self.cursor is None:
            self.cursor = self._end
            return
        step = 1.0 if self._over == "layers" else (self._x.high - self._x.low) / max(len(self._columns) - 1, 1)
        self.cursor = min(max(self.cursor + columns * step, self._x.low), self._end)

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
        self.cursor = min(float(round(at)), self._end) if self._over == "layers" else at

    def on_leave(self, _event: events.Leave) -> None:
        """Nothing is pointed at any more."""
        self.cursor = None


def _entries(drawn: Sequence[Curve], values: Sequence[str], has_names: bool, has_values: bool) -> Row:
    row: Row = []
    for curve, value in zip(drawn, values, strict=True):
        row.append((f" {curve.mark} ", curve.pen.style))
        row += [(f"{curve.names[0]} ", Pen.AXIS.style)] if has_names else []
        row += [(f"{value} ", curve.pen.style)] if has_values and value else []
    return row


def _around_zero(drawn: Sequence[Curve], rows: int) -> Axis:
    """From 0, or the lowest below it, up to where nearly all is: a loss that bursts would leave no room for the others."""
    known = [y[np.isfinite(y)] for _, y in (curve.points for curve in drawn)]
    known = [y for y in known if len(y)]
    # The run whose values reach least far sets the measure.
    if known and min(float(y.min()) for y in known) < 0:
        return axes.spanning(min(float(y.min()) for y in known), max(float(y.max()) for y in known), rows)
    measure = min((float(y.max()) for y in known), default=2.5)
    high = min(max((float(y.max()) for y in known), default=2.5), 3 * measure)
    return axes.spanning(0.0, high * 1.08 or 1.0, rows)
