"""The one screen where everything happens: the form, the charts, the layers, and the run."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Footer, Label, Static, Tab, Tabs

from tui_trainer.config import Config, format_hidden
from tui_trainer.dataset import CLASSES
from tui_trainer.names import abridged
from tui_trainer.ui import export
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.curves import QUANTITIES, Shown
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.layers import MNIST_FEATURES, layer_rows
from tui_trainer.ui.messages import RunRefused, RunStarted
from tui_trainer.ui.presets import PRESETS
from tui_trainer.ui.screens.choose import ChooseScreen
from tui_trainer.ui.screens.compare import Choice, Compared, CompareScreen, Current
from tui_trainer.ui.screens.copy import CopyScreen
from tui_trainer.ui.screens.layers import LayersScreen
from tui_trainer.ui.screens.running import LOOKS_PER_SECOND, RunScreen
from tui_trainer.ui.widgets.diagram import Diagram
from tui_trainer.ui.widgets.form import ConfigForm
from tui_trainer.ui.widgets.layer_table import LayerTable
from tui_trainer.ui.widgets.run_panel import Phase, RunPanel

READY = "ctrl+r starts a run with these options"

FURTHER = ("rate", "gradients")
"""Charts for which a key makes room, where there is not enough for all."""

VIEWS = ("setup", "charts", "layers")
"""What a small terminal shows one at a time; a large one shows all."""

SAVED: Mapping[str, str] = {
    "screen.svg": "a picture of the whole screen",
    "charts.svg": "a picture of the charts that are shown",
    "curves.csv": "every point of every curve: curve, step, epoch, seconds, value",
    "layers.csv": "the layer table, with what was measured last",
    "layers.md": "the layer table in Markdown",
}


class MainScreen(RunScreen):
    """Starts runs from the form, one at a time, and shows the latest until the next one starts."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 so does Textual declare it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-medium"), (36, "-tall")]  # noqa: RUF012

    PANES = (Chart, LayerTable, ConfigForm)
    VIEWED = "#body"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "start", "Start", tooltip="Start a run with the form's values, from inside a field too", priority=True),
        Binding("e", "reseed", "New seed", tooltip="Start again with the same options and another seed", show=False),
        Binding("a", "again_with", "Again with…", tooltip="Put the run's options into the form, to change some and start", show=False),
        Binding("c", "compare", "Runs", tooltip="Compare: mark earlier runs, to see their curves, figures and options beside this one's"),
        Binding("p", "presets", "Presets", tooltip="Fill the form with one of the runs worth starting from", show=False),
        Binding("d", "design", "Design layers", tooltip="Edit widths, activations and initializers layer by layer", show=False),
        Binding("k", "copy", "Copy", tooltip="Show and copy the form's run as a command line or as TOML", show=False),
        Binding("v", "save", "Save as…", tooltip="Save the screen or the charts as a picture, curves and layers as tables", show=False),
        Binding("g", "more_charts", "Charts", tooltip="Show the learning rate and the gradients, or loss and accuracy", show=False),
        Binding("1", "view('setup')", "Setup", tooltip="Show the form and the layers (small terminals)", show=False),
        Binding("2", "view('charts')", "Charts", tooltip="Show the charts (small terminals)", show=False),
        Binding("3", "view('layers')", "Layers", tooltip="Show the layers and how they fare (small terminals)", show=False),
    ]

    def __init__(
        self, values: Mapping[str, Any], output: Path | None, marks: raster.Marks, looks_per_second: float = LOOKS_PER_SECOND
    ) -> None:
        super().__init__(output, marks, looks_per_second)
        self._values = values
        self._features: dict[str, int] = {}
        self._session: list[Path] = []
        """The folders of all runs since the app was started."""
        self._compared: tuple[Compared, ...] = ()
        """Runs that are drawn beside the latest."""

    def compose(self) -> ComposeResult:
        """Lay out every part; the style sheet decides what a small terminal shows."""
        with Horizontal(id="header"):
            yield Label("tui-trainer", id="brand")
            yield Tabs(*(Tab(f"{key} {view.capitalize()}", id=f"view-{view}") for key, view in enumerate(VIEWS, 1)), id="views")
            yield Static(id="architecture")
        with Horizontal(id="body", classes=f"-{VIEWS[0]}"):
            yield ConfigForm(self._values, id="form")
            with Vertical(id="work"):
                with Container(id="charts"):
                    for quantity in QUANTITIES:
                        yield Chart(quantity, classes="-further" if quantity in FURTHER else "-first")
                yield LayerTable(id="layers")
        yield RunPanel(id="panel")
        yield Footer()

    def on_mount(self) -> None:
        """Begin in the first field."""
        self.enter(Phase.IDLE, READY)
        self.query_one(ConfigForm).go_to_first()

    # The form

    @on(ConfigForm.Changed)
    def _options_changed(self, event: ConfigForm.Changed) -> None:
        if self.phase.going_on:
            return
        self._show_layers(event.config)
        sentence = READY if event.config else "mend the option that is marked ✗"
        if self.phase is Phase.IDLE:
            self.query_one(RunPanel).say(Phase.IDLE, sentence)
        elif self.phase is Phase.REFUSED:
            self.enter(Phase.IDLE, sentence)

    def _show_layers(self, config: Config | None) -> None:
        table = self.query_one(LayerTable)
        architecture = self.query_one("#architecture", Static)
        picture = self.query_one("#picture", Diagram)
        if config is None:
            table.explain("an option is wrong: see the form")
            architecture.update("", layout=False)
            picture.show(())
            return
        features = self._features.get(config.data, MNIST_FEATURES)
        table.show(layer_rows(config, features))
        picture.show((features, *config.hidden, CLASSES))
        hidden = f" → {format_hidden(config.hidden).replace(',', ' → ').replace('x', ' × ')}" if config.hidden else ""
        text = f"{features}{hidden} → 10  {abridged(config.activation)}, {config.optimizer}"
        architecture.update(Content(text), layout=False)

    def action_presets(self) -> None:
        """Choose a run worth starting from."""
        summaries = {name: preset.summary for name, preset in PRESETS.items()}
        self.app.push_screen(ChooseScreen("Presets", summaries), self._take_preset)

    def _take_preset(self, name: str | None) -> None:
        if name:
            form = self.query_one(ConfigForm)
            form.fill(dict(Config.parse(PRESETS[name].values)))
            self.action_view("setup")
            form.go_to_first()
            self.notify(PRESETS[name].summary, title=name)

    def action_design(self) -> None:
        """Edit the network layer by layer."""
        if config := self._valid():
            self.app.push_screen(LayersScreen(config, self._features.get(config.data, MNIST_FEATURES)), self._take_layers)

    def _take_layers(self, values: Mapping[str, Any] | None) -> None:
        if values:
            self.query_one(ConfigForm).fill(values)

    def action_copy(self) -> None:
        """Show the run in words."""
        if config := self._valid():
            self.app.push_screen(CopyScreen(config))

    def _valid(self) -> Config | None:
        """What the form describes; while it describes nothing, say so and go where it is wrong."""
        form = self.query_one(ConfigForm)
        if form.config is None:
            self.action_view("setup")
            form.go_to_problem()
            self.notify("An option is wrong: mend it first.", severity="error")
        return form.config

    # The run

    def action_start(self) -> None:
        """Start a run, unless one is going on or an option is wrong."""
        if self.phase.going_on:
            self.notify("A run is going on: stop the run first.", severity="warning")
        elif config := self._valid():
            self.begin(config)

    def action_reseed(self) -> None:
        """Start the latest run's options again, from another seed."""
        if self.runner:
            seed = secrets.randbelow(1_000_000)
            self.query_one(ConfigForm).fill({"seed": seed})
            self.begin_next(self.runner.config.model_copy(update={"seed": seed}))

    def action_again_with(self) -> None:
        """Bring the latest run's options into the form."""
        if self.runner:
            form = self.query_one(ConfigForm)
            form.fill(dict(self.runner.config))
            self.action_view("setup")
            form.go_to_first()

    def begin(self, config: Config) -> None:
        """Start a run, and turn to its charts."""
        super().begin(config)
        self._follow()
        self.view = replace(self.view, window=None, cursor=None)
        self._show_layers(config)
        # Out of the field, so that the keys that steer the run work.
        self.set_focus(None)
        self.action_view("charts")

    @on(RunStarted)
    def _learn_of_the_data(self, event: RunStarted) -> None:
        if self.is_latest(event) and self.runner:
            self._features[self.runner.config.data] = event.features
            self._show_layers(self.runner.config)
            self._session.append(event.directory)

    @on(RunRefused)
    def _show_the_problem(self, event: RunRefused) -> None:
        if self.is_latest(event):
            self.action_view("setup")
            self.query_one(ConfigForm).complain(event.reason)

    @on(Button.Pressed, "#start, #presets, #design, #copy")
    async def _button_pressed(self, event: Button.Pressed) -> None:
        """Each button is named after what it does."""
        await self.run_action(str(event.button.id))

    # The view

    def _shown(self) -> Shown | None:
        return Shown("this run", self.runner.history, self.runner.config.epochs) if self.runner else None

    def _follow(self) -> None:
        """Draw the latest run, and those it is compared with."""
        others = [each.shown for each in self._compared if each.path != self.directory]
        for chart in self.query(Chart):
            chart.follow(self._shown(), others)

    def action_compare(self) -> None:
        """Choose runs to compare with."""
        self.app.push_screen(CompareScreen(self._current, self._session, self._compared, self._compare, self.marks))

    def _current(self) -> Current | None:
        shown = self._shown()
        return Current(self.directory, shown, self.phase.going_on) if self.directory and shown else None

    def _compare(self, choice: Choice) -> None:
        self._compared = choice.runs
        self._follow()
        if choice.start:
            self.action_start()

    def action_more_charts(self) -> None:
        """Show the learning rate and the gradients in place of loss and accuracy, or back."""
        self.query_one("#charts").toggle_class("-more")

    def action_save(self) -> None:
        """Choose what to save."""
        # Before the dialog covers it.
        picture = self.app.export_screenshot()
        self.app.push_screen(ChooseScreen("Save as a file", SAVED), lambda name: self._save(name, picture))

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
                    self.notify("No chart is shown: show them first.", severity="warning")
                    return
                text = export.svg(charts, "tui-trainer")
            case "curves.csv":
                text = export.curves_csv(self.runner.history) if self.runner else ""
            case "layers.csv":
                text = export.table_csv(cells)
            case _:
                text = export.table_markdown(cells)
        try:
            path = export.save(self.directory or Path(), name, text)
        except OSError as error:
            self.notify(f"{name} cannot be saved: {(error.strerror or str(error)).lower()}", severity="error")
        else:
            self.notify(f"saved as {path}", timeout=4)
