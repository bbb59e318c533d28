"""A sweep's run on another machine: trained in a folder of its Dask worker, then sent home with its files."""

import json
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, Final, TypedDict

import numpy as np
from distributed import Worker, get_worker
from distributed.core import Status

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, load
from tui_trainer.datasets.points import NOISE
from tui_trainer.datasets.scaling import AUTO
from tui_trainer.errors import UserError, reason_of
from tui_trainer.plugins.loaded import PluginSource, take_over
from tui_trainer.runs.directory import RunDirectory, line
from tui_trainer.sweep.shared import untested
from tui_trainer.sweep.store import RunStatus
from tui_trainer.sweep.train_run import CutShortError, latest, refuse_link
from tui_trainer.sweep.workers import NOTHING, Outcome, trained
from tui_trainer.system.files import replace
from tui_trainer.system.folders import path_text
from tui_trainer.training.control import Control
from tui_trainer.training.environment import environment
from tui_trainer.version import __version__

LOOK_EVERY: Final = 0.25
"""Seconds between two checks whether a run is still wanted."""

TELL_EVERY: Final = 2.0
"""Shortest time between two progress messages of a run, in seconds: one scheduler carries all messages."""

PROGRESS: Final = "tui-trainer: progress"
"""The Dask topic of progress messages."""


class ProgressMessage(TypedDict):
    """The figures of a run so far."""

    run: str
    figures: dict[str, Any]


@dataclass(frozen=True)
class Delivery:
    """A run as a worker sends it home."""

    worker: str
    done: Outcome
    environment: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The files of a run that ended, by name, in the order of writing."""
    is_fit: bool = True
    """Whether this worker may train runs of the sweep."""


class Call:
    """A call that unpickling performs.

    Dask unpickles a plain function outside the task, which would end a worker whose Python lacks this program.
    """

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self._call


def versions() -> dict[str, str]:
    """The versions that must be equal on all machines of a sweep."""
    return {"tui-trainer": __version__, "NumPy": np.__version__}


def unfit(
    home: Mapping[str, str], data: Mapping[str, str], label: str | None = None, scale: str = AUTO, noise: float = NOISE
) -> str | None:
    """The reason, in a line, why this process may not train runs on data of these names and fingerprints; None where it may.

    `label`, `scale` and `noise` are the options by which all of them are read.
    """
    here = versions()
    for name, version in home.items():
        if here[name] != version:
            return f"it has {name} {here[name]}, home has {version}; install the same on both"
    for name, fingerprint in data.items():
        try:
            found = _dataset(name, label, scale, noise).fingerprint
        except UserError as error:
            return str(error)
        if found != fingerprint:
            return f"--data {name}: there it is other data than at home ({found}, not {fingerprint}); put the same there"
    return None


def train(name: str, options: str, fingerprint: str, home: Mapping[str, str], plugins: Sequence[PluginSource] = ()) -> Delivery:
    """Train the named run, with the options of a config.toml and these plugins, as a task of a Dask worker."""
    worker = get_worker()
    try:
        take_over(plugins)
        config = Config.parse(tomllib.loads(options))
    except UserError as error:
        return Delivery(worker.address, Outcome(RunStatus.FAILED, note=str(error), again=True), environment(), is_fit=False)
    if reason := unfit(home, {config.data: fingerprint}, *config.read_by):
        return Delivery(worker.address, Outcome(RunStatus.FAILED, note=reason, again=True), environment(), is_fit=False)
    with TemporaryDirectory(prefix="run-", dir=worker.local_directory) as parent:
        folder = Path(parent) / "run"
        try:
            with _while_wanted(worker, name, folder) as control:
                done = trained(config, folder, lambda: _dataset(config.data, *config.read_by), control)
        except CutShortError:
            done = Outcome(RunStatus.FAILED, note="its worker was stopped", again=True)
        return Delivery(worker.address, done, environment(), files_of(folder) if done.status.is_final else {})


def put(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a run's files into `folder`; the last one marks the run as ended. Raises UserError."""
    refuse_link(folder)
    own = RunDirectory(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        own.clear()
        best, checkpoint = own.best.name, own.checkpoint.name
        for name, content in files.items():
            if name == own.metrics.name:
                replace(folder / name, _located(content, folder))
            elif name == checkpoint and content == files.get(best):
                replace(own.checkpoint, content, own.best)
            elif name != best or content != files.get(checkpoint):
                replace(folder / name, content)
    except OSError as error:
        raise UserError(f"the run cannot be saved ({reason_of(error)})", path=folder) from None


def _located(metrics: bytes, folder: Path) -> bytes:
    """The events, with their new run directory."""
    lines = metrics.decode().splitlines()
    for index, text in enumerate(lines):
        record = json.loads(text)
        if "run_directory" in record:
            lines[index] = line({**record, "run_directory": path_text(folder)})
    return "".join(f"{text}\n" for text in lines).encode()


def files_of(folder: Path) -> dict[str, bytes]:
    """The contents of a run's own files, by name."""
    own = RunDirectory(folder)
    # The events say that the run has ended, and so go last.
    paths = sorted((path for path in own.files() if path.exists()), key=lambda path: path == own.metrics)
    # Pickle sends equal files once if they are one object: the best weights are often the last.
    contents: dict[bytes, bytes] = {}
    return {path.name: contents.setdefault(content, content) for path in paths for content in (path.read_bytes(),)}


@contextmanager
def _while_wanted(worker: Worker, name: str, folder: Path) -> Iterator[Control]:
    """A control that stops the run when its sweep cancels it or the worker closes; meanwhile progress messages are sent.

    Dask itself cannot interrupt a task.
    """
    control, key, over = Control(), worker.get_current_task(), threading.Event()

    def look() -> None:
        told, told_at = NOTHING, monotonic()
        while not over.wait(LOOK_EVERY):
            task = worker.state.tasks.get(key)
            if task is None or task.state == "cancelled" or worker.status in {Status.closing, Status.closed, Status.failed}:
                control.stop("interrupted")
                return
            if monotonic() - told_at >= TELL_EVERY and (figures := latest(folder)) and figures.epochs != told.epochs:
                told, told_at = figures, monotonic()
                worker.log_event(PROGRESS, ProgressMessage(run=name, figures=asdict(figures)))

    looking = threading.Thread(target=look, name="wanted", daemon=True)
    looking.start()
    try:
        yield control
    finally:
        over.set()
        looking.join()


_loading = threading.Lock()


def _dataset(name: str, label: str | None, scale: str, noise: float) -> Dataset:
    with _loading:  # a worker's threads call this at the same time
        return _loaded(name, label, scale, noise)


@cache
def _loaded(name: str, label: str | None, scale: str, noise: float) -> Dataset:
    data = load(name, label, scale, noise)
    return untested(data, data.fingerprint)
