"""The learning-rate range test (Smith 2017): raise the rate step by step, and see where the loss falls and where it bursts."""

from collections.abc import Iterator
from typing import NamedTuple

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.training.control import Control
from tui_trainer.training.events import Progress
from tui_trainer.training.loop import Training

SMOOTHING = 0.95
"""Share of the running mean of the loss that a new batch leaves as it is."""

BURST = 4.0
"""The test ends when the smoothed loss is this many times its lowest: nothing can be learned from here on."""

MARGIN = 10.0
"""The rate of the lowest loss is already at the edge; an order of magnitude below it is what Smith and Howard recommend."""


class RangePoint(NamedTuple):
    """A step of the test: its learning rate, the loss of its batch, and the smoothed loss."""

    learning_rate: float
    loss: float
    smoothed_loss: float


def range_test(config: Config, data: Dataset, control: Control, *, lowest: float, highest: float, steps: int) -> Iterator[RangePoint]:
    """Train with rates from `lowest` to `highest`, evenly spaced in their logarithm, until the last step or the loss bursts."""
    training = Training(config.model_copy(update={"epochs": steps, "validation": 0, "early_stopping": 0, "changes": ()}), data)
    rates = [lowest * (highest / lowest) ** (step / max(steps - 1, 1)) for step in range(steps)]
    batches = training.position.batches
    training.learner.schedule = lambda start, end: rates[min(round(start * batches), steps - 1)] / config.learning_rate
    mean, weight, best = 0.0, 0.0, float("inf")
    for event in training.events(control):
        if not isinstance(event, Progress):
            continue
        mean = SMOOTHING * mean + (1 - SMOOTHING) * event.loss
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        smoothed = mean / weight
        best = min(best, smoothed)
        yield RangePoint(rates[event.step - 1], event.loss, smoothed)
        if smoothed > BURST * best or event.step == steps:
            return


def suggest(points: list[RangePoint]) -> float | None:
    """A learning rate well below the one of the lowest smoothed loss; None when there is no point to judge by."""
    return min(points, key=lambda point: point.smoothed_loss).learning_rate / MARGIN if points else None
