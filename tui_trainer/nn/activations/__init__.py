"""Activation functions, a file each. To add one, write its class in a file here: it is found by itself."""

from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tui_trainer.nn.arrays import Array, zeros
from tui_trainer.nn.layers import HiddenLayer, LayerRun, RunInputs
from tui_trainer.nn.parts import Hyperparameter, Part
from tui_trainer.nn.registry import Parts


class Activation(HiddenLayer, Part):
    """An elementwise function f with its derivative f'; units equal inputs.

    The shortest way to write one is two methods on arrays, which return new ones and leave their argument as it is:

        class Swish(Activation):
            \"\"\"z times the sigmoid of βz.\"\"\"

            beta = Hyperparameter(1.0, "how sharply it bends", least=0, most=100)

            def value(self, z):
                return z / (1 + np.exp(-self.beta * z))

            def derivative(self, z):
                s = 1 / (1 + np.exp(-self.beta * z))
                return s + self.beta * z * s * (1 - s)

    `forward` and `slope` in place of these write into arrays that are given, and so allocate nothing. `derivative(z)` may be any element of
    the subgradient where f has a kink. Arrays are (samples, units), of float32 in training. A function of finite inputs has to stay finite.
    `compiled_value` and `compiled_derivative`, the same for one number, have the engine compile it.
    """

    remark: ClassVar[str] = ""
    """What matters in the picture of f and f', in at most 31 letters."""

    initializer: ClassVar[str] = "he_normal"
    """The initializer that `auto` chooses for this function."""

    flat_below: ClassVar[float] = 0.0
    """A unit counts as saturated where |f'| is at or below this: 1% of the steepest slope for smooth functions, 0 for the rectifiers."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # A subclass with another function must not run the inherited operation.
        if {"value", "derivative", "forward", "slope", "backward"} & vars(cls).keys() and "compiled_value" not in vars(cls):
            cls.compiled_value = Activation.compiled_value  # type: ignore[method-assign]

    def __init__(self, units: int, **hyperparameters: float) -> None:
        super().__init__(units, units)
        self.take(hyperparameters)

    @classmethod
    def missing(cls) -> tuple[str, ...]:
        pairs = (("value", "forward"), ("derivative", "slope"))
        lacks = (name for name, other in pairs if all(getattr(cls, each) is getattr(Activation, each) for each in (name, other)))
        return (*super().missing(), *lacks)

    def value(self, z: Array) -> Array:
        """f(z), of the shape of `z`."""
        raise NotImplementedError

    def derivative(self, z: Array) -> Array:
        """f'(z), of the shape of `z`."""
        raise NotImplementedError

    def forward(self, x: Array, out: Array, scratch: Array) -> None:
        np.copyto(out, self.value(x))

    def slope(self, x: Array, out: Array, slope: Array) -> None:
        """Write f'(x) into `slope`, of the shape of `x`. A function that works in place reads `out` alone."""
        np.copyto(slope, self.derivative(x))

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

    @staticmethod
    def compiled_value(*numbers: Any, **more: Any) -> Any:
        """f(z) of one number, given z and those hyperparameters that the form takes by name, in plain Python with functions of `math`.

        The engine compiles it. Where a function has no such form NumPy trains.
        """
        raise NotImplementedError

    @staticmethod
    def compiled_derivative(*numbers: Any, **more: Any) -> Any:
        """f'(z) of one number, given z, f(z) and hyperparameters. Without z the form takes less memory."""
        raise NotImplementedError

    @staticmethod
    def compiled_gradient(*numbers: Any, **more: Any) -> Any:
        """∂f/∂a of one number, given z, f(z) and hyperparameters, where a is learned for each unit, and called as a hyperparameter is."""
        raise NotImplementedError

    @classmethod
    def is_compiled(cls) -> bool:
        """Whether there is a compiled form."""
        return cls.compiled_value is not Activation.compiled_value and cls.compiled_derivative is not Activation.compiled_derivative

    @classmethod
    def mean_slope(cls, mean: float, spread: float, flat: float, **hyperparameters: float) -> float | None:
        """The root of the mean squared slope, or what is close to it, in a layer of whose outputs mean, spread and flat share are known.

        None where nothing simple follows from them: then it is that of normally distributed inputs with such outputs.
        """
        return None


def drawn(kind: type[Activation], x: Array, **hyperparameters: float) -> tuple[Array, Array]:
    """f and f' at the points `x`, of shape (points,), as float64; what is learned is as it is at the start."""
    z = np.asarray(x, np.float64)[:, None]
    layer = kind(1, **hyperparameters)
    parameters = {key: zeros(shape, z.dtype) for key, shape in layer.shapes().items()}
    layer.bind(parameters, {key: zeros(shape, z.dtype) for key, shape in layer.shapes().items()})
    if parameters:
        layer.initialize(np.random.default_rng(0))
    out, scratch, gradient = np.empty_like(z), np.empty_like(z), np.ones_like(z)
    layer.forward(z, out, scratch)
    layer.backward(z, out, gradient, scratch)
    return out[:, 0], gradient[:, 0]


ACTIVATIONS = Parts("activation", Activation, __name__)

__all__ = ["ACTIVATIONS", "Activation", "Hyperparameter", "drawn"]
