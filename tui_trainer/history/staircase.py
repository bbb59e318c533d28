"""The staircase of gradients: how large each layer's gradient is, from the first layer to the output, and what that means."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, floor, isfinite, log10, nan
from typing import Final, NamedTuple

import numpy as np

from tui_trainer.history.measurements import Measurement
from tui_trainer.history.quantities import FAR, FIGURES, figures_of
from tui_trainer.history.quantity import Band, Grade, Values
from tui_trainer.text.language import N_

JUDGED: Final = ("gradient_norm", "dead_fraction", "saturated_fraction")
"""The figures that say how a layer fares, the gravest first."""

AILING: Final = (Grade.LOW, Grade.HIGH)

DECADES: Final = 8
"""Powers of ten that a scale spans at least: a healthy network's steps look level."""

TINY: Final = 1e-5
"""A gradient norm that even a network which has learned all it can has not: its batches still differ. The number is ours."""

LOWEST: Final = -46
"""The power of ten below float32's smallest number."""


class Stair(NamedTuple):
    """A layer of weights, or several neighbours of a deep network, of which the worst is shown."""

    name: str
    """The layer's; of neighbours the first one's and the last one's number, such as `dense_5-8`."""
    layer: int
    """The place of the layer that is shown."""
    figures: Values
    """That layer's FIGURES, infinite where a number is not finite."""
    bands: tuple[Band | None, ...]
    """What each of the FIGURES means, None where it was not measured."""

    @property
    def gradient(self) -> float:
        """The norm of the loss's gradient with respect to the layer's weights."""
        return float(self.figures[_place("gradient_norm")])

    @property
    def meaning(self) -> Band | None:
        """What the gravest figure means, or the gradient where none is grave."""
        found = [self.bands[_place(name)] for name in JUDGED]
        return next((band for band in found if band and band.grade in AILING), found[0])

    @property
    def ails(self) -> bool:
        """Whether one of its figures is too small or too large."""
        return self.meaning is not None and self.meaning.grade in AILING


class Span(NamedTuple):
    """The powers of ten of a logarithmic scale's two ends."""

    low: int
    high: int

    def share(self, value: float) -> float:
        """The place of a value, from 0 at the low end to 1 at the high one. Values that are not positive are below the low end."""
        if not value > 0:
            return 0.0
        return min(max((log10(value) - self.low) / (self.high - self.low), 0.0), 1.0) if isfinite(value) else 1.0

    def including(self, other: "Span | None") -> "Span":
        """The span of both."""
        return Span(min(self.low, other.low), max(self.high, other.high)) if other else self


def stairs(measured: Measurement, most: int) -> list[Stair]:
    """At most `most` stairs from the first layer to the output, which stand alone while the layers between share what is left."""
    values = _figures(measured)
    kinds = list(FIGURES.values())
    judged = np.stack([figure.judged(values[:, index]) for index, figure in enumerate(kinds)], axis=1)
    gradient = _place("gradient_norm")
    severity = kinds[gradient].severity(judged[:, gradient])
    found = []
    for layers in _shared_out(len(values), most):
        worst = max(layers, key=lambda layer: severity[layer])
        bands = tuple(None if np.isnan(number) else figure.band(float(number)) for figure, number in zip(kinds, judged[worst], strict=True))
        found.append(Stair(_name(measured.names, layers), worst, values[worst], bands))
    return found


def span(gradients: Sequence[float]) -> Span:
    """The scale for these gradient norms: its top just above the largest, at least DECADES high, and down to the smallest."""
    known = [log10(value) for value in gradients if isfinite(value) and value > 0]
    high = max(ceil(max(known, default=0)), LOWEST + DECADES)
    # The smallest is still seen.
    low = floor(min(known, default=0) - 0.5)
    return Span(max(min(low, high - DECADES), LOWEST), high)


def limits(measured: Measurement) -> tuple[float, float]:
    """The gradient norms below which a layer's gradient has vanished, and above which it explodes; NaN without one in the output layer."""
    figure = FIGURES["gradient_norm"]
    reference = float(_figures(measured)[-1, _place("gradient_norm")])
    if not isfinite(reference) or reference <= 0:
        return nan, nan
    return reference * figure.bands[0].below, min(reference * FAR, figure.most)


def descent(measured: Measurement, say: Callable[[str], str] = str) -> str:
    """What becomes of the gradient on its way from the output to the first layer, in words that `say` translates; empty for one layer."""
    gradients = _figures(measured)[:, _place("gradient_norm")]
    first, last, gaps = float(gradients[0]), float(gradients[-1]), len(gradients) - 1
    if gaps < 1:
        return ""
    share, turns = nan, nan
    if not (isfinite(first) and isfinite(last)):
        text = N_("the gradient has overflowed")
    elif first <= 0:
        text = N_("nothing of the gradient reaches {layer}")
    elif last <= 0:
        text = N_("the output layer has no gradient")
    else:
        share = first / last
        turns = max(share, 1 / share) ** (1 / gaps)
        if share < 1 / FAR:
            text = N_("shrinks {turns} times with each layer: {layer} gets {share} of the output's gradient")
        elif share > FAR:
            text = N_("grows {turns} times with each layer: {layer} gets {share} times the output's gradient")
        elif max(first, last) < TINY:
            text = N_("level, but hardly any gradient: {layer} gets {share} times the output's")
        else:
            text = N_("level, as it should be: {layer} gets {share} times the output's gradient")
    return say(text).format(layer=measured.names[0], share=_brief(share), turns=_brief(turns))


def _brief(value: float) -> str:
    return f"{value:.2g}" if 1e-2 <= value < 1e3 else f"{value:.0e}"


def _figures(measured: Measurement) -> Values:
    return figures_of(measured.figures, is_logged=measured.is_logged)


def _place(name: str) -> int:
    return list(FIGURES).index(name)


def _shared_out(layers: int, most: int) -> list[range]:
    """The layers of each stair."""
    if layers <= max(most, 1):
        return [range(layer, layer + 1) for layer in range(layers)]
    if most < 3:
        return [range(layers)] if most < 2 else [range(layers - 1), range(layers - 1, layers)]
    edges = np.linspace(1, layers - 1, most - 1).round().astype(int).tolist()
    between = [range(start, stop) for start, stop in pairwise(edges)]
    return [range(1), *between, range(layers - 1, layers)]


def _name(names: Sequence[str], layers: range) -> str:
    first, last = names[layers[0]], names[layers[-1]]
    return first if first == last else f"{first}-{last.rpartition('_')[2]}"
