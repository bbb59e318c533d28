"""The workers of a sweep: processes of this machine. A process that dies fails only its own run."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import wait
from pathlib import Path
from typing import Final, Protocol

from pebble import ProcessExpired, ProcessPool

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.plugins.loaded import PluginSource, sources, take_over
from tui_trainer.sweep.shared import SharedData
from tui_trainer.sweep.store import Figures, RunStatus
from tui_trainer.sweep.train_run import CutShortError, latest, train_run
from tui_trainer.system import signals
from tui_trainer.system.streams import redirect_output
from tui_trainer.training.control import Control

DATA: Final = "data"
LOG: Final = "workers.log"


NOTHING: Final = Figures()


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run."""

    status: RunStatus
    figures: Figures = NOTHING
    note: str = ""
    again: bool = False
    """Whether another attempt may succeed."""


class Workers(Protocol):
    """Workers that train several runs at a time."""

    @property
    def count(self) -> int:
        """The number of runs trained at a time, which may change."""

    def submit(self, config: Config, folder: Path) -> Future[Outcome]:
        """Train a run in the folder. Cancelling the future ends the run."""

    def latest(self, folder: Path) -> Figures | None:
        """The figures so far of the run in a folder; None before they are known here."""

    def outcome_of(self, future: Future[Outcome]) -> Outcome:
        """The outcome of a finished future that was not cancelled."""

    def notes(self) -> list[str]:
        """New messages for the user, a line each."""

    def stop(self) -> None:
        """End all runs after their checkpoints are written, and release everything."""


class LocalWorkers:
    """Processes of this machine, started with the first run, which share the training data; `folder` is the sweep's.

    `submit` raises UserError where the data cannot be shared.
    """

    def __init__(self, count: int, data: Mapping[str, Dataset], folder: Path) -> None:
        self._count = count
        self._data = data
        self._folder = folder
        self._shared: dict[str, SharedData] = {}
        self._pool: ProcessPool | None = None
        """None before the first run."""

    @property
    def count(self) -> int:
        return self._count

    def submit(self, config: Config, folder: Path) -> Future[Outcome]:
        pool = self._pool = self._pool or self._start()
        try:
            future: Future[Outcome] = pool.schedule(_train, (config, folder))
        except RuntimeError:  # a worker died between two runs, which breaks the pool
            self._end(pool)
            pool = self._pool = self._start()
            future = pool.schedule(_train, (config, folder))
        return future

    def latest(self, folder: Path) -> Figures | None:
        return latest(folder)

    def outcome_of(self, future: Future[Outcome]) -> Outcome:
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, ProcessExpired):
            return Outcome(RunStatus.FAILED, note=f"its worker process {_how_it_died(error.exitcode)}", again=True)
        reason = " ".join(str(error).split())[:200]
        # A RuntimeError is the pool's, not the run's.
        return Outcome(RunStatus.FAILED, note=f"{type(error).__name__}: {reason}", again=isinstance(error, RuntimeError))

    def notes(self) -> list[str]:
        return []

    def stop(self) -> None:
        if self._pool:
            self._end(self._pool)
        self._remove_data()

    def _start(self) -> ProcessPool:
        for name, dataset in self._data.items():
            if name not in self._shared:
                self._shared[name] = SharedData.write(dataset, self._folder / DATA)
        # Spawned, because a forked process would inherit locks that other threads hold.
        prepared = dict(self._shared), self._folder / LOG, sources()
        return ProcessPool(self._count, 0, _prepare, prepared, multiprocessing.get_context("spawn"))

    def _end(self, pool: ProcessPool) -> None:
        pool.stop()  # type: ignore[no-untyped-call]
        # The pool itself would terminate one process after the other.
        for process in multiprocessing.active_children():
            if process.name == "pebble_pool_worker":
                process.terminate()
        pool.join()

    def _remove_data(self) -> None:
        with suppress(OSError):  # the next sweep overwrites it
            for shared in self._shared.values():
                shared.remove()
            (self._folder / DATA).rmdir()
            log = self._folder / LOG
            if not log.stat().st_size:
                log.unlink()


def _how_it_died(code: int) -> str:
    """A description of an exit code, which is negative after a signal."""
    if (name := signals.name_of(-code)) == "SIGKILL":
        return "was killed; the memory of this machine may be too small for so many workers"
    return f"was ended by {name}" if name else f"ended with status {code}"


def trained(config: Config, folder: Path, data: Callable[[], Dataset], control: Control) -> Outcome:
    """The outcome of a run trained in this worker. Raises CutShortError after `control` stopped it."""
    try:
        return Outcome(*train_run(config, folder, data(), control))
    except UserError as error:
        return Outcome(RunStatus.FAILED, note=str(error))
    except MemoryError:
        return Outcome(RunStatus.FAILED, note="it does not fit into memory beside the other workers", again=True)


# The following runs in the worker processes.

_shared: dict[str, SharedData] = {}


_refused: list[UserError] = []
"""Why this process cannot train: a plugin that was loaded at home cannot be loaded here."""


def _prepare(shared: Mapping[str, SharedData], log: Path, plugins: Sequence[PluginSource]) -> None:
    _shared.update(shared)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    # The parent owns the screen; a dying interpreter's messages go to the log.
    redirect_output(log)
    try:
        take_over(plugins)
    except UserError as error:
        _refused.append(error)


def _end_with_parent() -> None:
    """End this process with its parent: an orphan would keep its run locked against a resumed sweep."""
    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)


@cache
def _dataset(name: str) -> Dataset:
    return _shared[name].dataset()


def _train(config: Config, folder: Path) -> Outcome:
    if _refused:
        return Outcome(RunStatus.FAILED, note=str(_refused[0]))
    control = Control()
    with signals.heeded(lambda _number: control.stop("interrupted")) as received:
        try:
            return trained(config, folder, lambda: _dataset(config.data), control)
        except CutShortError:
            os._exit(signals.exit_status(received[0]))
