"""What every screen with charts can do to them: all its charts look at the same part of the run, in the same way."""

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Tabs

from tui_trainer.language import _
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.curves import View
from tui_trainer.ui.chart.widget import Chart


class ChartScreen(Screen[None]):
    """Keys for the scales, the smoothing and the characters of its charts, and for giving one pane the whole screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "scale", "X axis", tooltip="Count epochs, steps, steps on a logarithmic scale, or training time", show=False),
        Binding(
            "o", "smooth", "Smoothing", tooltip="Smooth the batches more, or not at all (moving average, as TensorBoard's)", show=False
        ),
        Binding("l", "logarithmic", "Log loss", tooltip="Draw the loss on a logarithmic scale, or back", show=False),
        Binding("m", "marks", "Markers", tooltip="Draw with braille, with blocks, or with plain characters", show=False),
        Binding(
            "z",
            "zoom_pane",
            "Zoom",
            tooltip="Give the pane that has the focus, or else the first chart, the whole screen; or back",
            show=False,
        ),
        Binding("escape", "leave", "Leave", tooltip="Leave a field, a dialog or an enlarged pane", show=False),
    ]

    PANES: ClassVar[tuple[type[Widget], ...]] = (Chart,)
    """What can have the whole screen."""

    VIEWED: ClassVar[str]
    """The part whose class says which view a small terminal shows; tabs choose among them."""

    def __init__(self, marks: raster.Marks) -> None:
        super().__init__()
        self.marks = marks

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

    @on(Tabs.TabActivated)
    def _tab_activated(self, event: Tabs.TabActivated) -> None:
        view = str(event.tab.id).removeprefix("view-")
        # What was said of a tab that is not the active one any more would turn back to it.
        if event.tab.id == event.tabs.active and not self.query_one(self.VIEWED).has_class(f"-{view}"):
            self.action_view(view)

    def action_view(self, view: str) -> None:
        """Show one part, where there is no room for all."""
        viewed = self.query_one(self.VIEWED)
        if not viewed.has_class(f"-{view}"):
            # Each change of a class costs a look at every rule for everything inside.
            viewed.set_classes(f"-{view}")
            self.query_one(Tabs).active = f"view-{view}"

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

    def action_marks(self) -> None:
        """Take the next set of characters for the charts."""
        sets = (raster.BRAILLE, raster.BLOCKS, raster.PLAIN)
        self.marks = sets[(sets.index(self.marks) + 1) % len(sets)]
        for chart in self.query(Chart):
            chart.marks = self.marks

    def action_zoom_pane(self) -> None:
        """Give the pane that has the focus, or else the first chart that is shown, the whole screen; or back."""
        if self.maximized:
            self.minimize()
            return
        around = self.focused.ancestors_with_self if self.focused else ()
        pane = next((node for node in around if isinstance(node, self.PANES)), None)
        if pane is None and (pane := next((chart for chart in self.query(Chart) if chart.is_on_screen), None)):
            # Its keys are what an enlarged chart is for.
            pane.focus()
        if isinstance(pane, Widget):
            self.maximize(pane)

    def action_leave(self) -> None:
        """Leave an enlarged pane, or the field."""
        if self.maximized:
            self.minimize()
        else:
            self.set_focus(None)
