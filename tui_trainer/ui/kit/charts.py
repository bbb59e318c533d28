"""The charts of a screen: all of them look at the same part of the run, in the same way."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from textual.binding import Binding
from textual.screen import Screen

from tui_trainer.ui.chart.curve import Shown
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.view import View
from tui_trainer.ui.chart.widget import Chart

CHART_KEYS = (
    Binding("X", "scale", "X axis", tooltip="Count epochs, steps, steps on a logarithmic scale, or training time", show=False),
    Binding("o", "smooth", "Smoothing", tooltip="Smooth the batches more, or not at all (moving average, as TensorBoard's)", show=False),
    Binding("l", "logarithmic", "Log loss", tooltip="Draw the loss on a logarithmic scale, or back", show=False),
)
"""For screens that have charts."""


class ChartSet:
    """The charts that a screen has by now; there may be none."""

    def __init__(self, screen: Screen[Any]) -> None:
        self._screen = screen

    def __iter__(self) -> Iterator[Chart]:
        return iter(self._screen.query(Chart))

    @property
    def view(self) -> View:
        """What all charts look at."""
        return self._screen.query(Chart).first().view

    @view.setter
    def view(self, view: View) -> None:
        for chart in self:
            chart.view = view

    def follow(self, run: Shown | None, others: Sequence[Shown] = ()) -> None:
        """Draw this run in full, and others beside it, or behind it those that are `faded`."""
        for chart in self:
            chart.follow(run, others)

    def draw_with(self, marks: Marks) -> None:
        """Draw with these characters."""
        for chart in self:
            chart.marks = marks

    def rescale(self) -> None:
        """Count something else on the x axis."""
        self.view = self.view.rescaled()

    def resmooth(self) -> float:
        """Smooth the batches more, or not at all, and return the weight of what came before."""
        self.view = self.view.resmoothed()
        return self.view.smoothing

    def change_loss(self) -> None:
        """Change the scale of the loss."""
        self.view = replace(self.view, logarithmic=not self.view.logarithmic)
