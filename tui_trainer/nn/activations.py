"""Activation functions. To add one, write its class and name it in `ACTIVATIONS`.

Each class has f and f'. Where f' is a function of the output f alone, the layer can work in place.
"""

from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.nn.arrays import Array, zeros
from tui_trainer.nn.layers import HiddenLayer, LayerRun, Operator, RunInputs, Shapes
from tui_trainer.nn.registry import Registry


class Activation(HiddenLayer):
    """An elementwise function; units equal inputs."""

    summary: ClassVar[str]

    remark: ClassVar[str] = ""
    """What matters in the picture of f and f', in at most 31 letters."""

    initializer: ClassVar[str]
    """The initializer that `auto` chooses for this function."""

    default_alpha: ClassVar[float | None] = None
    """The default of the function's parameter α; None when it has none."""

    flat_below: ClassVar[float] = 0.0
    """A unit counts as saturated where |f'| is at or below this: 1% of the steepest slope for smooth functions, 0 for the rectifiers."""

    compiled: ClassVar[str] = ""
    """Its operation's name in engine/operations.py, where `forward` has a compiled form; that of `slope` is named after it."""

    def __init__(self, units: int, alpha: float | None = None) -> None:
        super().__init__(units, units)
        default = self.default_alpha
        self.alpha = 0.0 if default is None else default if alpha is None else alpha

    @abstractmethod
    def slope(self, x: Array, out: Array, slope: Array) -> None:
        """Write f'(x) into `slope`, of the shape of `x`. A function that works in place reads `out` alone."""

    def backward(self, x: Array, out: Array, gradient: Array, scratch: Array) -> None:
        self.slope(x, out, scratch)
        np.multiply(gradient, scratch, out=gradient)

    def run(self, inputs: RunInputs) -> LayerRun | None:
        scratch = inputs.allocate(self.units)
        run = self._arrange(inputs, scratch)
        return run._replace(flat=partial(self._flat, run.x, run.out, scratch))

    def _flat(self, x: Array, out: Array, scratch: Array) -> NDArray[np.bool_]:
        self.slope(x, out, scratch)
        flat: NDArray[np.bool_] = np.abs(scratch) <= self.flat_below
        return flat


@final
class Sigmoid(Activation):
    """f = 1 / (1 + e^-z), f' = f (1 - f)."""

    kind = "Sigmoid"
    compiled = "sigmoid"
    prefix = "sigmoid"
    summary = "1/(1+e^-z): slope at most ¼, so gradients vanish with depth"
    remark = "slope at most ¼: ten leave 1e-6"
    initializer = "glorot_uniform"
    in_place = True
    flat_below = 0.0025
    bounds = (0.0, 1.0)

    def operator(self) -> Operator | None:
        return Operator("Sigmoid")

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        # e^-z must stay finite; below these limits f is smaller than the smallest normal number.
        np.maximum(x, -88.0 if x.dtype == np.float32 else -708.0, out=out)
        np.negative(out, out=out)
        np.exp(out, out=out)
        np.add(out, 1.0, out=out)
        np.reciprocal(out, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.subtract(1.0, out, out=slope)
        np.multiply(slope, out, out=slope)


@final
class Tanh(Activation):
    """f = tanh z, f' = 1 - f²."""

    kind = "Tanh"
    compiled = "tanh"
    prefix = "tanh"
    summary = "tanh z: symmetric around 0, slope 1 there, flat far out"
    remark = "slope 1 at 0, flat far out"
    initializer = "glorot_uniform"
    in_place = True
    flat_below = 0.01
    bounds = (-1.0, 1.0)

    def operator(self) -> Operator | None:
        return Operator("Tanh")

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.tanh(x, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.multiply(out, out, out=slope)
        np.subtract(1.0, slope, out=slope)


@final
class ReLU(Activation):
    """f = max(z, 0), f' = 1 where z > 0, else 0 (Nair & Hinton 2010)."""

    kind = "ReLU"
    compiled = "relu"
    prefix = "relu"
    summary = "max(z, 0): fast, but a unit that is negative for every image is dead"
    remark = "slope 0 below 0: the dead half"
    initializer = "he_normal"
    in_place = True

    def operator(self) -> Operator | None:
        return Operator("Relu")

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.maximum(x, 0.0, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.sign(out, out=slope)


@final
class LeakyReLU(Activation):
    """f = z where z > 0, else αz; f' = 1, else α (Maas et al. 2013). α ≥ 0."""

    kind = "LeakyReLU"
    compiled = "leaky_relu"
    prefix = "leaky_relu"
    summary = "z, or αz below 0: a small fixed slope keeps units alive"
    remark = "slope α below 0: never dead"
    initializer = "he_normal"
    default_alpha = 0.01

    def operator(self) -> Operator | None:
        return Operator("LeakyRelu", {"alpha": self.alpha})

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.maximum(x, 0.0, out=out)
        np.minimum(x, 0.0, out=scratch)
        np.multiply(scratch, self.alpha, out=scratch)
        np.add(out, scratch, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        slope.fill(self.alpha)
        np.copyto(slope, 1.0, where=x > 0)


@final
class PReLU(Activation):
    """As LeakyReLU, with a learned slope a of shape (units,), one per unit, starting at α (He et al. 2015).

    ∂f/∂a = z where z ≤ 0, else 0, summed over the batch. Keras starts the slopes at 0, here and in PyTorch it is 0.25.
    """

    kind = "PReLU"
    compiled = "prelu"
    prefix = "prelu"
    summary = "z, or az below 0, with a learned for each unit"
    remark = "the slope below 0 is learned"
    initializer = "he_normal"
    default_alpha = 0.25

    slopes: Array
    slopes_gradient: Array

    def shapes(self) -> Shapes:
        return {"alpha": (self.units,)}

    def operator(self) -> Operator | None:
        return Operator("PRelu")

    def bind(self, tensors: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        super().bind(tensors, gradients)
        self.slopes, self.slopes_gradient = tensors["alpha"], gradients["alpha"]

    @classmethod
    def slopes_in(cls, tensors: Mapping[str, Array]) -> list[Array]:
        """The learned slopes among a network's tensors, layer by layer."""
        return [tensor for name, tensor in tensors.items() if name.startswith(f"{cls.prefix}_") and name.endswith(".alpha")]

    def initialize(self, rng: np.random.Generator) -> None:
        self.slopes[:] = self.alpha

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.maximum(x, 0.0, out=out)
        np.minimum(x, 0.0, out=scratch)
        np.multiply(scratch, self.slopes, out=scratch)
        np.add(out, scratch, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.copyto(slope, self.slopes)
        np.copyto(slope, 1.0, where=x > 0)

    def backward(self, x: Array, out: Array, gradient: Array, scratch: Array) -> None:
        np.minimum(x, 0.0, out=scratch)
        np.multiply(scratch, gradient, out=scratch)
        np.add.reduce(scratch, 0, out=self.slopes_gradient)
        super().backward(x, out, gradient, scratch)


@final
class ELU(Activation):
    """f = z where z > 0, else α (e^z - 1); f' = 1, else f + α (Clevert et al. 2016)."""

    kind = "ELU"
    compiled = "elu"
    prefix = "elu"
    summary = "z, or α(e^z - 1) below 0: smooth, and means stay near 0"
    remark = "slope fades below 0, smoothly"
    initializer = "he_normal"
    default_alpha = 1.0
    flat_below = 0.01

    def operator(self) -> Operator | None:
        return Operator("Elu", {"alpha": self.alpha})

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.minimum(x, 0.0, out=scratch)
        np.expm1(scratch, out=scratch)
        np.multiply(scratch, self.alpha, out=scratch)
        np.maximum(x, 0.0, out=out)
        np.add(out, scratch, out=out)

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        np.minimum(out, 0.0, out=slope)
        np.add(slope, self.alpha, out=slope)
        np.copyto(slope, 1.0, where=x > 0)


def drawn(name: str, x: Array, alpha: float | None = None) -> tuple[Array, Array]:
    """f and f' of the activation called `name` at the points `x`, of shape (points,), as float64; α as it is at the start."""
    z = np.asarray(x, np.float64)[:, None]
    layer = ACTIVATIONS[name](1, alpha)
    parameters = {key: zeros(shape, z.dtype) for key, shape in layer.shapes().items()}
    layer.bind(parameters, {key: zeros(shape, z.dtype) for key, shape in layer.shapes().items()})
    if parameters:
        layer.initialize(np.random.default_rng(0))
    out, scratch, gradient = np.empty_like(z), np.empty_like(z), np.ones_like(z)
    layer.forward(z, out, scratch)
    layer.backward(z, out, gradient, scratch)
    return out[:, 0], gradient[:, 0]


ACTIVATIONS: Registry[type[Activation]] = Registry(
    "activation", {kind.prefix: kind for kind in (Sigmoid, Tanh, ReLU, LeakyReLU, PReLU, ELU)}
)
