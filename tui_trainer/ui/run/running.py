"""A run that goes on: what can be done to it, and how its course gets onto the screen."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Button

from tui_trainer.config.changes import describe_change
from tui_trainer.config.options import Config
from tui_trainer.diagnosis.remedies import diagnose
from tui_trainer.history.history import History
from tui_trainer.runs.run import Run
from tui_trainer.system.folders import printable
from tui_trainer.text.language import _
from tui_trainer.ui.chart import raster
from tui_trainer.ui.health.screen import HealthScreen
from tui_trainer.ui.inside.screen import Source
from tui_trainer.ui.run.change import ChangeScreen
from tui_trainer.ui.run.messages import RunChanged, RunEnded, RunMessage, RunNoted, RunRefused, RunStarted
from tui_trainer.ui.run.run_panel import Phase, RunPanel
from tui_trainer.ui.run.runner import Runner
from tui_trainer.ui.run.view import CourseScreen

LOOKS_PER_SECOND = 2.0
"""How often to look at a run. Each redraw takes time from training and bytes from the line."""


class RunScreen(CourseScreen):
    """A screen with charts, a layer table and a run panel, in which one run at a time goes on; the latest is shown until the next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause", tooltip="Pause the run before its next batch"),
        Binding("space", "go_on", "Go on", tooltip="Go on with the paused run"),
        Binding("s", "stop", "Stop", tooltip="Stop the run and test what it has learned"),
        Binding("t", "change", "Change", tooltip="Change learning rate, schedule, weight decay, batch size, clipping or epochs in mid-run"),
        Binding("comma", "scale_rate(0.5)", "Halve rate", tooltip="Halve the learning rate, from the next batch on", show=False),
        Binding("full_stop", "scale_rate(2.0)", "Double rate", tooltip="Double the learning rate, from the next batch on", show=False),
        Binding("n", "step", "Step", tooltip="Train one batch, and pause", show=False),
        Binding("r", "restart", "Restart", tooltip="Start again with the same options and seed; stops a run that is going on", show=False),
    ]

    def __init__(self, output: Path | None, marks: raster.Marks, looks_per_second: float) -> None:
        super().__init__(marks, looks_per_second)
        self.phase = Phase.IDLE
        self.runner: Runner | None = None
        """The latest run's thread."""
        self._output = output
        self._next: Config | None = None
        """What to start when the run that was told to stop has ended."""

    @property
    def history(self) -> History | None:
        """The latest run's."""
        return self.runner.history if self.runner else None

    def on_mount(self) -> None:
        """Look at the run from time to time."""
        self.set_interval(self._tick, self._look)

    def begin(self, config: Config, resume: Callable[[], Run] | None = None) -> None:
        """Start a run, or go on with the one that `resume` gives."""
        self._next = None
        self.directory = None
        # What was said before would cover this run's figures.
        self.app.clear_notifications()
        output = self._output
        self.runner = Runner(config, resume or (lambda: Run.create(config, output)), self.post_message, resumes=resume is not None)
        self.query_one(RunPanel).begin()
        self.enter(Phase.PREPARING, _("reading the images, building the network"))
        self.runner.start()

    def begin_next(self, config: Config) -> None:
        """Start a run, after the one that is going on has been stopped and its files are written."""
        if self.phase.going_on:
            self.action_stop()
            self._next = config
        else:
            self.begin(config)

    def inside(self) -> Source | None:
        return Source(_("this run"), lambda: self.runner) if self.runner else None

    def action_restart(self) -> None:
        """Start the latest run's options again, from the same seed."""
        if self.runner:
            self.begin_next(self.runner.config)

    def action_pause(self) -> None:
        """Hold the run after one more batch, which brings a snapshot: whoever looks into the network sees it as it stands."""
        if self.runner and self.phase is Phase.TRAINING:
            self.runner.control.step()
            self.enter(Phase.PAUSED)
            # The last batch before the pause may come after this.
            self.set_timer(self._tick, self._look)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run while inside."""
        held = self.runner if self.phase is Phase.TRAINING else None
        if held:
            held.control.pause()
        yield
        if held:
            held.control.go_on()

    def action_go_on(self) -> None:
        """End the pause."""
        if self.runner and self.phase is Phase.PAUSED:
            self.enter(Phase.TRAINING)
            self.runner.control.go_on()

    def action_step(self) -> None:
        """Train one batch, and hold."""
        if self.runner and self.phase in (Phase.TRAINING, Phase.PAUSED):
            self.runner.control.step()
            self.enter(Phase.PAUSED)
            self.set_timer(self._tick, self._look)

    def action_change(self) -> None:
        """Ask for other values while the run goes on."""
        if self.runner and self.phase in (Phase.TRAINING, Phase.PAUSED):
            self.app.push_screen(ChangeScreen(self.runner.options), self._change)

    def action_scale_rate(self, factor: float) -> None:
        """Take a multiple of the learning rate."""
        if self.runner and self.phase in (Phase.TRAINING, Phase.PAUSED):
            self._change({"learning_rate": self.runner.options.learning_rate * factor})

    def _change(self, values: Mapping[str, Any] | None) -> None:
        if values and self.runner and self.phase in (Phase.TRAINING, Phase.PAUSED):
            self.runner.control.change(values)
            if self.phase is Phase.PAUSED:
                self.notify(_("{changes}, when the run goes on").format(changes=describe_change(values, _)))

    def action_stop(self) -> None:
        """End the run with what it has learned; nothing is started after it."""
        self._next = None
        if self.runner and self.phase.going_on:
            self.runner.control.stop()
            self.enter(Phase.STOPPING)

    @on(Button.Pressed, "#pause")
    def _pause_pressed(self) -> None:
        if self.phase is Phase.PAUSED:
            self.action_go_on()
        else:
            self.action_pause()

    @on(Button.Pressed, "#stop")
    def _stop_pressed(self) -> None:
        self.action_stop()

    def enter(self, phase: Phase, detail: str = "") -> None:
        """Go over into another phase, and say so."""
        self.phase = phase
        self.query_one(RunPanel).show_phase(phase, detail)
        if phase in (Phase.TRAINING, Phase.PAUSED):
            self._look()
        self.refresh_bindings()

    def is_latest(self, message: RunMessage) -> bool:
        """Whether the message is about the latest run, and not about one before it."""
        return message.run is self.runner

    @on(RunStarted)
    def _run_started(self, event: RunStarted) -> None:
        if not self.is_latest(event):
            return
        if self.runner and not self.runner.resumes:
            # The next run must not write into this one's folder.
            self._output = None
        self.directory = event.directory
        self.query_one(RunPanel).show_directory(event.directory)
        for warning in event.warnings:
            self.notify(printable(warning), severity="warning", markup=False)
        if self.phase is Phase.PREPARING:
            self.enter(Phase.TRAINING)

    @on(RunChanged)
    def _run_changed(self, event: RunChanged) -> None:
        if self.is_latest(event):
            self.notify(
                _("{changes}, from step {step:,} on").format(changes=describe_change(event.changes, _), step=event.step + 1), timeout=4
            )
            self._look()

    @on(RunNoted)
    def _run_noted(self, event: RunNoted) -> None:
        if self.is_latest(event):
            self.notify(printable(event.text), severity="error" if event.trouble else "information", markup=False)
            self.query_one(RunPanel).show_trouble(self._without_directory(event.trouble))

    def _without_directory(self, trouble: str) -> str:
        """The panel names the run's folder already."""
        return trouble.removeprefix(f"{self.directory}: ")

    @on(RunEnded)
    def _run_ended(self, event: RunEnded) -> None:
        if not self.is_latest(event):
            return
        assert self.runner
        self._pace.forget()
        self._look()
        self.enter(Phase.ENDED)
        self.query_one(RunPanel).show_end(
            event, diagnose(self.runner.options, event.status, event.test_accuracy, self.runner.history.layers)
        )
        if event.trouble:
            self.query_one(RunPanel).show_trouble(_("not all is kept: {trouble}").format(trouble=self._without_directory(event.trouble)))
        if self._next:
            self.begin(self._next)

    @on(RunRefused)
    def _run_refused(self, event: RunRefused) -> None:
        if not self.is_latest(event):
            return
        self.enter(Phase.REFUSED, event.reason)
        if self.directory:
            # The panel has no room for what is kept of a run that had begun.
            self.notify(printable(event.reason), severity="error", timeout=30, markup=False)

    def _look(self) -> None:
        """Show how far the run is, if it has moved."""
        runner = self.runner
        if runner is None or not self.phase.going_on:
            return
        runner.history.drain()
        if self.phase is Phase.TRAINING and any(isinstance(screen, HealthScreen) for screen in self.app.screen_stack):
            runner.control.count_distributions()
        progress = runner.history.progress
        if progress is None:
            return
        if self.phase in (Phase.TRAINING, Phase.PAUSED):
            self.query_one(RunPanel).show_progress(self.phase, runner.options.epochs, progress, runner.history.seconds)
        if self.is_rested() or self.phase is not Phase.TRAINING:
            self.draw(runner.history)
            # For the next time, and for whoever looks at the layers' past later; in between it would cost training for nothing.
            runner.control.measure_layers()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer in the footer what makes sense now: None is greyed out, False is not there."""
        going_on, adjustable = self.phase.going_on, self.phase in (Phase.TRAINING, Phase.PAUSED)
        offered: bool | None = True
        match action:
            case "pause":
                offered = False if self.phase is Phase.PAUSED else self.phase is Phase.TRAINING or None
            case "go_on":
                offered = self.phase is Phase.PAUSED
            case "step" | "scale_rate":
                offered = adjustable or None
            # In 80 columns there is no room for what makes sense in a run beside what makes sense without one.
            case "change":
                offered = going_on and (adjustable or None)
            case "stop":
                offered = going_on and (self.phase is not Phase.STOPPING or None)
            case "lessons":
                offered = not going_on
            case "restart" | "reseed" | "again_with" | "inside" | "health":
                offered = self.runner is not None or None
        return offered
