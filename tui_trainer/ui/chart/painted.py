"""A widget that is rows of styled text, of which only those that changed are drawn again."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.text.drawing import Look, Row
from tui_trainer.ui.chart.repaint import changed_parts


@lru_cache(4096)
def _parsed(style: str) -> Style:
    return Style.parse(style)


def best_look(app: App[Any]) -> Look:
    """Shades where there are more than sixteen colours, else blocks."""
    few = app.native_ansi_color or app.console.color_system in (None, "standard", "windows")
    return Look.BLOCKS if few else Look.SHADES


class Painted(Widget):
    """A subclass says in `draw` what to show in the room there is, and calls `repaint` when that is something else.

    The style of a piece is the name of one of its component classes, or what Rich understands.
    """

    ALLOW_SELECT = False
    """What is drawn, pointed at and dragged with the mouse is no text to select."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id, classes=classes)
        self.look = Look.SHADES
        """What pictures are drawn with."""
        self._rows: Sequence[Row] = ()
        self._drawn_for: Size | None = None
        self._known: dict[str, Style] = {}
        """Styles by their names: to look one up costs more than all else of a piece."""

    def draw(self, width: int, height: int) -> list[Row]:
        """The rows, from the top; what is missing to the right or below is blank."""
        raise NotImplementedError

    def show_with(self, look: Look) -> None:
        """Draw pictures with something else."""
        self.look = look
        self.repaint()

    def repaint(self) -> int:
        """Draw what is to be shown now, if it can be seen, and tell how many columns have to be written anew."""
        if not self.is_on_screen or not self.size:
            self._drawn_for = None
            return 0
        before = self._rows if self._drawn_for == self.size else None
        self._draw()
        is_new = before is None or len(before) != len(self._rows)
        parts = [self.size.region] if before is None or is_new else changed_parts(before, self._rows)
        if parts:
            self.refresh(*parts)
        return sum(part.area for part in parts)

    def on_resize(self) -> None:
        """Draw for the room there is now, at once: what is drawn may also name the border, which is rendered before it."""
        if self.size:
            self._draw()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Give one row."""
        if self._drawn_for != self.size:
            self._draw()
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self._style(""))
        segments = [Segment(text, self._style(style)) for text, style in self._rows[y]]
        return Strip(segments).adjust_cell_length(self.size.width, self._style(""))

    def notify_style_update(self) -> None:
        """Another theme, or the focus: the same rows in other colours."""
        super().notify_style_update()
        self._known = {}

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Take what there is."""
        return container.width

    def _draw(self) -> None:
        self._drawn_for = self.size
        self._rows = self.draw(self.size.width, self.size.height)

    def _style(self, style: str) -> Style:
        found = self._known.get(style)
        if found is None:
            is_class = style in self.COMPONENT_CLASSES
            found = self.get_component_rich_style(style) if is_class else self.rich_style + _parsed(style)
            self._known[style] = found
        return found
