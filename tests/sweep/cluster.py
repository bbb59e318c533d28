"""A Dask cluster of real processes, and sweeps that are given to it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tui_trainer.sweep.store import RUNS, Result, RunStatus, Store
from tui_trainer.sweep.train_run import outcome

RUNS_OF_A_SWEEP = 6

LEAVING = 8.0
"""Seconds to be gone after a signal: 2 are promised, but this machine may have much else to do."""

PROGRAM = [sys.executable, "-m", "tui_trainer", "sweep", "--format", "json"]

WITHOUT_PROGRAM = "import sys; sys.modules['tui_trainer'] = None; from distributed.cli.dask_worker import main; main()"
"""A worker in whose Python nobody has installed tui-trainer."""


class DaskCluster:
    """A scheduler and its workers, of one thread each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.scheduler: subprocess.Popen[bytes]
        self.workers: list[subprocess.Popen[bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"

    def start(self, workers: int = 2) -> None:
        """Start a scheduler, at the same address each time, and wait for its workers."""
        host, port = self.address.removeprefix("tcp://").split(":")
        self.scheduler = self._run("-m", "distributed.cli.dask_scheduler", "--host", host, "--port", port, "--no-dashboard")
        self.workers = [self.start_worker() for _ in range(workers)]

    def start_worker(self, *, with_program: bool = True) -> subprocess.Popen[bytes]:
        code = ("-m", "distributed.cli.dask_worker") if with_program else ("-c", WITHOUT_PROGRAM)
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self.folder))
        return self._run(*code, self.address, *options)

    @property
    def run_folders(self) -> list[Path]:
        """Where the workers are training."""
        while True:
            # One that is removed while it is looked through is looked for again.
            with suppress(FileNotFoundError):
                return list(self.folder.glob("**/run-*/run"))

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen([sys.executable, *arguments], stdout=log, stderr=log, start_new_session=True)
        self._processes.append(process)
        return process

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[DaskCluster]:
    folder.mkdir()
    made = DaskCluster(folder)
    try:
        made.start(workers)
        yield made
    finally:
        made.close()


@contextmanager
def swept(*options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The program in the middle of a sweep."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*PROGRAM, *options], stdout=pipe, stderr=pipe, text=True, env={**os.environ, **environment}) as process:
        try:
            yield process
        finally:
            process.kill()


def after_runs(process: subprocess.Popen[str], count: int) -> None:
    """Wait until so many runs have ended."""
    assert process.stdout is not None
    while count:
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        count -= json.loads(line)["event"] == "run"


def rest(process: subprocess.Popen[str]) -> tuple[list[dict[str, Any]], str]:
    """The events that are still to come, and what stands in stderr."""
    assert process.stdout is not None
    assert process.stderr is not None
    with ThreadPoolExecutor(1) as beside:
        errors = beside.submit(process.stderr.read)
        # Not by communicate(), which passes over what readline() has read ahead.
        events = [json.loads(line) for line in process.stdout]
        process.wait(timeout=90)
        return events, errors.result()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def options(data: Path, *further: str) -> list[str]:
    """Six runs of a fraction of a second each."""
    small = ["--data", str(data), "--hidden", "32", "--validation", "100", "--batch-size", "20", "--optimizer", "adam,momentum"]
    return [*small, "--seed", "0:3", *further]


def results(folder: Path) -> list[Result]:
    store = Store(folder)
    try:
        return store.results()
    finally:
        store.close()


def all_done_once(folder: Path) -> None:
    """Every run is in the store with what its own folder tells, and nothing else is there."""
    found = results(folder)
    assert [result.status for result in found] == [RunStatus.COMPLETED] * RUNS_OF_A_SWEEP
    assert {path.name for path in (folder / RUNS).iterdir()} == {result.key for result in found}
    for result in found:
        assert outcome(folder / RUNS / result.key) == (result.status, result.figures)
