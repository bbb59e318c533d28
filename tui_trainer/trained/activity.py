"""What lights up in a network for one image: the outputs of each layer, beside those for other images, and its strongest connections."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.dataset import Split
from tui_trainer.nn.arrays import Array, Images
from tui_trainer.nn.losses import softmax
from tui_trainer.nn.network import Network
from tui_trainer.training.blas import ONE_THREAD

LIT = 0.1
"""The share of the most that a layer gives from which on a unit counts as lit."""

LITTLE = 0.01
"""The share of the most that a layer gives below which its outputs are nearly the same for every image."""

REFERENCES = 100
"""Images that tell what the most is that a layer gives, and which units give the same for all."""

CONNECTIONS = 64
"""Of two layers, how many are told: the strongest."""

BINS = (8, 64)
"""Of a layer's inputs and units, in which the strengths of weights are told."""


@dataclass(frozen=True)
class Connections:
    """Those over which most comes for this image, the strongest first: what comes is the input times the weight."""

    inputs: NDArray[np.intp]
    units: NDArray[np.intp]
    raises: NDArray[np.bool_]
    """Whether what comes is above 0."""


@dataclass(frozen=True)
class LayerActivity:
    """One layer of weights with the activation after it."""

    name: str
    shares: Array
    """What each unit gives (units,), without its sign: shares of what the function can give, or else of the most among all images."""
    dead: NDArray[np.bool_]
    """Whether a unit gives the same for every image (units,)."""
    difference: float | None
    """How much what a unit gives differs from image to image: the mean standard deviation, on the scale of the shares."""
    connections: Connections | None
    """None where the layer has no matrix of weights."""
    strengths: Array
    """The mean magnitude of weights between bins of the inputs and bins of the units, at most BINS."""

    @property
    def lit(self) -> int:
        """How many units are lit."""
        return int((self.shares > LIT).sum())

    @property
    def says_nothing(self) -> bool:
        """Whether it gives nearly the same for every image."""
        return self.difference is not None and self.difference < LITTLE


@dataclass(frozen=True)
class Activity:
    """A network's forward pass for one image."""

    features: int
    """The numbers in the image."""
    layers: tuple[LayerActivity, ...]
    """From the first to the output layer."""
    probabilities: Array
    """(classes,)"""

    @property
    def is_finite(self) -> bool:
        """Whether all numbers are, as they are not when training diverged."""
        return bool(np.isfinite(self.probabilities).all())


def activity(network: Network, image: Array, references: Array) -> Activity:
    """What the network does for an image (features,), beside other images (images, features), of which there may be none."""
    batch = network.workspace(1 + len(references))
    batch.inputs[0], batch.inputs[1:] = image, references
    with np.errstate(all="ignore"), ONE_THREAD:
        batch.forward()
        layers, inputs = [], np.asarray(image, np.float64)
        for measured in batch.measured():
            outputs = measured.units.out.astype(np.float64)
            most = _most(outputs, measured.units.layer.bounds)
            is_told = len(references) > 0
            dead = (outputs == outputs[0]).all(axis=0) if is_told else np.zeros(outputs.shape[1], np.bool_)
            difference = float(outputs[1:].std(axis=0).mean() / most) if is_told else None
            weights = network.tensors[measured.weights]
            is_matrix = weights.shape == (len(inputs), outputs.shape[1])
            layers.append(
                LayerActivity(
                    measured.name,
                    (np.abs(outputs[0]) / most).astype(np.float32),
                    dead,
                    difference,
                    _strongest(inputs[:, None] * weights) if is_matrix else None,
                    _binned(weights) if is_matrix else np.zeros((1, 1), np.float32),
                )
            )
            inputs = outputs[0]
        probabilities: Array = softmax(batch.logits[:1])[0]
    return Activity(len(image), tuple(layers), probabilities)


def in_turn(labels: NDArray[np.integer]) -> NDArray[np.intp]:
    """The places of labels in an order that has the first of each class, then the second of each, and so on."""
    order = np.argsort(labels, kind="stable")
    _, counts = np.unique(labels, return_counts=True)
    ranks = np.concatenate([np.arange(count) for count in counts]) if len(counts) else np.empty(0, np.intp)
    found: NDArray[np.intp] = order[np.lexsort((labels[order], ranks))]
    return found


def references(test: Split) -> Array:
    """Some images of each class, as a network takes them."""
    return as_inputs(test.images[in_turn(test.labels)[:REFERENCES]])


def as_inputs(images: Images) -> Array:
    """Images of the data as a network takes them."""
    inputs: Array = images.astype(np.float32) / np.float32(255) if images.dtype == np.uint8 else images.astype(np.float32)
    return inputs


def _most(outputs: NDArray[np.float64], bounds: tuple[float, float] | None) -> float:
    most = max(map(abs, bounds)) if bounds else float(np.abs(outputs).max(initial=0))
    return most or 1.0


def _strongest(contributions: NDArray[np.float64]) -> Connections:
    strengths = np.abs(contributions).ravel()
    count = min(CONNECTIONS, len(strengths))
    found = np.argpartition(-strengths, count - 1)[:count]
    found = found[np.argsort(-strengths[found], kind="stable")]
    found = found[strengths[found] > 0]
    inputs, units = np.unravel_index(found, contributions.shape)
    return Connections(inputs, units, contributions[inputs, units] > 0)


def _binned(weights: Array) -> Array:
    magnitudes = np.abs(weights, dtype=np.float64)
    for axis, bins in enumerate(BINS):
        length = magnitudes.shape[axis]
        starts = np.unique(np.arange(min(bins, length)) * length // min(bins, length))
        widths = np.diff(np.append(starts, length))
        magnitudes = np.add.reduceat(magnitudes, starts, axis=axis) / (widths[:, None] if axis == 0 else widths)
    return magnitudes.astype(np.float32)
