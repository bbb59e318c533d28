"""The course of one run as a part of a screen: its charts over its layers, and what the network is in a few words."""

from collections.abc import Mapping
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tui_trainer.config.layer_sizes import format_hidden
from tui_trainer.config.options import Config
from tui_trainer.datasets.spec import MNIST_SPEC, DataSpec
from tui_trainer.errors import reason_of
from tui_trainer.history.history import History
from tui_trainer.history.measurements import Measurement
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.trained.surface import FEATURES
from tui_trainer.ui.chart.drawings import DRAWINGS
from tui_trainer.ui.chart.view import View
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.kit import export
from tui_trainer.ui.kit.borders import Border
from tui_trainer.ui.kit.choose import ChooseScreen
from tui_trainer.ui.kit.pace import Pace
from tui_trainer.ui.run.layer_table import LayerTable, exported_cells, layer_rows
from tui_trainer.ui.run.layers_pane import LayersPane
from tui_trainer.ui.run.staircase import Staircase

LOOKS_PER_SECOND = 2.0
"""How often to look at a run. Each redraw takes time from training and bytes from the line."""

COLUMNS_A_LOOK = 700
"""How many columns of charts may be written for each look at the run, on average: some 7 bytes each go over the line."""

WIDTHS = [(0, "-narrow"), (120, "-wide")]
HEIGHTS = [(0, "-short"), (28, "-medium"), (36, "-tall")]
"""The classes of a screen that shows a run, by the columns and lines from which on it has them."""

PLANAR = "-planar"
"""The class of a view whose data have two features, and so a plane beside its charts."""

FURTHER = ("rate", "gradients")
"""Charts for which a key makes room, where there is not enough for all."""

VIEW_KEYS = (
    Binding("v", "save", "Save as…", tooltip="Save the screen or the charts as a picture, curves and layers as tables", show=False),
    Binding("i", "inside", "Look inside", tooltip="Look into the network: its mistakes, its units, a digit of your own", show=False),
    Binding("x", "why", "Why", tooltip="Why the run is as it is: what is wrong with it, what shows that, and remedies to try", show=False),
    Binding("h", "health", "Layer health", tooltip="How every layer fares, step by step: gradients, updates, activations", show=False),
    Binding("u", "usage", "Machine", tooltip="What the run uses: cores, memory, batches a second; and its environment", show=False),
    Binding("g", "more_charts", "Other charts", tooltip="Show the learning rate and the gradients, or loss and accuracy", show=False),
    Binding("f", "parameters", "Parameters", tooltip="Show how the layers' parameters are counted, or their gradients again", show=False),
)
"""For screens that show a run."""

RUN_BORDER = Border("charts", "layers", columns=(34, 40), shares=(0.4, 0.0))
"""Between charts and layers."""

LEAVE_KEY = Binding("escape", "leave", "Leave", tooltip="Leave a field, a dialog or an enlarged pane", show=False)
"""For those of them with no screen below."""

SAVED: Mapping[str, str] = {
    "screen.svg": N_("a picture of the whole screen"),
    "charts.svg": N_("a picture of the charts that are shown"),
    "curves.csv": N_("every point of every curve: curve, step, epoch, seconds, value"),
    "layers.csv": N_("the layer table, with what was measured last"),
    "layers.md": N_("the layer table in Markdown"),
}


class RunView(Vertical):
    """Draws no more often than training can bear. The screen places `architecture` in its header."""

    def __init__(self, looks_per_second: float, plane: Widget | None = None) -> None:
        super().__init__(id="work")
        self._plane = plane
        self.architecture = Static(id="architecture")
        self._tick = 1 / looks_per_second
        self._pace = Pace()
        self._columns_drawn = 0
        self._network: tuple[Config, DataSpec] | None = None
        self._history: History | None = None
        self._behind: History | None = None

    def compose(self) -> ComposeResult:
        """The charts over the layers; where the data lie in a plane, the plane beside them."""
        with Container(id="charts"):
            for name in DRAWINGS:
                yield Chart(name, classes="pane " + ("-further" if name in FURTHER else "-first"))
            if self._plane:
                yield self._plane
        yield LayersPane(id="layers")

    def show_parameters(self, config: Config, spec: DataSpec) -> None:
        """Show how many parameters each layer of such a network has."""
        self.query_one(LayerTable).show(layer_rows(config, spec))

    def explain(self, problem: str) -> None:
        """Say why there is no network to show."""
        self.query_one(LayerTable).explain(problem)

    def say_what_it_is(self, config: Config | None, spec: DataSpec = MNIST_SPEC) -> None:
        """Say what the network is in a few words; nothing for None."""
        self._network = (config, spec) if config else None
        self.set_class(self._plane is not None and spec.features == FEATURES, PLANAR)
        if config is None:
            self.architecture.update("", layout=False)
            return
        hidden = f" → {format_hidden(config.hidden).replace(',', ' → ').replace('x', ' × ')}" if config.hidden else ""
        parts = ", ".join((*config.parts(_), config.optimizer))
        self.architecture.update(Content(f"{spec.features}{hidden} → {spec.classes}  {parts}"), layout=False)

    def begin(self, config: Config, spec: DataSpec, behind: History | None = None, what_changed: str = "") -> None:
        """Make ready for a run. Behind it stands the one before, from which it differs in what is said."""
        self.say_what_it_is(config, spec)
        self._history, self._behind = None, behind
        self.query_one(Staircase).begin(len(config.hidden) + 1)
        pane = self.query_one(LayersPane)
        pane.stand_before(what_changed)
        pane.show_parameters(False)

    def draw(self, history: History) -> None:
        """Draw what has come."""
        self._pace.begin()
        self._history = history
        self._columns_drawn = sum(chart.update() for chart in self.query(Chart)) + self._draw_layers(self.query(Chart).first().view)

    def _draw_layers(self, view: View) -> int:
        """The staircase at the charts' cursor or as it is now, and the run behind when it had trained as far."""
        measured = _measured_at(self._history, view) if self._history else None
        behind = self._behind.measured_by(measured.step) if self._behind and measured else None
        self.query_one(LayersPane).stand_at(measured.step if measured and view.cursor is not None else None)
        return self.query_one(Staircase).show(measured, behind)

    @property
    def step(self) -> int | None:
        """The measured step at the charts' cursor, if there is one."""
        view = self.query(Chart).first().view
        measured = _measured_at(self._history, view) if self._history and view.cursor is not None else None
        return measured.step if measured else None

    @on(Chart.Looked)
    def _look_at_another_moment(self, event: Chart.Looked) -> None:
        self._draw_layers(event.view)

    def foresee(self, foreseen: Measurement, warning: str) -> None:
        """Have the gradients that arithmetic foresees in the place of those that are measured, with a warning where there is one."""
        told = _("foreseen: {warning}").format(warning=warning) if warning else _("foreseen, not measured")
        self.query_one(LayersPane).stand_for(told)
        self.query_one(Staircase).begin(len(foreseen.names))
        self.query_one(Staircase).show(foreseen)

    def show_parameters_or_gradients(self, parameters: bool) -> None:
        """Show how the layers' parameters are counted, or else their gradients."""
        pane = self.query_one(LayersPane)
        if pane.shows_parameters != parameters:
            pane.show_parameters(parameters)

    def exchange_layers(self) -> None:
        """Show how the layers' parameters are counted in place of their gradients, or back."""
        pane = self.query_one(LayersPane)
        pane.show_parameters(not pane.shows_parameters)

    def is_rested(self) -> bool:
        """Whether the last drawing is paid for by now, here and on the line."""
        return self._pace.is_rested(least=self._columns_drawn / COLUMNS_A_LOOK * self._tick)

    def forget_pace(self) -> None:
        """The next drawing need not wait."""
        self._pace.forget()

    def exchange_charts(self) -> None:
        """Show the learning rate and the gradients in place of loss and accuracy, or back."""
        self.query_one("#charts").toggle_class("-more")

    def choose_what_to_save(self, history: History | None, directory: Path | None) -> None:
        """Ask what to save, and do so in the run's folder, or in the working one while there is none."""
        # Before the dialog covers it.
        picture = export.self_contained(self.app.export_screenshot())

        def save(name: str | None) -> None:
            if name:
                self._save(name, picture, history, directory or Path())

        self.app.push_screen(ChooseScreen(_("Save as a file"), SAVED), save)

    def _save(self, name: str, picture: str, history: History | None, directory: Path) -> None:
        cells = exported_cells(layer_rows(*self._network) if self._network else (), history.layers if history else ())
        charts = [chart for chart in self.query(Chart) if chart.is_on_screen]
        match name:
            case "screen.svg":
                text = picture
            case "charts.svg":
                if not charts:
                    self.notify(_("No chart is shown: show them first."), severity="warning")
                    return
                text = export.svg(charts, "tui-trainer")
            case "curves.csv":
                text = export.curves_csv(history) if history else ""
            case "layers.csv":
                text = export.table_csv(cells)
            case _:
                text = export.table_markdown(cells)
        try:
            path = export.save(directory, name, text)
        except OSError as error:
            problem = _("{name} cannot be saved: {reason}").format(name=name, reason=reason_of(error))
            self.notify(problem, severity="error", markup=False)
        else:
            self.notify(printable(_("saved as {path}").format(path=path)), timeout=4, markup=False)


def _measured_at(history: History, view: View) -> Measurement | None:
    """What was measured last before the charts' cursor, or at all."""
    if view.cursor is None:
        return history.measured[-1] if history.measured else None
    return history.measured_by(10**view.cursor if view.scale.logarithmic else view.cursor, view.scale.place)
