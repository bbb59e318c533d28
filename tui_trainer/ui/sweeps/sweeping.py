"""What an app has to do with the sweep that it trains: the sweep outlives the screens that show it, and ends before the app does."""

from pathlib import Path

from textual import on

from tui_trainer.sweep.phrases import conclusion
from tui_trainer.sweep.plan import Plan
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.ui.kit.in_turn import InTurnApp
from tui_trainer.ui.sweeps.runner import SweepMessage, SweepOpened, SweepOver, SweepRefused, SweepRunner, SweepTold


class SweepingApp(InTurnApp):
    """Trains one sweep at a time."""

    sweep: SweepRunner | None = None
    """The latest."""

    @property
    def is_training(self) -> bool:
        """Whether a run is trained on the main screen."""
        return False

    @property
    def sweep_goes_on(self) -> bool:
        """Whether one is being trained."""
        return self.sweep is not None and self.sweep.goes_on

    def begin_sweep(self, folder: Path, plan: Plan | None, workers: int) -> None:
        """Train a sweep, or what is left of it."""
        self.sweep = SweepRunner(folder, plan, workers, self.post_message)
        self.sweep.start()

    def stop_sweep(self) -> None:
        """End the one that is trained."""
        if self.sweep:
            self.sweep.stop()

    @on(SweepOpened)
    def _sweep_opened(self, event: SweepOpened) -> None:
        self._tell_screens(event)

    @on(SweepTold)
    def _sweep_told(self, event: SweepTold) -> None:
        self.notify(printable(event.text), severity="warning", markup=False)

    @on(SweepRefused)
    def _sweep_refused(self, event: SweepRefused) -> None:
        self.notify(f"{_('Sweep')}: {printable(event.reason)}", severity="error", markup=False)
        self._end_sweep(event)

    @on(SweepOver)
    def _sweep_over(self, event: SweepOver) -> None:
        if not self.shows_sweep(event.runner):
            lines = conclusion(event.event, N_("g in the list of sweeps"), _)
            self.notify(f"{_('Sweep')}: {', '.join(lines)}", markup=False)
        self._end_sweep(event)

    def _end_sweep(self, event: SweepMessage) -> None:
        event.runner.goes_on = False
        self._tell_screens(event)
        self.sweep_is_over()

    def _tell_screens(self, event: SweepMessage) -> None:
        for screen in self.screen_stack:
            screen.post_message(event)

    def shows_sweep(self, runner: SweepRunner) -> bool:
        """Whether the screen tells of this sweep."""
        return False

    def sweep_is_over(self) -> None:
        """Called when the sweep has ended."""
