"""How many BLAS threads are fastest for a network: measured, because more are often slower on small products."""

from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from tui_trainer.config import Config
from tui_trainer.dataset import CLASSES, Dataset
from tui_trainer.nn.network import Pass
from tui_trainer.training.model import build_network

ROUNDS = 5
WORTH = 0.85
"""A second thread has to save this much: it takes a core from whatever else the machine does."""


def fastest_threads(config: Config, data: Dataset) -> int:
    """The number of threads, 1 or all that the BLAS would take, whose forward and backward pass is faster."""
    most = max((int(info["num_threads"]) for info in threadpool_info() if info["user_api"] == "blas"), default=1)
    if most == 1:
        return 1
    network = build_network(config, data.features, CLASSES)
    network.initialize(np.random.default_rng(0))
    batch = Pass(network, config.batch_size)
    batch.inputs[:] = 0.5
    batch.labels[:] = 0
    alone, together = [], []
    for _ in range(ROUNDS):
        alone.append(_seconds(batch, 1))
        together.append(_seconds(batch, most))
    return most if min(together) < WORTH * min(alone) else 1


def _seconds(batch: Pass, threads: int) -> float:
    with threadpool_limits(limits=threads, user_api="blas"):
        batch.forward()
        started = perf_counter()
        for _ in range(3):
            batch.forward()
            batch.loss()
            batch.backward()
        return perf_counter() - started
