"""What is checked: a run that has not begun, of which any number of steps can be tried on samples of its own."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

import numpy as np

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.nn.network import Network
from tui_trainer.training.batch_loader import BatchLoader, evaluate
from tui_trainer.training.blas import BlasThreads
from tui_trainer.training.control import Control
from tui_trainer.training.events import Progress
from tui_trainer.training.loop import Training, split_up
from tui_trainer.training.training_state import TrainingState

MOST_ROWS: Final = 128
"""Larger batches are tried with so many samples: a full batch of 60,000 would take minutes, and show no more."""


class Subject:
    """A run that has not begun. `config` must be settled. Raises UserError when the data cannot be split or batched as it says."""

    def __init__(self, config: Config, data: Dataset) -> None:
        self.training, self.validation = split_up(config, data)
        self.test = data.test
        self.spec: DataSpec = data.spec
        self.all_labels = data.training.labels
        """Those held out among them."""
        self.config = config
        self.threads = BlasThreads(int(config.threads))

    @cached_property
    def _order(self) -> np.ndarray:
        return np.random.default_rng(self.config.seed).permutation(len(self.training.labels))

    def sample(self, count: int, start: int = 0) -> Split:
        """`count` training samples, or as many as there are, from `start` on in an order that the seed decides: files may be sorted."""
        chosen = self._order[start : start + count]
        return Split(self.training.images[chosen], self.training.labels[chosen])

    def network(self) -> Network:
        """The network with which the run begins."""
        return TrainingState(self.config, self.spec, len(self.training.labels), "").network

    @property
    def rows(self) -> int:
        """The samples of a batch that is tried."""
        return min(self.config.batch_size, MOST_ROWS)


class Trial:
    """Some steps of the run, with its own network, optimizer and constant rate, over `samples` alone; what it learns goes nowhere.

    `options` are other values than the run's.
    """

    def __init__(self, subject: Subject, samples: Split, steps: int, **options: Any) -> None:
        self._steps = steps
        self._threads = subject.threads
        self._training = Training(plain_run(subject.config, epochs=steps, **options), Dataset("trial", samples, None, subject.spec))

    def steps(self) -> Iterator[Progress]:
        """Train step by step, fewer where the loss is not finite."""
        for event in self._training.events(Control(batch_by_batch=True)):
            if isinstance(event, Progress):
                yield event
                if event.step == self._steps:
                    return

    def loss(self, samples: Split) -> float:
        """The mean loss over `samples` of the network as it is now, in nats."""
        with self._threads:
            return evaluate(self._training.state.network, BatchLoader(samples))[0]


def plain_run(config: Config, **options: Any) -> Config:
    """The run without a validation set and with its rate from the first step to the last."""
    flat = {"validation": 0, "early_stopping": 0, "schedule": "constant", "warmup": 0.0, "changes": ()}
    return config.model_copy(update={**flat, **options})
