"""How the layers fare over the course of a run: a map of one figure at a time, and what is behind it at the moment."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from tui_trainer.history.quantities import FIGURES
from tui_trainer.text.language import N_, _
from tui_trainer.training.events import Histogram
from tui_trainer.ui.chart import heat, raster
from tui_trainer.ui.chart.bars import HistogramPane
from tui_trainer.ui.chart.curves import Shown, whole_course
from tui_trainer.ui.chart.view import Scale, View
from tui_trainer.ui.health.heat_map import HeatMap
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
    N_("Layers are measured twice a second while this app trains; of a run that is watched, or was before, at the end of each epoch."),
    N_("Activations are those of the first 100 training images. Gradients are of the weights, by powers of ten of their magnitudes."),
)


def notes() -> list[str]:
    """What is worth knowing of the map, and of each figure."""
    texts = [(_(figure.title), _(figure.measure), _(figure.source)) for figure in FIGURES.values()]
    return [*NOTES, *(f"{title}: {measure}. {source[0].upper()}{source[1:]}." for title, measure, source in texts)]


class HealthScreen(FittedScreen[None]):
    """Asks again and again what is known of the run, and draws it. The screen that trains the run measures it."""

    SHEET = "health/health.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,h", "leave", "Back", tooltip="Go back to where you were", key_display="esc"),
        Binding("f", "figure(1)", "Next figure", tooltip="Show the next figure: gradients, updates, activations, weights, dead, saturated"),
        Binding("b", "figure(-1)", "Figure before", tooltip="Show the figure before", show=False),
        Binding("d", "distributions", "Distributions", tooltip="Show how the layer's activations and gradients are distributed, or not"),
        Binding("m", "marks", "Characters", tooltip="Draw with shades, with finer dots, or with plain characters", show=False),
    ]

    AUTO_FOCUS = "#map"

    def __init__(self, shown: Callable[[], Shown | None], marks: raster.Marks, looks_per_second: float) -> None:
        super().__init__()
        self._shown = shown
        self._tick = 1 / looks_per_second
        self._ramp = heat.PLAIN if marks.plain else heat.SHADES
        self._pace = Pace()

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((self, HeatMap), N_("On the map"), KEYS, notes())

    def compose(self) -> ComposeResult:
        """The map over the distributions of the layer under its cursor."""
        yield HeatMap(id="map")
        with Horizontal(id="distributions"):
            yield HistogramPane(id="activations")
            yield HistogramPane(powers=True, id="gradients")
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
            heat_map.show(shown.history.health, whole_course(shown, (), View(Scale.STEP))[1])
        self._draw_distributions()

    @on(HeatMap.Pointed)
    def _draw_distributions(self) -> None:
        shown, layer = self._shown(), self.query_one(HeatMap).cursor.layer
        history = shown.history if shown else None
        distributions = history.distributions if history else ()
        for pane in self.query(HistogramPane):
            kind = _("Activations") if pane.id == "activations" else _("Gradients")
            if history is None or layer >= len(distributions):
                entitle(pane, title=kind, subtitle="")
                pane.explain(_("counted only while this app trains, and looks here"))
                continue
            found = distributions[layer]
            histogram = found.activations if pane.id == "activations" else found.gradients
            entitle(
                pane,
                title=_("{kind} of {layer}").format(kind=kind, layer=found.name),
                subtitle=_elsewhere(histogram, pane.id) + _("step {step:,.0f}").format(step=history.distributions_step),
            )
            pane.show(histogram)

    def action_figure(self, by: int) -> None:
        """Show another figure."""
        heat_map = self.query_one(HeatMap)
        heat_map.show_figure(heat.following(heat_map.figure, by))
        self._draw()

    def action_distributions(self) -> None:
        """Show the distributions, or leave their room to the map."""
        self.toggle_class("-distributions")

    def action_marks(self) -> None:
        """Take the next set of characters."""
        ramps = (heat.SHADES, heat.DOTS, heat.PLAIN)
        self._take_ramp(ramps[(ramps.index(self._ramp) + 1) % len(ramps)])

    def _take_ramp(self, ramp: str) -> None:
        self._ramp = ramp
        self.query_one(HeatMap).show_ramp(ramp)
        for pane in self.query(HistogramPane):
            pane.plain = ramp == heat.PLAIN
            pane.repaint()

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss()


def _elsewhere(histogram: Histogram, kind: str | None) -> str:
    """The share that has no place in a histogram, in words, where there is any."""
    total = int(histogram.counts.sum()) + histogram.elsewhere
    if not histogram.elsewhere:
        return ""
    text = _("{share:.0%} are 0") if kind == "gradients" else _("{share:.0%} not finite")
    return f"{text.format(share=histogram.elsewhere / total)}, "
