"""The one screen where everything happens: the form, the charts, the layers, and the run."""

from collections.abc import Mapping
from pathlib import Path
from time import monotonic, thread_time
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Footer, Label, Static, Tab, Tabs

from tui_trainer.config import Config, format_hidden
from tui_trainer.ui import plot
from tui_trainer.ui.advice import advice
from tui_trainer.ui.layers import MNIST_FEATURES, layer_rows
from tui_trainer.ui.messages import RunEnded, RunMessage, RunRefused, RunStarted
from tui_trainer.ui.runner import Runner
from tui_trainer.ui.widgets.chart import Chart
from tui_trainer.ui.widgets.form import ConfigForm
from tui_trainer.ui.widgets.layer_table import LayerTable
from tui_trainer.ui.widgets.run_panel import Phase, RunPanel

DRAWING_SHARE = 0.03
"""Of the time, how much may go into drawing charts: Python does one thing at a time, so what drawing takes is taken from training."""

TICK = 0.5
"""Seconds between two looks at a run. Each redraw takes time from training and bytes from the line."""

READY = "ctrl+r starts a run with these options"

VIEWS = ("setup", "charts", "layers")
"""What a small terminal shows one at a time; a large one shows all."""


class MainScreen(Screen[None]):
    """Starts runs from the form, one at a time, and shows the latest until the next one starts."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 so does Textual declare it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-medium"), (36, "-tall")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "start", "Start", tooltip="Start a run with the form's values, from inside a field too", priority=True),
        Binding("space", "pause", "Pause", tooltip="Pause the run before its next batch"),
        Binding("space", "go_on", "Go on", tooltip="Go on with the paused run"),
        Binding("s", "stop", "Stop", tooltip="Stop the run and test what it has learned"),
        Binding("1", "view('setup')", "Setup", tooltip="Show the form and the layers (small terminals)", show=False),
        Binding("2", "view('charts')", "Charts", tooltip="Show the charts (small terminals)", show=False),
        Binding("3", "view('layers')", "Layers", tooltip="Show the layers and how they fare (small terminals)", show=False),
        Binding("l", "logarithmic", "Log loss", tooltip="Draw the loss on a logarithmic scale, or back", show=False),
        Binding("m", "marks", "Markers", tooltip="Draw with braille, with blocks, or with plain characters", show=False),
        Binding("escape", "leave", "Leave", tooltip="Leave a field, a dialog or an enlarged chart", show=False),
    ]

    def __init__(self, values: Mapping[str, Any], output: Path | None, marks: plot.Marks) -> None:
        super().__init__()
        self._values = values
        self._output = output
        self._marks = marks
        self._runner: Runner | None = None
        self._features: dict[str, int] = {}
        self.phase = Phase.IDLE
        self._rest_until = 0.0

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
                    yield Chart("loss", id="loss")
                    yield Chart("accuracy", id="accuracy")
                yield LayerTable(id="layers")
        yield RunPanel(id="panel")
        yield Footer()

    def on_mount(self) -> None:
        """Begin in the first field, and look at the run from time to time."""
        for chart in self.query(Chart):
            chart.marks = self._marks
        self._enter(Phase.IDLE, READY)
        self.query_one(ConfigForm).go_to_first()
        self.set_interval(TICK, self._look)

    @property
    def runner(self) -> Runner | None:
        """The latest run's thread."""
        return self._runner

    # The form

    @on(ConfigForm.Changed)
    def _options_changed(self, event: ConfigForm.Changed) -> None:
        if self.phase.going_on:
            return
        self._show_layers(event.config)
        if self.phase in (Phase.IDLE, Phase.REFUSED):
            self._enter(Phase.IDLE, READY if event.config else "mend the option that is marked ✗")

    def _show_layers(self, config: Config | None) -> None:
        table = self.query_one(LayerTable)
        architecture = self.query_one("#architecture", Static)
        if config is None:
            table.explain("an option is wrong: see the form")
            architecture.update("")
            return
        features = self._features.get(config.data, MNIST_FEATURES)
        table.show(layer_rows(config, features))
        hidden = f" → {format_hidden(config.hidden).replace(',', ' → ').replace('x', ' × ')}" if config.hidden else ""
        architecture.update(Content(f"{features}{hidden} → 10  {config.activation}, {config.optimizer}"))

    # The run

    def action_start(self) -> None:
        """Start a run, unless one is going on or an option is wrong."""
        form = self.query_one(ConfigForm)
        if self.phase.going_on:
            self.notify("A run is going on: stop the run first.", severity="warning")
        elif form.config is None:
            self.action_view("setup")
            form.go_to_problem()
            self.notify("An option is wrong: mend it first.", severity="error")
        else:
            self._begin(form.config)

    def _begin(self, config: Config) -> None:
        self._runner = runner = Runner(config, self._output, self.post_message)
        self.query_one(RunPanel).begin(config)
        self.query_one("#loss", Chart).follow(runner.history.loss, config.epochs)
        self.query_one("#accuracy", Chart).follow(runner.history.accuracy, config.epochs)
        self._show_layers(config)
        self._enter(Phase.PREPARING, "reading the images, building the network")
        # Out of the field, so that the keys that steer the run work.
        self.set_focus(None)
        self.action_view("charts")
        runner.start()

    def action_pause(self) -> None:
        """Hold the run before its next batch."""
        if self._runner and self.phase is Phase.TRAINING:
            self._runner.control.pause()
            self._enter(Phase.PAUSED)
            # The last batch before the pause may come after this.
            self.set_timer(TICK, self._look)

    def action_go_on(self) -> None:
        """End the pause."""
        if self._runner and self.phase is Phase.PAUSED:
            self._enter(Phase.TRAINING)
            self._runner.control.go_on()

    def action_stop(self) -> None:
        """End the run with what it has learned."""
        if self._runner and self.phase.going_on:
            self._runner.control.stop()
            self._enter(Phase.STOPPING)

    @on(Button.Pressed, "#start")
    def _start_pressed(self) -> None:
        self.action_start()

    @on(Button.Pressed, "#pause")
    def _pause_pressed(self) -> None:
        if self.phase is Phase.PAUSED:
            self.action_go_on()
        else:
            self.action_pause()

    @on(Button.Pressed, "#stop")
    def _stop_pressed(self) -> None:
        self.action_stop()

    def _enter(self, phase: Phase, detail: str = "") -> None:
        self.phase = phase
        self.query_one(RunPanel).show_phase(phase, detail)
        if phase in (Phase.TRAINING, Phase.PAUSED):
            self._look()
        self.refresh_bindings()

    def _is_latest(self, message: RunMessage) -> bool:
        return message.run is self._runner

    @on(RunStarted)
    def _run_started(self, event: RunStarted) -> None:
        assert self._runner
        if not self._is_latest(event):
            return
        # The next run must not write into this one's folder.
        self._output = None
        self._features[self._runner.config.data] = event.features
        self._show_layers(self._runner.config)
        self.query_one(RunPanel).show_directory(event.directory)
        for warning in event.warnings:
            self.notify(warning, severity="warning")
        if self.phase is Phase.PREPARING:
            self._enter(Phase.TRAINING)

    @on(RunEnded)
    def _run_ended(self, event: RunEnded) -> None:
        assert self._runner
        if not self._is_latest(event):
            return
        self._rest_until = 0.0
        self._look()
        self._enter(Phase.ENDED)
        hint = advice(self._runner.config, event, self._runner.history.layers)
        self.query_one(RunPanel).show_end(event, hint)

    @on(RunRefused)
    def _run_refused(self, event: RunRefused) -> None:
        if not self._is_latest(event):
            return
        self._enter(Phase.REFUSED, event.reason)
        self.action_view("setup")
        self.query_one(ConfigForm).complain(event.reason)

    def _look(self) -> None:
        """Show how far the run is, if it has moved."""
        runner = self._runner
        if runner is None or not self.phase.going_on:
            return
        table = self.query_one(LayerTable)
        if table.shows_health and self.phase is Phase.TRAINING:
            runner.control.measure_layers()
        progress = runner.history.progress
        if progress is None:
            return
        if self.phase in (Phase.TRAINING, Phase.PAUSED):
            self.query_one(RunPanel).show_progress(self.phase, runner.config, progress, runner.history.seconds)
        if monotonic() >= self._rest_until or self.phase is not Phase.TRAINING:
            started = thread_time()
            for chart in self.query(Chart):
                chart.update()
            if table.shows_health:
                table.measure(runner.history.layers)
            self._rest_until = monotonic() + (thread_time() - started) / DRAWING_SHARE

    # The view

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer in the footer what makes sense now: None is greyed out, False is not there."""
        match action:
            case "pause":
                return False if self.phase is Phase.PAUSED else self.phase is Phase.TRAINING or None
            case "go_on":
                return self.phase is Phase.PAUSED
            case "stop":
                return (self.phase.going_on and self.phase is not Phase.STOPPING) or None
        return True

    @on(Tabs.TabActivated)
    def _tab_activated(self, event: Tabs.TabActivated) -> None:
        self.action_view(str(event.tab.id).removeprefix("view-"))

    def action_view(self, view: str) -> None:
        """Show one part, where there is no room for all."""
        body = self.query_one("#body")
        for known in VIEWS:
            body.set_class(known == view, f"-{known}")
        self.query_one(Tabs).active = f"view-{view}"

    def action_logarithmic(self) -> None:
        """Change the scale of the loss."""
        chart = self.query_one("#loss", Chart)
        chart.logarithmic = not chart.logarithmic

    def action_marks(self) -> None:
        """Take the next set of characters for the charts."""
        sets = (plot.BRAILLE, plot.BLOCKS, plot.PLAIN)
        self._marks = sets[(sets.index(self._marks) + 1) % len(sets)]
        for chart in self.query(Chart):
            chart.marks = self._marks

    def action_leave(self) -> None:
        """Leave an enlarged chart, or the field."""
        if self.maximized:
            self.minimize()
        else:
            self.set_focus(None)
