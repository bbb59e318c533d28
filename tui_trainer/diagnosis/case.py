"""What a diagnosis looks at: a run's options and history, and, where they are known, its data and what the network says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, log
from typing import Final, Self

import numpy as np

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Split
from tui_trainer.datasets.spec import DIGITS, scale_of
from tui_trainer.history.history import History
from tui_trainer.history.measurements import Measurement
from tui_trainer.history.quantities import FIGURES, table
from tui_trainer.history.series import STEP
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.arrays import Labels
from tui_trainer.nn.network import Network
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.training.batch_loader import BatchLoader
from tui_trainer.training.blas import ONE_THREAD

EARLY: Final = 20
"""Steps in which a measurement still shows what the initializer made, and not what the training has."""

FLAT: Final = 0.75
"""Share of a bounded function's outputs at the ends of its range; a healthy layer has less than a tenth there."""

SAMPLED: Final = 5000
"""Images whose inputs are looked at."""

RECENT: Final = 100
"""Batches whose mean is the present accuracy, while no epoch has ended."""


@dataclass(frozen=True)
class DataFacts:
    """The training data as the network gets it."""

    counts: tuple[int, ...]
    """Samples of each class."""
    rms: float
    """Root mean square of the inputs."""
    constant: float
    """Share of features that never change."""

    @classmethod
    def of(cls, training: Split, classes: int) -> Self:
        """The facts of these samples; inputs are taken from the first of them."""
        images = training.images[:SAMPLED].astype(np.float64) / scale_of(training.images.dtype)
        varying = np.ptp(images, axis=0) > 0
        counts = np.bincount(training.labels, minlength=classes)
        rms = float(np.sqrt(np.mean(images**2)))
        return cls(tuple(counts.tolist()), rms, 1 - float(varying.mean()))


@dataclass(frozen=True)
class Predictions:
    """How often a network gives each class, and how often it should."""

    expected: tuple[int, ...]
    given: tuple[int, ...]

    @classmethod
    def of(cls, network: Network, split: Split) -> Self:
        """The network's answers to these samples."""
        given: list[Labels] = []
        with np.errstate(all="ignore"):
            for batch in BatchLoader(split).all(network):
                with ONE_THREAD:
                    batch.forward()
                given.append(batch.logits.argmax(axis=1))
        expected, found = (np.bincount(each, minlength=network.classes) for each in (split.labels, np.concatenate(given)))
        return cls(tuple(expected.tolist()), tuple(found.tolist()))


@dataclass(frozen=True)
class Case:
    """A run under diagnosis, while it is trained or afterwards."""

    config: Config
    """The options as they are now, or were at the end."""
    history: History
    data: DataFacts | None = None
    predictions: Predictions | None = None
    sharpness: float | None = None
    """The largest eigenvalue of the loss's Hessian for the present network, in nats per squared unit of the parameters."""
    start: Measurement | None = None
    """The layers before training has changed them, where the history has no measurement of that."""

    @property
    def is_over(self) -> bool:
        """Whether the run completed or diverged; a run that was stopped says nothing of how it would have ended."""
        return self.history.complete

    @property
    def diverged(self) -> bool:
        """Whether its numbers were not finite."""
        return self.history.diverged

    @property
    def is_judged(self) -> bool:
        """Whether it has been trained long enough to say that it does not learn: an epoch, or to its end."""
        return bool(self.history.epochs) or self.diverged

    @property
    def classes(self) -> int:
        """The number of classes."""
        if self.data:
            return len(self.data.counts)
        return self.history.summaries[-1].output_shape[-1] if self.history.summaries else DIGITS

    # The layers

    @property
    def first(self) -> Measurement | None:
        """The layers at the start."""
        measured = self.history.measured
        return measured[0] if measured and measured[0].step <= EARLY else self.start

    @property
    def last(self) -> Measurement | None:
        """The layers as they were measured last."""
        return self.history.measured[-1] if self.history.measured else self.start

    # How well it does

    @property
    def guess(self) -> float:
        """The accuracy of always saying the most frequent class."""
        counts = self.data.counts if self.data else ()
        return max(counts) / sum(counts) if sum(counts) else 1 / self.classes

    @property
    def guess_loss(self) -> float:
        """The loss of saying every class with the same probability, ln(classes)."""
        return log(self.classes)

    @property
    def loss_at_start(self) -> float | None:
        """The loss of the first batch, before its step."""
        if self.history.first and self.history.first.step == 1:
            return self.history.first.loss
        steps, losses = self.history.loss.points(STEP)
        return float(losses[0]) if len(steps) and steps[0] == 1 else None

    @property
    def accuracy(self) -> float | None:
        """On images that were not trained on, where there are any; else while training. None before there is either."""
        ended, epochs = self.history.ended, self.history.epochs
        if self.diverged:
            return None
        if ended and ended.test_accuracy is not None:
            return ended.test_accuracy
        if epochs:
            last = epochs[-1]
            return last.train_accuracy if last.validation_accuracy is None else last.validation_accuracy
        values = self.history.accuracy.points(STEP)[1][-RECENT:]
        return float(np.nanmean(values)) if len(values) else None

    def skill(self, accuracy: float | None) -> float:
        """The accuracy on a scale from guessing, 0, to always right, 1; 0 for none."""
        return 0.0 if accuracy is None else (accuracy - self.guess) / max(1 - self.guess, 1e-9)

    @cached_property
    def learned(self) -> float:
        """How far it has come from guessing, from 0 to 1."""
        return max(self.skill(self.accuracy), 0.0)

    @property
    def train_loss(self) -> float | None:
        """The last epoch's, if it is finite."""
        losses = [epoch.train_loss for epoch in self.history.epochs[-1:] if isfinite(epoch.train_loss)]
        return losses[0] if losses else None

    @property
    def train_accuracy(self) -> float | None:
        """The last epoch's."""
        return self.history.epochs[-1].train_accuracy if self.history.epochs else None

    # The options

    @property
    def usual_rate(self) -> float:
        """The learning rate that the optimizer has by itself."""
        return OPTIMIZERS[self.config.optimizer].default_learning_rate


def borne(config: Config) -> float | None:
    """What rate times sharpness over 2 the optimizer bears; None for one that scales each parameter's step and has no such limit."""
    optimizer = OPTIMIZERS[config.optimizer]
    return optimizer.bears(**config.own(optimizer))


def worst(one: Measurement | None, name: str, word: str, layers: slice = slice(None)) -> tuple[str, float] | None:
    """The layer, and its value, with the figure's largest value among those for which the layers' map has this word."""
    if one is None:
        return None
    figure, values = FIGURES[name], table(one.layers, is_logged=one.is_logged)[:, list(FIGURES).index(name)]
    found = [
        (float(value), layer)
        for layer, raw, value, judged in list(zip(one.names, one.figure(name), values, figure.judged(values), strict=True))[layers]
        # NaN: an earlier version did not measure the figure.
        if not np.isnan(raw) and figure.band(float(judged)).word == word
    ]
    if not found:
        return None
    value, layer = max(found)
    return layer, value


def flattest(case: Case, one: Measurement | None) -> tuple[float, str] | None:
    """The share of outputs at the ends of a bounded function's range, and the layer, where that is nearly all of a layer's."""
    shares = zip(figure(one, "saturated_fraction"), one.names if one else (), case.config.activations, strict=False)
    found = [(share, layer) for share, layer, name in shares if share >= FLAT and ACTIVATIONS[name].bounds]
    return max(found, default=None)


def figure(one: Measurement | None, name: str) -> Sequence[float]:
    """One figure of every layer; none without a measurement."""
    return one.figure(name) if one else ()
