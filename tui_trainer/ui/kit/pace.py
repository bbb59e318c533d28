"""How often a screen may be drawn beside training, and the layers measured for it."""

from math import inf
from time import monotonic, thread_time

SHARE = 0.02
"""Of the time, how much may go into the screen."""

LONGEST_REST = 2.0
"""Seconds after which the screen is drawn again however much that costs."""


class Pace:
    """Rests after each drawing until drawing is but a share of the time.

    Python does one thing at a time, so what drawing takes is taken from training. All that this thread does counts as work, for layout,
    painting and sending come after the drawing itself; the user's keys count with it, and so a rest ends after `longest` seconds anyway.
    """

    def __init__(self, longest: float = LONGEST_REST) -> None:
        self._longest = longest
        self._drawn_at = -inf
        self._work_before = 0.0

    def begin(self) -> None:
        """Something is drawn now."""
        self._drawn_at, self._work_before = monotonic(), thread_time()

    def forget(self) -> None:
        """The next drawing need not wait."""
        self._drawn_at = -inf

    def is_rested(self, least: float = 0.0) -> bool:
        """Whether the last drawing is paid for by now, and `least` seconds old."""
        work = (thread_time() - self._work_before) / SHARE
        return monotonic() - self._drawn_at >= max(min(work, self._longest), least)


class Ration:
    """Lets something be asked of training as often as leaves it but a share of training's time."""

    def __init__(self) -> None:
        self._asked_at = -inf

    def is_due(self, trained: float, cost: float) -> bool:
        """Whether to ask, after so many seconds of training, for what took `cost` of them the last time; if so it counts as asked for."""
        if trained - self._asked_at < cost / SHARE:
            return False
        self._asked_at = trained
        return True
