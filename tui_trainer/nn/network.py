"""A multilayer perceptron: layers over one flat vector of parameters, and the arrays that a pass through them needs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from tui_trainer.nn.activations import Activation
from tui_trainer.nn.arrays import Array, DTypeLike, Labels, zeros
from tui_trainer.nn.compiled import SparseRows, fuse
from tui_trainer.nn.initializers import Initializer
from tui_trainer.nn.layers import Dense, Dropout, Layer
from tui_trainer.nn.losses import SoftmaxCrossEntropy

ALIGNMENT = 16
"""Tensors begin at multiples of this in the flat vectors: a cache line of float32."""


class Network:
    """Layers from (samples, inputs) to logits (samples, classes).

    All parameters lie in one vector and all gradients in another, so that an optimizer is one loop over both; `tensors` and
    `gradient_tensors` name the pieces. The few numbers between two tensors are padding: they are 0 and stay 0.
    """

    def __init__(self, layers: Sequence[Layer], dtype: DTypeLike = np.float32) -> None:
        self.layers = tuple(layers)
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.inputs = self.layers[0].inputs
        self.classes = self.layers[-1].units
        self._passes: dict[tuple[int, bool, SparseRows | None], Pass] = {}
        self._spans: dict[str, tuple[slice, tuple[int, ...]]] = {}
        size = 0
        for layer in self.layers:
            for parameter, shape in layer.shapes().items():
                self._spans[f"{layer.name}.{parameter}"] = slice(size, size + prod(shape)), shape
                size += -(-prod(shape) // ALIGNMENT) * ALIGNMENT
        self.parameters: Array = zeros(size, self.dtype)
        self.gradients: Array = zeros(size, self.dtype)
        self.tensors = self.named(self.parameters)
        self.gradient_tensors = self.named(self.gradients)
        for layer in self.layers:
            names = {parameter: f"{layer.name}.{parameter}" for parameter in layer.shapes()}
            layer.bind(
                {parameter: self.tensors[name] for parameter, name in names.items()},
                {parameter: self.gradient_tensors[name] for parameter, name in names.items()},
            )

    def named(self, vector: Array) -> dict[str, Array]:
        """Views of a vector as long as `parameters`: by the name of each tensor what belongs to it, in its shape."""
        return {name: vector[span].reshape(shape) for name, (span, shape) in self._spans.items()}

    @property
    def parameter_count(self) -> int:
        """How many numbers it learns."""
        return sum(tensor.size for tensor in self.tensors.values())

    def initialize(self, rng: np.random.Generator) -> None:
        """Draw the first parameters, layer by layer from the input."""
        for layer in self.layers:
            layer.initialize(rng)

    def over(self, rows: int, *, training: bool = False, sparse: SparseRows | None = None) -> "Pass":
        """The arrays for `rows` samples, allocated at the first call with that number. Raises MemoryError where they do not fit."""
        key = rows, training, sparse
        if key not in self._passes:
            self._passes[key] = Pass(self, rows, training=training, sparse=sparse)
        return self._passes[key]


class Stage(NamedTuple):
    """A layer with the arrays that it reads and writes in one pass."""

    layer: Layer
    x: Array
    out: Array
    gradient: Array
    gradient_in: Array | None
    scratch: Array


class Pass:
    """One trip forward and back through a network for a fixed number of samples. Fill `inputs` and `labels`, then call in order.

    Without `training`, layers that only training needs are left out. `inputs` are the samples (rows, inputs), or, where `sparse` holds
    them, their numbers there (rows,).
    """

    def __init__(self, network: Network, rows: int, *, training: bool = False, sparse: SparseRows | None = None) -> None:
        self.rows = rows
        self.inputs: Any = np.empty(rows, np.intp) if sparse else zeros((rows, network.inputs), network.dtype)
        self.labels: Labels = np.empty(rows, np.intp)
        self.stages: list[Stage] = []
        x = self.inputs
        gradient_in: Array | None = None
        layers = [layer for layer in network.layers if training or not layer.only_in_training]
        for index, layer in enumerate(layers):
            out = x if layer.in_place else zeros((rows, layer.units), network.dtype)
            gradient = gradient_in if layer.elementwise else None
            if gradient is None:
                # In column order between two layers of weights: gradient @ weight.T is then the product that the BLAS does fastest.
                between = isinstance(layer, Dense) and 0 < index < len(layers) - 1
                gradient = zeros((rows, layer.units), network.dtype, "F" if between else "C")
            scratch = zeros((rows, layer.units), network.dtype)
            self.stages.append(Stage(layer, x, out, gradient, gradient_in, scratch))
            x, gradient_in = out, gradient
        self._loss = SoftmaxCrossEntropy(rows, network.classes, network.dtype)
        steps = self._steps(fuse([stage.layer for stage in self.stages], sparse, rows) if network.dtype == np.float32 else {})
        self._forward = [(step.layer.forward, step.x, step.out, step.scratch) for step in steps]
        self._backward = [
            (step.layer.backward, step.x, step.out, step.gradient, step.gradient_in, step.scratch) for step in reversed(steps)
        ]

    def _steps(self, fused: Mapping[Layer, tuple[Layer, int]]) -> list[Stage]:
        """The stages in the order they run, where a fused layer takes the place of those that it stands for."""
        steps: list[Stage] = []
        index = 0
        while index < len(self.stages):
            first = self.stages[index]
            layer, count = fused.get(first.layer, (first.layer, 1))
            last = self.stages[index + count - 1]
            steps.append(Stage(layer, first.x, last.out, last.gradient, first.gradient_in, last.scratch))
            index += count
        return steps

    @property
    def logits(self) -> Array:
        """What the last layer gave, of shape (rows, classes), until `loss` overwrites it."""
        return self.stages[-1].out

    def forward(self) -> None:
        """Compute the logits of `inputs`."""
        for forward, x, out, scratch in self._forward:
            forward(x, out, scratch)

    def loss(self) -> tuple[float, int]:
        """Return the summed loss and the number of right answers, and leave the gradient at the logits for `backward`."""
        last = self.stages[-1]
        return self._loss(last.out, self.labels, last.gradient)

    def backward(self) -> None:
        """Write the mean loss's gradient into the network's gradient vector."""
        for backward, x, out, gradient, gradient_in, scratch in self._backward:
            backward(x, out, gradient, gradient_in, scratch)


def perceptron_layers(
    inputs: int,
    hidden: Sequence[int],
    classes: int,
    *,
    activations: Sequence[type[Activation]],
    initializers: Sequence[Initializer],
    alpha: float | None = None,
    dropout: float = 0.0,
) -> tuple[Layer, ...]:
    """Dense, its activation and, if any, dropout for each size in `hidden`, then Dense to `classes`; named, and bound to no memory yet.

    `activations` has one for each hidden layer, `initializers` one more for the output layer; `alpha` is that of every activation
    with such a parameter, None for the default of each. Raises ValueError where their numbers do not fit those of the layers.
    """
    layers: list[Layer] = []
    for units, activation, initializer in zip(hidden, activations, initializers[:-1], strict=True):
        layers += [Dense(inputs, units, initializer), activation(units, alpha)]
        if dropout:
            layers.append(Dropout(units, dropout))
        inputs = units
    layers.append(Dense(inputs, classes, initializers[-1]))
    numbers: Counter[str] = Counter()
    for layer in layers:
        numbers[layer.prefix] += 1
        layer.name = f"{layer.prefix}_{numbers[layer.prefix]}"
    return tuple(layers)
