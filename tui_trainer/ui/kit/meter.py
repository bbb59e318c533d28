"""How much of a run is done: a bar and a percentage."""

from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.ui.chart.repaint import Piece, changed_parts

PERCENTAGE = 5
"""Columns that the percentage takes, a space before it included."""


class Meter(Widget):
    """Draws only what has visibly changed; Textual's own bar draws all of itself every second, to compute when the end comes."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"meter--done", "meter--left", "meter--percentage"}

    def __init__(self) -> None:
        super().__init__()
        self._share: float | None = None
        self._pieces: list[Piece] = []

    def show(self, share: float | None) -> None:
        """Show how much is done, from 0 to 1; None where that is not known yet."""
        self._share = share
        pieces = self._draw()
        if pieces != self._pieces:
            before, self._pieces = self._pieces, pieces
            self.refresh(*(changed_parts([before], [pieces]) if before else ()))

    def render_line(self, y: int) -> Strip:
        """Give the only line."""
        self._pieces = self._draw()
        segments = [Segment(text, self.get_component_rich_style(f"meter--{part}")) for text, part in self._pieces]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Take what there is."""
        return container.width

    def _draw(self) -> list[Piece]:
        columns = max(self.size.width - PERCENTAGE, 0)
        halves = int((self._share or 0.0) * columns * 2)
        done = "━" * (halves // 2) + "╸" * (halves % 2)
        percentage = "" if self._share is None else f"{int(self._share * 100)}%"
        return [(done, "done"), ("─" * (columns - len(done)), "left"), (percentage.rjust(PERCENTAGE), "percentage")]
