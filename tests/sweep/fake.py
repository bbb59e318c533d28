"""Workers that train nothing: what each run gives is told beforehand."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.sweep.plan import Plan, open_sweep
from tui_trainer.sweep.store import Figures, RunStatus
from tui_trainer.sweep.sweep import RunChanged, Sweep, SweepEnded, SweepEvent, SweepNoted
from tui_trainer.sweep.workers import Outcome, Workers

Gives = Callable[[Config], Outcome]


class FakeWorkers:
    """Each run is done as soon as it is submitted."""

    def __init__(self, gives: Gives, count: int = 2) -> None:
        self._gives = gives
        self._count = count
        self.submitted: list[Config] = []
        self.stopped = False

    @property
    def count(self) -> int:
        return self._count

    def submit(self, config: Config, folder: Path) -> Future[Outcome]:
        self.submitted.append(config)
        future: Future[Outcome] = Future()
        future.set_result(self._gives(config))
        return future

    def latest(self, folder: Path) -> Figures | None:
        return None

    def outcome_of(self, future: Future[Outcome]) -> Outcome:
        return future.result()

    def notes(self) -> list[str]:
        return []

    def stop(self) -> None:
        self.stopped = True


def accurate(accuracy: float) -> Outcome:
    return Outcome(RunStatus.COMPLETED, Figures(0.1, accuracy, 0.1, accuracy, 1, 0.5, "00"))


def opened(folder: Path, plan: Plan | None, workers: Workers) -> Sweep:
    def made(_data: Mapping[str, Dataset]) -> Workers:
        return workers

    return open_sweep(folder, plan, made)


def ended(events: list[SweepEvent]) -> SweepEnded:
    last = events[-1]
    assert isinstance(last, SweepEnded)
    return last


def notes(events: list[SweepEvent]) -> list[str]:
    """What was told besides; fake workers leave no network that could be examined."""
    return [event.text for event in events if isinstance(event, SweepNoted) and "cannot be examined" not in event.text]


def outcomes(events: list[SweepEvent]) -> list[RunStatus]:
    return [event.result.status for event in events if isinstance(event, RunChanged) and event.result.status is not RunStatus.RUNNING]
