"""The base classes of layers, and a layer's run: its arrays and calls for a fixed number of samples.

`Dense` is in dense.py, `Residual` in residual.py, `Dropout` in dropout.py, the rest in activations/ and normalization/.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tui_trainer.nn.arrays import Array, zeros
from tui_trainer.nn.parts import snake_case

Call: TypeAlias = Callable[[], object]
"""A computation with the arrays that it reads and writes bound to it."""

Shapes: TypeAlias = dict[str, tuple[int, ...]]


class Operator(NamedTuple):
    """A layer's ONNX operator, which takes the layer's input and then its tensors."""

    name: str
    attributes: Mapping[str, float] = MappingProxyType({})


class Step(NamedTuple):
    """One of several ONNX operators."""

    name: str
    inputs: tuple[str | float, ...]
    output: str
    attributes: Mapping[str, Any] = MappingProxyType({})


class Composed:
    """Several ONNX operators in place of one: each its name, its inputs, its output, and its attributes if it has any.

    An input is a number, what an operator before puts out, one of the layer's tensors, `x`, the layer's input, or `source`, what its
    source puts out; the last operator puts out `out`.
    """

    def __init__(self, *operators: tuple[Any, ...]) -> None:
        self.operators = tuple(Step(*operator) for operator in operators)


class RunInputs(NamedTuple):
    """What a layer's run is made from: the arrays of the layer before, and the mode."""

    x: Any
    """The samples (rows, inputs), written by the layer before."""
    gradient: Array | None
    """Where the loss's gradient at `x` goes; None where it is not needed."""
    rows: int
    dtype: np.dtype[Any]
    training: bool
    """Whether the network is trained or evaluated."""
    last: bool = False
    """Whether the layer is the network's last, whose outputs are the logits."""
    kept: bool = False
    """Whether a later layer reads `x` too: it must not be overwritten."""
    runs: Mapping["Layer", "LayerRun"] = MappingProxyType({})
    """The runs of the layers before."""

    def allocate(self, units: int, order: Literal["C", "F"] = "C") -> Array:
        """An array of zeros (rows, units)."""
        return zeros((self.rows, units), self.dtype, order)


class LayerRun(NamedTuple):
    """A layer's arrays for a fixed number of samples, and the calls of its forward and backward pass."""

    layer: "Layer"
    x: Any
    out: Array
    """The layer's output (rows, units), which an in-place layer after it overwrites."""
    gradient: Array
    """The loss's gradient at `out`, which `backward` may overwrite."""
    gradient_in: Array | None
    """The loss's gradient at `x`."""
    forward: tuple[Call, ...]
    """Compute `out` from `x`."""
    backward: tuple[Call, ...]
    """Compute `gradient_in` and the parameters' gradients from `gradient`."""
    flat: Callable[[], NDArray[np.bool_]] | None = None
    """After `forward`: where the function's slope is (nearly) 0, (rows, units); None where it never is."""
    skipped: tuple[Call, ...] = ()
    """Add the loss's gradient that comes by a skip to the one at the output of the layer's source, when that is complete else."""


class Layer(ABC):
    """One step of a network, from (samples, inputs) to (samples, units).

    A layer has parameters, which an optimizer trains, and buffers: other state, such as a running mean. Both are views into the network's
    flat vectors, given by `bind`. The memory of a pass belongs to a `LayerRun`, of which a layer may have many.
    """

    kind: ClassVar[str]
    """The layer's type in the layer table, such as `Dense`; the class's name, unless it says another."""

    prefix: ClassVar[str]
    """The beginning of its layers' names: `dense` makes dense_1, dense_2, …; the class's `name` or its own in snake_case by default."""

    bounds: ClassVar[tuple[float, float] | None] = None
    """The lowest and the highest output, where both are bounded."""

    spelled: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """How a program for `keras`, `pytorch` or `numpy` has it, where it is an expression: a format of the layer, {0}.

    In NumPy `x` is what comes in and `weights` has all tensors by their names.
    """

    name: str = ""
    """Unique in its network: `dense_1`."""

    tensors: Mapping[str, Array] = MappingProxyType({})
    """The layer's parameters and buffers by name, once it is bound."""

    source: "Layer | None" = None
    """An earlier layer whose output it reads, besides that of the layer before it."""

    rng: np.random.Generator
    """The source of random numbers in training, set by `Network.draw_from`."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = vars(cls)
        if "kind" not in own:
            cls.kind = cls.__name__
        if "prefix" not in own:
            cls.prefix = own.get("name") or snake_case(cls.__name__)

    def __init__(self, inputs: int, units: int) -> None:
        self.inputs = inputs
        self.units = units

    def shapes(self) -> Shapes:
        """Each parameter's shape by name; empty when the layer learns nothing."""
        return {}

    def buffers(self) -> Shapes:
        """Each buffer's shape by name. Buffers are saved and restored with the parameters; only the layer changes them."""
        return {}

    @property
    def weights(self) -> str | None:
        """The tensor, by its name in the network, that health is measured on; None for a layer that is not measured."""
        return None

    def operator(self) -> Operator | Composed | None:
        """The ONNX operator that evaluates the layer, or several; None where there is none."""
        return None

    def spell(self, tool: str) -> str | None:
        """How a program for this tool has the layer; None where nobody has said."""
        return self.spelled[tool].format(self) if tool in self.spelled else None

    def bind(self, tensors: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Take the views of parameters and buffers, and of the parameters' gradients, by their names in the layer."""
        self.tensors = tensors

    def initialize(self, rng: np.random.Generator) -> None:
        """Set the initial values of the bound parameters and buffers."""

    @abstractmethod
    def run(self, inputs: RunInputs) -> LayerRun | None:
        """The layer's run over `inputs`, with all the memory that it needs; None where such a pass leaves the layer out."""


class HiddenLayer(Layer):
    """A layer with as many units as inputs, whose gradient at the input overwrites that at the output."""

    in_place: ClassVar[bool] = False
    """Whether `out` may overwrite `x`, because `backward` does not need `x`."""

    @abstractmethod
    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        """Write the output for `x` into `out`, in training. `scratch`, of the shape of `out`, is kept until `backward`."""

    def evaluate(self, x: Array, out: Array, scratch: Array) -> None:
        """The same in evaluation."""
        self.forward(x, out, scratch)

    @abstractmethod
    def backward(self, x: Array, out: Array, gradient: Array, scratch: Array) -> None:
        """Turn the gradient at `out` into the one at `x`, in place, and write the parameters' gradients.

        `x` and `out` are what `forward` read and wrote. Called for a batch that is learned from, so that buffers change here.
        """

    def run(self, inputs: RunInputs) -> LayerRun | None:
        return self._arrange(inputs, inputs.allocate(self.units))

    def _arrange(self, inputs: RunInputs, scratch: Array) -> LayerRun:
        out = inputs.x if self.in_place and not inputs.kept else inputs.allocate(self.units)
        gradient = inputs.allocate(self.units) if inputs.gradient is None else inputs.gradient
        return LayerRun(
            self,
            inputs.x,
            out,
            gradient,
            inputs.gradient,
            forward=(partial(self.forward if inputs.training else self.evaluate, inputs.x, out, scratch),),
            backward=(partial(self.backward, inputs.x, out, gradient, scratch),),
        )
