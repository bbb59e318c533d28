"""What the instruments cost: `python benchmarks/instruments.py`, with the program installed.

Each on the network that a run starts with and on one thread, in milliseconds, beside the time of one training step.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter

from threadpoolctl import threadpool_limits

from tui_trainer import Config, Control, load_data
from tui_trainer.datasets.dataset import Split
from tui_trainer.training.events import Progress
from tui_trainer.training.instruments.effective_rank import effective_ranks
from tui_trainer.training.instruments.noise_scale import noise_scale
from tui_trainer.training.instruments.sharpness import sharpness
from tui_trainer.training.loop import Training

NETWORKS = ("none", "256", "128x8", "100x10", "100x30", "1024x3")
PROBE, MANY = 500, 2000
"""Samples of sharpness and ranks, and of the noise scale."""

STEPS = 50


def milliseconds(call: Callable[[], object], rounds: int = 3) -> float:
    """The median time of a call."""
    times = []
    for _ in range(rounds):
        started = perf_counter()
        call()
        times.append(perf_counter() - started)
    return 1000 * median(times)


def costs(hidden: str) -> None:
    """Print a network's row, as it is after some steps."""
    data = load_data("mnist")
    training, step = Training(Config.parse({"hidden": hidden, "threads": 1, "epochs": 1}), data), 0.0
    for event in training.events(Control()):
        if isinstance(event, Progress) and event.step == STEPS:
            step = 1000 * event.seconds / STEPS
            break
    network = training.state.network
    probe, many = (Split(data.training.images[:count], data.training.labels[:count]) for count in (PROBE, MANY))
    found = sharpness(network, probe)
    times = [milliseconds(call) for call in (lambda: sharpness(network, probe), lambda: noise_scale(network, many))]
    times.append(milliseconds(lambda: effective_ranks(network, probe)))
    print(f"| {hidden} | {step:.1f} | {times[0]:,.0f} | {found.products} | {times[1]:,.0f} | {times[2]:,.0f} |", flush=True)


def main() -> None:
    """Print the table."""
    threadpool_limits(1, user_api="blas")
    print(f"| hidden layers | a step, ms | sharpness of {PROBE}, ms | products | noise scale of {MANY:,}, ms | ranks of {PROBE}, ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for hidden in NETWORKS:
        costs(hidden)


if __name__ == "__main__":
    main()
