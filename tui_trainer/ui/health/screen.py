"""How the layers fare over the course of a run: a map of one figure at a time, and what is behind it at the moment."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from tui_trainer.history.quantities import FIGURES
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart import heat, raster
from tui_trainer.ui.chart.curve import Shown
from tui_trainer.ui.chart.curves import whole_course
from tui_trainer.ui.chart.view import Scale, View
from tui_trainer.ui.health.distribution_pane import Course, DistributionPane
from tui_trainer.ui.health.heat_map import HeatMap
from tui_trainer.ui.health.instruments import InstrumentsScreen, Look
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.fitted import FittedScreen
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.pace import Pace
from tui_trainer.ui.kit.titles import entitle

TALL = 30
"""Lines from which on the distributions are shown at first."""

KEYS = (
    (N_("point, wheel"), N_("Mouse: read what is under it; go from layer to layer")),
    (N_("click"), N_("Mouse: on a key in the footer, the same as pressing it")),
)

NOTES = (
    N_("Each cell shows the worst of its steps: too large before too small before right. No spike is hidden, however long the run."),
    N_(
        "Layers are measured at steps 1, 2, 3, 4, 6, 8, 11, 16 and so on, up to twice a second while this app trains, as often as takes 2%"
        " of the time, and at the step before a divergence; of a run that is watched, or was before, at the end of each epoch."
    ),
    N_("Activations are those of the first 100 training images. Gradients are of the weights, by powers of ten of their magnitudes."),
    N_(
        "Over time, steps go across and values upwards; the denser, the more of the values are there. One line at 0: the layer is dead."
        " Only the ends: it is saturated. Gradients whose band sinks vanish, and those whose band rises explode."
    ),
)

NOT_COUNTED = N_(
    "Distributions are counted while this app trains a run, and kept until the next; a run's files have each epoch's figures alone."
)


def notes() -> list[str]:
    """What is worth knowing of the map, and of each figure."""
    texts = [(_(figure.title), _(figure.measure), _(figure.source)) for figure in FIGURES.values()]
    return [*NOTES, *(f"{title}: {measure}. {source[0].upper()}{source[1:]}." for title, measure, source in texts)]


class HealthScreen(FittedScreen[None]):
    """Asks again and again what is known of the run, and draws it. The screen that trains the run measures it.

    It begins at the step that was looked at before, if there was one.
    """

    SHEET = "health/health.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h", "leave", "Back", tooltip="Go back to where you were", key_display="esc"),
        Binding("f", "figure(1)", "Figure", tooltip="Show the next figure: gradients, updates, activations, weights, dead, saturated"),
        Binding("b", "figure(-1)", "Figure before", tooltip="Show the figure before", show=False),
        Binding(
            "d",
            "distributions",
            "Distributions",
            tooltip="Show how the layer's values are distributed at a step, over the run, or not",
        ),
        Binding("i", "instruments", "Measure", tooltip="Measure sharpness, gradient noise and each layer's effective rank now"),
        Binding("m", "marks", "Characters", tooltip="Draw with shades, with finer dots, or with plain characters", show=False),
    ]

    AUTO_FOCUS = "#map"

    def __init__(
        self, shown: Callable[[], Shown | None], marks: raster.Marks, looks_per_second: float, look: Look, step: int | None = None
    ) -> None:
        super().__init__()
        self._step = step
        self._shown, self._look = shown, look
        self._tick = 1 / looks_per_second
        self._ramp = heat.PLAIN if marks.plain else heat.SHADES
        self._pace = Pace()

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((self, HeatMap), N_("On the map"), KEYS, notes())

    def compose(self) -> ComposeResult:
        """The map over the distributions of the layer under its cursor."""
        yield HeatMap(self._step, id="map")
        with Horizontal(id="distributions"):
            yield DistributionPane("activations")
            yield DistributionPane("gradients")
            yield Static(Content(_(NOT_COUNTED)), id="not-counted")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin to look."""
        self.set_class(self.app.size.height >= TALL, "-distributions")
        self._take_ramp(self._ramp)
        self._draw()
        self.set_interval(self._tick, self._draw_if_rested)

    def _draw_if_rested(self) -> None:
        if self._pace.is_rested():
            self._draw()

    def _draw(self) -> None:
        if not self.query(HeatMap):  # this screen closes
            return
        self._pace.begin()
        heat_map, shown = self.query_one(HeatMap), self._shown()
        scale = f" ({_('log scale')})" if heat_map.figure.logarithmic else ""
        entitle(
            heat_map,
            title=_("{figure} by layer{scale}").format(figure=_(heat_map.figure.title), scale=scale) + (f", {shown.name}" if shown else ""),
        )
        if shown:
            heat_map.show(shown.history.health, _end(shown))
        self._draw_distributions()

    @on(HeatMap.Pointed)
    def _draw_distributions(self) -> None:
        shown, heat_map = self._shown(), self.query_one(HeatMap)
        is_counted = shown is not None and len(shown.history.distributions) > 0
        self.set_class(not is_counted, "-uncounted")
        if shown and is_counted:
            course = Course(shown.history.distributions, heat_map.cursor.layer, _end(shown), heat_map.step)
            for pane in self.query(DistributionPane):
                pane.show(course)

    def action_figure(self, by: int) -> None:
        """Show another figure."""
        heat_map = self.query_one(HeatMap)
        heat_map.show_figure(heat.following(heat_map.figure, by))
        self._draw()

    def action_distributions(self) -> None:
        """Show the distributions of a step, then those over the run, then leave their room to the map."""
        is_shown, over_time = self.has_class("-distributions"), self.has_class("-over-time")
        self.set_class(not over_time, "-distributions")
        self.set_class(is_shown and not over_time, "-over-time")
        for pane in self.query(DistributionPane):
            pane.show_over_time(over_time=self.has_class("-over-time"))

    def action_instruments(self) -> None:
        """Measure what costs too much to be measured all the time."""
        if shown := self._shown():
            self.app.push_screen(InstrumentsScreen(self._look, shown.name, plain=self._ramp == heat.PLAIN))

    def action_marks(self) -> None:
        """Take the next set of characters."""
        ramps = (heat.SHADES, heat.DOTS, heat.PLAIN)
        self._take_ramp(ramps[(ramps.index(self._ramp) + 1) % len(ramps)])

    def _take_ramp(self, ramp: str) -> None:
        self._ramp = ramp
        self.query_one(HeatMap).show_ramp(ramp)
        for pane in self.query(DistributionPane):
            pane.show_ramp(ramp)

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss()


def _end(shown: Shown) -> float:
    """The step at which the map ends: the run's last one, or where it is expected."""
    history = shown.history
    if history.ended and history.steps:
        return float(history.steps)
    return whole_course(shown, (), View(Scale.STEP))[1]
