"""The course of one run on a screen: its charts, its layers, and what of them can be saved."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Label, Static

from tui_trainer.config.layer_sizes import format_hidden
from tui_trainer.config.options import Config
from tui_trainer.config.per_layer import abridged
from tui_trainer.datasets.dataset import CLASSES
from tui_trainer.errors import reason_of
from tui_trainer.history.history import History
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.curves import DRAWINGS, Shown
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.health.screen import HealthScreen
from tui_trainer.ui.inside.screen import InsideScreen, Source
from tui_trainer.ui.kit import export
from tui_trainer.ui.kit.charted import ChartScreen
from tui_trainer.ui.kit.choose import ChooseScreen
from tui_trainer.ui.kit.pace import Pace
from tui_trainer.ui.kit.view_tabs import ViewTabs
from tui_trainer.ui.run.layer_rows import layer_rows
from tui_trainer.ui.run.layer_table import LayerTable

COLUMNS_A_LOOK = 1200
"""How many columns of charts may be written for each look at the run, on average: some 7 bytes each go over the line."""

FURTHER = ("rate", "gradients")
"""Charts for which a key makes room, where there is not enough for all."""

SAVED: Mapping[str, str] = {
    "screen.svg": N_("a picture of the whole screen"),
    "charts.svg": N_("a picture of the charts that are shown"),
    "curves.csv": N_("every point of every curve: curve, step, epoch, seconds, value"),
    "layers.csv": N_("the layer table, with what was measured last"),
    "layers.md": N_("the layer table in Markdown"),
}


class CourseScreen(ChartScreen):
    """Charts over the layer table; a small terminal shows one view at a time."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 so does Textual declare it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-medium"), (36, "-tall")]  # noqa: RUF012

    PANES: ClassVar[tuple[type[Widget], ...]] = (Chart, LayerTable)
    VIEWED = "#body"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "save", "Save as…", tooltip="Save the screen or the charts as a picture, curves and layers as tables", show=False),
        Binding("i", "inside", "Look inside", tooltip="Look into the network: its mistakes, its units, a digit of your own", show=False),
        Binding("h", "health", "Layer health", tooltip="How every layer fares, step by step: gradients, updates, activations", show=False),
        Binding("g", "more_charts", "Other charts", tooltip="Show the learning rate and the gradients, or loss and accuracy", show=False),
    ]

    def __init__(self, marks: raster.Marks, looks_per_second: float) -> None:
        super().__init__(marks)
        self.directory: Path | None = None
        """The run's folder, once it has one."""
        self._tick = 1 / looks_per_second
        self._pace = Pace()
        self._columns_drawn = 0

    @property
    def history(self) -> History | None:
        """The run that the charts show."""
        return None

    def compose_header(self, name: str, views: Iterable[str]) -> ComposeResult:
        """The topmost row."""
        with Horizontal(id="header"):
            yield Label(Content(name), id="brand")
            yield ViewTabs(views, id="views")
            yield Static(id="architecture")

    def compose_work(self) -> ComposeResult:
        """The charts and the layers."""
        with Vertical(id="work"):
            with Container(id="charts"):
                for name in DRAWINGS:
                    yield Chart(name, classes="-further" if name in FURTHER else "-first")
            yield LayerTable(id="layers")

    def show_network(self, config: Config, features: int) -> None:
        """Show the layers of such a network, and what it is in a few words."""
        self.query_one(LayerTable).show(layer_rows(config, features))
        hidden = f" → {format_hidden(config.hidden).replace(',', ' → ').replace('x', ' × ')}" if config.hidden else ""
        text = f"{features}{hidden} → {CLASSES}  {abridged(config.activation)}, {config.optimizer}"
        self.query_one("#architecture", Static).update(Content(text), layout=False)

    def draw(self, history: History) -> None:
        """Draw what has come."""
        self._pace.begin()
        self._columns_drawn = sum(chart.update() for chart in self.query(Chart))
        self.query_one(LayerTable).measure(history.layers)

    def is_rested(self) -> bool:
        """Whether the last drawing is paid for by now, here and on the line."""
        return self._pace.is_rested(least=self._columns_drawn / COLUMNS_A_LOOK * self._tick)

    def inside(self) -> Source | None:
        """The network that can be looked into, if there is one."""
        return None

    def action_inside(self) -> None:
        """Look into the network."""
        if source := self.inside():
            self.app.push_screen(InsideScreen(source, self.marks))

    def followed(self) -> Shown | None:
        """The run that is shown, if there is one."""
        return None

    def action_health(self) -> None:
        """See how the layers fare over the course of the run."""
        if self.followed():
            self.app.push_screen(HealthScreen(self.followed, self.marks, 1 / self._tick))

    def action_more_charts(self) -> None:
        """Show the learning rate and the gradients in place of loss and accuracy, or back."""
        self.query_one("#charts").toggle_class("-more")

    def leave(self) -> None:
        """Leave the field: there is no screen below."""
        self.set_focus(None)

    def action_save(self) -> None:
        """Choose what to save."""
        # Before the dialog covers it.
        picture = export.self_contained(self.app.export_screenshot())
        self.app.push_screen(ChooseScreen(_("Save as a file"), SAVED), lambda name: self._save(name, picture))

    def _save(self, name: str | None, picture: str) -> None:
        if name is None:
            return
        cells = self.query_one(LayerTable).cells()
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
                text = export.curves_csv(self.history) if self.history else ""
            case "layers.csv":
                text = export.table_csv(cells)
            case _:
                text = export.table_markdown(cells)
        try:
            path = export.save(self.directory or Path(), name, text)
        except OSError as error:
            self.notify(
                _("{name} cannot be saved: {reason}").format(name=name, reason=reason_of(error)),
                severity="error",
                markup=False,
            )
        else:
            self.notify(printable(_("saved as {path}").format(path=path)), timeout=4, markup=False)
