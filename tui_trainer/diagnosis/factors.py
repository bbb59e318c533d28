"""What a layer makes of the gradient on its way back, or of the signal, as measured and as arithmetic has it: weights × slope × inputs."""

from collections.abc import Mapping
from math import hypot, isfinite, nan, sqrt
from typing import Final, NamedTuple

from tui_trainer.config.options import Config
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.foresight import moments
from tui_trainer.history.measurements import Measurement
from tui_trainer.nn.activations import ACTIVATIONS, Activation
from tui_trainer.nn.initializers import INITIALIZERS
from tui_trainer.training.events import LayerHealth

LEAST_VARIANCE: Final = 1e-8
MOST_VARIANCE: Final = 1e8
HALVINGS: Final = 24
"""The variance of a layer's inputs is looked for between these, so often that three figures of it are known."""


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
    if not _is_plain(case, len(layers)):
        return tuple(found)
    for number, layer in enumerate(layers[:-1]):
        found[number] = found[number]._replace(
            ratio=_over(layer.gradient_norm, layers[number + 1].gradient_norm),
            weights=sqrt(sizes[number]) * _spread(case, one, number + 1),
            slope=slope(case.config, number, layer),
            inputs=_over(_signal(layers, sizes, number - 1, case), _signal(layers, sizes, number, case)),
        )
    return tuple(found)


def outputs(case: Case, one: Measurement) -> tuple[Factor, ...]:
    """The spread of each hidden layer's outputs, on its way from the layer before it."""
    layers, sizes = one.layers, _sizes(case)
    found = [Factor(layer.name, layer.activation_std, nan, nan, nan, nan) for layer in layers[:-1]]
    if not _is_plain(case, len(layers)):
        return tuple(found)
    for number in range(1, len(found)):
        found[number] = found[number]._replace(
            ratio=_over(layers[number].activation_std, layers[number - 1].activation_std),
            weights=sqrt(sizes[number - 1]) * _spread(case, one, number),
            slope=slope(case.config, number, layers[number]),
            inputs=1.0,
        )
    return tuple(found)


def _is_plain(case: Case, layers: int) -> bool:
    """Whether a layer's neighbours and its weights explain it: no normalization divides, and nothing comes past them."""
    config = case.config
    return layers == len(_sizes(case)) and config.normalization == "none" and not config.residual


def _sizes(case: Case) -> list[int]:
    return [*case.config.hidden, case.classes]


def _spread(case: Case, one: Measurement, number: int) -> float:
    """The standard deviation of a layer's weights; of one after the first."""
    config, sizes = case.config, _sizes(case)
    fans = sizes[number - 1], sizes[number]
    if one is case.first:
        # The initializer's: what was measured is what the first step left of it.
        kind = INITIALIZERS[config.initializers[number]]
        return kind(**config.own(kind)).deviation(*fans)
    return one.layers[number].weight_norm / sqrt(fans[0] * fans[1])


def slope(config: Config, number: int, layer: LayerHealth) -> float:
    """The mean slope of a hidden layer's function at the outputs that were measured; NaN where it does not follow from them.

    Squares are averaged where a function does not say otherwise, as norms add up.
    """
    activation = ACTIVATIONS[config.activations[number]]
    own, flat = config.own(activation), layer.saturated_fraction
    known = activation.mean_slope(layer.activation_mean, layer.activation_std, flat, **own)
    if known is not None:
        return known
    square = layer.activation_mean**2 + layer.activation_std**2
    return _slope_of_normal(activation, square, own) if isfinite(square) else nan


def _slope_of_normal(activation: type[Activation], square: float, own: Mapping[str, float]) -> float:
    """The root mean square slope for normally distributed inputs whose outputs have this mean square: found by halving."""
    low, high = LEAST_VARIANCE, MOST_VARIANCE
    if not moments(activation, low, **own).square <= square <= moments(activation, high, **own).square:
        return nan
    for _ in range(HALVINGS):
        middle = sqrt(low * high)
        low, high = (middle, high) if moments(activation, middle, **own).square < square else (low, middle)
    return sqrt(moments(activation, high, **own).slope_square)


def _signal(layers: tuple[LayerHealth, ...], sizes: list[int], number: int, case: Case) -> float:
    """The norm of the outputs of this hidden layer; of the samples before the first."""
    if number < 0:
        inputs = case.history.summaries[0].parameters // max(sizes[0], 1) - 1 if case.history.summaries else 0
        return case.data.rms * sqrt(inputs) if case.data and inputs > 0 else nan
    return hypot(layers[number].activation_mean, layers[number].activation_std) * sqrt(sizes[number])


def _over(one: float, other: float) -> float:
    return one / other if other and isfinite(one) and isfinite(other) else nan
