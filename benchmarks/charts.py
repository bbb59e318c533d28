"""What a chart costs: `python benchmarks/charts.py`, with the program installed.

Milliseconds to take in the batches of a tick of the screen, and to redraw a chart, with so many batches trained, at three sizes. Each
redraw is of a loss curve that has grown since the one before.
"""

from statistics import median
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_limits

from tui_trainer.history.history import History
from tui_trainer.training.events import Progress
from tui_trainer.ui.chart.curve import Shown
from tui_trainer.ui.chart.widget import Chart

LENGTHS = (10_000, 1_000_000, 10_000_000)
SIZES = ((40, 14), (80, 24), (160, 50))
BATCHES = 1_719
"""In an epoch of MNIST with 32 images a batch."""
PER_TICK = 1_000
"""Batches trained in the half second between two looks of the screen."""
REDRAWS = 15


class Course:
    """A run that goes on as long as it is asked to."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.history = History()
        self._generator = np.random.default_rng(0)
        self._step = 0

    def _losses(self, steps: np.ndarray) -> np.ndarray:
        """A fall with as much noise as batches of 32 have."""
        return 2.3 * np.exp(-5 * steps / self.length) + self._generator.gamma(1.0, 0.05, len(steps))

    def skip(self) -> None:
        """Take in everything but the events themselves, of which ten million would not fit."""
        for start in range(0, self.length, 100_000):
            steps = np.arange(start + 1.0, min(start + 100_000, self.length) + 1)
            self.history.loss.extend(np.stack([steps, steps / BATCHES, steps / 2_000, self._losses(steps)]))
        self._step = self.length

    def tick(self) -> float:
        """Take in the events of a tick; the milliseconds that takes."""
        steps = np.arange(self._step + 1.0, self._step + PER_TICK + 1)
        for step, loss in zip(range(self._step + 1, self._step + PER_TICK + 1), self._losses(steps).tolist(), strict=True):
            epoch, batch = divmod(step - 1, BATCHES)
            self.history.add(Progress(epoch + 1, batch + 1, BATCHES, step, loss, 0.9, 0.0, 0.001, step / BATCHES, 32 * (batch + 1)))
        self._step += PER_TICK
        started = perf_counter()
        self.history.drain()
        return 1000 * (perf_counter() - started)


def redraw(chart: Chart, size: tuple[int, int]) -> float:
    """The milliseconds it takes."""
    started = perf_counter()
    chart.draw(*size)
    return 1000 * (perf_counter() - started)


def main() -> None:
    """Print the table."""
    threadpool_limits(1, user_api="blas")
    print(f"| batches | taking in {PER_TICK:,}, ms |", " | ".join(f"redraw {width}×{height}, ms" for width, height in SIZES), "|")
    print("| --- " * (2 + len(SIZES)) + "|")
    for length in LENGTHS:
        course = Course(length)
        course.skip()
        chart = Chart("loss")
        chart.follow(Shown("run", course.history, length // BATCHES + 1))
        taking, redraws = [], []
        for size in SIZES:
            times = []
            for _ in range(REDRAWS):
                taking.append(course.tick())
                times.append(redraw(chart, size))
            redraws.append(median(times))
        print(f"| {length:,} | {median(taking):.1f} |", " | ".join(f"{time:.1f}" for time in redraws), "|", flush=True)


if __name__ == "__main__":
    main()
