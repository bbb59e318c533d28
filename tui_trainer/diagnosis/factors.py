"""What a layer makes of the gradient on its way back, or of the signal, as measured and as arithmetic has it: weights × slope × inputs."""

from collections.abc import Callable, Mapping
from math import hypot, isfinite, nan, sqrt
from typing import Final, NamedTuple

from tui_trainer.diagnosis.case import Case
from tui_trainer.history.measurements import Measurement
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import initializer
from tui_trainer.training.events import LayerHealth


class Factor(NamedTuple):
    """A layer beside its neighbour; NaN for what is not known, and for the layer that has no such neighbour."""

    name: str
    value: float
    """Its gradient's norm, or the spread of its outputs."""
    ratio: float
    """That over the value of the neighbour from which it comes, as measured."""
    weights: float
    """By how much the weights between the two multiply it: √units × their spread."""
    slope: float
    """The mean slope of the layer's function, at the outputs that were measured."""
    inputs: float
    """What comes into this layer over what comes into the one after it: a weight's gradient is proportional to its input. 1 for outputs."""

    @property
    def product(self) -> float:
        """What the three make of a gradient."""
        return self.weights * self.slope * self.inputs


def gradients(case: Case, one: Measurement) -> tuple[Factor, ...]:
    """Each Dense layer's gradient, on its way back from the layer after it."""
    layers, sizes = one.layers, _sizes(case)
    found = [Factor(layer.name, layer.gradient_norm, nan, nan, nan, nan) for layer in layers]
    if len(layers) != len(sizes):
        return tuple(found)
    for number, layer in enumerate(layers[:-1]):
        found[number] = found[number]._replace(
            ratio=_over(layer.gradient_norm, layers[number + 1].gradient_norm),
            weights=sqrt(sizes[number]) * _spread(case, one, number + 1),
            slope=slope(case.config.activations[number], layer, case.config.alpha),
            inputs=_over(_signal(layers, sizes, number - 1, case), _signal(layers, sizes, number, case)),
        )
    return tuple(found)


def outputs(case: Case, one: Measurement) -> tuple[Factor, ...]:
    """The spread of each hidden layer's outputs, on its way from the layer before it."""
    layers, sizes = one.layers, _sizes(case)
    found = [Factor(layer.name, layer.activation_std, nan, nan, nan, nan) for layer in layers[:-1]]
    if len(layers) != len(sizes):
        return tuple(found)
    for number in range(1, len(found)):
        found[number] = found[number]._replace(
            ratio=_over(layers[number].activation_std, layers[number - 1].activation_std),
            weights=sqrt(sizes[number - 1]) * _spread(case, one, number),
            slope=slope(case.config.activations[number], layers[number], case.config.alpha),
            inputs=1.0,
        )
    return tuple(found)


def _sizes(case: Case) -> list[int]:
    return [*case.config.hidden, case.classes]


def _spread(case: Case, one: Measurement, number: int) -> float:
    """The standard deviation of a layer's weights; of one after the first."""
    config, sizes = case.config, _sizes(case)
    fans = sizes[number - 1], sizes[number]
    if one is case.first:
        # The initializer's: what was measured is what the first step left of it.
        return initializer(config.initializers[number], uniform_limit=config.uniform_limit).deviation(*fans)
    return one.layers[number].weight_norm / sqrt(fans[0] * fans[1])


def slope(activation: str, layer: LayerHealth, alpha: float | None = None) -> float:
    """The mean slope of a function at the outputs that were measured; NaN for a function that is not known here."""
    rule = SLOPES.get(activation)
    kind = ACTIVATIONS.get(activation)
    if rule is None or kind is None:
        return nan
    default = kind.default_alpha or 0.0
    return rule(layer, default if alpha is None else alpha)


def _bounded(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _square(layer: LayerHealth) -> float:
    """The mean of the squared outputs."""
    return layer.activation_mean**2 + layer.activation_std**2


def _leaky(_layer: LayerHealth, alpha: float) -> float:
    """As if half of the inputs were below 0. Squares are averaged, as norms add up."""
    return sqrt((1 + alpha**2) / 2)


SLOPES: Final[Mapping[str, Callable[[LayerHealth, float], float]]] = {
    # f' = f (1 - f) and 1 - f²: their means follow from the outputs' mean and spread.
    "sigmoid": lambda layer, _: _bounded(layer.activation_mean - _square(layer)),
    "tanh": lambda layer, _: _bounded(1 - _square(layer)),
    # 1 where the output is above 0, else 0.
    "relu": lambda layer, _: sqrt(_bounded(1 - layer.saturated_fraction)),
    "leaky_relu": _leaky,
    "prelu": _leaky,
    # f' = f + α below 0; the mean of what is below 0 is that of a normal distribution.
    "elu": lambda layer, alpha: _bounded(1 - (1 - alpha) / 2 + (layer.activation_mean - 0.8 * sqrt(_square(layer))) / 2),
}
"""How the mean slope follows from what was measured of a layer."""


def _signal(layers: tuple[LayerHealth, ...], sizes: list[int], number: int, case: Case) -> float:
    """The norm of the outputs of this hidden layer; of the samples before the first."""
    if number < 0:
        inputs = case.history.summaries[0].parameters // max(sizes[0], 1) - 1 if case.history.summaries else 0
        return case.data.rms * sqrt(inputs) if case.data and inputs > 0 else nan
    return hypot(layers[number].activation_mean, layers[number].activation_std) * sqrt(sizes[number])


def _over(one: float, other: float) -> float:
    return one / other if other and isfinite(one) and isfinite(other) else nan
