"""Losses of two parameters, which can be drawn as a map, and the paths on which the optimizers that train networks go down them.

A network's loss is a surface of the same kind over many thousands of parameters: steep in some directions, nearly flat in others. How much
steeper is the condition number L / l of its greatest and least curvature. Plain descent converges only for rates below 2 / L, and then
needs some L / l steps along the flat direction (Nocedal & Wright, Numerical Optimization, 3.3).
"""

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import cos, hypot, pi, sin
from types import MappingProxyType
from typing import ClassVar, NamedTuple, TypeVar, final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.optimizers import OPTIMIZERS, Optimizer

Number = TypeVar("Number", float, Array)
"""A number, or as many as a map has dots."""

Point = tuple[float, float]

LEVELS = 10
"""The number of contour lines of a map."""

LOST = 1e6
"""A path has diverged at this many times the highest value on the map: none comes back from there."""

NEAR = 0.1
"""The distance from the minimum at which a path has arrived, as far as a map shows."""

NUDGE = 1e-4
"""Half the distance between the two slopes of a finite difference."""

RATES = (*(float(f"{factor}e{power}") for power in range(-6, 2) for factor in (1, 1.5, 2, 3, 4, 6, 8)), 100.0)
"""The learning rates that keys choose from."""


class Extent(NamedTuple):
    """The part of a surface that a map shows."""

    left: float
    right: float
    bottom: float
    top: float

    def holds(self, point: Point) -> bool:
        """Whether a point is on the map."""
        return self.left <= point[0] <= self.right and self.bottom <= point[1] <= self.top


class Surface(ABC):
    """A smooth function of x and y with one minimum, of value 0."""

    name: ClassVar[str]
    formula: ClassVar[str]
    summary: ClassVar[str]
    hint: ClassVar[str]
    """What to try, and what it shows."""

    extent: ClassVar[Extent]
    start: ClassVar[Point]
    minimum: ClassVar[Point]

    lowest_level: ClassVar[float]
    """The value of the innermost contour line."""

    steps: ClassVar[int]
    """The number of steps to show."""

    descent_rate: ClassVar[float]
    """A good learning rate for optimizers whose steps are proportional to the gradient."""

    adaptive_rate: ClassVar[float]
    """A good learning rate for optimizers that normalize the gradient, whose steps are about as long as the rate."""

    @staticmethod
    @abstractmethod
    def value(x: Number, y: Number) -> Number:
        """The surface's value at a point."""

    @staticmethod
    @abstractmethod
    def gradient(x: float, y: float) -> Point:
        """The gradient along x and y."""

    @classmethod
    def highest(cls) -> float:
        """The value in the highest corner of the map."""
        left, right, bottom, top = cls.extent
        return max(cls.value(x, y) for x in (left, right) for y in (bottom, top))

    @classmethod
    def curvature(cls, point: Point) -> float:
        """The greatest curvature at a point, L: the larger eigenvalue of the Hessian, by central differences."""
        x, y = point
        along_x = np.subtract(cls.gradient(x + NUDGE, y), cls.gradient(x - NUDGE, y))
        along_y = np.subtract(cls.gradient(x, y + NUDGE), cls.gradient(x, y - NUDGE))
        return float(np.linalg.eigvalsh(np.array([along_x, along_y]) / (2 * NUDGE))[-1])

    @classmethod
    def levels(cls) -> Array:
        """The values of the contour lines, each the same number of times the one before."""
        levels: Array = np.geomspace(cls.lowest_level, cls.highest(), LEVELS, endpoint=False)
        return levels

    @classmethod
    def rate(cls, optimizer: str) -> float:
        """The learning rate to begin with."""
        rule = OPTIMIZERS[optimizer]
        is_said = any({"adaptive", "descent_factor"} & vars(kind).keys() for kind in rule.__mro__ if kind is not Optimizer)
        if rule.adaptive or (not is_said and _normalizes(rule)):
            return cls.adaptive_rate
        return float(f"{cls.descent_rate * rule.descent_factor:.6g}")


@cache
def _normalizes(kind: type[Optimizer]) -> bool:
    """Whether a gradient ten times as large makes hardly longer first steps: an author may not have said so."""
    ways = []
    for factor in (1.0, 10.0):
        parameters, gradient = np.zeros(2), np.zeros(2)
        try:
            optimizer = kind(parameters, gradient)
            for _ in range(3):
                gradient[:] = factor
                optimizer.step(1.0)
        except Exception:  # who goes down the surface tells of it
            return False
        ways.append(float(np.abs(parameters).max()))
    return 0 < ways[1] < 3 * ways[0]


@final
class Valley(Surface):
    """(x² + 100y²) / 2: condition number 100, so that descent diverges above a rate of 0.02."""

    name = "valley"
    formula = "(x² + 100y²) / 2"
    summary = "100 times as steep across as along"
    hint = "Raise the rate of sgd: at 0.015 it bounces from side to side, at 0.02 for ever, and at 0.03 it is thrown out."
    extent = Extent(-5.0, 2.0, -0.8, 0.8)
    start = (-4.5, 0.6)
    minimum = (0.0, 0.0)
    lowest_level = 0.01
    steps = 300
    descent_rate = 0.006
    adaptive_rate = 0.1

    @staticmethod
    def value(x: Number, y: Number) -> Number:
        return (x * x + 100 * y * y) / 2

    @staticmethod
    def gradient(x: float, y: float) -> Point:
        return x, 100 * y


TILT = pi / 6
_COS, _SIN = cos(TILT), sin(TILT)


@final
class Tilted(Surface):
    """The valley, turned by 30°: what it is along and across is no longer a matter of one parameter each."""

    name = "tilted"
    formula = "the valley, turned"
    summary = "the valley turned by 30 degrees, so that it lies along neither parameter"
    hint = "sgd and momentum go as in the valley; adam, which scales each parameter by itself, takes three times as many steps."
    extent = Extent(-5.0, 2.0, -3.5, 1.5)
    start = (_COS * Valley.start[0] - _SIN * Valley.start[1], _SIN * Valley.start[0] + _COS * Valley.start[1])
    minimum = (0.0, 0.0)
    lowest_level = 0.01
    steps = 300
    descent_rate = 0.006
    adaptive_rate = 0.1

    @staticmethod
    def value(x: Number, y: Number) -> Number:
        return Valley.value(_COS * x + _SIN * y, _COS * y - _SIN * x)

    @staticmethod
    def gradient(x: float, y: float) -> Point:
        along, across = Valley.gradient(_COS * x + _SIN * y, _COS * y - _SIN * x)
        return _COS * along - _SIN * across, _SIN * along + _COS * across


@final
class Rosenbrock(Surface):
    """(1 - x)² + 100(y - x²)² from (-1.2, 1), as Rosenbrock (1960) has it: the curved valley is easy to find, its end is not."""

    name = "rosenbrock"
    formula = "(1-x)² + 100(y-x²)²"
    summary = "a valley that bends, with a floor that is nearly flat"
    hint = "All fall into the valley at once; along its floor sgd creeps, momentum is through in 500 steps, and rmsprop shakes."
    extent = Extent(-2.0, 2.0, -1.0, 3.0)
    start = (-1.2, 1.0)
    minimum = (1.0, 1.0)
    lowest_level = 0.1
    steps = 2000
    descent_rate = 0.001
    adaptive_rate = 0.05

    @staticmethod
    def value(x: Number, y: Number) -> Number:
        short, off = 1 - x, y - x * x
        return short * short + 100 * off * off

    @staticmethod
    def gradient(x: float, y: float) -> Point:
        off = y - x * x
        return -2 * (1 - x) - 400 * x * off, 200 * off


SURFACES: Mapping[str, type[Surface]] = MappingProxyType({surface.name: surface for surface in (Valley, Tilted, Rosenbrock)})


@dataclass(frozen=True)
class PathState:
    """The state of a path after a number of steps."""

    step: int
    x: float
    y: float
    value: float
    distance: float
    """Distance from the minimum."""
    diverged: bool


class OptimizerPath:
    """An optimizer's path from a start, in float64, computed on demand. It ends where it diverges."""

    def __init__(self, surface: type[Surface], optimizer: str, rate: float, start: Point | None = None) -> None:
        self.surface, self.optimizer, self.rate = surface, optimizer, rate
        self.diverged_at: int | None = None
        """The step at which the path diverged."""
        self.fault: Exception | None = None
        """What the optimizer raised, where the path ends for that."""
        self.taken = 0
        """Steps computed so far."""
        self._parameters, self._gradient = np.array(surface.start if start is None else start, np.float64), np.zeros(2)
        self._optimizer = OPTIMIZERS[optimizer](self._parameters, self._gradient)
        self._course = np.empty((64, 2))
        self._course[0] = self._parameters
        self._limit = LOST * surface.highest()

    def has(self, steps: int) -> bool:
        """Whether `steps` steps, or all up to the divergence, are computed."""
        return self.taken >= steps or self.diverged_at is not None

    def walk(self, steps: int) -> None:
        """Compute the path up to `steps`."""
        x, y = self._parameters.tolist()
        # A very high rate overflows, which is what the map shows.
        with np.errstate(all="ignore"):
            while not self.has(steps):
                self._gradient[:] = self.surface.gradient(x, y)
                try:
                    self._optimizer.step(self.rate)
                except Exception as error:
                    self.fault, self.diverged_at = error, self.taken
                    return
                x, y = self._parameters.tolist()
                self.taken += 1
                if self.taken == len(self._course):
                    self._course = np.concatenate([self._course, np.empty_like(self._course)])
                self._course[self.taken] = x, y
                if not self.surface.value(x, y) <= self._limit:  # in this form not a number is lost too
                    self.diverged_at = self.taken

    def points(self, steps: int) -> Array:
        """x and y at the start and after each step, (steps + 1, 2), or fewer rows where the path diverged before."""
        self.walk(steps)
        return self._course[: min(steps, self.taken) + 1].copy()

    def state_at(self, steps: int) -> PathState:
        """The state after `steps` steps, or at an earlier divergence."""
        self.walk(steps)
        step = min(steps, self.taken)
        x, y = self._course[step].tolist()
        distance = hypot(x - self.surface.minimum[0], y - self.surface.minimum[1])
        return PathState(step, x, y, self.surface.value(x, y), distance, step == self.diverged_at)

    def arrival(self, steps: int) -> int | None:
        """The step, among the first `steps`, from which on the path stays `NEAR` the minimum; None where there is none."""
        points = self.points(steps)
        away = np.flatnonzero(~(np.hypot(*(points - self.surface.minimum).T) <= NEAR))
        step = int(away[-1]) + 1 if len(away) else 0
        return step if step < len(points) else None


def paths(
    surface: type[Surface], optimizers: Sequence[str], rates: Sequence[float], steps: int, start: Point | None = None
) -> list[OptimizerPath]:
    """The paths of `optimizers` with their `rates`, computed up to `steps` from one start."""
    found = [OptimizerPath(surface, optimizer, rate, start) for optimizer, rate in zip(optimizers, rates, strict=True)]
    for path in found:
        path.walk(steps)
    return found


def next_rate(rate: float, direction: int) -> float:
    """The next higher rate, or the next lower one where the direction is -1."""
    index = bisect_right(RATES, rate) if direction > 0 else bisect_left(RATES, rate) - 1
    return RATES[min(max(index, 0), len(RATES) - 1)]
