"""A figure of the sick run, and over it that of the run with a remedy."""

from collections.abc import Sequence

from tui_trainer.history.history import History
from tui_trainer.history.quantities import BATCHES, EPOCHS, FIGURES
from tui_trainer.history.quantity import SHARE, Quantity
from tui_trainer.history.series import EPOCH, Points
from tui_trainer.history.traces import profile, trace
from tui_trainer.text.language import _
from tui_trainer.ui.chart.notes import guess_of, outcome
from tui_trainer.ui.chart.overlay import Line, Overlay

KINDS = ("loss", "accuracy")


class TrialChart(Overlay):
    """Draws batches, or the validation set where that is what tells."""

    def __init__(self, kind: str) -> None:
        super().__init__("", "share" if BATCHES[kind].scale is SHARE else "loss", "epochs")
        self.id = f"trial-{kind}"
        self._kind = kind

    def show_runs(self, runs: Sequence[tuple[str, History]], *, is_held_out: bool, end: float) -> None:
        """Show these runs over epochs up to `end`."""
        figure = EPOCHS[f"validation_{self._kind}"] if is_held_out else BATCHES[self._kind]
        title = _(figure.curve or figure.title) if is_held_out else _(figure.title)
        if self.border_title != title:
            self.border_title = title
        lines = [Line(name, self._points(run, figure, end), outcome(run)) for name, run in runs]
        self.show(lines, end, guess_of(figure.name, [run for _name, run in runs]))

    def _points(self, run: History, figure: Quantity, end: float) -> Points:
        x, y = trace(run, figure, EPOCH)
        if not len(x):
            # No batches were kept.
            x, y = trace(run, EPOCHS[f"train_{self._kind}"], EPOCH)
        return x[x <= end], y[x <= end]


class LayersChart(Overlay):
    """A figure of each layer: at the start, or now where it is units that died."""

    def __init__(self) -> None:
        super().__init__("", "log", "layers")

    def show_runs(self, runs: Sequence[tuple[str, History]], name: str) -> None:
        """Show these runs by this figure of layers."""
        figure = FIGURES[name]
        self._scale = "share" if figure.scale is SHARE else "log"
        title = _("{figure} by layer{scale}").format(figure=_(figure.title), scale="")
        if self.border_title != title:
            self.border_title = title
        lines = [Line(run, profile(history, figure, start=self._scale == "log")) for run, history in runs]
        self.show(lines, max((float(line.points[0].max()) for line in lines if len(line.points[0])), default=2.0))
