"""Commands to a running training. Every method may be called from any thread."""

import threading
from collections.abc import Mapping
from typing import Any

from tui_trainer.training.events import Status


class Control:
    """Flags and option changes that the training loop reads before each batch, or each handful that takes no time to speak of.

    With `batch_by_batch` no batch is trained before the event of the one before has been heard.
    """

    def __init__(self, *, batch_by_batch: bool = False) -> None:
        self.batch_by_batch = batch_by_batch
        self._changed = threading.Condition()
        self._paused = False
        self._single_step = False
        self._waiting = False
        self._stop: Status | None = None
        self._measure = False
        self._count = False
        self._snapshot = False
        self._follows = False
        self._changes: list[Mapping[str, Any]] = []

    def pause(self) -> None:
        """Pause before the next batch."""
        with self._changed:
            self._paused = True

    def unpause(self) -> None:
        """End a pause."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def step(self) -> None:
        """Train one batch with a snapshot and the layers' health, then pause."""
        with self._changed:
            self._paused = self._single_step = True
            self._changed.notify_all()

    def stop(self, status: Status = "stopped") -> None:
        """End the run before the next batch and keep what was learned. The first status given is kept."""
        with self._changed:
            self._stop = self._stop or status
            self._changed.notify_all()

    def change(self, values: Mapping[str, Any]) -> None:
        """Change options before the next batch. They must be `changeable`, and valid beside the run's other options."""
        self._changes.append(dict(values))

    def measure_layers(self) -> None:
        """Request the layers' health with the next Progress event."""
        self._measure = True

    def count_distributions(self) -> None:
        """Request each layer's health and distributions with the next Progress event."""
        self._count = True

    def follow_layers(self) -> None:
        """Request each layer's health and distributions at the first batches, ever further apart, at epochs' ends and before a divergence.

        No clock decides when (`health.is_early_moment`): a short run is measured from its first batch on, and each time at the same steps.
        """
        self._follows = True

    def take_snapshot(self) -> None:
        """Request a snapshot with the next Progress event."""
        self._snapshot = True

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def held(self) -> bool:
        """Whether the loop waits: a pause takes effect after the event of the present batch."""
        with self._changed:
            return self._waiting and self._has_to_wait()

    @property
    def stopping(self) -> Status | None:
        """The status to end the run with, once it is to stop."""
        return self._stop

    def wait_while_paused(self) -> bool:
        """For the loop: wait while paused; whether to train another batch."""
        if self._paused or self._stop:
            with self._changed:
                self._waiting = True
                self._changed.wait_for(lambda: not self._has_to_wait())
                # Requested here, not in `step`: a batch in training at that moment would answer instead of the single step.
                self._snapshot = self._snapshot or self._single_step
                self._measure = self._measure or self._single_step
                self._waiting = self._single_step = False
        return self._stop is None

    def _has_to_wait(self) -> bool:
        return self._paused and not self._single_step and self._stop is None

    def take_changes(self) -> list[Mapping[str, Any]]:
        """For the loop: the requested changes. Each is returned once."""
        if not self._changes:
            return []
        count = len(self._changes)
        wanted = self._changes[:count]
        del self._changes[:count]
        return wanted

    def wants_layers(self) -> bool:
        """For the loop: whether to measure the layers now. A request counts once."""
        wanted, self._measure = self._measure, False
        return wanted

    def wants_distributions(self) -> bool:
        """For the loop: whether to count distributions now. A request counts once."""
        wanted, self._count = self._count, False
        return wanted

    @property
    def follows_layers(self) -> bool:
        """For the loop: whether the layers are followed from the first batch to the last."""
        return self._follows

    def wants_snapshot(self) -> bool:
        """For the loop: whether to take a snapshot now. A request counts once."""
        wanted, self._snapshot = self._snapshot, False
        return wanted
