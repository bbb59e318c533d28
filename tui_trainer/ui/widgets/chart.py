"""A chart of one quantity over the epochs, drawn with plotext in the theme's colours."""

from collections.abc import Callable
from typing import ClassVar, Literal

from rich.segment import Segment
from textual.events import Resize
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tui_trainer.ui import plot
from tui_trainer.ui.history import Curves
from tui_trainer.ui.plot import Marks, Pen, Row

Source = Callable[[int], Curves]
"""Gives the curves, reduced to so many columns."""

LEGEND_ROWS = 1


class Chart(Widget, can_focus=True):
    """Shows whatever its source gives whenever it is told that there is more, but builds only what can be seen and has changed."""

    ALLOW_MAXIMIZE = True

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"chart--{pen.name.lower()}" for pen in Pen}

    marks: reactive[Marks] = reactive(plot.BRAILLE)
    logarithmic: reactive[bool] = reactive(False)

    def __init__(self, quantity: Literal["loss", "accuracy"], *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._quantity = quantity
        self._source: Source | None = None
        self._epochs = 1
        self._rows: list[Row] = []
        self._strips: list[Strip] = []
        self._stale = True
        self._name_axes()

    def follow(self, source: Source, epochs: int) -> None:
        """Show another run, of so many epochs."""
        self._source, self._epochs = source, max(1, epochs)
        self.update()

    def update(self) -> None:
        """Look at the source again."""
        self._stale = True
        if self.is_on_screen:
            self._build()

    def render_line(self, y: int) -> Strip:
        """Give one row, of the picture as it was last built."""
        if self._stale:
            self._build()
        if not self._strips:
            self._strips = [self._strip(row) for row in self._rows]
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, self.rich_style)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Take what there is."""
        return container.width

    def notify_style_update(self) -> None:
        """Another theme: the same picture in other colours."""
        super().notify_style_update()
        self._strips = []

    def on_resize(self, _event: Resize) -> None:
        """Draw anew for the new size."""
        self.update()

    def watch_marks(self) -> None:
        """Draw with other characters."""
        self.update()

    def watch_logarithmic(self) -> None:
        """Draw on the other scale."""
        self._name_axes()
        self.update()

    def _name_axes(self) -> None:
        unit = "%" if self._quantity == "accuracy" else "nats, log scale" if self.logarithmic else "nats"
        self.border_title = f"{self._quantity.capitalize()} ({unit})"
        self.border_subtitle = "epoch"

    def _build(self) -> None:
        self._stale = False
        width, height = self.size
        rows = self._draw(width, height) if width and height else []
        if rows != self._rows:
            self._rows, self._strips = rows, []
            self.refresh()

    def _draw(self, width: int, height: int) -> list[Row]:
        curves = self._source(width) if self._source else None
        legend = self._legend(curves, width)
        canvas = height - LEGEND_ROWS
        if self._quantity == "accuracy":
            axis = plot.accuracy_axis(curves, canvas)
        elif self.logarithmic:
            curves = plot.logarithm(curves) if curves else None
            axis = plot.log_axis(curves, canvas)
        else:
            axis = plot.loss_axis(curves, canvas)
        x = float(curves.batches[0][-1]) if curves and len(curves.batches[0]) else 0.0
        epochs = plot.horizon(x, self._epochs) if curves else self._epochs
        return [legend, *plot.draw(curves, axis, epochs, (width, canvas), self.marks)]

    def _legend(self, curves: Curves | None, width: int) -> Row:
        """What each mark means and its last value, in as many words as there is room for."""
        entries = (
            (self.marks.key, ("recent batches", "batches", "", ""), Pen.SMOOTH),
            (self.marks.training, ("epoch mean", "epoch", "epoch", ""), Pen.TRAINING),
            (self.marks.validation, ("validation", "validation", "val", ""), Pen.VALIDATION),
        )
        values = [self._figure(value) for value in (curves.latest if curves else (None, None, None))]
        row: Row = []
        for brevity in range(4):
            row = []
            for (mark, words, pen), value in zip(entries, values, strict=True):
                row += [(f" {mark} ", pen), (f"{words[brevity]} " if words[brevity] else "", Pen.AXIS)]
                row += [(f"{value} ", pen)] if value else []
            if sum(len(text) for text, _ in row) - 1 <= width:
                break
        return row

    def _figure(self, value: float | None) -> str:
        if value is None or value != value:  # noqa: PLR0124 NaN
            return ""
        if self._quantity == "accuracy":
            return f"{value:.1f}%"
        return plot.figure(value, 3 if value < 100 else 0)

    def _strip(self, row: Row) -> Strip:
        styles = {pen: self.get_component_rich_style(f"chart--{pen.name.lower()}") for pen in {pen for _, pen in row}}
        strip = Strip([Segment(text, styles[pen]) for text, pen in row])
        return strip.adjust_cell_length(self.size.width, self.rich_style)
