"""Shows the portrait of what is being chosen; there may be one of these in several places, of which the style sheet shows one."""

from typing import ClassVar

from textual.geometry import Size

from tui_trainer.text.drawing import Row
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.chart.raster import BRAILLE, Marks
from tui_trainer.ui.chart.relief import PENS
from tui_trainer.ui.kit.plugins import contained
from tui_trainer.ui.run.portraits import STYLES, Portrait

LEAST_ROWS, MOST_ROWS = 5, 14

OTHERS = 25
"""Rows of a form's other parts, where it has room for a portrait."""


class PortraitView(Painted):
    """Has no place where there is nothing to show."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*STYLES, *PENS}

    def __init__(self, marks: Marks = BRAILLE, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id, classes=classes)
        self.marks = marks
        self._portrait: Portrait | None = None

    def show(self, portrait: Portrait | None, title: str = "") -> None:
        """Show this, or nothing."""
        self._portrait = portrait
        self.border_title = title
        self.set_class(portrait is not None, "-shown")
        self.repaint()

    def draw_with(self, marks: Marks) -> None:
        """Draw with these characters."""
        self.marks = marks
        self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        with contained(self):
            return self._portrait.rows(width, height, self.marks) if self._portrait else []
        return []

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """What the form leaves, as far as a picture gains from it."""
        return min(max(container.height - OTHERS, LEAST_ROWS), MOST_ROWS)
