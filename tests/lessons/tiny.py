"""Histories of runs that nobody trained."""

from typing import Any

from tui_trainer.config.options import Config
from tui_trainer.history.history import History
from tui_trainer.training.events import Divergence, Ended, EpochEnded, LayerHealth, Progress, Snapshot


def health(number: int, gradient: float, spread: float = 1.0, dead: float = 0.0) -> LayerHealth:
    """What was measured of a layer."""
    return LayerHealth(f"dense_{number}", gradient, 3.0, 1e-3, 0.0, spread, dead, 0.5)


def progress(step: int, batches: int, loss: float, *layers: LayerHealth) -> Progress:
    """A batch of 20 images."""
    epoch, batch = (step - 1) // batches + 1, (step - 1) % batches + 1
    return Progress(epoch, batch, batches, step, loss, 0.5, batch / 10, 0.1, step / batches, 20 * batch, layers)


def epoch_ended(epoch: int, accuracy: float | None, **others: Any) -> EpochEnded:
    """The end of an epoch of a second."""
    loss = None if accuracy is None else 1 - accuracy
    return EpochEnded(epoch, 0.5, 0.7, loss, accuracy, 0.1, 1.0, 200.0, True, (), others.pop("snapshot", Snapshot({}, {})), **others)


def ended(*, diverged_at: int | None = None, accuracy: float = 0.9) -> Ended:
    """The end of a run."""
    where = None if diverged_at is None else Divergence("dense_1", 1, diverged_at)
    status = "completed" if where is None else "diverged"
    return Ended(status, 1, 1, 0.3, accuracy, 2.5, where, Snapshot({}, {}))  # type: ignore[arg-type]


def told(*events: Any, **options: Any) -> History:
    """What is known after these events."""
    made = History(Config.parse(options))
    for event in events:
        made.add(event)
    made.drain()
    return made
