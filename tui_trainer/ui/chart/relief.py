"""A map of a surface in the characters of a chart: contour lines, and the routes that lead over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tui_trainer.descent.landscape import Point, Surface
from tui_trainer.history.series import Points
from tui_trainer.nn.arrays import Array
from tui_trainer.text.drawing import Row
from tui_trainer.ui.chart import axes, plot, raster
from tui_trainer.ui.chart.axes import Axis
from tui_trainer.ui.chart.raster import Canvas, Glyphs, Marks

MARKS = "●■▲◆★▼▶✦◀♠♣♥⬢⬟▰◢"
PLAIN_MARKS = "ABCDEFGHIJKLMNOP"
"""What tells routes apart where colours do not: where each is now."""

TRAILS = "○□△◇☆▽▷✧◁♤♧♡⬡⬠▱◺"
"""Where each has been."""

ROUTES = 8
"""Colours, in turn."""

PAPER, AXIS, CONTOUR, MINIMUM, START, ROUTE = range(6)
"""Pens; the last is the first of as many as there are routes."""

PENS = (
    *("relief--paper", "relief--axis", "relief--contour", "relief--minimum", "relief--start"),
    *(f"relief--route-{number}" for number in range(1, ROUTES + 1)),
)

SPACING = 6
"""Columns that a route goes, at least, from one of its marks to the next."""

SMALLEST = 2
"""Columns and rows of a map that shows anything."""


@dataclass(frozen=True)
class Route:
    """A path so far: its points, of shape (steps + 1, 2), and its number, which decides its colour and its mark."""

    points: Array
    number: int


def mark_of(number: int, marks: Marks) -> str:
    """What a route is marked with."""
    return (PLAIN_MARKS if marks.plain else MARKS)[number % len(MARKS)]


def _trail_of(number: int, marks: Marks) -> str:
    return (PLAIN_MARKS.lower() if marks.plain else TRAILS)[number % len(MARKS)]


@dataclass(frozen=True)
class Sheet:
    """Where a surface is on the screen, in a picture of `size`, (width, height)."""

    surface: type[Surface]
    size: tuple[int, int]
    marks: Marks
    x: Axis
    y: Axis
    columns: int
    rows: int

    @classmethod
    def of(cls, surface: type[Surface], size: tuple[int, int], marks: Marks) -> "Sheet | None":
        """The sheet for a picture of this size, unless it is too small for one."""
        left, right, bottom, top = surface.extent
        rows = size[1] - plot.FRAME_ROWS
        if rows < SMALLEST:
            return None
        y = axes.spanning(bottom, top, rows)
        columns, _ = plot.canvas_size(y, size)
        if columns < SMALLEST:
            return None
        return cls(surface, size, marks, axes.of_window(left, right, columns), y, columns, rows)

    def shares(self, points: Array) -> Points:
        """Where points are, as shares of the map."""
        return self.x.share(points[:, 0]), self.y.share(points[:, 1])

    def point(self, column: int, row: int) -> Point | None:
        """What is in the middle of a cell of the picture; None beside the map."""
        column -= self.size[0] - self.columns
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return None
        down = self.marks.down
        x = column / (self.columns - 1)
        y = 1 - (row * down + (down - 1) / 2) / (self.rows * down - 1)
        return self.x.low + x * (self.x.high - self.x.low), self.y.low + y * (self.y.high - self.y.low)

    def draw(self, routes: Sequence[Route], start: Point, *, contours: bool = True) -> list[Row]:
        """Rows of texts, each with the name of its pen; later routes lie over earlier ones."""
        canvas, down = Canvas(self.columns, self.rows), self.marks.down
        if contours:
            # Where a cell is one thing or another, lines as thick as it would hide what lies between them.
            glyphs = self.marks.faint if self.marks is raster.BRAILLE else raster.PLAIN.faint
            canvas.stipple(_contours(self.surface, self.rows, self.columns, glyphs[0].shape), CONTOUR, glyphs)
        with np.errstate(all="ignore"):  # a route that is lost may be as far away as numbers go
            ways = [self.shares(route.points) for route in routes]
            for route, way in zip(routes, ways, strict=True):
                canvas.line(within(way), ROUTE + route.number % ROUTES, self._glyphs(route))
            for route, way in zip(routes, ways, strict=True):
                canvas.dots(self._milestones(way), ROUTE + route.number % ROUTES, _trail_of(route.number, self.marks), down)
        goal, begin = "xo" if self.marks.plain else "×◎"
        for point, pen, character in ((self.surface.minimum, MINIMUM, goal), (start, START, begin)):
            canvas.dots(_on_map(self.shares(np.array([point]))), pen, character, down)
        for route, (x, y) in zip(routes, ways, strict=True):
            # One that has left the map is seen at its edge.
            head = np.clip(x[-1:], 0, 1), np.clip(y[-1:], 0, 1)
            canvas.dots(head, ROUTE + route.number % ROUTES, mark_of(route.number, self.marks), down)
        characters, pens = plot.framed(canvas, self.x, self.y, self.size, plain=self.marks.plain, down=down)
        return plot.painted(characters, pens, PENS)

    def _glyphs(self, route: Route) -> Glyphs:
        bits, characters = self.marks.glyphs
        return (bits, np.array([" ", _trail_of(route.number, self.marks)])) if self.marks.plain else (bits, characters)

    def _milestones(self, way: Points) -> Points:
        """Steps of a route that are marked: all where they are long, and few where they are short. They stay as the route grows."""
        x, y = way[0] * self.columns, way[1] * self.rows * 2  # a row is about as high as two columns are wide
        gone = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        marked = np.flatnonzero(np.diff(gone // SPACING, prepend=0) > 0)
        return _on_map((way[0][marked], way[1][marked]))


def within(way: Points) -> Points:
    """A line through points given as shares, cut where it leaves the map, with gaps there (Liang & Barsky 1984)."""
    starts, ends = (np.stack([each[part] for each in way]) for part in (slice(None, -1), slice(1, None)))
    moves = ends - starts
    enter, leave = np.zeros(starts.shape[1]), np.ones(starts.shape[1])
    for start, move in zip(starts, moves, strict=True):
        with np.errstate(all="ignore"):
            to_low, to_high = -start / move, (1 - start) / move
        moving = move != 0
        beside = ~moving & ((start < 0) | (start > 1))
        enter = np.where(moving, np.maximum(enter, np.minimum(to_low, to_high)), np.where(beside, np.inf, enter))
        leave = np.where(moving, np.minimum(leave, np.maximum(to_low, to_high)), leave)
    kept = (enter <= leave) & np.isfinite(moves).all(axis=0)  # not a number compares as false
    starts, moves, enter, leave = starts[:, kept], moves[:, kept], enter[kept], leave[kept]
    pieces = np.stack([starts + moves * enter, starts + moves * leave, np.full(starts.shape, np.nan)], axis=2)
    return pieces[0].ravel(), pieces[1].ravel()


def _on_map(way: Points) -> Points:
    x, y = way
    inside = (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
    return x[inside], y[inside]


@lru_cache(16)
def _contours(surface: type[Surface], rows: int, columns: int, dots: tuple[int, int]) -> np.ndarray:
    """The dots between which the surface passes one of its levels, so many down and across to a cell."""
    left, right, bottom, top = surface.extent
    x = np.linspace(left, right, columns * dots[1])
    y = np.linspace(top, bottom, rows * dots[0])[:, None]
    heights = np.asarray(surface.value(np.broadcast_to(x, (len(y), len(x))), np.broadcast_to(y, (len(y), len(x)))))
    bands = np.searchsorted(surface.levels(), heights)
    edges = np.zeros(bands.shape, np.uint8)
    edges[:, :-1] |= bands[:, :-1] != bands[:, 1:]
    edges[:-1] |= bands[:-1] != bands[1:]
    return edges
