"""The steps a network is made of, and the fully connected one."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Initializer


class Layer(ABC):
    """One step of a network, from (samples, inputs) to (samples, units).

    A layer owns no numbers: `bind` gives it views into the network's flat parameter and gradient vectors, and every call is handed
    the arrays that it reads and writes, so that a training step allocates nothing.
    """

    kind: ClassVar[str]
    """What a layer table calls it: `Dense`."""

    prefix: ClassVar[str]
    """What the names of its kind begin with: `dense` makes dense_1, dense_2, …"""

    elementwise: ClassVar[bool] = False
    """Whether each output depends on its own input alone, so that the gradient at the input may take the place of the one at `out`."""

    in_place: ClassVar[bool] = False
    """Whether `out` may take the place of `x` too, because `backward` does not need `x`."""

    only_in_training: ClassVar[bool] = False
    """Whether evaluation leaves this layer out."""

    name: str = ""
    """Unique in its network: `dense_1`."""

    def __init__(self, inputs: int, units: int) -> None:
        self.inputs = inputs
        self.units = units

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Each parameter's shape by its name; empty when the layer learns nothing."""
        return {}

    def bind(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        """Take the views, named as in `shapes`, that this layer reads its parameters from and writes their gradients to."""

    def initialize(self, rng: np.random.Generator) -> None:
        """Give the bound parameters their first values."""

    @abstractmethod
    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        """Write the output for `x` (samples, inputs) into `out` (samples, units).

        `scratch`, as large as `out`, is free to use, and nobody else writes to it before `backward`.
        """

    @abstractmethod
    def backward(self, x: Array, out: Array, gradient: Array, gradient_in: Array | None, scratch: Array) -> None:
        """Write the parameters' gradients and the gradient at the input, from the one at the output.

        `x` and `out` are what `forward` read and wrote. `gradient` (samples, units) is the loss's gradient at `out`, and may be
        overwritten; `gradient_in` (samples, inputs) receives the one at `x`: it is the same memory as `gradient` when the layer is
        elementwise, and None when nobody needs it.
        """


@final
class Dropout(Layer):
    """Each number is 0 with probability `rate` and divided by 1 - rate otherwise, while training (Srivastava et al. 2014).

    Its expectation is then that of the input, and evaluation leaves the layer out. Whoever trains sets `rng`, which masks come from.
    """

    kind = "Dropout"
    prefix = "dropout"
    elementwise = True
    only_in_training = True

    rng: np.random.Generator

    def __init__(self, units: int, rate: float) -> None:
        super().__init__(units, units)
        self.rate = rate

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        # The scratch is this layer's own until `backward` has read the mask from it.
        self.rng.random(dtype=scratch.dtype.type, out=scratch)
        np.greater_equal(scratch, self.rate, out=scratch)
        np.multiply(scratch, 1 / (1 - self.rate), out=scratch)
        np.multiply(x, scratch, out=out)

    def backward(self, x: Array, out: Array, gradient: Array, gradient_in: Array | None, scratch: Array) -> None:
        np.multiply(gradient, scratch, out=gradient)


@final
class Dense(Layer):
    """z = x W + b, with W of shape (inputs, units) and b of shape (units,)."""

    kind = "Dense"
    prefix = "dense"

    weight: Array
    bias: Array
    weight_gradient: Array
    bias_gradient: Array

    def __init__(self, inputs: int, units: int, initializer: Initializer) -> None:
        super().__init__(inputs, units)
        self.initializer = initializer

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"weight": (self.inputs, self.units), "bias": (self.units,)}

    def bind(self, parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        self.weight, self.bias = parameters["weight"], parameters["bias"]
        self.weight_gradient, self.bias_gradient = gradients["weight"], gradients["bias"]

    def initialize(self, rng: np.random.Generator) -> None:
        self.weight[:] = self.initializer.draw(rng, self.inputs, self.units)
        self.bias[:] = 0

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.matmul(x, self.weight, out=out)
        np.add(out, self.bias, out=out)

    def backward(self, x: Array, out: Array, gradient: Array, gradient_in: Array | None, scratch: Array) -> None:
        np.matmul(x.T, gradient, out=self.weight_gradient)
        np.add.reduce(gradient, 0, out=self.bias_gradient)
        if gradient_in is not None:
            np.matmul(gradient, self.weight.T, out=gradient_in)
