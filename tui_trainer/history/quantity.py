"""What a figure of a run is: how it is named, taken, written, and, where it is one of a layer, judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf, isfinite
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.text.language import _

Values = NDArray[np.floating[Any]]

Text = Callable[[float], str]


def percent(share: float) -> str:
    """A share of all images, to a hundredth of a percent: one image in ten thousand."""
    return f"{share:.2%}"


def nats(loss: float) -> str:
    """A loss; one beyond all measure in powers of ten."""
    return f"{loss:.4f}" if loss < 1000 else f"{loss:.2g}"


def whole(number: float) -> str:
    """A count."""
    return f"{number:,.0f}"


def time(seconds: float) -> str:
    """Seconds, with a tenth where it matters."""
    return f"{seconds:,.1f}" if seconds < 100 else f"{seconds:,.0f}"


def _power(value: float) -> str:
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 or not value else f"{value:.1e}"


def _loss(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.3g}"


def _yes(value: float) -> str:
    return _("yes") if value else _("no")


def finite(value: float | None) -> float | None:
    """The value where it is one, as strict JSON and tables want it."""
    return value if value is not None and isfinite(value) else None


class Scale(NamedTuple):
    """What kind of number a figure is: how it is drawn, and how it is written."""

    name: Literal["log", "share", "loss"]
    brief: Text
    """On a map."""
    sentence: Text
    exact: Text
    """In a table."""


LOG: Final = Scale("log", "{:.2g}".format, _power, "{:.4g}".format)
SHARE: Final = Scale("share", "{:.0%}".format, "{:.1%}".format, percent)
NATS: Final = Scale("loss", nats, _loss, nats)
COUNT: Final = Scale("loss", whole, whole, whole)
SECONDS: Final = Scale("loss", time, "{:.1f} s".format, time)
YES: Final = Scale("share", _yes, _yes, _yes)

Scope = Literal["batch", "epoch", "run", "layers", "slopes", "layer"]
"""What a figure is of. `layers` has one value for all of them whenever they are measured, `slopes` one for each layer that learns any."""


@dataclass(frozen=True)
class Quantity:
    """A figure. Where a text is empty, the figure is not in what that text is for."""

    name: str
    """In files, and of the attribute that holds it unless `of` takes it."""
    scope: Scope
    scale: Scale
    of: Callable[[Any], Any] | None = None
    """Takes it from a History; of scope `epoch` from an Epoch, `layers` from several LayerHealth, `layer` from one."""
    title: str = ""
    """Over a chart or a map."""
    unit: str = ""
    """On a chart."""
    words: str = ""
    """In a sentence: criteria of lessons may ask for it."""
    lesson: str = ""
    """Its name in lessons, where that is another."""
    head: str = ""
    """In a comparison of runs."""
    curve: str = ""
    """Over a lesson's chart of it."""
    profile: str = ""
    """Over a lesson's chart of it layer by layer."""
    hidden: bool = False
    """Whether such a chart is about the hidden layers alone."""
    tag: str = ""
    """In TensorBoard."""
    better: Callable[[Sequence[float]], float] | None = None
    """Chooses the best of several runs' values, `max` or `min`; None where more is neither better nor worse."""
    take: Callable[[Any], Any] = field(init=False, repr=False, compare=False)
    """The figure's value; of scope `batch` its Series."""

    def __post_init__(self) -> None:
        """Find out once how it is taken."""
        object.__setattr__(self, "take", self.of or attrgetter(self.name))

    @property
    def asked(self) -> str:
        """Its name in lessons."""
        return self.lesson or self.name

    @property
    def texts(self) -> tuple[str, ...]:
        """All that people may read of it."""
        return tuple(text for text in (self.title, self.unit, self.words, self.head, self.curve, self.profile) if text)


DECADES = 400.0
"""Beyond every power of ten that a number can have."""


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


class Cell(NamedTuple):
    """A column of the layer table: its head, how a value is written in it, how wide it is, and how late it is given up."""

    head: str
    form: str
    width: int
    importance: int


@dataclass(frozen=True, kw_only=True)
class LayerQuantity(Quantity):
    """A figure of each layer, a field of LayerHealth: what its values are called on a map, and in advice.

    No source gives a number for every line that has to be drawn. Each states its rule and its source, and says which factor is this
    program's own.
    """

    scope: Scope = "layer"
    bands: tuple[Band, ...]
    measure: str
    """What the bands' numbers are about."""
    source: str
    floor: float
    """What is drawn faintest; on a logarithmic scale a power of ten."""
    ceiling: float
    beside: Literal["first", "last"] | None = None
    """The layer by whose value it is divided before it is judged."""
    most: float = inf
    """What is too large by itself."""
    cell: Cell | None = None
    """In the layer table."""

    @property
    def logarithmic(self) -> bool:
        """Whether it is drawn on a logarithmic scale."""
        return self.scale is LOG

    @property
    def text(self) -> Text:
        """A value as a map says it."""
        return self.scale.brief

    @property
    def texts(self) -> tuple[str, ...]:
        words = (band.word for band in self.bands if band.word)
        return (*super().texts, self.measure, self.source, *words, *(self.cell[:1] if self.cell else ()))

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
        return f"{limit:g}" if self.logarithmic else f"{limit:.0%}"

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
