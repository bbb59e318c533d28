"""A chart of one quantity over the course of a run, and of the runs it is compared with, drawn with plotext in the theme's colours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from tui_trainer.history.series import window
from tui_trainer.text.drawing import Row
from tui_trainer.text.language import _
from tui_trainer.ui.chart import axes, plot, raster
from tui_trainer.ui.chart.axes import Axis
from tui_trainer.ui.chart.curve import BESIDE, RUN_PENS, Curve, Pen, Shown, Stroke
from tui_trainer.ui.chart.curves import curves, reduced_to, trained_to, whole_course
from tui_trainer.ui.chart.drawings import DRAWINGS
from tui_trainer.ui.chart.legend import Entry, of_curves, of_runs, telling, value_at
from tui_trainer.ui.chart.notes import Guess, changes, guess_of, notes
from tui_trainer.ui.chart.overlap import in_turn, twins
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.view import Scale, View

LEGEND_ROWS = 1

LEGEND_SHARE = 12
"""Rows of a chart from which on the names of other runs may take two."""

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
        low, high = self._range()
        visible = [self._cut(curve) for curve in drawn]
        guess = self._guess()
        alike = self._twins(visible, guess, width, height)
        legend = self._legend(drawn, alike, width, height)
        canvas_rows = height - len(legend)
        y = self._y_axis(visible, canvas_rows, guess)
        columns, _ = plot.canvas_size(y, (width, canvas_rows))
        self._x = axes.of_window(low, high, columns, log=self.view.scale.logarithmic, clock=self.view.scale is Scale.TIME)
        self.columns = range(width - columns, width)
        reduced = in_turn([reduced_to(curve, low, high, max(columns, 1)) for curve in visible], alike)
        posts = [] if self.view.cursor is None else [(self.view.cursor, Pen.CURSOR)]
        told = list(notes(self.drawing, self._run.history, self.view)) if self._run else []
        return [*legend, *plot.draw(list(reduced), self._x, y, (width, canvas_rows), self.marks, posts, told, guess)]

    def _guess(self) -> Guess | None:
        """What guessing reaches, as it is drawn."""
        shown = [*([self._run] if self._run else []), *self._others]
        guess = guess_of(self.drawing.quantity.name, [each.history for each in shown])
        return guess.logarithmic if guess and self.drawing.logarithmic(self.view) else guess

    def _twins(self, visible: Sequence[Curve], guess: Guess | None, width: int, height: int) -> Mapping[Pen, Sequence[Pen]]:
        """Which runs' curves lie on each other, that of the run's validation among them, and whether a ghost is hidden behind its line."""
        if not any(curve.beside for curve in visible):
            return {}
        x, y = Axis(*self._range(), (), ()), self._y_axis(visible, height, guess)
        runs = [curve for curve in visible if curve.pen is Pen.VALIDATION or curve.pen in RUN_PENS]
        before = [*(curve for curve in visible if curve.pen is Pen.SMOOTH), *(curve for curve in visible if curve.pen is Pen.GHOST)]
        before = [reduced_to(curve, x.low, x.high, width) for curve in before]
        found, hidden = (twins(lines, x, y, width, height * self.marks.down) for lines in (runs, before))
        return {**found, **{pen: pens for pen, pens in hidden.items() if pen is Pen.GHOST}}

    def _cut(self, curve: Curve) -> Curve:
        """The part of a curve that is looked at."""
        if self.view.window is None and curve.stroke is not Stroke.GHOST:
            return curve
        edges = curve.stroke is not Stroke.DOTS
        upper = None if curve.upper is None else window((curve.points[0], curve.upper), *self._range(), edges=edges)[1]
        return replace(curve, points=window(curve.points, *self._range(), edges=edges), upper=upper)

    def _y_axis(self, visible: Sequence[Curve], rows: int, guess: Guess | None) -> Axis:
        near = guess.level if guess else None
        if self.drawing.logarithmic(self.view):
            return axes.logarithmic(visible, rows, axes.GRADIENT_POWERS if self.drawing.always_logarithmic else 8, near)
        return self.drawing.axis(visible, rows, whole=self.view.window is None, near=near)

    def _legend(self, drawn: Sequence[Curve], alike: Mapping[Pen, Sequence[Pen]], width: int, height: int) -> list[Row]:
        """Each curve and its value, at the cursor or the latest; the runs that are compared have a row of their own."""
        place: Row = [(f" {self._place()} ", Pen.CURSOR.style)] if self.view.cursor is not None else []
        place += [(f" {text} ", Pen.CHANGE.style) for text in self._changed_here()]
        marks = {curve.pen: curve.mark or self.marks.line for curve in drawn if curve.names}
        entries = [self._entry(curve, marks, alike) for curve in drawn if curve.names]
        own = [entry for entry in entries if entry.pen not in BESIDE]
        ghosts = [entry for entry in entries if entry.pen is Pen.GHOST]
        runs = [entry for entry in entries if entry.pen in RUN_PENS]
        tails = telling([entry.names[0] for entry in runs])
        others = [*(replace(entry, names=(entry.names[0], tail)) for entry, tail in zip(runs, tails, strict=True)), *ghosts]
        most = 1 if height < LEGEND_SHARE else 2
        rows = [of_curves(own, place, width)] if own or not others else []
        return [*rows, *(of_runs(others, [] if rows else place, width, most) if others else [])]

    def _entry(self, curve: Curve, marks: Mapping[Pen, str], alike: Mapping[Pen, Sequence[Pen]]) -> Entry:
        first, *_others = alike.get(curve.pen, (curve.pen,))
        entry = Entry(marks[curve.pen], curve.pen, curve.names, alike="" if first is curve.pen else self.marks.alike + marks[first])
        value = self._value(curve)
        return entry if value is None else replace(entry, value=self.drawing.figure(value), brief=self.drawing.brief(value))

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
        """What was changed where the cursor is, or that the run had ended by then."""
        if self.view.cursor is None or self._run is None:
            return []
        column = (self._x.high - self._x.low) / max(len(self.columns) - 1, 1)
        found = [text for at, text in changes(self._run.history, self.view) if abs(at - self.view.cursor) <= column / 2]
        history = self._run.history
        if history.ended and self.view.cursor > trained_to(history, self.view.scale) + column / 2:
            found.insert(0, _("ended at step {step:,}").format(step=history.steps))
        return found

    def _value(self, curve: Curve) -> float | None:
        if curve.stroke in (Stroke.GHOST, Stroke.BAND) or (self.view.cursor is not None and self.view.cursor > curve.end * (1 + 1e-9)):
            return None
        value = value_at(curve.points, self.view.cursor)
        return 10**value if value is not None and self.drawing.logarithmic(self.view) else value

    # What keys and the mouse do

    def _whole(self) -> tuple[float, float]:
        return whole_course(self._run, self._others, self.view)

    def _range(self) -> tuple[float, float]:
        """From where to where on the x axis is looked at."""
        return self.view.window or self._whole()

    def _last(self) -> float:
        """Where the longest run is by now, or ended: beyond that there is nothing to read."""
        shown = [*([self._run] if self._run else []), *(each for each in self._others if not each.faded)]
        return max((trained_to(each.history, self.view.scale) for each in shown), default=0.0)

    def _at(self, event: events.MouseEvent) -> float | None:
        """The place on the x axis that the mouse is over."""
        offset = event.get_content_offset(self)
        if offset is None or offset.x not in self.columns or len(self.columns) < 2:
            return None
        share = (offset.x - self.columns.start) / (len(self.columns) - 1)
        return self._x.low + share * (self._x.high - self._x.low)

    def _readable(self, at: float) -> float:
        """The place nearest to this one that can be read: in sight, and trained."""
        low, high = self._range()
        return max(min(at, high, self._last()), low)

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
        self._look(replace(self.view, cursor=self._readable(at)))

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
            at = self._at(event)
            self._look(replace(self.view, cursor=None if at is None else self._readable(at)))

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
