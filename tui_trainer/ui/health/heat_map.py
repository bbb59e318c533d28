"""The map of the layers as a widget: keys and the mouse say which layer and which step is read."""

from dataclasses import dataclass, replace
from math import isnan
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui_trainer.history.health import Cells, HealthHistory
from tui_trainer.history.quantities import FIGURES
from tui_trainer.history.quantity import Grade, LayerQuantity
from tui_trainer.text.drawing import Row
from tui_trainer.text.language import _
from tui_trainer.ui.chart import heat
from tui_trainer.ui.chart.heat import Cursor
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.kit.titles import entitle


class HeatMap(Painted, can_focus=True):
    """Shows one figure of all layers over the course of a run; of more layers than there is room for, those around the cursor."""

    DEFAULT_CLASSES = "pane"

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "heat--name",
        "heat--axis",
        "heat--cursor",
        *(f"heat--{grade.value}{level}" for grade in Grade for level in ("", *(f"-{level}" for level in range(heat.SHADINGS)))),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "layer(-1)", "Layer up", tooltip="Go to the layer before (mouse: point, or wheel)", show=False),
        Binding("down", "layer(1)", "Layer down", tooltip="Go to the next layer", show=False),
        Binding("pageup", "page(-1)", "Page up", tooltip="Go up by as many layers as there is room for", show=False),
        Binding("pagedown", "page(1)", "Page down", tooltip="Go down by as many layers as there is room for", show=False),
        Binding("home", "layer(-100000)", "First layer", tooltip="Go to the layer nearest to the image", show=False),
        Binding("end", "layer(100000)", "Last layer", tooltip="Go to the output layer", show=False),
        Binding("left", "point(-1)", "Earlier", tooltip="Read the values further left", show=False),
        Binding("right", "point(1)", "Later", tooltip="Read the values further right", show=False),
        Binding("0", "latest", "Latest", tooltip="Read what was measured last, as it comes", show=False),
    ]

    @dataclass
    class Pointed(Message):
        """The cursor is on another layer, or another moment."""

        cursor: Cursor

    def __init__(self, step: int | None = None, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._begins_at = step
        self.ramp = heat.SHADES
        self.figure: LayerQuantity = next(iter(FIGURES.values()))
        self.cursor = Cursor()
        self._fates, self._end = HealthHistory(), 1.0
        self._top = 0
        self._cells: tuple[LayerQuantity, int, Cells] | None = None

    def show(self, fates: HealthHistory, end: float) -> None:
        """Show what is known by now, over steps up to `end`."""
        self._fates, self._end, self._cells = fates, max(end, 1.0), None
        if self.cursor.layer >= len(fates.names):
            self.cursor = replace(self.cursor, layer=max(len(fates.names) - 1, 0))
        self.repaint()

    def show_figure(self, figure: LayerQuantity) -> None:
        """Show something else of the same layers."""
        self.figure = figure
        self.repaint()

    def show_ramp(self, ramp: str) -> None:
        """Draw with other characters."""
        self.ramp = ramp
        self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        room = heat.frame(self._fates, self.figure, width, height)
        layers = len(self._fates.names)
        self._top = min(max(self._top, self.cursor.layer - room.layers + 1), self.cursor.layer, max(layers - room.layers, 0))
        if self._cells is None or self._cells[:2] != (self.figure, room.columns):
            self._cells = self.figure, room.columns, self._fates.cells(self.figure, self._end, room.columns)
        if self._begins_at is not None and len(self._fates):
            column = min(int(self._begins_at / self._end * room.columns), room.columns - 1)
            self.cursor, self._begins_at = replace(self.cursor, column=column), None
        if self.cursor.column is not None and self.cursor.column >= room.columns:
            self.cursor = replace(self.cursor, column=room.columns - 1)
        hidden = layers - min(room.layers, layers)
        part = _("layers {first} to {last} of {count}").format(first=self._top + 1, last=self._top + room.layers, count=layers)
        entitle(self, subtitle=part if hidden else "")
        return heat.rows(self._fates, self.figure, self._cells[2], self._end, self.cursor, self._top, room, self.ramp)

    @property
    def step(self) -> float | None:
        """The step that is pointed at, None for the latest."""
        if self.cursor.column is None or self._cells is None:
            return None
        step = float(self._cells[2].last[self.cursor.column])
        return None if isnan(step) else step

    @property
    def _room(self) -> heat.Frame:
        return heat.frame(self._fates, self.figure, self.size.width, self.size.height)

    def _go(self, cursor: Cursor) -> None:
        if cursor != self.cursor:
            self.cursor = cursor
            self.repaint()
            self.post_message(self.Pointed(cursor))

    def action_layer(self, by: int) -> None:
        """Go to another layer."""
        self._go(replace(self.cursor, layer=min(max(self.cursor.layer + by, 0), max(len(self._fates.names) - 1, 0))))

    def action_page(self, by: int) -> None:
        """Go as many layers as there is room for."""
        self.action_layer(by * self._room.layers)

    def action_point(self, by: int) -> None:
        """Read another column; at first the last one that shows anything."""
        at = heat.column_of(self._cells[2], self.cursor) if self._cells else None
        if at is not None:
            column = at if self.cursor.column is None else min(max(at + by, 0), self._room.columns - 1)
            self._go(replace(self.cursor, column=column))

    def action_latest(self) -> None:
        """Read what was measured last."""
        self._go(replace(self.cursor, column=None))

    def on_resize(self) -> None:
        """The same place is another step in another room."""
        self.post_message(self.Pointed(self.cursor))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Read what is under the mouse."""
        offset, room = event.get_content_offset(self), self._room
        if offset is None:
            return
        layer, column = self._top + offset.y - heat.HEAD_ROWS, offset.x - room.name
        if 0 <= offset.y - heat.HEAD_ROWS < room.layers and layer < len(self._fates.names):
            self._go(Cursor(layer, column if 0 <= column < room.columns else None))

    def on_leave(self, _event: events.Leave) -> None:
        """Nothing is pointed at any more."""
        self.action_latest()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go up."""
        event.stop()
        self.action_layer(-1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go down."""
        event.stop()
        self.action_layer(1)
