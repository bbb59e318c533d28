"""The map of a surface and the paths that lead over it, on which a start can be chosen."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui_trainer.descent.landscape import Point
from tui_trainer.descent.race import Race
from tui_trainer.text.drawing import Row
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.relief import PENS, Route, Sheet

MOVES = 40
"""Key presses from one edge of the map to the other."""


class ReliefMap(Painted, can_focus=True):
    """Shows a race; a click, or an arrow key, asks for another start."""

    DEFAULT_CLASSES = "pane"

    ALLOW_MAXIMIZE = True

    COMPONENT_CLASSES: ClassVar[set[str]] = set(PENS)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1, 0)", "Start left", tooltip="On the map: move the start to the left (mouse: click)", show=False),
        Binding("right", "move(1, 0)", "Start right", tooltip="On the map: move the start to the right", show=False),
        Binding("up", "move(0, 1)", "Start up", tooltip="On the map: move the start up", show=False),
        Binding("down", "move(0, -1)", "Start down", tooltip="On the map: move the start down", show=False),
    ]

    class StartChosen(Message):
        """Another start was chosen."""

        def __init__(self, start: Point) -> None:
            super().__init__()
            self.start = start

    def __init__(self, race: Race, marks: Marks, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.race = race
        self.marks = marks
        self.selected = ""
        """The optimizer that is drawn over the others."""
        self.has_contours = True
        self._sheet: Sheet | None = None

    def draw(self, width: int, height: int) -> list[Row]:
        self._sheet = Sheet.of(self.race.surface, (width, height), self.marks)
        if self._sheet is None:
            return []
        return self._sheet.draw(self._routes(), self.race.start, contours=self.has_contours)

    def _routes(self) -> Sequence[Route]:
        shown = [(number, name) for number, name in enumerate(self.race.rates) if name in self.race.shown]
        shown.sort(key=lambda route: route[1] == self.selected)
        return [Route(self.race.path(name).points(self.race.step), number) for number, name in shown]

    def action_move(self, across: int, up: int) -> None:
        """Move the start, as far as the edge."""
        left, right, bottom, top = self.race.surface.extent
        x, y = self.race.start
        x, y = x + across * (right - left) / MOVES, y + up * (top - bottom) / MOVES
        self.post_message(self.StartChosen((min(max(x, left), right), min(max(y, bottom), top))))

    def on_click(self, event: events.Click) -> None:
        """Begin where the mouse is."""
        offset = event.get_content_offset(self)
        point = self._sheet.point(offset.x, offset.y) if offset and self._sheet else None
        if point:
            self.post_message(self.StartChosen(point))
