"""Who trains the runs of a sweep: processes of this machine. One that dies takes its own run with it, and no other."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping
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
    """What came of a run."""

    status: RunStatus
    figures: Figures = NOTHING
    note: str = ""
    again: bool = False
    """Whether it failed for a reason that may be gone the next time."""


class Workers(Protocol):
    """Whoever trains runs, several at a time."""

    @property
    def count(self) -> int:
        """How many runs are trained at a time; it may change."""

    def submit(self, config: Config, folder: Path) -> Future[Outcome]:
        """Have a run trained, and kept in the folder. Cancelling the future ends the run."""

    def latest(self, folder: Path) -> Figures | None:
        """What the run of this folder has given so far, as far as that is known here; None before its first epoch ended."""

    def outcome_of(self, future: Future[Outcome]) -> Outcome:
        """What came of it, once it is done and was not cancelled."""

    def notes(self) -> list[str]:
        """What whoever started the sweep should know of them, a line each; every one is told once."""

    def stop(self) -> None:
        """End all runs, as soon as their checkpoints are written, and let go of everything."""


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
        """None while there is nothing to train."""

    @property
    def count(self) -> int:
        return self._count

    def submit(self, config: Config, folder: Path) -> Future[Outcome]:
        pool = self._pool = self._pool or self._start()
        try:
            future: Future[Outcome] = pool.schedule(_train, (config, folder))
        except RuntimeError:  # a worker died between two runs, which its pool does not survive
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
        # What is wrong with the pool is not wrong with the run.
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
        # Fresh processes: a copy of this one would have its locks, in whatever state another thread left them.
        return ProcessPool(self._count, 0, _prepare, (dict(self._shared), self._folder / LOG), multiprocessing.get_context("spawn"))

    def _end(self, pool: ProcessPool) -> None:
        pool.stop()  # type: ignore[no-untyped-call]
        # At once: the pool itself waits for one to end before it tells the next.
        for process in multiprocessing.active_children():
            if process.name == "pebble_pool_worker":
                process.terminate()
        pool.join()

    def _remove_data(self) -> None:
        with suppress(OSError):  # it is in nobody's way, and written over the next time
            for shared in self._shared.values():
                shared.remove()
            (self._folder / DATA).rmdir()
            log = self._folder / LOG
            if not log.stat().st_size:
                log.unlink()


def _how_it_died(code: int) -> str:
    """What there is to say of an exit code, which is negative after a signal."""
    if (name := signals.name_of(-code)) == "SIGKILL":
        return "was killed; the memory of this machine may be too small for so many workers"
    return f"was ended by {name}" if name else f"ended with status {code}"


def trained(config: Config, folder: Path, data: Callable[[], Dataset], control: Control) -> Outcome:
    """Have the run trained here, by a worker. Raises CutShortError after `control` stopped it."""
    try:
        return Outcome(*train_run(config, folder, data(), control))
    except UserError as error:
        return Outcome(RunStatus.FAILED, note=str(error))
    except MemoryError:
        return Outcome(RunStatus.FAILED, note="it does not fit into memory beside the other workers", again=True)


# What follows is run by the worker processes.

_shared: dict[str, SharedData] = {}


def _prepare(shared: Mapping[str, SharedData], log: Path) -> None:
    _shared.update(shared)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    # The screen belongs to the process that shows the sweep; what a dying interpreter has to say is kept.
    redirect_output(log)


def _end_with_parent() -> None:
    """Nobody would hear of what is trained on, and the sweep that is started again would find its runs taken."""
    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)


@cache
def _dataset(name: str) -> Dataset:
    return _shared[name].dataset()


def _train(config: Config, folder: Path) -> Outcome:
    control = Control()
    with signals.heeded(lambda _number: control.stop("interrupted")) as received:
        try:
            return trained(config, folder, lambda: _dataset(config.data), control)
        except CutShortError:
            os._exit(signals.exit_status(received[0]))
