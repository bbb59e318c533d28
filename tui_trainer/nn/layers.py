"""The steps that a network is made of, and what each of them brings to a pass: its memory, its calls, its state.

`Dense` is in dense.py, `Dropout` in dropout.py, the functions between them in activations.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tui_trainer.nn.arrays import Array, zeros
from tui_trainer.nn.compiled import SparseRows

Call: TypeAlias = Callable[[], object]
"""Something to compute, with the arrays that it reads and writes bound to it."""

Shapes: TypeAlias = dict[str, tuple[int, ...]]


class AfterBias(NamedTuple):
    """The compiled form of a layer that follows a Dense layer and works in place: two loops, by their names in kernels.py."""

    forward: str
    """f(z + b), in place, for z (rows, units) and b (units,)."""
    backward: str
    """The gradient at z + b in the place of the one at the output: gradient and output are given, both (rows, units)."""


class Operator(NamedTuple):
    """What a layer is called in ONNX: an operator, to which its input and then its tensors are given."""

    name: str
    attributes: Mapping[str, float] = MappingProxyType({})


class RunInputs(NamedTuple):
    """What a layer is handed to work on: the memory before it, and how it is to be run."""

    x: Any
    """The samples (rows, inputs), which the layer before writes; for the first layer, where `sparse` holds them, their numbers (rows,)."""
    gradient: Array | None
    """Where the loss's gradient at `x` goes; None where nobody needs it."""
    rows: int
    dtype: np.dtype[Any]
    training: bool
    """Whether the network is trained, or evaluated."""
    last: bool = False
    """Whether it is the network's last layer, whose output are the logits."""
    sparse: SparseRows | None = None

    def allocate(self, units: int, order: Literal["C", "F"] = "C") -> Array:
        """An array of a number for each sample and unit."""
        return zeros((self.rows, units), self.dtype, order)


class LayerRun(NamedTuple):
    """A layer at work on a fixed number of samples: its arrays, and the calls that make up its way forward and back."""

    layer: "Layer"
    x: Any
    out: Array
    """What it gives, (rows, units); a layer after it that works in place overwrites it."""
    gradient: Array
    """The loss's gradient at `out`, which `backward` may overwrite."""
    gradient_in: Array | None
    """The loss's gradient at `x`."""
    forward: tuple[Call, ...]
    """Write `out`, from `x`."""
    backward: tuple[Call, ...]
    """Write `gradient_in` and the parameters' gradients, from `gradient`."""
    flat: Callable[[], NDArray[np.bool_]] | None = None
    """After `forward`: where the layer is (nearly) flat, and learns nothing, (rows, units); None where it cannot be."""


class Layer(ABC):
    """One step of a network, from (samples, inputs) to (samples, units).

    A layer has parameters, which an optimizer trains, and buffers: state that it keeps besides them, such as a running mean. It owns the
    numbers of neither: `bind` gives it views into the network's flat vectors. The memory of a pass belongs to its `run`, of which there
    may be many.
    """

    kind: ClassVar[str]
    """What a layer table calls it: `Dense`."""

    prefix: ClassVar[str]
    """What the names of its kind begin with: `dense` makes dense_1, dense_2, …"""

    continues: ClassVar[bool] = False
    """Whether what it gives is the output of the units of the layer before, as that of their activation is."""

    bounds: ClassVar[tuple[float, float] | None] = None
    """Between which numbers its outputs lie, where they have bounds on both sides."""

    after_bias: ClassVar[AfterBias | None] = None
    """Its compiled form right after a Dense layer, where it has one."""

    name: str = ""
    """Unique in its network: `dense_1`."""

    tensors: Mapping[str, Array] = MappingProxyType({})
    """Its parameters and buffers by their names, once it is bound."""

    rng: np.random.Generator
    """Where training takes random numbers from; set by whoever trains."""

    def __init__(self, inputs: int, units: int) -> None:
        self.inputs = inputs
        self.units = units

    def shapes(self) -> Shapes:
        """Each parameter's shape by its name; empty when the layer learns nothing."""
        return {}

    def buffers(self) -> Shapes:
        """Each buffer's shape by its name. Buffers are kept and restored with the parameters, and changed by the layer alone."""
        return {}

    @property
    def weights(self) -> str | None:
        """The name, in the network, of the parameter that the layer's health is measured by; None for a layer that is not measured."""
        return None

    def operator(self) -> Operator | None:
        """What evaluates the layer in ONNX; None where nothing there does."""
        return None

    def bind(self, tensors: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Take the views of parameters and buffers, and those that the parameters' gradients are written to, by their names here."""
        self.tensors = tensors

    def initialize(self, rng: np.random.Generator) -> None:
        """Give the bound parameters and buffers their first values."""

    @abstractmethod
    def run(self, inputs: RunInputs) -> LayerRun | None:
        """Allocate what a pass over `inputs` needs, so that a training step allocates nothing; None: it is left out of such a pass."""

    def fuse(self, run: LayerRun, follower: LayerRun) -> LayerRun | None:
        """A faster run of this layer and of the one after it, over the arrays of both; None where there is none."""
        return None


class Elementwise(Layer):
    """A layer of which each output depends on its own input alone, so that the gradient at the input takes the place of the other."""

    in_place: ClassVar[bool] = False
    """Whether `out` may take the place of `x` too, because `backward` does not need `x`."""

    @abstractmethod
    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        """Write the output for `x` into `out`.

        `scratch`, as large as `out`, is free to use, and nobody else writes to it before `backward`.
        """

    @abstractmethod
    def backward(self, x: Array, out: Array, gradient: Array, scratch: Array) -> None:
        """Turn the gradient at `out` into the one at `x`, in place, and write the parameters' gradients.

        `x` and `out` are what `forward` read and wrote.
        """

    def run(self, inputs: RunInputs) -> LayerRun | None:
        return self._arrange(inputs, inputs.allocate(self.units))

    def _arrange(self, inputs: RunInputs, scratch: Array) -> LayerRun:
        out = inputs.x if self.in_place else inputs.allocate(self.units)
        gradient = inputs.allocate(self.units) if inputs.gradient is None else inputs.gradient
        return LayerRun(
            self,
            inputs.x,
            out,
            gradient,
            inputs.gradient,
            forward=(partial(self.forward, inputs.x, out, scratch),),
            backward=(partial(self.backward, inputs.x, out, gradient, scratch),),
        )
