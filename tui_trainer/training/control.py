"""What a person may say to a run that is going on. Every method may be called from any thread."""

import threading
from collections.abc import Mapping
from typing import Any

from tui_trainer.training.events import Status


class Control:
    """A few flags that the training loop looks at before each batch."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._single_step = False
        self._waiting = False
        self._stop: Status | None = None
        self._measure = False
        self._count = False
        self._snapshot = False
        self._changes: list[Mapping[str, Any]] = []

    def pause(self) -> None:
        """Hold before the next batch."""
        with self._changed:
            self._paused = True

    def go_on(self) -> None:
        """End a pause."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def step(self) -> None:
        """Train one batch, which brings a snapshot and the health of the layers, then hold: who looks then sees the run as it stands."""
        with self._changed:
            self._paused = self._single_step = True
            self._changed.notify_all()

    def stop(self, status: Status = "stopped") -> None:
        """End the run before the next batch, with what was learned. The first status given is the one that counts."""
        with self._changed:
            self._stop = self._stop or status
            self._changed.notify_all()

    def change(self, values: Mapping[str, Any]) -> None:
        """Give options other values before the next batch. They must be `CHANGEABLE`, and valid beside the run's other options."""
        self._changes.append(dict(values))

    def measure_layers(self) -> None:
        """Ask that the next Progress event carry the health of the layers."""
        self._measure = True

    def count_distributions(self) -> None:
        """Ask that the next Progress event carry the distributions of each layer's activations and gradients, and its health."""
        self._count = True

    def take_snapshot(self) -> None:
        """Ask that the next Progress event carry a snapshot."""
        self._snapshot = True

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def held(self) -> bool:
        """Whether the loop waits: a pause begins when the batch that it came in has been trained and told of."""
        with self._changed:
            return self._waiting and self._has_to_wait()

    @property
    def stopping(self) -> Status | None:
        """The status that the run was told to end with."""
        return self._stop

    def admit(self) -> bool:
        """For the loop: wait while paused, and tell whether to train another batch."""
        if self._paused or self._stop:
            with self._changed:
                self._waiting = True
                self._changed.wait_for(lambda: not self._has_to_wait())
                # Not when it is asked for: a batch that is being trained in that moment would have it, and the last one not.
                self._snapshot = self._snapshot or self._single_step
                self._measure = self._measure or self._single_step
                self._waiting = self._single_step = False
        return self._stop is None

    def _has_to_wait(self) -> bool:
        return self._paused and not self._single_step and self._stop is None

    def changes(self) -> list[Mapping[str, Any]]:
        """For the loop: what is to be changed. Each change is told once."""
        if not self._changes:
            return []
        count = len(self._changes)
        wanted = self._changes[:count]
        del self._changes[:count]
        return wanted

    def wants_layers(self) -> bool:
        """For the loop: whether to measure the layers now. Each request is answered once."""
        wanted, self._measure = self._measure, False
        return wanted

    def wants_distributions(self) -> bool:
        """For the loop: whether to count distributions now. Each request is answered once."""
        wanted, self._count = self._count, False
        return wanted

    def wants_snapshot(self) -> bool:
        """For the loop: whether to take a snapshot now. Each request is answered once."""
        wanted, self._snapshot = self._snapshot, False
        return wanted
