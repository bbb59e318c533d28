"""Inspection of a trained network: its mistakes, its confusion matrix, and its first layer's weights."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.dataset import Split
from tui_trainer.datasets.scaling import PLAIN
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Array, Labels
from tui_trainer.nn.losses import softmax
from tui_trainer.nn.network import Network
from tui_trainer.text.language import _
from tui_trainer.training.batch_loader import BatchLoader
from tui_trainer.training.blas import ONE_THREAD


@dataclass(frozen=True)
class Examination:
    """A network's predictions for labelled images."""

    labels: Labels
    """(images,)"""
    probabilities: Array
    """(images, classes)"""
    losses: NDArray[np.float64]
    """Cross-entropy of each image in nats; not finite where training diverged."""
    outputs: NDArray[np.float64]
    """Mean output of each unit of the first layer, after its activation, over the images of each class: (classes, units)."""
    constant: NDArray[np.bool_]
    """Whether a unit's output is the same for every image (units,)."""

    @cached_property
    def predicted(self) -> Labels:
        """The most likely class of each image, the lowest of equal ones."""
        predicted: Labels = self.probabilities.argmax(axis=1)
        return predicted

    @cached_property
    def is_finite(self) -> bool:
        """Whether all probabilities are finite."""
        return bool(np.isfinite(self.probabilities).all())

    @cached_property
    def accuracy(self) -> float:
        """The accuracy."""
        return float(np.mean(self.predicted == self.labels))

    @cached_property
    def confusion(self) -> NDArray[np.intp]:
        """The confusion matrix: true classes in rows, predicted ones in columns."""
        classes = self.probabilities.shape[1]
        return np.bincount(self.labels * classes + self.predicted, minlength=classes * classes).reshape(classes, classes)

    @cached_property
    def recall(self) -> NDArray[np.float64]:
        """The recall of each class; NaN where it has no images."""
        sums = self.confusion.sum(axis=1)
        shares: NDArray[np.float64] = np.divide(self.confusion.diagonal(), sums, out=np.full(len(sums), np.nan), where=sums > 0)
        return shares

    def mistakes(self) -> Labels:
        """The misclassified images, the highest loss first."""
        wrong = np.flatnonzero(self.predicted != self.labels)
        return wrong[np.argsort(-self.losses[wrong], kind="stable")]

    def cell(self, label: int, predicted: int) -> Labels:
        """The images of one class that were predicted as another, or as itself, the most certain ones first."""
        found = np.flatnonzero((self.labels == label) & (self.predicted == predicted))
        return found[np.argsort(-self.probabilities[found, predicted], kind="stable")]


def examine(network: Network, feed: BatchLoader, split: Split) -> Generator[None, None, Examination]:
    """Show the network all images of a split, which `feed` feeds, yielding after each batch: there may be something more urgent.

    Raises UserError when the images or labels are not such as the network takes.
    """
    images, features = split.images.shape
    classes = network.classes
    if features != network.inputs:
        raise UserError(f"the test images have {features:,} pixels, and this network takes {network.inputs:,}")
    if (highest := int(split.labels.max(initial=0))) >= classes:
        raise UserError(f"a test image is labelled {highest}, and this network knows {classes} classes")
    units = network.layers[0].units
    probabilities, losses = np.empty((images, classes), network.dtype), np.empty(images)
    sums, low, high = np.zeros((classes, units)), np.full(units, np.inf), np.full(units, -np.inf)
    start = 0
    for batch in feed.all(network):
        with np.errstate(all="ignore"), ONE_THREAD:
            batch.forward()
            here = slice(start, start + batch.rows)
            logits = batch.logits.astype(np.float64)
            probabilities[here] = softmax(logits)
            shifted = logits - logits.max(axis=1, keepdims=True)
            losses[here] = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(batch.rows), batch.labels]
            first = next(batch.measured()).units.out
            sums += (np.arange(classes)[:, None] == batch.labels).astype(network.dtype) @ first
            low, high = np.minimum(low, first.min(axis=0)), np.maximum(high, first.max(axis=0))
        start += batch.rows
        yield
    counts = np.bincount(split.labels, minlength=classes)[:, None]
    outputs = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return Examination(split.labels, probabilities, losses, outputs, low == high)


@dataclass(frozen=True)
class FirstLayer:
    """What the units that see the image look for."""

    weights: Array
    """One row for each unit: (units, features)."""
    biases: Array
    outgoing: Array | None
    """Where the output layer comes next: how much more than on average each unit says for each class, (units, classes)."""
    is_output: bool
    """Whether these are the output units themselves, one for each class."""
    names: Sequence[str]
    """What the classes are called."""

    @classmethod
    def of(cls, network: Network, names: Sequence[str] = ()) -> "FirstLayer":
        """Copies of a network's first-layer weights; without names the classes are called by their numbers."""
        dense = network.dense_layers
        first = dense[0]
        outgoing = None
        if len(dense) == 2 and np.isfinite(dense[1].weight).all():
            outgoing = dense[1].weight - dense[1].weight.mean(axis=1, keepdims=True)
        biases = np.zeros_like(first.weight[0]) if first.bias is None else first.bias.copy()
        return cls(first.weight.T.copy(), biases, outgoing, len(dense) == 1, names or tuple(map(str, range(network.classes))))

    @property
    def is_finite(self) -> bool:
        """Whether all weights are finite."""
        return bool(np.isfinite(self.weights).all() and np.isfinite(self.biases).all())

    def speaks(self, unit: int) -> tuple[int, int] | None:
        """The class that the unit speaks for, and the one it speaks against, where that is to be read from the weights."""
        if self.outgoing is None:
            return None
        return int(self.outgoing[unit].argmax()), int(self.outgoing[unit].argmin())

    def headline(self, unit: int, examination: Examination | None) -> str:
        """A short text about the unit."""
        names = self.names
        if self.is_output:
            return _("for {digit}").format(digit=names[unit])
        if examination is not None and examination.constant[unit]:
            return _("#{unit} dead").format(unit=unit)
        if speaks := self.speaks(unit):
            return _("#{unit} for {digit}").format(unit=unit, digit=names[speaks[0]])
        strongest = _strongest(examination, unit)
        return f"#{unit}" if strongest is None else _("#{unit} at {digit}").format(unit=unit, digit=names[strongest])

    def describe(self, unit: int, examination: Examination | None) -> list[str]:
        """Lines of text about the unit."""
        names = self.names
        weights = self.weights[unit].astype(np.float64)
        lines = [
            _("unit {unit} of {count:,}").format(unit=unit, count=len(self.weights)),
            _("weights {lowest:+.2f} to {highest:+.2f}").format(lowest=weights.min(), highest=weights.max()),
            _("norm {norm:.2f}, bias {bias:+.2f}").format(norm=np.linalg.norm(weights), bias=self.biases[unit]),
        ]
        if self.is_output:
            return [*lines, _("speaks for {digit}").format(digit=names[unit])]
        if examination is not None and examination.constant[unit]:
            text = _("dead: gives {output:.3g} for every test image")
            return [*lines, text.format(output=examination.outputs[examination.labels[0], unit])]
        strongest = _strongest(examination, unit)
        if examination is not None and strongest is not None:
            text = _("fires most at {digit} (mean {mean:.2f})")
            lines.append(text.format(digit=names[strongest], mean=examination.outputs[strongest, unit]))
        if (speaks := self.speaks(unit)) and self.outgoing is not None:
            says, denies = (f"{names[label]} ({_signed(self.outgoing[unit, label])})" for label in speaks)
            return [*lines, _("speaks for {digit}").format(digit=says), _("and against {digit}").format(digit=denies)]
        return lines


def _strongest(examination: Examination | None, unit: int) -> int | None:
    """The class with the unit's highest mean output."""
    if examination is None or not np.isfinite(means := examination.outputs[:, unit]).any():
        return None
    return int(np.nanargmax(means))


def _signed(number: float) -> str:
    return f"{number:+.2f}"


def with_scaling(spec: DataSpec, test: Split | None) -> DataSpec:
    """The description of a network's data; where an early version has kept no range of its pixels, with that of the test images."""
    if spec.scaling is not None or test is None or test.images.dtype == np.uint8 or not test.images.size:
        return spec
    low, high = float(test.images.min()), float(test.images.max())
    return replace(spec, scaling=replace(PLAIN, low=low, high=high))


def say(network: Network, inputs: Array) -> Array:
    """The probabilities (classes,) of one image (features,)."""
    batch = network.workspace(1)
    batch.inputs[0] = inputs
    with np.errstate(all="ignore"), ONE_THREAD:
        batch.forward()
        probabilities: Array = softmax(batch.logits)[0]
    return probabilities
