"""What arithmetic foresees of an untrained network: how its signal and its gradient fare from layer to layer.

In a wide network with random weights the inputs of a layer's function are normally distributed. Their variance q and the mean square d of
the gradient there follow from layer to layer, f being the function and σ the weights' spread (Poole et al. 2016; Schoenholz et al. 2017):

    q ← fan_in σ² E[f(√q z)²]        d ← fan_out σ² E[f'(√q z)²] d        z ~ N(0, 1)

Normalization makes q 1 and divides d by what it divided by. Of a batch it takes the mean away too, which is the same for all samples after
ReLU and its kin, so that it divides by less than the next layer multiplies by: d grows by π / (π - 1) a layer (Yang et al. 2019).
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from math import inf, isfinite, nan, sqrt
from typing import Final, NamedTuple

import numpy as np

from tui_trainer.config.options import Config
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.history.measurements import Measurement, measurement
from tui_trainer.history.quantities import FAR
from tui_trainer.nn.activations import ACTIVATIONS, Activation, drawn
from tui_trainer.nn.initializers import INITIALIZERS
from tui_trainer.nn.normalization.standardization import EPSILON
from tui_trainer.text.language import N_
from tui_trainer.training.events import LayerHealth

INPUT_SQUARE: Final = 0.11
"""The mean square of an input, as of MNIST's pixels; other data are not looked at."""

_EVEN: Final = np.linspace(-8.0, 8.0, 400)
POINTS: Final = 7 * np.sinh(_EVEN) / np.sinh(8.0)
"""Where the normal distribution is evaluated: most densely near 0, where a steep function changes."""
_DENSITIES: Final = np.exp(-(POINTS**2) / 2) * np.cosh(_EVEN)
WEIGHTS: Final = _DENSITIES / _DENSITIES.sum()


class Moments(NamedTuple):
    """Of a function whose inputs are normally distributed around 0."""

    mean: float
    square: float
    """The mean square of its outputs."""
    slope_square: float
    flat: float
    """The share of inputs at which it is (nearly) flat."""


class Turn(NamedTuple):
    """What becomes of the signal or of the gradient, from one end of the network to the other."""

    of: str
    """`gradient` or `signal`."""
    factor: float
    """What arrives over what set out."""
    goal: str
    """The layer in which it arrives."""

    @property
    def is_far(self) -> bool:
        """Whether so little or so much arrives that a network hardly learns."""
        return not 1 / FAR <= self.factor <= FAR

    def briefly(self, say: Callable[[str], str] = str) -> str:
        """The factor in a few letters, such as `gradient ÷ 1e11`."""
        shrinks = 0 < self.factor < 1
        return f"{say(self.of)} {'÷' if shrinks else '×'} {_brief(1 / self.factor if shrinks else self.factor)}"

    def told(self, say: Callable[[str], str] = str) -> str:
        """The sentence, which `say` translates."""
        is_gradient, factor = self.of == GRADIENT, self.factor
        if not factor:
            text = N_("nothing of the gradient reaches {goal}") if is_gradient else N_("nothing of the signal reaches {goal}")
        elif not isfinite(factor):
            text = N_("the gradient overflows on its way to {goal}") if is_gradient else N_("the signal overflows on its way to {goal}")
        elif factor < 1:
            shrinks = N_("the gradient shrinks some {times} times on its way to {goal}")
            text = shrinks if is_gradient else N_("the signal shrinks some {times} times on its way to {goal}")
        else:
            grows = N_("the gradient grows some {times} times on its way to {goal}")
            text = grows if is_gradient else N_("the signal grows some {times} times on its way to {goal}")
        return say(text).format(times=_brief(1 / factor if 0 < factor < 1 else factor), goal=self.goal)


GRADIENT: Final = N_("gradient")
SIGNAL: Final = N_("signal")


def turn(foreseen: Measurement) -> Turn:
    """What becomes of the gradient in a network that was foreseen, or of the signal where that is graver: both may fade together."""
    gradients, norms = foreseen.figure("gradient_norm"), [sqrt(mean**2 + std**2) for mean, std in _outputs(foreseen)]
    turns = [Turn(GRADIENT, _over(gradients[0], gradients[-1]), foreseen.names[0])]
    if norms:
        turns.append(Turn(SIGNAL, _over(norms[-1], sqrt(INPUT_SQUARE)), foreseen.names[-1]))
    return next((each for each in turns if each.is_far), turns[0])


def _outputs(foreseen: Measurement) -> list[tuple[float, float]]:
    return list(zip(foreseen.figure("activation_mean")[:-1], foreseen.figure("activation_std")[:-1], strict=True))


def _over(one: float, other: float) -> float:
    if not (isfinite(one) and isfinite(other)):
        return inf
    return one / other if other else 0.0


def _brief(value: float) -> str:
    return f"{value:.0f}" if value < 1000 or value == inf else f"{value:.0e}".replace("e+0", "e").replace("e+", "e")


@lru_cache(1 << 10)
def moments(activation: type[Activation], variance: float, **hyperparameters: float) -> Moments:
    """The moments of a function for inputs of this variance."""
    with np.errstate(all="ignore"):
        value, slope = drawn(activation, POINTS * sqrt(variance), **hyperparameters)
        flat = np.abs(slope) <= activation.flat_below
        return Moments(*(float(np.dot(WEIGHTS, each)) for each in (value, value**2, slope**2, flat)))


class Wave(NamedTuple):
    """How the inputs fare on their way through an untrained network."""

    sizes: tuple[int, ...]
    """Of all layers, the inputs first."""
    spreads: tuple[float, ...]
    """Of each layer's weights."""
    squares: tuple[float, ...]
    """The mean square of what comes into each layer."""
    made: tuple[Moments, ...]
    """Of what each hidden layer's function makes."""
    scales: tuple[float, ...]
    """By how much normalization multiplies each hidden layer's outputs, and the gradient on its way back; 1 without."""
    skips: Mapping[int, float]
    """By how much a skip multiplies the mean square of the gradient, by the number of the hidden layer from which it starts."""
    kept: float
    """The share that dropout leaves."""

    def through(self, layer: int) -> tuple[float, float]:
        """By how much a layer after the first multiplies a difference between two signals, and a gradient on its way back.

        Both include the slope of the function before it, and normalization.
        """
        way = self.spreads[layer] * self.scales[layer - 1] * sqrt(self.made[layer - 1].slope_square / self.kept)
        return way * sqrt(self.sizes[layer]), way * sqrt(self.sizes[layer + 1])


def wave(config: Config, spec: DataSpec) -> Wave:
    """The way of such data's samples through the network."""
    sizes, kept, every = (spec.features, *config.hidden, spec.classes), 1 - config.dropout, config.residual
    makers = [INITIALIZERS[name](**config.own(INITIALIZERS[name])) for name in config.initializers]
    spreads = [maker.deviation(*fans) for maker, fans in zip(makers, pairwise(sizes), strict=True)]
    squares, made, scales, skips = [INPUT_SQUARE], list[Moments](), list[float](), dict[int, float]()
    sums = list[tuple[float, float]]()
    varying = INPUT_SQUARE
    """What of the square is not the same for all samples, and stays when a batch is normalized."""
    layers = zip(sizes, spreads, config.activations, config.normalizations, strict=False)
    for number, (fan, spread, name, normalization) in enumerate(layers):
        square, varies = (fan * spread**2 * each for each in (squares[-1], varying))
        if every and number and number % every == 0:
            source = number - every
            ends = sizes[source + 1], sizes[number + 1]
            deviation = 0.0 if ends[0] == ends[1] else makers[number].deviation(*ends)
            forth, skips[source] = (end * deviation**2 or 1.0 for end in ends)
            square, varies = square + forth * sums[source][0], varies + forth * sums[source][1]
        sums.append((square, varies))
        scale = 1.0
        if normalization != "none" and config.normalization_place == "before":
            scale, square = _root_over(varies if normalization == "batch" else square), 1.0
        # Rounded: where nothing changes any more from layer to layer, it is known already.
        kind = ACTIVATIONS[name]
        made.append(moments(kind, float(f"{square:.6g}"), **config.own(kind)))
        square, varying = made[-1].square, max(made[-1].square - made[-1].mean ** 2, 0.0)
        if normalization != "none" and config.normalization_place == "after":
            scale, square, varying = _root_over(varying), 1.0, 1.0
        scales.append(scale)
        squares.append(square / kept)
        varying /= kept
    return Wave(sizes, tuple(spreads), tuple(squares), tuple(made), tuple(scales), skips, kept)


def _root_over(square: float) -> float:
    """What brings such outputs to variance 1."""
    return 1 / sqrt(square + EPSILON)


def foresee(config: Config, spec: DataSpec) -> Measurement:
    """The layers' health at the first step, as far as arithmetic has it; NaN for the rest.

    Gradients are those of a batch whose samples' gradients point in all directions. What float32 cannot hold is 0 or infinite.
    """
    found = wave(config, spec)
    # At the outputs p - y, where all classes are as likely.
    gradients = [(1 - 1 / spec.classes) / spec.classes / config.batch_size]
    for layer in reversed(range(1, len(found.spreads))):
        below = gradients[0] * found.through(layer)[1] ** 2
        if layer - 1 in found.skips:
            below += gradients[config.residual - 1] * found.skips[layer - 1]
        gradients.insert(0, below)
    norms = [
        sqrt(fan * square * units * gradient) if gradient < inf else inf
        for fan, square, units, gradient in zip(found.sizes, found.squares, found.sizes[1:], gradients, strict=False)
    ]
    return measurement([_health(found, layer, norm) for layer, norm in enumerate(norms)], is_logged=True)


def _health(found: Wave, layer: int, gradient: float) -> LayerHealth:
    weights = found.spreads[layer] * sqrt(found.sizes[layer] * found.sizes[layer + 1])
    mean = std = flat = nan
    if layer < len(found.made):
        made = found.made[layer]
        mean, std, flat = made.mean, sqrt(max(made.square - made.mean**2, 0)), made.flat
    return LayerHealth(f"dense_{layer + 1}", _in_float32(gradient), weights, nan, mean, std, nan, flat)


def _in_float32(value: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float32(value))
