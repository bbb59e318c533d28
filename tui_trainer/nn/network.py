"""A multilayer perceptron: layers over one flat vector of parameters, and the workspaces in which they run."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from math import prod
from typing import Any, NamedTuple

import numpy as np

from tui_trainer.nn.activations import Activation
from tui_trainer.nn.arrays import Array, DTypeLike, Labels, zeros
from tui_trainer.nn.dense import Dense
from tui_trainer.nn.dropout import Dropout
from tui_trainer.nn.initializers import Initializer
from tui_trainer.nn.layers import Layer, LayerRun, RunInputs, Shapes
from tui_trainer.nn.losses import SoftmaxCrossEntropy
from tui_trainer.nn.normalization import Normalization
from tui_trainer.nn.residual import Residual

ALIGNMENT = 16
"""Tensors begin at multiples of this in the flat vectors: a cache line of float32."""


def parameter_shapes(layers: Iterable[Layer]) -> Shapes:
    """Each parameter's shape by its name in the network, such as `dense_1.weight`."""
    return {f"{layer.name}.{parameter}": shape for layer in layers for parameter, shape in layer.shapes().items()}


def buffer_shapes(layers: Iterable[Layer]) -> Shapes:
    """Each buffer's shape by its name in the network."""
    return {f"{layer.name}.{buffer}": shape for layer in layers for buffer, shape in layer.buffers().items()}


class Network:
    """Layers from (samples, inputs) to logits (samples, classes).

    One vector, `state`, holds the parameters and then the buffers. `parameters` is its first part, and `gradients` a vector of the same
    length, so that an optimizer is one loop over both. `tensors` and `gradient_tensors` are named views. Padding between two tensors is 0
    and stays 0.
    """

    def __init__(self, layers: Sequence[Layer], dtype: DTypeLike = np.float32, *, label_smoothing: float = 0.0) -> None:
        self.layers = tuple(layers)
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.inputs = self.layers[0].inputs
        self.classes = self.layers[-1].units
        self.label_smoothing = label_smoothing
        """What the loss in training has of it."""
        self._workspaces: dict[tuple[int, bool], Workspace] = {}
        self._spans: dict[str, tuple[slice, tuple[int, ...]]] = {}
        size = self._place(parameter_shapes(self.layers), 0)
        self.state: Array = zeros(self._place(buffer_shapes(self.layers), size), self.dtype)
        self.parameters: Array = self.state[:size]
        self.gradients: Array = zeros(size, self.dtype)
        self.tensors = self.named(self.state)
        self.gradient_tensors = self.named(self.gradients)
        for layer in self.layers:
            layer.bind(
                {own: self.tensors[f"{layer.name}.{own}"] for own in (*layer.shapes(), *layer.buffers())},
                {own: self.gradient_tensors[f"{layer.name}.{own}"] for own in layer.shapes()},
            )

    def _place(self, shapes: Shapes, start: int) -> int:
        """Assign spans to tensors from `start` on, and return the end of the last one."""
        for name, shape in shapes.items():
            self._spans[name] = slice(start, start + prod(shape)), shape
            start += -(-prod(shape) // ALIGNMENT) * ALIGNMENT
        return start

    def named(self, vector: Array) -> dict[str, Array]:
        """Each tensor's part of a vector as long as `state` or `parameters`, as a view in its shape."""
        return {name: vector[span].reshape(shape) for name, (span, shape) in self._spans.items() if span.stop <= vector.size}

    @property
    def parameter_count(self) -> int:
        """The number of trained numbers, without padding."""
        return sum(tensor.size for tensor in self.gradient_tensors.values())

    @property
    def dense_layers(self) -> list[Dense]:
        """The Dense layers, from the input to the output."""
        return [layer for layer in self.layers if isinstance(layer, Dense)]

    def initialize(self, rng: np.random.Generator) -> None:
        """Draw the initial parameters, layer by layer from the input."""
        for layer in self.layers:
            layer.initialize(rng)

    def draw_from(self, rng: np.random.Generator) -> None:
        """Let all layers take the random numbers of training from `rng`."""
        for layer in self.layers:
            layer.rng = rng

    def workspace(self, rows: int, *, training: bool = False) -> "Workspace":
        """The arrays for `rows` samples, allocated at the first call with these arguments. Raises MemoryError where they do not fit."""
        key = rows, training
        if key not in self._workspaces:
            self._workspaces[key] = Workspace(self, rows, training=training)
        return self._workspaces[key]


class MeasuredLayer(NamedTuple):
    """A layer whose health is measured, with the tensor and the outputs that it is measured on."""

    name: str
    weights: str
    """The tensor whose gradient and norm are measured."""
    units: LayerRun
    """The run that gives its units' outputs: that of its activation, or its own where none follows."""


class Workspace:
    """The memory and calls of a forward and a backward pass over a fixed number of samples.

    Fill `inputs` (rows, inputs) and `labels`, then call `forward`, `loss` and `backward` in this order. Each layer makes its own run, for
    training or for evaluation, whose output the next layer reads.
    """

    def __init__(self, network: Network, rows: int, *, training: bool = False) -> None:
        self.rows = rows
        self.inputs: Array = zeros((rows, network.inputs), network.dtype)
        self.labels: Labels = np.empty(rows, np.intp)
        self.runs: list[LayerRun] = []
        runs: dict[Layer, LayerRun] = {}
        sources = {layer.source for layer in network.layers}
        inputs = RunInputs(self.inputs, None, rows, network.dtype, training, runs=runs)
        for layer in network.layers:
            run = layer.run(inputs._replace(last=layer is network.layers[-1]))
            if run is not None:
                self.runs.append(run)
                runs[layer] = run
                inputs = inputs._replace(x=run.out, gradient=run.gradient, kept=layer in sources)
        self._loss = SoftmaxCrossEntropy(rows, network.classes, network.dtype, network.label_smoothing if training else 0.0)
        self._forward = [call for run in self.runs for call in run.forward]
        skips = {run.layer.source: run.skipped for run in self.runs}
        self._backward = [call for run in reversed(self.runs) for call in (*skips.get(run.layer, ()), *run.backward)]

    @property
    def logits(self) -> Array:
        """The last layer's output (rows, classes), until `loss` overwrites it."""
        return self.runs[-1].out

    def measured(self) -> Iterator[MeasuredLayer]:
        """The layers whose health is measured, from the input to the output."""
        for index, run in enumerate(self.runs):
            if run.layer.weights is not None:
                followers = takewhile(lambda follower: follower.layer.weights is None, self.runs[index + 1 :])
                units = next((follower for follower in followers if follower.flat), run)
                yield MeasuredLayer(run.layer.name, run.layer.weights, units)

    def forward(self) -> None:
        """Compute the logits of `inputs`."""
        for call in self._forward:
            call()

    def loss(self) -> tuple[float, int]:
        """Return the summed loss and the number of correct predictions; the gradient at the logits is left for `backward`."""
        last = self.runs[-1]
        return self._loss(last.out, self.labels, last.gradient)

    def backward(self) -> None:
        """Write the mean loss's gradient into the network's gradient vector."""
        for call in self._backward:
            call()


def perceptron_layers(
    inputs: int,
    hidden: Sequence[int],
    classes: int,
    *,
    activations: Sequence[Callable[[int], Activation]],
    initializers: Sequence[Initializer],
    dropout: float = 0.0,
    normalizations: Sequence[Callable[[int], Normalization] | None] = (),
    normalizes_after: bool = False,
    residual: int = 0,
) -> tuple[Layer, ...]:
    """The layers of a multilayer perceptron, named but not bound.

    For each hidden size a Dense layer, then normalization, activation and dropout; at the end a Dense layer for the classes.
    `activations` and `normalizations` make one for each hidden layer, of so many units; `initializers` has one more for the output layer.
    Where `normalizes_after`, normalization comes after the activation. With `residual` N above 0 what the first Dense layer puts out is
    added to what the Nth after it does, their sum to what the Nth after this does, and so on. Raises ValueError where the lengths do not
    match.
    """
    layers: list[Layer] = []
    source: Layer | None = None
    makers = zip(hidden, activations, initializers[:-1], normalizations or [None] * len(hidden), strict=True)
    for number, (units, activation, initializer, normalizer) in enumerate(makers):
        normalization = normalizer(units) if normalizer else None
        has_bias = normalization is None or normalizes_after or not normalization.centers
        layers.append(Dense(inputs, units, initializer, bias=has_bias))
        if residual and number % residual == 0:
            if source is not None:
                layers.append(Residual(source, units, initializer))
            source = layers[-1]
        block = [activation(units), *([normalization] if normalization else [])]
        layers += block if normalizes_after else reversed(block)
        if dropout:
            layers.append(Dropout(units, dropout))
        inputs = units
    layers.append(Dense(inputs, classes, initializers[-1]))
    numbers: Counter[str] = Counter()
    for layer in layers:
        numbers[layer.prefix] += 1
        layer.name = f"{layer.prefix}_{numbers[layer.prefix]}"
    return tuple(layers)
