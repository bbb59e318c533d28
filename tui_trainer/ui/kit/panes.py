"""What every screen of several panes has in common: its views on a small terminal, its characters, its charts, and one large pane."""

from typing import ClassVar, TypeVar

from textual import on
from textual.binding import Binding, BindingType
from textual.events import Key, MouseDown, MouseMove, MouseUp
from textual.geometry import Size
from textual.widget import Widget

from tui_trainer.text.language import _
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.kit.borders import Border, Borders, Way
from tui_trainer.ui.kit.charts import ChartSet
from tui_trainer.ui.kit.fitted import FittedScreen
from tui_trainer.ui.kit.titles import ViewTabs

Result = TypeVar("Result")


class PaneScreen(FittedScreen[Result]):
    """Keys for the characters that its panes draw with, and for giving one pane the whole screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "marks", "Markers", tooltip="Draw with braille, with blocks, or with plain characters", show=False),
        Binding(
            "z",
            "zoom_pane",
            "Zoom",
            tooltip="Give the pane that has the focus, or else the first chart, the whole screen; or back",
            show=False,
        ),
    ]

    PANES: ClassVar[tuple[type[Widget], ...]]
    """What can have the whole screen; its charts first."""

    VIEWED: ClassVar[str]
    """The part whose class says which view a small terminal shows; tabs choose among them."""

    BORDERS: ClassVar[tuple[Border, ...]] = ()
    """Those that can be moved: such a screen has the keys for it."""

    def __init__(self, marks: Marks) -> None:
        super().__init__()
        self.marks = marks
        self.charts = ChartSet(self)
        self.borders = Borders(self, self.BORDERS)

    def why_not(self, action: str) -> str:
        """Why a key that is not offered does nothing now; nothing where there is no reason to give."""
        return ""

    def on_key(self, event: Key) -> None:
        """Say why a key does nothing."""
        found = self.active_bindings.get(event.key)
        if found and not found.enabled and (reason := self.why_not(found.binding.action)):
            self.notify(reason, timeout=3)

    def on_mount(self) -> None:
        """Draw with the characters that this terminal has."""
        self.charts.draw_with(self.marks)
        self.borders.fit(self.app.size)

    # The borders between panes

    def _fit(self, size: Size) -> None:
        super()._fit(size)
        self.borders.fit(size)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Take hold of a border."""
        if not self.maximized and self.borders.take(event.screen_offset):
            # What is drawn over is not to be selected.
            self.clear_selection()
            self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        """Drag it."""
        if self.borders.is_held:
            self.borders.drag(event.screen_offset)

    def on_mouse_up(self, event: MouseUp) -> None:
        """Let go of it."""
        if self.borders.is_held:
            self.borders.release(event.screen_offset)
            self.release_mouse()

    def action_move_border(self, way: Way, by: int) -> None:
        """Move the border that moves this way."""
        if reason := self.borders.move(way, by):
            self.notify(reason, timeout=3)

    def action_reset_borders(self) -> None:
        """Lay out as at first."""
        self.borders.reset()

    # What a small terminal shows

    @on(ViewTabs.TabActivated)
    def _tab_activated(self, event: ViewTabs.TabActivated) -> None:
        view = str(event.tab.id).removeprefix("view-")
        # A message about a tab that is no longer the active one would turn back to it.
        if event.tab.id == event.tabs.active and not self.query_one(self.VIEWED).has_class(f"-{view}"):
            self.action_view(view)

    def action_view(self, view: str) -> None:
        """Show one part, where there is no room for all."""
        viewed = self.query_one(self.VIEWED)
        if not viewed.has_class(f"-{view}"):
            # Each change of a class costs a look at every rule for everything inside.
            viewed.set_classes(f"-{view}")
            self.query_one(ViewTabs).active = f"view-{view}"

    def action_marks(self) -> None:
        """Take the next set of characters."""
        self.take_marks(self.marks.following)

    def take_marks(self, marks: Marks) -> None:
        """Draw with these characters from now on."""
        self.marks = marks
        self.charts.draw_with(marks)

    @on(Chart.Looked)
    def _looked(self, event: Chart.Looked) -> None:
        for chart in self.charts:
            if chart is not event.chart:
                chart.view = event.view

    def action_scale(self) -> None:
        """Count something else on the x axis."""
        self.charts.rescale()

    def action_smooth(self) -> None:
        """Smooth the batches more, or not at all."""
        weight = self.charts.resmooth()
        self.notify(_("smoothing {weight:g}").format(weight=weight) if weight else _("no smoothing"), timeout=2)

    def action_logarithmic(self) -> None:
        """Change the scale of the loss."""
        self.charts.change_loss()

    def action_zoom_pane(self) -> None:
        """Give the pane that has the focus, or else the first chart that is shown, the whole screen; or back."""
        if self.maximized:
            self.minimize()
            return
        around = self.focused.ancestors_with_self if self.focused else ()
        pane = next((node for node in around if isinstance(node, self.PANES)), None)
        if pane is None and (pane := next((chart for chart in self.query(self.PANES[0]) if chart.is_on_screen), None)):
            # Its keys are what an enlarged chart is for.
            pane.focus()
        if isinstance(pane, Widget):
            self.maximize(pane)

    def action_leave(self) -> None:
        """Leave an enlarged pane, or else what `leave` does."""
        if self.maximized:
            self.minimize()
        else:
            self.leave()

    def leave(self) -> None:
        """Go back to the screen below."""
        self.dismiss()
