"""A run's history as its events would write it, without the run."""

from typing import Any

from tui_trainer.history.history import History
from tui_trainer.training.events import EpochEnded, LayerHealth, Progress, Snapshot

BATCHES = 10
"""In an epoch of the story."""

SECONDS = 0.5
"""That an epoch takes."""


def progress(step: int, **others: Any) -> Progress:
    """The batch of this step."""
    epoch, batch = (step - 1) // BATCHES + 1, (step - 1) % BATCHES + 1
    figures: dict[str, Any] = {
        "epoch": epoch,
        "batch": batch,
        "batches": BATCHES,
        "step": step,
        "loss": 2.0 / step,
        "accuracy": 1 - 0.9 / step,
        "seconds": SECONDS * batch / BATCHES,
        "learning_rate": 0.01,
        "position": step / BATCHES,
        "samples": 20 * batch,
    }
    return Progress(**figures | others)


def epoch_ended(epoch: int, **others: Any) -> EpochEnded:
    """The end of this epoch."""
    figures: dict[str, Any] = {
        "epoch": epoch,
        "train_loss": 1.5 / epoch,
        "train_accuracy": 0.8,
        "validation_loss": 1.0 / epoch,
        "validation_accuracy": 0.9,
        "learning_rate": 0.01,
        "seconds": SECONDS,
        "samples_per_second": 1000.0,
        "best": True,
        "layers": (),
        "snapshot": Snapshot({}, {}),
    }
    return EpochEnded(**figures | others)


def health(name: str, gradient_norm: float) -> LayerHealth:
    """What was measured of a layer."""
    return LayerHealth(name, gradient_norm, 1.0, 1e-3, 0.0, 1.0, 0.0, 0.0)


def told(epochs: int, **others: Any) -> History:
    """The history of so many epochs of 10 batches and half a second, drained."""
    history = History()
    for epoch in range(1, epochs + 1):
        for step in range(BATCHES * (epoch - 1) + 1, BATCHES * epoch + 1):
            history.add(progress(step, **others))
        history.add(epoch_ended(epoch))
    history.drain()
    return history
