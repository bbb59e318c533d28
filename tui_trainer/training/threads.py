"""The number of threads that `auto` stands for: all cores for the engine, which finds out for itself how many are worth it.

Where NumPy trains it is the fastest number of BLAS threads, measured, because on small products more threads are often slower. The
result is kept in the user's cache folder: there, threads may change the last bits of a product, and the same options must give the same
numbers again.
"""

import json
from statistics import median
from time import perf_counter

import numpy as np

from tui_trainer.config.layer_sizes import format_hidden
from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.nn.network import Workspace
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.system import folders
from tui_trainer.system.files import write_whole
from tui_trainer.system.machine import cores
from tui_trainer.system.reading import opened
from tui_trainer.training.blas import BlasThreads, most_threads
from tui_trainer.training.engines import compiles
from tui_trainer.training.environment import environment
from tui_trainer.training.model import build_layers, build_network, build_optimizer

MOST = 1024
ROUNDS = 5
STEPS = 5
MOST_BYTES = 1 << 20
WORTH = 0.8
"""More threads are used only if they reduce the time to this share: they take cores from other processes."""


def fastest_threads(config: Config, data: Dataset) -> int:
    """The cores for the engine; else one thread or the BLAS's default, whichever trains a batch of this network faster."""
    if compiles(build_layers(config, data.features, data.classes), OPTIMIZERS[config.optimizer]):
        return min(cores(), MOST)
    most = most_threads()
    if most == 1:
        return 1
    shapes = f"{data.features}-{format_hidden(config.hidden)}-{data.classes}"
    key = ", ".join((shapes, f"batch {config.batch_size}", config.activation, config.optimizer, f"{most} threads", *environment().values()))
    known = _known()
    if key not in known:
        known[key] = measure(config, data, most)
        _keep(known)
    return known[key]


@np.errstate(all="ignore")  # weights of any size are timed, and a run that overflows explains itself
def measure(config: Config, data: Dataset, most: int) -> int:
    """The number of threads with which some steps of this run took the least time."""
    network = build_network(config.model_copy(update={"dropout": 0.0}), data.features, data.classes)
    network.initialize(np.random.default_rng(0))
    optimizer = build_optimizer(config, network)
    batch = Workspace(network, config.batch_size)
    batch.inputs[:] = 0.5
    batch.labels[:] = 0

    def seconds(threads: int) -> float:
        with BlasThreads(threads):
            started = perf_counter()
            for _ in range(STEPS):
                batch.forward()
                batch.loss()
                batch.backward()
                optimizer.step(0.0)  # takes as long as any rate, and leaves numbers as they are
            return perf_counter() - started

    seconds(1)
    rounds = [(seconds(1), seconds(most)) for _ in range(ROUNDS)]
    return most if median(together / alone for alone, together in rounds) < WORTH else 1


def _known() -> dict[str, int]:
    """Earlier results; empty without a readable cache."""
    try:
        with opened(folders.cache() / "threads.json") as file:
            known = json.loads(file.read(MOST_BYTES))
    except (UserError, OSError, ValueError, RecursionError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {key: value for key, value in known.items() if isinstance(value, int) and 1 <= value <= 1024}


def _keep(known: dict[str, int]) -> None:
    try:
        folders.cache().mkdir(parents=True, exist_ok=True)
        write_whole(folders.cache() / "threads.json", json.dumps(known, indent=1).encode())
    except OSError:
        # Without a cache the next run measures again.
        return
