"""Workers that train nothing, one epoch for each time that the sweep looks at them."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tui_trainer.config.options import Config
from tui_trainer.sweep import sweep
from tui_trainer.sweep.store import Figures, RunStatus
from tui_trainer.sweep.workers import Outcome

from .fake import FakeWorkers

Objective = Callable[[Config], float]


def given(objective: Objective) -> Callable[[Config], Outcome]:
    """What comes of a run of this accuracy; below 0 it diverges."""

    def gives(config: Config) -> Outcome:
        accuracy = objective(config)
        if accuracy < 0:
            return Outcome(RunStatus.DIVERGED, Figures(epochs=1))
        return Outcome(RunStatus.COMPLETED, Figures(validation_accuracy=accuracy, validation_loss=1 - accuracy, epochs=config.epochs))

    return gives


class PacedWorkers(FakeWorkers):
    """Each run is done after as many looks as it has epochs, its accuracy growing evenly until then."""

    def __init__(self, objective: Objective, count: int = 2) -> None:
        super().__init__(given(objective), count)
        self.flights: dict[str, tuple[Future[Outcome], Outcome, int]] = {}

    def submit(self, config: Config, folder: Path) -> Future[Outcome]:
        done = super().submit(config, folder).result()
        future: Future[Outcome] = Future()
        self.flights[folder.name] = future, done, 0
        return future

    def stop(self) -> None:
        super().stop()
        for future, *_ in self.flights.values():
            future.cancel()

    def latest(self, folder: Path) -> Figures:
        """What the run has given after one epoch more."""
        future, done, epoch = self.flights[folder.name]
        epoch += 1
        self.flights[folder.name] = future, done, epoch
        if epoch == done.figures.epochs:
            future.set_result(done)
        accuracy = (done.figures.validation_accuracy or 0.0) * epoch / done.figures.epochs
        return replace(done.figures, validation_accuracy=accuracy, epochs=epoch)


@contextmanager
def looked_at() -> Iterator[None]:
    """The sweep looks as often as it can."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweep, "LOOK_EVERY", 0.0)
        patch.setattr(sweep, "PATIENCE", 0.0)
        yield
