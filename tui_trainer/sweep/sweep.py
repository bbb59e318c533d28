"""A sweep: runs go from a search to workers, their outcomes into the store, and the best configuration to the test set."""

import threading
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from math import isfinite, nan
from pathlib import Path
from time import monotonic
from typing import Final, Literal

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.sweep.search import Planned, Search
from tui_trainer.sweep.space import describe
from tui_trainer.sweep.statistics import Group, chosen, grouped
from tui_trainer.sweep.store import RUNS, FinalScore, Result, RunStatus, Store
from tui_trainer.sweep.workers import Outcome, Workers
from tui_trainer.system.folders import printable
from tui_trainer.trained.estimator import Classifier
from tui_trainer.training.batch_loader import BatchLoader, evaluate
from tui_trainer.training.blas import ONE_THREAD

ATTEMPTS: Final = 3
"""Attempts at a run whose worker died: it is resumed from its checkpoint, but may be what kills its workers."""

PATIENCE: Final = 0.25
"""Longest wait for the end of a run, in seconds."""

LOOK_EVERY: Final = 1.0
"""Seconds between two updates of running runs' figures."""


@dataclass(frozen=True, slots=True)
class SweepStarted:
    """Workers are ready. `done` of the `total` runs were trained before."""

    folder: Path
    total: int
    done: int
    workers: int
    seeds: int


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """The sweep's progress, in runs."""

    total: int
    done: int
    failed: int
    running: int
    workers: int
    seconds: float
    """Since it was started."""
    trained: int
    """Runs that ended since it was started."""

    @property
    def seconds_left(self) -> float | None:
        """The estimated time of the remaining runs, at the rate so far."""
        return self.seconds / self.trained * (self.total - self.done - self.failed) if self.trained else None


@dataclass(frozen=True, slots=True)
class RunChanged:
    """A run was begun, has trained another epoch, or ended."""

    result: Result
    progress: SweepProgress


@dataclass(frozen=True, slots=True)
class SweepNoted:
    """A one-line message for the user; the sweep continues."""

    text: str


@dataclass(frozen=True, slots=True)
class SweepEnded:
    """The sweep is complete, or was stopped; a stopped sweep trains the missing runs when it is resumed."""

    status: Literal["completed", "stopped"]
    progress: SweepProgress
    seeds: int
    """The number of seeds of each configuration."""
    groups: tuple[Group, ...]
    best: Group | None
    """The configuration that the validation set chose."""
    examined: FinalScore | None
    """Its score on the test set."""
    looks: int
    """The number of configurations tested so far, over the sweep's whole life."""
    failed: tuple[Result, ...]


SweepEvent = SweepStarted | RunChanged | SweepNoted | SweepEnded


class Sweep:
    """A sweep in its folder, whose store has `results` already. Consume `events` to its end.

    `stop` may be called from any thread, and a signal handler.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        results: Iterable[Result],
        search: Search,
        workers: Workers,
        data: Mapping[str, Dataset],
        seeds: int,
    ) -> None:
        self._folder = folder
        self._store = store
        self._search = search
        self._workers = workers
        self._data = data
        self._seeds = seeds
        store.forget_running()
        self._results = {result.key: result for result in results if result.status is not RunStatus.RUNNING}
        self._counts = Counter(result.status for result in self._results.values())
        self._submitted: dict[Future[Outcome], _Submitted] = {}
        self._again: list[_Submitted] = []
        self._unsaved: dict[str, Result] = {}
        """Results that the store could not save yet."""
        self._is_failing = False
        self._given = self._done
        """Runs from the search, and those trained before."""
        self._trained = 0
        self._began = monotonic()
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Stop the sweep: running runs write their checkpoints, from which they are resumed."""
        self._stopping.set()

    def events(self) -> Generator[SweepEvent, None, None]:
        """Train, yielding events. Closing the generator stops the work."""
        with closing(self._store):
            try:
                yield SweepStarted(self._folder, self._total, self._done, self._workers.count, self._seeds)
                yield from self._trained_runs()
            finally:
                self._workers.stop()
                self._forget_running()
            yield from self._ended()

    def _trained_runs(self) -> Generator[SweepEvent, None, None]:
        yield from self._begin_runs()
        looked = monotonic()
        while self._submitted and not self._stopping.is_set():
            wait(self._submitted, PATIENCE, FIRST_COMPLETED)
            for text in self._workers.notes():
                yield SweepNoted(text)
            for future in [future for future in self._submitted if future.done()]:
                yield from self._end_run(future)
            if monotonic() - looked >= LOOK_EVERY:
                looked = monotonic()
                yield from self._look()
            yield from self._begin_runs()

    def _begin_runs(self) -> Generator[SweepEvent, None, None]:
        """Submit as many runs as the workers can train, and one more, so that no worker waits."""
        while len(self._submitted) < self._workers.count + 1 and not self._stopping.is_set():
            if self._again:
                submitted = self._again.pop()
            elif planned := self._search.ask():
                submitted = _Submitted(planned)
                self._given += 1
            else:
                return
            future = self._workers.submit(submitted.config, self._folder / RUNS / submitted.planned.key)
            self._submitted[future] = replace(submitted, attempts=submitted.attempts + 1)
            yield from self._take(submitted.planned, Outcome(RunStatus.RUNNING))

    def _end_run(self, future: Future[Outcome]) -> Generator[SweepEvent, None, None]:
        submitted = self._submitted.pop(future)
        if future.cancelled():
            return
        done = self._workers.outcome_of(future)
        if done.again and submitted.attempts < ATTEMPTS:
            self._again.append(submitted)
            yield SweepNoted(f"run {submitted.planned.key}: {done.note}; it is tried again")
            return
        self._trained += 1
        self._search.tell(submitted.planned, done.status, done.figures)
        yield from self._take(submitted.planned, done)
        if done.status is RunStatus.FAILED:
            yield SweepNoted(f"run {submitted.planned.key} ({describe(submitted.planned.trial.point)}) is left out: {done.note}")

    def _look(self) -> Generator[SweepEvent, None, None]:
        """Update the running runs' figures, and end those that the search gives up."""
        for future, submitted in list(self._submitted.items()):
            planned = submitted.planned
            figures = self._workers.latest(self._folder / RUNS / planned.key)
            if figures is None or figures.epochs == self._results[planned.key].figures.epochs or future.done():
                continue
            if self._search.gives_up(planned, figures) and future.cancel():
                del self._submitted[future]
                self._trained += 1
                self._search.tell(planned, RunStatus.PRUNED, figures)
                yield from self._take(planned, Outcome(RunStatus.PRUNED, figures))
            else:
                yield from self._take(planned, Outcome(RunStatus.RUNNING, figures))

    def _take(self, planned: Planned, done: Outcome) -> Generator[SweepEvent, None, None]:
        trial = planned.trial
        result = Result(planned.key, planned.place, trial.config.record(), trial.point, done.status, done.figures, done.note)
        if before := self._results.get(planned.key):
            self._counts[before.status] -= 1
        self._counts[result.status] += 1
        self._results[planned.key] = self._unsaved[planned.key] = result
        yield from self._keep()
        yield RunChanged(result, self._progress())

    def _keep(self) -> Generator[SweepEvent, None, None]:
        """Save the unsaved results; where that fails, as on a full disk, it is tried again later."""
        try:
            self._store.put(self._unsaved.values())
        except UserError as error:
            if not self._is_failing:
                yield SweepNoted(f"{error}; the sweep goes on, and this is tried again")
            self._is_failing = True
        else:
            self._unsaved.clear()
            self._is_failing = False

    def _forget_running(self) -> None:
        for key in [key for key, result in self._results.items() if result.status is RunStatus.RUNNING]:
            del self._results[key]
            self._unsaved.pop(key, None)
        self._counts[RunStatus.RUNNING] = 0
        with suppress(UserError):  # the next start does so too
            self._store.forget_running()

    @property
    def _done(self) -> int:
        return sum(count for status, count in self._counts.items() if status.is_final)

    @property
    def _total(self) -> int:
        return self._given + self._search.left

    def _progress(self) -> SweepProgress:
        failed, seconds = self._counts[RunStatus.FAILED], monotonic() - self._began
        return SweepProgress(self._total, self._done, failed, len(self._submitted), self._workers.count, seconds, self._trained)

    def _ended(self) -> Generator[SweepEvent, None, None]:
        yield from self._keep()
        if self._unsaved:
            raise UserError(
                f"the last {len(self._unsaved)} results cannot be kept",
                path=self._store.path,
                hint=f"started again, the sweep reads them from {RUNS}/",
            )
        results = sorted(self._results.values(), key=lambda result: (result.place, result.key))
        groups = grouped(results)
        completed = not self._stopping.is_set()
        best = chosen(groups, self._seeds) if completed else None
        examined = None
        if best:
            try:
                examined = self._examine(best)
            except UserError as error:
                yield SweepNoted(f"the chosen configuration cannot be examined: {error}")
        status: Literal["completed", "stopped"] = "completed" if completed else "stopped"
        with suppress(UserError):  # without it, a report says that the sweep is incomplete
            before = self._store.facts().get("seconds", 0.0)
            self._store.put_facts(status=status, total=self._total, seconds=before + monotonic() - self._began)
        yield SweepEnded(
            status=status,
            progress=self._progress(),
            seeds=self._seeds,
            groups=tuple(groups),
            best=best,
            examined=examined,
            looks=len(self._store.examined()),
            failed=tuple(result for result in results if result.status is RunStatus.FAILED),
        )

    def _examine(self, best: Group) -> FinalScore:
        """The chosen configuration's score on the test set, computed unless it is in the store. Raises UserError."""
        keys = tuple(sorted(result.key for result in best.results if result.status.is_final))
        known = self._store.examined().get(best.key)
        if known and known.keys == keys:
            return known
        measured = []
        for result in best.results:
            if result.status is RunStatus.COMPLETED:
                data = self._data.get(str(result.config["data"]))
                if data is None:
                    raise UserError(f"{printable(str(result.config['data']))} is not among the data of this sweep any more")
                network = Classifier.load(RunDirectory(self._folder / RUNS / result.key).checkpoint).network_
                with ONE_THREAD:
                    measured.append(evaluate(network, BatchLoader(data.test)) if data.test else (nan, nan))
        losses, accuracies = zip(*measured, strict=True)
        diverged = best.count(RunStatus.DIVERGED)
        loss, accuracy = sum(losses) / len(losses), sum(accuracies) / (len(accuracies) + diverged)
        examined = FinalScore(keys, loss if isfinite(loss) and not diverged else None, accuracy if isfinite(accuracy) else None)
        self._store.put_examined(best.key, examined)
        return examined


@dataclass(frozen=True, slots=True)
class _Submitted:
    """A run submitted to the workers."""

    planned: Planned
    attempts: int = 0

    @property
    def config(self) -> Config:
        return self.planned.trial.config
