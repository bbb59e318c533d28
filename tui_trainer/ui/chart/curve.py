"""A curve of a chart: its points, the pen that draws it, and what it is called."""

import math
from dataclasses import dataclass
from enum import Enum, IntEnum

import numpy as np

from tui_trainer.history.history import History
from tui_trainer.history.series import Points


class Pen(IntEnum):
    """What a run of characters belongs to; the numbers are plotext's colour codes."""

    PAPER = 0
    AXIS = 1
    GRID = 2
    BATCHES = 3
    SMOOTH = 4
    TRAINING = 5
    VALIDATION = 6
    CHANGE = 7
    CURSOR = 8
    RUN_1 = 9
    RUN_2 = 10
    RUN_3 = 11
    RUN_4 = 12
    RUN_5 = 13
    RUN_6 = 14
    GHOST = 15
    GUESS = 16
    DANGER = 17

    @property
    def style(self) -> str:
        """The component class that gives it its colour."""
        return f"chart--{self.name.lower().replace('_', '-')}"


RUN_PENS = (Pen.RUN_1, Pen.RUN_2, Pen.RUN_3, Pen.RUN_4, Pen.RUN_5, Pen.RUN_6)


BESIDE = frozenset((*RUN_PENS, Pen.GHOST))
"""Of other runs than the one that a chart is about."""


class Stroke(Enum):
    """How a curve is drawn."""

    FAINT = "faint"
    LINE = "line"
    BETWEEN_DOTS = "between dots"
    DOTS = "dots"
    BAND = "band"
    """Between its points and those above them."""
    GHOST = "ghost"
    """Behind all others, in dashes."""


@dataclass(frozen=True)
class Curve:
    """Points to draw, and what they are called."""

    points: Points
    pen: Pen
    stroke: Stroke
    names: tuple[str, ...] = ()
    """From the longest to the shortest; none for what needs no legend."""
    mark: str = ""
    """The character for its points where it has any."""
    upper: np.ndarray | None = None
    """The upper edge of a band, of which `points` are the lower one."""
    turn: tuple[int, int] = (0, 1)
    """Which of how many dashes of its line are drawn, where others lie on it."""
    end: float = math.inf
    """Where on the x axis its run was trained to; there is nothing to read beyond."""
    burst: bool = False
    """Whether its run ended because its numbers were not finite."""

    @property
    def rough(self) -> bool:
        """Whether a few of its points may stick out of the chart."""
        return self.stroke in (Stroke.FAINT, Stroke.LINE, Stroke.GHOST)

    @property
    def leading(self) -> bool:
        """Whether its end has to be in the chart."""
        return self.stroke is Stroke.LINE and not self.burst

    @property
    def beside(self) -> bool:
        """Whether it is of another run than the one that the chart is about."""
        return self.pen in BESIDE


@dataclass(frozen=True)
class Shown:
    """A run on the charts: the one that is followed, or one that it is compared with."""

    name: str
    history: History
    epochs: int
    """How many it is to last, as far as that is known."""
    faded: bool = False
    """Whether it is a ghost: dimmed behind the others, without readings; its name is its title, such as `before: uniform`."""
