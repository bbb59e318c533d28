"""A chart of a lesson: one figure of all its runs, over the course of training or layer by layer."""

from collections.abc import Mapping, Sequence

from tui_trainer.history.history import History
from tui_trainer.history.series import EPOCH, SECONDS, STEP, Points
from tui_trainer.history.traces import profile, trace
from tui_trainer.lessons.lesson import ChartSpec
from tui_trainer.text.language import _
from tui_trainer.ui.chart.notes import guess_of, outcome
from tui_trainer.ui.chart.overlay import Line, Overlay

PLACES: Mapping[str, int] = {"epochs": EPOCH, "steps": STEP, "seconds": SECONDS}


class LessonChart(Overlay):
    """Draws a line for each run."""

    def __init__(self, drawing: ChartSpec) -> None:
        super().__init__(drawing.title, drawing.scale, drawing.over)
        self._drawing = drawing

    def show_runs(self, runs: Mapping[str, History]) -> None:
        """Show how far the runs are."""
        is_course = self._drawing.over != "layers"
        lines = [Line(_(name), self._points(run), outcome(run) if is_course else "") for name, run in runs.items()]
        guess = guess_of(self._drawing.quantity.name, list(runs.values())) if is_course else None
        self.show(lines, self._longest(lines, runs), guess)

    def _points(self, run: History) -> Points:
        drawing = self._drawing
        if drawing.over == "layers":
            return profile(run, drawing.quantity, start=drawing.at == "start")
        return trace(run, drawing.quantity, PLACES[drawing.over], drawing.layer)

    def _longest(self, lines: Sequence[Line], runs: Mapping[str, History]) -> float:
        """Where the x axis ends: with the last epoch that was asked for, or where the longest line does."""
        if self._drawing.over == "epochs":
            return max((float(run.config.epochs) for run in runs.values() if run.config), default=1.0)
        return max((float(line.points[0].max()) for line in lines if len(line.points[0])), default=1.0)
