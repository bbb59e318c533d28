"""The panel of the run that this app trains: it owns the run's thread, steers it, and says how the run fares."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.message import Message
from textual.widgets import Button

from tui_trainer.config.changes import describe_change
from tui_trainer.config.options import Config
from tui_trainer.diagnosis.diagnose import Rhythm, diagnose
from tui_trainer.diagnosis.finding import Finding
from tui_trainer.errors import UserError
from tui_trainer.runs.run import Run
from tui_trainer.system.folders import printable
from tui_trainer.text.language import _
from tui_trainer.ui.health.screen import HealthScreen
from tui_trainer.ui.kit.pace import Ration
from tui_trainer.ui.kit.plugins import contained, read_again
from tui_trainer.ui.run.change import ChangeScreen
from tui_trainer.ui.run.messages import RunChanged, RunEnded, RunMessage, RunNoted, RunRefused, RunStarted
from tui_trainer.ui.run.run_panel import Phase, RunPanel
from tui_trainer.ui.run.runner import Runner
from tui_trainer.ui.run.view import RunView

RUN_KEYS = (
    Binding("space", "pause", "Pause", tooltip="Pause the run before its next batch"),
    Binding("space", "go_on", "Resume", tooltip="Resume the paused run"),
    Binding("s", "stop", "Stop", tooltip="Stop the run and test what it has learned"),
    Binding("t", "change", "Change", tooltip="Change learning rate, schedule, weight decay, batch size, clipping or epochs in mid-run"),
    Binding("comma", "scale_rate(0.5)", "Halve rate", tooltip="Halve the learning rate, from the next batch on", show=False),
    Binding("full_stop", "scale_rate(2.0)", "Double rate", tooltip="Double the learning rate, from the next batch on", show=False),
    Binding("n", "step", "Step", tooltip="Train one batch, and pause", show=False),
    Binding("r", "restart", "Restart", tooltip="Start again with the same options and seed; stops a run that is going on", show=False),
)
"""For the screen that has this panel."""


class TrainingPanel(RunPanel):
    """Trains one run at a time; the latest is shown, here and on `view`, until the next."""

    @dataclass
    class Begun(Message):
        """Another run is the latest from now on."""

        run: Runner
        before: Runner | None
        """The one before, if it has trained anything."""

    @dataclass
    class PluginsRead(Message):
        """Plugins' files have changed, and are read again. There may be other choices and options, to be offered before a run begins."""

        config: Config
        """What is to begin."""
        told: str

    def __init__(self, view: RunView, output: Path | None, looks_per_second: float) -> None:
        super().__init__(Phase.IDLE)
        self.phase = Phase.IDLE
        self.runner: Runner | None = None
        """The latest run's thread."""
        self.directory: Path | None = None
        """The latest run's folder, once it has one."""
        self.findings: tuple[Finding, ...] = ()
        """What is wrong with the latest run, as far as it was known after its last epoch."""
        self._rhythm, self._measuring = Rhythm(), Ration()
        self._view = view
        self._tick = 1 / looks_per_second
        self._output = output
        self._next: Config | None = None
        """What to start when the run that was told to stop has ended."""

    def on_mount(self) -> None:
        """Look at the run from time to time."""
        self.set_interval(self._tick, self.look)

    def compose_buttons(self) -> ComposeResult:
        yield Button(_("Start"), id="start", variant="primary", compact=True)
        yield Button(_("Pause"), id="pause", compact=True, disabled=True)
        yield Button(_("Stop"), id="stop", compact=True, disabled=True)
        yield Button(_("Draw b"), id="draw", compact=True)

    def show_phase(self, phase: Phase, detail: str = "") -> None:
        """Say where the run stands, and offer the buttons that make sense."""
        super().show_phase(phase, detail)
        self.query_one("#start", Button).disabled = phase.going_on
        self.query_one("#pause", Button).disabled = phase not in (Phase.TRAINING, Phase.PAUSED)
        self.query_one("#pause", Button).label = _("Resume") if phase is Phase.PAUSED else _("Pause")
        self.query_one("#stop", Button).disabled = not phase.going_on or phase is Phase.STOPPING

    # Beginning

    def begin(self, config: Config, resume: Callable[[], Run] | None = None) -> None:
        """Start a run, or resume the one that `resume` gives."""
        output = self._output
        runner = Runner(config, resume or (lambda: Run.create(config, output)), self.post_message, resumes=resume is not None)
        self.take(runner)
        runner.start()

    def take(self, runner: Runner) -> None:
        """Show this run, which begins now."""
        before, self.runner = self.runner, runner
        self.directory = None
        self.findings, self._rhythm, self._measuring = (), Rhythm(), Ration()
        self._next = None
        # What was said before would cover this run's figures.
        self.app.clear_notifications()
        self.clear()
        self.enter(Phase.PREPARING, _("reading the images, building the network"))
        self.post_message(self.Begun(runner, before if before and before.history.progress else None))

    def begin_next(self, config: Config) -> None:
        """Start a run, after the present one has been stopped and its files are written."""
        if self.phase.going_on:
            self.stop()
            self._next = config
        else:
            self.call_later(self.start, config)

    async def start(self, config: Config) -> None:
        """Start a run of these options, with the plugins' files as they are now; one that is broken leaves all as it is."""
        names = await read_again(self)
        if names is None or self.phase.going_on:
            return
        try:
            config = config.renewed()
        except UserError as error:
            self.notify(printable(str(error)), severity="error", timeout=30, markup=False)
            return
        if names:
            self.post_message(self.PluginsRead(config, _("read again: {files}").format(files=", ".join(names))))
        else:
            self.begin(config)

    def restart(self) -> None:
        """Start the latest run's options again, from the same seed."""
        if self.runner:
            self.begin_next(self.runner.config)

    # Steering

    @property
    def is_adjustable(self) -> bool:
        """Whether batches are trained, or could be."""
        return self.phase in (Phase.TRAINING, Phase.PAUSED)

    def pause(self) -> None:
        """Hold the run after one more batch, which brings a snapshot: a look into the network shows it as it stands."""
        if self.phase is Phase.TRAINING:
            self.step()

    def step(self) -> None:
        """Train one batch, and hold."""
        if self.runner and self.is_adjustable:
            self.runner.control.step()
            self.enter(Phase.PAUSED)
            # The last batch before the pause may come after this.
            self.set_timer(self._tick, self.look)

    def go_on(self) -> None:
        """End the pause."""
        if self.runner and self.phase is Phase.PAUSED:
            self.enter(Phase.TRAINING)
            self.runner.control.unpause()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run while inside."""
        held = self.runner if self.phase is Phase.TRAINING else None
        if held:
            held.control.pause()
        yield
        if held:
            held.control.unpause()

    def ask_for_change(self) -> None:
        """Ask for other values for the rest of the run."""
        if self.runner and self.is_adjustable:
            self.app.push_screen(ChangeScreen(self.runner.options), self._change)

    def scale_rate(self, factor: float) -> None:
        """Take a multiple of the learning rate."""
        if self.runner:
            self._change({"learning_rate": self.runner.options.learning_rate * factor})

    def _change(self, values: Mapping[str, Any] | None) -> None:
        if values and self.runner and self.is_adjustable:
            self.runner.control.change(values)
            if self.phase is Phase.PAUSED:
                self.notify(_("{changes}, when the run is resumed").format(changes=describe_change(values, _)))

    def stop(self) -> None:
        """End the run with what it has learned; nothing is started after it."""
        self._next = None
        if self.runner and self.phase.going_on:
            self.runner.stop()
            self.enter(Phase.STOPPING)

    @on(Button.Pressed, "#pause")
    def _pause_pressed(self) -> None:
        if self.phase is Phase.PAUSED:
            self.go_on()
        else:
            self.pause()

    @on(Button.Pressed, "#stop")
    def _stop_pressed(self) -> None:
        self.stop()

    def offers(self, action: str) -> bool | None:
        """Whether a key makes sense now: None is not offered, and `why_not` says why; False is not there."""
        offered: bool | None = True
        match action:
            case "pause":
                offered = False if self.phase is Phase.PAUSED else self.phase is Phase.TRAINING or None
            case "go_on":
                offered = self.phase is Phase.PAUSED
            case "step" | "scale_rate" | "change":
                offered = self.is_adjustable or None
            case "stop":
                offered = (self.phase.going_on and self.phase is not Phase.STOPPING) or None
            case "start" | "resume":
                offered = not self.phase.going_on or None
            case "restart" | "reseed" | "again_with" | "inside" | "draw" | "health" | "why":
                offered = self.runner is not None or None
        return offered

    def why_not(self, action: str) -> str:
        """Why a key makes no sense now, and what to do."""
        if action in ("start", "resume"):
            return _("A run is going on: s stops it first.")
        if self.phase.going_on:
            return _("The run is being prepared or saved: wait a moment.")
        return _("No run is going on: ctrl+r starts one.") if self.runner else _("There is no run yet: ctrl+r starts one.")

    # How the run fares

    def enter(self, phase: Phase, detail: str = "") -> None:
        """Go over into another phase, and say so."""
        self.phase = phase
        self.show_phase(phase, detail)
        if self.is_adjustable:
            self.look()
        self.refresh_bindings()

    def is_latest(self, message: RunMessage) -> bool:
        """Whether the message is about the latest run, and not about one before it."""
        return message.run is self.runner

    @on(RunStarted)
    def _started(self, event: RunStarted) -> None:
        if not self.is_latest(event):
            return
        if self.runner and not self.runner.resumes:
            # The next run must not write into this one's folder.
            self._output = None
        self.directory = event.directory
        self.show_directory(event.directory)
        for warning in event.warnings:
            self.notify(printable(warning), severity="warning", markup=False)
        if event.notes:
            self.notify(printable("; ".join(event.notes)), markup=False)

    @on(RunChanged)
    def _changed(self, event: RunChanged) -> None:
        if self.is_latest(event):
            told = _("{changes}, from step {step:,} on").format(changes=describe_change(event.changes, _), step=event.step + 1)
            self.notify(told, timeout=4)
            self.look()

    @on(RunNoted)
    def _noted(self, event: RunNoted) -> None:
        if self.is_latest(event):
            self.notify(printable(event.text), severity="error" if event.trouble else "information", markup=False)
            # It names the run's folder already.
            self.show_trouble(event.trouble.below_folder(self.directory) if event.trouble else "")

    @on(RunEnded)
    def _ended(self, event: RunEnded) -> None:
        if not self.is_latest(event):
            return
        assert self.runner
        self._view.forget_pace()
        self.look()
        self.enter(Phase.ENDED)
        case = self.runner.case
        if case.is_over:
            with contained(self):
                self.findings = diagnose(case)
        first = next(iter(self.findings), None)
        self.show_end(event, first if case.is_over else None)
        # What was wrong with a run that was stopped stays below: its user may have stopped it for that.
        self.show_symptom(first)
        if event.trouble:
            self.show_trouble(event.trouble.below_folder(self.directory))
        if self._next:
            self.call_later(self.start, self._next)

    @on(RunRefused)
    def _refused(self, event: RunRefused) -> None:
        if not self.is_latest(event):
            return
        self.enter(Phase.REFUSED, str(event.error))
        if self.directory:
            # The panel has no room for what is kept of a run that had begun.
            self.notify(printable(str(event.error)), severity="error", timeout=30, markup=False)

    def look(self) -> None:
        """Show how far the run is, if it has moved."""
        runner = self.runner
        if runner is None or not self.phase.going_on:
            return
        runner.history.drain()
        progress = runner.history.progress
        if progress is None:
            return
        self._diagnose(runner)
        if self.is_adjustable:
            self.show_progress(self.phase, runner.options.epochs, progress, runner.history.seconds)
        is_drawn = self._view.is_rested() or self.phase is not Phase.TRAINING
        if is_drawn:
            self._view.draw(runner.history)
        # For the next drawing and for the layers' history; more often only for who looks at that.
        is_watched = self.phase is Phase.TRAINING and any(isinstance(screen, HealthScreen) for screen in self.app.screen_stack)
        seconds = runner.history.seconds + progress.seconds
        if (is_drawn or is_watched) and self._measuring.is_due(seconds, runner.history.measuring_seconds):
            runner.control.measure_layers()
            if is_watched:
                runner.control.count_distributions()

    def _diagnose(self, runner: Runner) -> None:
        """After an epoch, say what is wrong."""
        if self._rhythm.is_due(runner.history.last_epoch):
            with contained(self):
                self.findings = diagnose(runner.case)
            self.show_symptom(next(iter(self.findings), None))
