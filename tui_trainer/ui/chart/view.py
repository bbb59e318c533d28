"""What of a run is looked at, and how: the same for every chart on a screen."""

from dataclasses import dataclass, replace
from enum import Enum

from tui_trainer.history.series import EPOCH, SECONDS, STEP
from tui_trainer.text.language import N_

SMOOTHINGS = (0.0, 0.6, 0.9, 0.97, 0.99, 0.999)
"""Weights of the past in the moving average, among which a key chooses."""


class Scale(Enum):
    """What the x axis counts."""

    EPOCH = N_("epoch")
    STEP = N_("step")
    LOG_STEP = N_("step, log scale")
    TIME = N_("training time")

    @property
    def place(self) -> int:
        """The row of a series' table that holds it."""
        return {Scale.EPOCH: EPOCH, Scale.TIME: SECONDS}.get(self, STEP)

    @property
    def logarithmic(self) -> bool:
        """Whether x is a power of ten."""
        return self is Scale.LOG_STEP


@dataclass(frozen=True)
class View:
    """What is looked at, the same for every chart on the screen."""

    scale: Scale = Scale.EPOCH
    window: tuple[float, float] | None = None
    """From where to where on the x axis; None for the whole run, as it grows."""
    smoothing: float = 0.97
    logarithmic: bool = False
    cursor: float | None = None
    """Where on the x axis values are read."""

    def rescaled(self) -> "View":
        """Count the next thing on the x axis."""
        scales = list(Scale)
        return replace(self, scale=scales[(scales.index(self.scale) + 1) % len(scales)], window=None, cursor=None)

    def resmoothed(self) -> "View":
        """Take the next weight of the past."""
        index = SMOOTHINGS.index(self.smoothing) if self.smoothing in SMOOTHINGS else -1
        return replace(self, smoothing=SMOOTHINGS[(index + 1) % len(SMOOTHINGS)])

    def zoomed(self, factor: float, about: float, whole: tuple[float, float]) -> "View":
        """Show a part `factor` times as wide, with `about` where it is."""
        low, high = self.window or whole
        return self._within(about - (about - low) * factor, about + (high - about) * factor, whole)

    def panned(self, share: float, whole: tuple[float, float]) -> "View":
        """Move the part that is shown by a share of its width."""
        low, high = self.window or whole
        distance = share * (high - low)
        distance = min(max(distance, whole[0] - low), whole[1] - high)
        return self._within(low + distance, high + distance, whole)

    def _within(self, low: float, high: float, whole: tuple[float, float]) -> "View":
        low, high = max(low, whole[0]), min(high, whole[1])
        narrowest = 1e-6 * (whole[1] - whole[0])
        if high - low < narrowest:
            return self
        return replace(self, window=None if (low, high) == whole else (low, high))
