"""The learning-rate range test (Smith 2017): raise the rate step by step, and watch where the loss falls and where it explodes."""

from collections.abc import Iterator
from typing import NamedTuple

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.training.control import Control
from tui_trainer.training.events import Progress
from tui_trainer.training.loop import Training

SMOOTHING = 0.95
"""The decay of the running mean of the loss."""

EXPLOSION = 4.0
"""The test ends when the smoothed loss is this many times its lowest."""

MARGIN = 10.0
"""The suggested rate is this many times below that of the lowest loss, which is already at the edge (Smith; Howard)."""


class RangePoint(NamedTuple):
    """A step of the test: its learning rate, its batch's loss, and the smoothed loss."""

    learning_rate: float
    loss: float
    smoothed_loss: float


def range_test(config: Config, data: Dataset, control: Control, *, lowest: float, highest: float, steps: int) -> Iterator[RangePoint]:
    """Train with rates from `lowest` to `highest`, evenly spaced in their logarithm, until the last step or the loss explodes."""
    training = Training(
        config.model_copy(update={"epochs": steps, "validation": 0, "early_stopping": 0, "schedule": "constant", "changes": ()}), data
    )
    rates = [lowest * (highest / lowest) ** (step / max(steps - 1, 1)) for step in range(steps)]
    batches = training.position.batches
    training.state.schedule = lambda start, end: rates[min(round(start * batches), steps - 1)] / config.learning_rate
    mean, weight, best = 0.0, 0.0, float("inf")
    for event in training.events(control):
        if not isinstance(event, Progress):
            continue
        mean = SMOOTHING * mean + (1 - SMOOTHING) * event.loss
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        smoothed = mean / weight
        best = min(best, smoothed)
        yield RangePoint(rates[event.step - 1], event.loss, smoothed)
        if smoothed > EXPLOSION * best or event.step == steps:
            return


def suggest(points: list[RangePoint]) -> float | None:
    """A learning rate well below that of the lowest smoothed loss; None without points."""
    return min(points, key=lambda point: point.smoothed_loss).learning_rate / MARGIN if points else None
