"""What the figures of a layer mean, in words: where each stops being healthy, and who says so.

No source gives a number for every line that has to be drawn. Each figure therefore states its rule and its source, and says which
factor is this program's own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.training.events import LayerHealth

Values = NDArray[np.floating[Any]]

DECADES = 400.0
"""Beyond every power of ten that a number can have."""

FAR = 100.0
"""How many times as large, or as small, one layer may be as the layer that it is measured by."""


class Grade(Enum):
    """Too small, right, too large; or neither good nor bad in itself."""

    LOW = "low"
    HEALTHY = "healthy"
    HIGH = "high"
    NEUTRAL = "neutral"


class Band(NamedTuple):
    """A word for all that is below a number, and not below that of the band before."""

    word: str
    below: float
    grade: Grade


@dataclass(frozen=True)
class Figure:
    """Something that is measured of each layer, and how it is judged."""

    name: str
    """The field of `LayerHealth`."""
    title: str
    bands: tuple[Band, ...]
    measure: str
    """What the bands' numbers are about."""
    source: str
    floor: float
    """What is drawn faintest; on a logarithmic scale a power of ten."""
    ceiling: float
    text: Callable[[float], str]
    logarithmic: bool = True
    beside: Literal["first", "last"] | None = None
    """The layer by whose value it is divided before it is judged."""
    most: float = inf
    """What is too large by itself."""

    def judged(self, values: Values) -> Values:
        """What the bands are about, for values of all layers (…, layers): infinite where one is not finite, NaN where there is none."""
        found = values.copy()
        if self.beside:
            reference = values[..., :1] if self.beside == "first" else values[..., -1:]
            with np.errstate(divide="ignore", invalid="ignore"):
                found = values / reference
            found[values == 0] = 0
            found[np.isinf(values) | np.isinf(reference)] = inf
        found[values > self.most] = inf
        return found

    def limits(self, say: Callable[[str], str] = str) -> list[str]:
        """Each band in words, which `say` translates, with the number where it begins, or ends if it is the lowest of those not right."""
        words, before = [], self.bands[0]
        for band in self.bands:
            limit = ""
            if band is before:
                limit = f" < {self._number(band.below)}" if band.grade is Grade.LOW else ""
            elif before.grade is not Grade.LOW:
                limit = f" ≥ {self._number(before.below)}"
            words.append(say(band.word) + limit)
            before = band
        return words

    def typical(self) -> list[float]:
        """How strongly a value in the middle of each band is drawn, or at its end where the band has no other."""
        limits = [float(self.strength(np.array(band.below))) for band in self.bands]
        ends = {Grade.LOW: 0.0, Grade.HIGH: 1.0}
        between = zip(self.bands, [0.0, *limits], limits, strict=False)
        outer = (self.bands[0], self.bands[-1])
        return [ends[band.grade] if band in outer and band.grade in ends else (low + high) / 2 for band, low, high in between]

    def _number(self, limit: float) -> str:
        return f"{limit:g}" if self.logarithmic else _percent(limit)

    def band(self, judged: float) -> Band:
        """The band in which a judged number lies."""
        return next((band for band in self.bands if judged < band.below), self.bands[-1])

    def severity(self, judged: Values) -> Values:
        """Numbers that are the greater the more they ought to be seen: too large before too small before right, NaN where there is none."""
        grades = [band.grade for band in self.bands]
        found = np.searchsorted([band.below for band in self.bands[:-1]], judged, "right")
        low, high = (np.array([grade is each for grade in grades])[found] for each in (Grade.LOW, Grade.HIGH))
        with np.errstate(divide="ignore"):
            place = np.clip(np.log10(judged), -DECADES, DECADES)
        severity = np.where(low, -place, place) / (4 * DECADES) + np.where(high, 2.0, np.where(low, 1.0, 0.0))
        return np.where(np.isnan(judged), np.nan, severity)

    def strength(self, values: Values) -> Values:
        """Where values lie from 0, the faintest, to 1."""
        with np.errstate(divide="ignore"):
            place = np.log10(values) if self.logarithmic else values
        return np.clip((place - self.floor) / (self.ceiling - self.floor), 0.0, 1.0)


def _power(value: float) -> str:
    return f"{value:.2g}"


def _percent(value: float) -> str:
    return f"{value:.0%}"


_ALL = (
    Figure(
        "gradient_norm",
        "Gradient norm",
        (Band("vanishing", 1 / FAR, Grade.LOW), Band("healthy", FAR, Grade.HEALTHY), Band("exploding", inf, Grade.HIGH)),
        "÷ output layer's, or > 100",
        "equal in all layers: Glorot & Bengio 2010, 4.2.1; the factor 100 is ours",
        -12.0,
        4.0,
        _power,
        beside="last",
        most=100.0,
    ),
    Figure(
        "update_ratio",
        "Update ratio",
        (Band("slow", 1e-4, Grade.LOW), Band("healthy", 1e-2, Grade.HEALTHY), Band("fast", inf, Grade.HIGH)),
        "step's norm ÷ weights'",
        "around 1e-3, to 1e-2 in small networks: Karpathy, CS231n; 1e-4 is ours",
        -6.0,
        0.0,
        _power,
    ),
    Figure(
        "activation_std",
        "Activation spread",
        (Band("vanishing", 1 / FAR, Grade.LOW), Band("healthy", FAR, Grade.HEALTHY), Band("exploding", inf, Grade.HIGH)),
        "std ÷ first layer's",
        "equal in all layers: Glorot & Bengio 2010, 4.2.1; the factor 100 is ours",
        -5.0,
        2.0,
        _power,
        beside="first",
    ),
    Figure(
        "weight_norm",
        "Weight norm",
        (Band("", inf, Grade.NEUTRAL),),
        "neither good nor bad in itself",
        "no source gives a threshold; endless growth means too high a rate",
        -1.0,
        3.0,
        _power,
    ),
    Figure(
        "dead_fraction",
        "Dead share",
        (Band("alive", 0.1, Grade.HEALTHY), Band("dying", 0.4, Grade.HIGH), Band("dead", inf, Grade.HIGH)),
        "units flat for all probe images",
        "40% where the rate is too high: Karpathy, CS231n; the 10% are ours",
        0.0,
        1.0,
        _percent,
        logarithmic=False,
    ),
    Figure(
        "saturated_fraction",
        "Saturated share",
        (Band("responsive", 0.6, Grade.HEALTHY), Band("half flat", 0.9, Grade.HEALTHY), Band("flat", inf, Grade.HIGH)),
        "outputs where f is flat",
        "rectifiers start near 50%: Glorot, Bordes & Bengio 2011; both lines are ours",
        0.0,
        1.0,
        _percent,
        logarithmic=False,
    ),
)

FIGURES: Mapping[str, Figure] = MappingProxyType({figure.name: figure for figure in _ALL})
"""All that is judged, in the order in which a key shows them."""


def table(layers: Iterable[LayerHealth]) -> Values:
    """The figures of layers as an array (layers, figures); a number that is not finite is beyond all measure."""
    values = np.array([[getattr(layer, name) for name in FIGURES] for layer in layers], np.float64)
    return np.where(np.isfinite(values), values, inf)
