"""What every screen with charts of a run can do to them: all its charts look at the same part of the run, in the same way."""

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget

from tui_trainer.text.language import _
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.view import View
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.kit.panes import PaneScreen


class ChartScreen(PaneScreen[None]):
    """Keys for the scales and the smoothing of its charts."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "scale", "X axis", tooltip="Count epochs, steps, steps on a logarithmic scale, or training time", show=False),
        Binding(
            "o", "smooth", "Smoothing", tooltip="Smooth the batches more, or not at all (moving average, as TensorBoard's)", show=False
        ),
        Binding("l", "logarithmic", "Log loss", tooltip="Draw the loss on a logarithmic scale, or back", show=False),
        Binding("escape", "leave", "Leave", tooltip="Leave a field, a dialog or an enlarged pane", show=False),
    ]

    PANES: ClassVar[tuple[type[Widget], ...]] = (Chart,)

    def on_mount(self) -> None:
        """Draw with the characters that this terminal has."""
        for chart in self.query(Chart):
            chart.marks = self.marks

    @property
    def view(self) -> View:
        """What all charts look at."""
        return self.query(Chart).first().view

    @view.setter
    def view(self, view: View) -> None:
        for chart in self.query(Chart):
            chart.view = view

    @on(Chart.Looked)
    def _looked(self, event: Chart.Looked) -> None:
        for chart in self.query(Chart):
            if chart is not event.chart:
                chart.view = event.view

    def action_scale(self) -> None:
        """Count something else on the x axis."""
        self.view = self.view.rescaled()

    def action_smooth(self) -> None:
        """Smooth the batches more, or not at all."""
        self.view = self.view.resmoothed()
        self.notify(_("smoothing {weight:g}").format(weight=self.view.smoothing) if self.view.smoothing else _("no smoothing"), timeout=2)

    def action_logarithmic(self) -> None:
        """Change the scale of the loss."""
        self.view = replace(self.view, logarithmic=not self.view.logarithmic)

    def take_marks(self, marks: Marks) -> None:
        super().take_marks(marks)
        for chart in self.query(Chart):
            chart.marks = marks
