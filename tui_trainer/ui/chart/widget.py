"""A chart of one quantity over the course of a run, and of the runs it is compared with, drawn with plotext in the theme's colours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from tui_trainer.history.series import envelope, window
from tui_trainer.text.drawing import Row
from tui_trainer.text.language import _
from tui_trainer.ui.chart import axes, plot, raster
from tui_trainer.ui.chart.axes import Axis
from tui_trainer.ui.chart.curves import DRAWINGS, RUN_PENS, Curve, Pen, Shown, Stroke, changes, curves, whole_course
from tui_trainer.ui.chart.legend import fitting, value_at, wordings
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.view import Scale, View

LEGEND_ROWS = 1
ZOOM = 0.7
PAN = 0.2


class Chart(Painted, can_focus=True):
    """Shows what a run's history holds whenever it is told that there is more, but builds only what can be seen and has changed."""

    DEFAULT_CLASSES = "pane"

    ALLOW_MAXIMIZE = True

    COMPONENT_CLASSES: ClassVar[set[str]] = {pen.style for pen in Pen}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "point(-1)", "Cursor left", tooltip="In a chart: read the values further left", show=False),
        Binding("right", "point(1)", "Cursor right", tooltip="In a chart: read the values further right", show=False),
        Binding("plus,equals_sign", "zoom(-1)", "Zoom in", tooltip="In a chart: enlarge around the cursor, or the end (mouse: wheel)"),
        Binding("minus", "zoom(1)", "Zoom out", tooltip="In a chart: show more of the run"),
        Binding("shift+left", "pan(-1)", "Pan left", tooltip="In an enlarged chart: go back in the run (mouse: drag)", show=False),
        Binding("shift+right", "pan(1)", "Pan right", tooltip="In an enlarged chart: go forward in the run", show=False),
        Binding("0", "whole", "All", tooltip="In a chart: show the whole run (mouse: double click)"),
    ]

    marks: reactive[Marks] = reactive(raster.BRAILLE)
    view: reactive[View] = reactive(View())

    @dataclass
    class Looked(Message):
        """This chart shows another part; every other on the screen follows."""

        chart: "Chart"
        view: View

    def __init__(self, name: str, *, classes: str | None = None) -> None:
        super().__init__(id=f"chart-{name}", classes=classes)
        self.drawing = DRAWINGS[name]
        self._run: Shown | None = None
        self._others: Sequence[Shown] = ()
        self._is_stale = False
        """Whether something else is to be seen than what was drawn."""
        self._x = Axis(0.0, 1.0, (), ())
        self.columns = range(0)
        """Where its curves are, of all that it has."""
        self._dragged_from: tuple[int, View] | None = None
        self._name_axes()

    def follow(self, run: Shown | None, others: Sequence[Shown] = ()) -> None:
        """Show a run, and others beside it, or behind it those that are `faded`."""
        self._run, self._others = run, others
        self.update()

    def update(self) -> int:
        """Look at the run again, and tell how many columns have to be written anew."""
        return self.repaint()

    # What it looks like

    def watch_marks(self) -> None:
        """Draw with other characters."""
        self._change()

    def watch_view(self) -> None:
        """Draw another part, or another scale."""
        self._name_axes()
        self._change()

    def _change(self) -> None:
        """Draw anew once all that waits is done: a mouse moves faster than charts can be drawn."""
        self._is_stale = True
        self.call_later(self._catch_up)

    def _catch_up(self) -> None:
        if self._is_stale:
            self.repaint()

    def _name_axes(self) -> None:
        self.border_title = self.drawing.heading(self.view)
        enlarged = _("enlarged, 0 shows all") + "  " if self.view.window else ""
        self.border_subtitle = f"{enlarged}{_(self.view.scale.value)}"

    def draw(self, width: int, height: int) -> list[Row]:
        self._is_stale = False
        if height <= LEGEND_ROWS:
            return []
        drawn = curves(self.drawing, self._run, self._others, self.view, self.marks)
        legend = self._legend(drawn, width)
        canvas_rows = height - len(legend)
        low, high = self._range()
        visible = [self._cut(curve) for curve in drawn]
        y = self._y_axis(visible, canvas_rows)
        columns, _ = plot.canvas_size(y, (width, canvas_rows))
        self._x = axes.of_window(low, high, columns, log=self.view.scale.logarithmic, clock=self.view.scale is Scale.TIME)
        self.columns = range(width - columns, width)
        reduced = [replace(curve, points=envelope(curve.points, low, high, max(columns, 1))) for curve in visible]
        posts = [(at, Pen.CHANGE) for at, _ in changes(self._run, self.view)]
        if self.view.cursor is not None:
            posts.append((self.view.cursor, Pen.CURSOR))
        return [*legend, *plot.draw(reduced, self._x, y, (width, canvas_rows), self.marks, posts)]

    def _cut(self, curve: Curve) -> Curve:
        """The part of a curve that is looked at."""
        if self.view.window is None and curve.stroke is not Stroke.GHOST:
            return curve
        return replace(curve, points=window(curve.points, *self._range(), edges=curve.stroke is not Stroke.DOTS))

    def _y_axis(self, visible: Sequence[Curve], rows: int) -> Axis:
        if self.drawing.logarithmic(self.view):
            return axes.logarithmic(visible, rows, 20 if self.drawing.always_logarithmic else 8)
        return self.drawing.axis(visible, rows, whole=self.view.window is None)

    def _legend(self, drawn: Sequence[Curve], width: int) -> list[Row]:
        """Each curve and its value, at the cursor or the latest; the runs that are compared have a row of their own."""
        place: Row = [(f" {self._place()} ", Pen.CURSOR.style)] if self.view.cursor is not None else []
        place += [(f" {text} ", Pen.CHANGE.style) for text in self._changed_here()]
        beside = (*RUN_PENS, Pen.GHOST)
        own = [curve for curve in drawn if curve.names and curve.pen not in beside]
        others = [curve for curve in drawn if curve.names and curve.pen in beside]
        first, *second = [own, others] if own and others else [own or others]
        return [self._entries(first, place, width), *(self._entries(curves, [], width) for curves in second)]

    def _entries(self, curves: Sequence[Curve], place: Row, width: int) -> Row:
        values = [self._value(curve) for curve in curves]
        return fitting(([*place, *wording] for wording in wordings(curves, values, self.marks.line)), width)

    def _place(self) -> str:
        at = self.view.cursor or 0.0
        match self.view.scale:
            case Scale.LOG_STEP:
                return _("step {at:,.0f}").format(at=10**at)
            case Scale.STEP:
                return _("step {at:,.0f}").format(at=at)
            case Scale.TIME:
                return _("{at:.1f} s").format(at=at)
        return _("epoch {at:.2f}").format(at=at)

    def _changed_here(self) -> list[str]:
        """What was changed where the cursor is."""
        if self.view.cursor is None:
            return []
        column = (self._x.high - self._x.low) / max(len(self.columns) - 1, 1)
        return [text for at, text in changes(self._run, self.view) if abs(at - self.view.cursor) <= column / 2]

    def _value(self, curve: Curve) -> str:
        value = value_at(curve.points, self.view.cursor)
        if value is None or curve.stroke is Stroke.GHOST:
            return ""
        return self.drawing.figure(10**value if self.drawing.logarithmic(self.view) else value)

    # What keys and the mouse do

    def _whole(self) -> tuple[float, float]:
        return whole_course(self._run, self._others, self.view)

    def _range(self) -> tuple[float, float]:
        """From where to where on the x axis is looked at."""
        return self.view.window or self._whole()

    def _last(self) -> float:
        """Where the curves end."""
        ends = [
            curve.points[0][-1] for curve in curves(self.drawing, self._run, self._others, self.view, self.marks) if len(curve.points[0])
        ]
        return float(max(ends, default=0.0))

    def _at(self, event: events.MouseEvent) -> float | None:
        """The place on the x axis that the mouse is over."""
        offset = event.get_content_offset(self)
        if offset is None or offset.x not in self.columns or len(self.columns) < 2:
            return None
        share = (offset.x - self.columns.start) / (len(self.columns) - 1)
        return self._x.low + share * (self._x.high - self._x.low)

    def _look(self, view: View) -> None:
        if view != self.view:
            # At once, for the next key may come before the message is read.
            self.view = view
            self.post_message(self.Looked(self, view))

    def action_point(self, columns: int) -> None:
        """Move the cursor by so many columns; at first it stands at the end of the curves."""
        low, high = self._range()
        width = (high - low) / max(len(self.columns) - 1, 1)
        at = self._last() if self.view.cursor is None else self.view.cursor + columns * width
        self._look(replace(self.view, cursor=min(max(at, low), high)))

    def action_zoom(self, direction: int) -> None:
        """Show less or more around the cursor."""
        low, high = self._range()
        about = min(max(self._last() if self.view.cursor is None else self.view.cursor, low), high)
        self._look(self.view.zoomed(ZOOM**-direction, about, self._whole()))

    def action_pan(self, direction: int) -> None:
        """Go along the run."""
        self._look(self.view.panned(PAN * direction, self._whole()))

    def action_whole(self) -> None:
        """Show all of the run."""
        self._look(replace(self.view, window=None, cursor=None))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read the values under the mouse, or drag the part that is shown."""
        if self._dragged_from is not None:
            start, view = self._dragged_from
            self._look(view.panned((start - event.x) / max(len(self.columns) - 1, 1), self._whole()))
        else:
            self._look(replace(self.view, cursor=self._at(event)))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag."""
        if self._at(event) is not None:
            self._dragged_from = event.x, self.view
            self.capture_mouse()

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """Let go."""
        self._dragged_from = None
        self.release_mouse()

    def on_leave(self, _event: events.Leave) -> None:
        """Nothing is pointed at any more."""
        self._look(replace(self.view, cursor=None))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Enlarge around the mouse."""
        self._scroll(event, ZOOM)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Show more around the mouse."""
        self._scroll(event, 1 / ZOOM)

    def _scroll(self, event: events.MouseEvent, factor: float) -> None:
        at = self._at(event)
        if at is not None:
            event.stop()
            self._look(self.view.zoomed(factor, at, self._whole()))

    def on_click(self, event: events.Click) -> None:
        """A double click shows all."""
        if event.chain == 2:
            self.action_whole()
