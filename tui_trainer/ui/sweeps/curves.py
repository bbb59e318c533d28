"""The charts of a sweep: the marked runs over each other, and the one under the cursor in full."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from tui_trainer.sweep.board import Board
from tui_trainer.sweep.space import SEED
from tui_trainer.sweep.table import SHORT, number_of
from tui_trainer.system.folders import printable
from tui_trainer.text.language import _
from tui_trainer.ui.chart.curve import RUN_PENS, Shown
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.sweeps.table import RunMark

CHARTS = ("loss", "accuracy")

MOST = len(RUN_PENS)
"""Kinds of runs that can be marked at a time."""

MOST_RUNS = 48
"""Runs, of several seeds each."""


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
        kinds = self._kinds(self._marked)
        marks = [RunMark(character, pen) for character, pen in zip(characters.runs, RUN_PENS, strict=True)]
        return {key: marks[list(kinds).index(kind)] for kind, keys in kinds.items() for key in keys}

    def _kinds(self, keys: Sequence[str]) -> Mapping[object, Sequence[str]]:
        """These runs by all that they are but for the seed: those of several seeds are drawn as one."""
        points = {result.key: result.point for result in self.board.results} if self.board else {}
        kinds: dict[object, list[str]] = {}
        for key in keys:
            options = points.get(key, {"": key})
            kinds.setdefault(frozenset((name, value) for name, value in options.items() if name != SEED), []).append(key)
        return kinds

    def point(self, key: str | None) -> None:
        """Draw another run in full."""
        if key != self.pointed:
            self.pointed = key
            self.post_message(self.Wanted())

    def toggle(self, keys: Sequence[str]) -> bool:
        """Mark these runs, or as many as there is room for; take their marks away where any has one. False where there is no room."""
        if any(key in self._marked for key in keys):
            self._marked = [key for key in self._marked if key not in keys]
        else:
            before = len(self._marked)
            for key in keys:
                if len(self._marked) < MOST_RUNS and len(self._kinds([*self._marked, key])) <= MOST:
                    self._marked.append(key)
            if len(self._marked) == before:
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
        differing = [name for name in names if name != SEED and len({points[key].get(name) for key in marked}) > 1] or list(names[:1])
        others = [replace(curves[key], name=" ".join(_named(name, points[key].get(name, "")) for name in differing)) for key in marked]
        run = curves.get(self.pointed) if self.pointed and self.pointed not in self._marked else None
        for chart in self.query(Chart):
            chart.follow(run, others)


def _named(option: str, value: str) -> str:
    """A value for a legend: of a number one would not know what it is."""
    label = _(SHORT.get(option, option.replace("_", " ")))
    return printable(value if number_of(value) is None else f"{label} {value}")
