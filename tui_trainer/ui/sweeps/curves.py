"""The charts of a sweep: the marked runs over each other, and the one under the cursor in full."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from tui_trainer.sweep.board import Board
from tui_trainer.sweep.table import SHORT, number_of
from tui_trainer.system.folders import printable
from tui_trainer.text.language import _
from tui_trainer.ui.chart.curves import RUN_PENS, Shown
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.sweeps.table import RunMark

CHARTS = ("loss", "accuracy")

MOST = len(RUN_PENS)


class SweepCurves(Container):
    """Knows which runs are marked; the screen hears `Wanted`, and gives their curves to `draw`."""

    class Wanted(Message):
        """Other runs are to be drawn."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.board: Board | None = None
        self.pointed: str | None = None
        """The run under the cursor."""
        self._marked: list[str] = []
        self._curves: Mapping[str, Shown] = {}

    def compose(self) -> ComposeResult:
        """One chart over the other."""
        for quantity in CHARTS:
            yield Chart(quantity)

    @property
    def wanted(self) -> tuple[str, ...]:
        """The runs whose curves are drawn, by their keys."""
        return (*self._marked, *([self.pointed] if self.pointed else []))

    def marks(self, characters: Marks) -> Mapping[str, RunMark]:
        """What each marked run has on the charts."""
        return {key: RunMark(character, pen) for key, character, pen in zip(self._marked, characters.runs, RUN_PENS, strict=False)}

    def point(self, key: str | None) -> None:
        """Draw another run in full."""
        if key != self.pointed:
            self.pointed = key
            self.post_message(self.Wanted())

    def toggle(self, keys: Sequence[str]) -> bool:
        """Mark these runs, or as many as there is room for; take their marks away where any has one. False where there is no room."""
        room = MOST - len(self._marked)
        if any(key in self._marked for key in keys):
            self._marked = [key for key in self._marked if key not in keys]
        elif room:
            self._marked += keys[:room]
        else:
            return False
        self._change()
        return True

    def unmark(self) -> None:
        """Take all marks away."""
        self._marked = []
        self._change()

    def _change(self) -> None:
        self.post_message(self.Wanted())
        self.draw(self._curves)

    def draw(self, curves: Mapping[str, Shown]) -> None:
        """Draw these, as far as they are there."""
        self._curves = curves
        points = {result.key: result.point for result in self.board.results} if self.board else {}
        marked = [key for key in self._marked if key in curves and key in points]
        names = self.board.names if self.board else ()
        # A legend has little room: what is the same need not be said.
        differing = [name for name in names if len({points[key].get(name) for key in marked}) > 1] or list(names[:1])
        others = [replace(curves[key], name=" ".join(_named(name, points[key].get(name, "")) for name in differing)) for key in marked]
        run = curves.get(self.pointed) if self.pointed and self.pointed not in self._marked else None
        for chart in self.query(Chart):
            chart.follow(run, others)


def _named(option: str, value: str) -> str:
    """A value for a legend: of a number one would not know what it is."""
    label = _(SHORT.get(option, option.replace("_", " ")))
    return printable(value if number_of(value) is None else f"{label} {value}")
