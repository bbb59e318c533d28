"""The border between classes, as it bends while the network is trained, with the points over it; or what each unit makes of the plane."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, NamedTuple

import numpy as np
from textual import on
from textual.binding import Binding, BindingType

from tui_trainer.datasets.dataset import Split
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.text.drawing import Look, Row
from tui_trainer.text.language import _
from tui_trainer.text.surfaces import Pixels, class_mark, evenly, scatter, signed_pixels
from tui_trainer.trained.activity import as_inputs
from tui_trainer.trained.surface import FEATURES, Surface, Window
from tui_trainer.training.events import Snapshot
from tui_trainer.training.run_state import read_model_state
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.kit.pace import Pace
from tui_trainer.ui.plane.plotter import Plotter, SurfaceComputed, Wanted
from tui_trainer.ui.run.runner import Runner

PIXELS_A_POINT: Final = 14
"""At least, so that the points do not hide the surface."""

BYTES_A_COLUMN, BYTES_A_SECOND = 12, 6_000
"""What a column takes on the line, and how much may go over it, where the charts go too."""

LONGEST_REST = 4.0
"""Seconds after which it is drawn again however much was written."""

LEAST_TILE: Final = 6
"""Columns of a unit's picture."""


class Tiles(NamedTuple):
    """Pictures of units side by side, in rows, with a column and a line between them."""

    columns: int
    lines: int
    across: int
    shown: int

    @classmethod
    def of(cls, units: int, width: int, height: int) -> "Tiles":
        """The largest for so many units in this room; as many as there is room for, where not all of them fit."""
        for columns in range(min(width, 2 * height), LEAST_TILE - 1, -1):
            lines = columns // 2
            across = (width + 1) // (columns + 1)
            down = (height + 1) // (lines + 1)
            if across * down >= units:
                return cls(columns, lines, across, units)
        columns, lines = LEAST_TILE, LEAST_TILE // 2
        across, down = max((width + 1) // (columns + 1), 1), max((height + 1) // (lines + 1), 1)
        return cls(columns, lines, across, min(units, across * down))


class SurfacePane(Painted, can_focus=True):
    """Asks the latest run for its network again and again; costs nothing where it cannot be seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "layer(1)", "Next layer", tooltip="In the plane: what the units of the next layer make of it"),
        Binding("left", "layer(-1)", "Layer before", tooltip="In the plane: the layer before; at first what the network says", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"plane--text"}

    def __init__(self, runner: Callable[[], Runner | None], looks_per_second: float) -> None:
        super().__init__(id="surface", classes="pane")
        self._runner = runner
        self._tick = 1 / looks_per_second
        self._plotter = Plotter(self.post_message)
        self._is_awake = False
        self._pace = Pace()
        self._written = 0
        self._shown: Runner | None = None
        self._spec: DataSpec | None = None
        self._given: tuple[Snapshot, int, int, int] | None = None
        """The network that was asked last, for what size and which layer."""
        self._points: tuple[Split, np.ndarray] | None = None
        self._surface: Surface | None = None
        self._layer = 0
        """The hidden layer whose units are shown, from 1; 0 for what the network says."""
        self._layers = 0

    def on_mount(self) -> None:
        """Look for another network from time to time."""
        self._entitle()
        self.set_interval(self._tick, self._follow)

    def on_unmount(self) -> None:
        """Stop the thread."""
        self._plotter.stop()

    def action_layer(self, by: int) -> None:
        """Show the units of another layer."""
        self._layer = (self._layer + by) % (self._layers + 1)
        self._surface = None
        self._entitle()
        self._pace.forget()
        self._written = 0
        self.repaint()
        self._follow()

    def _entitle(self) -> None:
        whole = _("what the network says, point by point")
        self.border_title = whole if not self._layer else _("dense_{layer}, unit by unit").format(layer=self._layer)

    # What is shown

    def _pixels(self) -> tuple[int, int]:
        """Pixels across and down: of the whole picture, or of one unit's."""
        width, height = self.size.width, self.size.height - 1
        if self._layer and self._units:
            tiles = Tiles.of(self._units, width, height)
            return tiles.columns, 2 * tiles.lines
        return width, 2 * height

    @property
    def _units(self) -> int:
        runner = self._runner()
        hidden: Sequence[int] = runner.config.hidden if runner else ()
        return hidden[self._layer - 1] if 0 < self._layer <= len(hidden) else 0

    def _follow(self) -> None:
        """Have another network's surface computed, if there is one and the last time is paid for."""
        runner, (columns, rows) = self._runner(), self._pixels()
        is_seen = self.is_on_screen and self.screen.is_current and columns > 1 and rows > 1
        rest = min(self._written * BYTES_A_COLUMN / BYTES_A_SECOND, LONGEST_REST)
        if runner is not self._shown:
            self._begin(runner)
        if runner is None or not (is_seen and self._pace.is_rested(rest) and self._plotter.is_rested):
            return
        if (points := self._learned_from(runner)) is None:
            return
        if not self._is_awake:
            self._is_awake = True
            self._plotter.start()
        snapshot = runner.snapshot
        asked = (snapshot, columns, rows, self._layer) if snapshot else None
        if asked and (self._given is None or asked[0] is not self._given[0] or asked[1:] != self._given[1:]):
            self._given = asked
            self._plotter.want(Wanted(asked[0], Window.around(points, columns, rows), columns, rows, self._layer > 0))
        elif not runner.join(0):
            runner.control.take_snapshot()

    def _begin(self, runner: Runner | None) -> None:
        """Make ready for another run."""
        self._shown, self._spec, self._surface, self._given = runner, None, None, None
        self._layers = len(runner.config.hidden) if runner else 0
        self._layer = min(self._layer, self._layers)
        self._entitle()
        self.repaint()

    def _learned_from(self, runner: Runner) -> np.ndarray | None:
        """The points as the network takes them."""
        split = runner.learned_from
        if split is None or split.images.shape[1:] != (FEATURES,):
            return None
        if self._points is None or self._points[0] is not split:
            self._points = split, as_inputs(split.images)
        return self._points[1]

    @on(SurfaceComputed)
    def _computed(self, event: SurfaceComputed) -> None:
        event.stop()
        if (
            self._given is None
            or event.wanted.snapshot is not self._given[0]
            or (event.wanted.columns, event.wanted.rows) != self._pixels()
        ):
            return
        self._pace.begin()
        self._spec = read_model_state(event.wanted.snapshot.scalars).spec
        self._surface = event.surface
        self._written = self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        found = self._surface
        if found is None or self._points is None or self._spec is None:
            return [[(_("the border between the classes, as it bends"), "plane--text")]]
        if self._layer:
            return self._draw_units(found, width, height)
        split, points = self._points
        rows, columns = found.classes.shape
        some = evenly(len(points), max(rows * columns // PIXELS_A_POINT, 1))
        dots = scatter(found.window.pixels(points[some], columns, rows), split.labels[some], (rows, columns))
        pixels = Pixels(found.classes, found.probabilities, dots, self._spec.classes)
        return [*pixels.draw(self.look, dark=self.app.current_theme.dark), self._legend(width)]

    def _legend(self, width: int) -> Row:
        assert self._spec is not None
        pieces: Row = []
        room = width
        for number, name in enumerate(self._spec.names):
            text = f" {name} "
            if len(text) + 2 > room:
                break
            room -= len(text) + 2
            pieces += [class_mark(number, self.look, dark=self.app.current_theme.dark), (text, "plane--text")]
        return pieces

    def _draw_units(self, found: Surface, width: int, height: int) -> list[Row]:
        if len(found.units) < self._layer:
            return []
        units = found.units[self._layer - 1]
        tiles = Tiles.of(len(units), width, height - 1)
        dark = self.app.current_theme.dark
        rows: list[Row] = []
        for first in range(0, tiles.shown, tiles.across):
            drawn = [signed_pixels(unit).draw(self.look, dark=dark) for unit in units[first : min(first + tiles.across, tiles.shown)]]
            rows += [_joined(line) for line in zip(*drawn, strict=True)]
            rows.append([])
        told = _("orange above 0, blue below") if self.look is Look.SHADES else ""
        if (more := len(units) - tiles.shown) > 0:
            told = _("{more} more units have no room").format(more=more) + (f"; {told}" if told else "")
        return [*rows[: height - 1], *[[] for _row in range(height - 1 - len(rows))], [(told[:width], "plane--text")]]


def _joined(rows: Sequence[Row]) -> Row:
    joined: Row = []
    for row in rows:
        joined += [*row, (" ", "")]
    return joined[:-1]
