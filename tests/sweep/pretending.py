"""Workers that train nothing: what a run gives is computed from its options."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tui_trainer.config import Config
from tui_trainer.sweep.store import Figures, Standing
from tui_trainer.sweep.workers import Done

Objective = Callable[[Config], float]


class PretendingWorkers:
    """Each run takes no time, or, where `pace` is patched in, an epoch for each look of the sweep."""

    def __init__(self, objective: Objective, count: int = 2) -> None:
        self.count = count
        self.are_near = False
        self.trained: list[Config] = []
        self.flights: dict[str, tuple[Future[Done], Config, int]] = {}
        self._objective = objective

    def submit(self, config: Config, folder: Path) -> Future[Done]:
        future: Future[Done] = Future()
        self.trained.append(config)
        self.flights[folder.name] = future, config, 0
        if not self.are_near:
            future.set_result(self._done(config))
        return future

    def hear(self, future: Future[Done]) -> Done:
        return future.result()

    def stop(self) -> None:
        for future, *_ in self.flights.values():
            future.cancel()

    def look(self, folder: Path) -> Figures:
        """One epoch more; after the last one the run is done."""
        future, config, epoch = self.flights[folder.name]
        epoch += 1
        self.flights[folder.name] = future, config, epoch
        if epoch == config.epochs and not future.cancelled():
            future.set_result(self._done(config))
        return Figures(validation_accuracy=self._objective(config) * epoch / config.epochs, epochs=epoch)

    def _done(self, config: Config) -> Done:
        accuracy = self._objective(config)
        if accuracy < 0:
            return Done(Standing.DIVERGED, Figures(epochs=1))
        return Done(Standing.COMPLETED, Figures(validation_accuracy=accuracy, validation_loss=1 - accuracy, epochs=config.epochs))


@contextmanager
def paced(workers: PretendingWorkers) -> Iterator[None]:
    """The sweep looks as often as it can, and each look is an epoch."""
    with pytest.MonkeyPatch.context() as patch:
        from tui_trainer.sweep import sweep

        values: dict[str, Any] = {"LOOK_EVERY": 0.0, "PATIENCE": 0.0, "latest": workers.look}
        for name, value in values.items():
            patch.setattr(sweep, name, value)
        workers.are_near = True
        yield
