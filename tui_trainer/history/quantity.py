"""The description of a figure: how it is named, taken from a run, written, and, for a figure of a layer, judged."""

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
    """A share in percent with two decimals: one image in ten thousand."""
    return f"{share:.2%}"


def nats(loss: float) -> str:
    """A loss; a very large one in powers of ten."""
    return f"{loss:.4f}" if loss < 1000 else f"{loss:.2g}"


def whole(number: float) -> str:
    """A count."""
    return f"{number:,.0f}"


def time(seconds: float) -> str:
    """Seconds, with a decimal below 100."""
    return f"{seconds:,.1f}" if seconds < 100 else f"{seconds:,.0f}"


def _power(value: float) -> str:
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 or not value else f"{value:.1e}"


def _loss(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1000 else f"{value:.3g}"


def _yes(value: float) -> str:
    return _("yes") if value else _("no")


def finite(value: float | None) -> float | None:
    """The value if it is finite, else None, as strict JSON and tables want it."""
    return value if value is not None and isfinite(value) else None


class Scale(NamedTuple):
    """A figure's kind of number: how it is drawn, and how it is written."""

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
"""What a figure describes. `layers` has one value per measurement for all layers, `slopes` one for each layer with learned slopes."""


@dataclass(frozen=True)
class Quantity:
    """A figure. An empty text leaves the figure out of the place that the text is for."""

    name: str
    """The name in files, and of the attribute that holds the value, unless `of` is given."""
    scope: Scope
    scale: Scale
    of: Callable[[Any], Any] | None = None
    """Computes the value from a History; with scope `epoch` from an Epoch, `layers` from several LayerHealth, `layer` from one."""
    title: str = ""
    """Title of a chart or a map."""
    unit: str = ""
    """Unit on a chart."""
    words: str = ""
    """Phrase in a sentence; makes the figure available to lessons' criteria."""
    lesson: str = ""
    """Name in lessons, if not `name`."""
    head: str = ""
    """Head in a comparison of runs."""
    curve: str = ""
    """Title of a lesson's chart over the course of its runs."""
    profile: str = ""
    """Title of a lesson's chart over the layers."""
    hidden: bool = False
    """Whether such a chart shows hidden layers alone."""
    tag: str = ""
    """Tag in TensorBoard."""
    exported: str = ""
    """Name of its curve in curves.csv."""
    better: Callable[[Sequence[float]], float] | None = None
    """Chooses the best of several runs' values, `max` or `min`; None where neither direction is better."""
    take: Callable[[Any], Any] = field(init=False, repr=False, compare=False)
    """Returns the value; with scope `batch` the Series."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "take", self.of or attrgetter(self.name))

    @property
    def lesson_name(self) -> str:
        """The name in lessons."""
        return self.lesson or self.name

    @property
    def texts(self) -> tuple[str, ...]:
        """All texts that users read."""
        return tuple(text for text in (self.title, self.unit, self.words, self.head, self.curve, self.profile) if text)


DECADES = 400.0
"""More than any float's power of ten."""


class Grade(Enum):
    """Too small, healthy, too large; or neither good nor bad in itself."""

    LOW = "low"
    HEALTHY = "healthy"
    HIGH = "high"
    NEUTRAL = "neutral"


class Band(NamedTuple):
    """A word for all values below `below` that no earlier band contains."""

    word: str
    below: float
    grade: Grade

    @property
    def tone(self) -> Grade:
        """The grade in whose colour it is shown: worse than this may come, unless it is beyond the last limit."""
        return Grade.LOW if self.grade is Grade.HIGH and self.below < inf else self.grade


class LayerTableCell(NamedTuple):
    """A column of the layer table: its head, format and width. Columns of low importance are left out first."""

    head: str
    form: str
    width: int
    importance: int


@dataclass(frozen=True, kw_only=True)
class LayerQuantity(Quantity):
    """A figure of each layer, a field of LayerHealth, with the words for its values on a map and in advice.

    No source gives a number for every threshold. Each entry states its rule and its source, and which factor is this program's own.
    """

    scope: Scope = "layer"
    bands: tuple[Band, ...]
    measure: str
    """What the bands' numbers measure."""
    source: str
    floor: float
    """The value drawn faintest; on a logarithmic scale a power of ten."""
    ceiling: float
    beside: Literal["first", "last"] | None = None
    """The layer by whose value it is divided before it is judged."""
    most: float = inf
    """Values above this are too large whatever the other layers'."""
    cell: LayerTableCell | None = None
    """Its column in the layer table."""

    @property
    def logarithmic(self) -> bool:
        """Whether the scale is logarithmic."""
        return self.scale is LOG

    @property
    def text(self) -> Text:
        """Writes a value as on a map."""
        return self.scale.brief

    @property
    def texts(self) -> tuple[str, ...]:
        words = (band.word for band in self.bands if band.word)
        return (*super().texts, self.measure, self.source, *words, *(self.cell[:1] if self.cell else ()))

    def judged(self, values: Values) -> Values:
        """The numbers to compare with the bands, for values of all layers (…, layers); missing ones are NaN."""
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
        """Each band's word, translated by `say`, with its lower limit; a lowest band that is too small has its upper limit."""
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
        """The strength at the middle of each band, or at the end of the scale for an outermost band that is not healthy."""
        limits = [float(self.strength(np.array(band.below))) for band in self.bands]
        ends = {Grade.LOW: 0.0, Grade.HIGH: 1.0}
        between = zip(self.bands, [0.0, *limits], limits, strict=False)
        outer = (self.bands[0], self.bands[-1])
        return [ends[band.grade] if band in outer and band.grade in ends else (low + high) / 2 for band, low, high in between]

    def _number(self, limit: float) -> str:
        return f"{limit:g}" if self.logarithmic else f"{limit:.0%}"

    def band(self, judged: float) -> Band:
        """The band of a judged number."""
        return next((band for band in self.bands if judged < band.below), self.bands[-1])

    def severity(self, judged: Values) -> Values:
        """The severity of judged numbers: too large above too small above healthy; NaN for missing ones."""
        grades = [band.grade for band in self.bands]
        found = np.searchsorted([band.below for band in self.bands[:-1]], judged, "right")
        low, high = (np.array([grade is each for grade in grades])[found] for each in (Grade.LOW, Grade.HIGH))
        with np.errstate(divide="ignore"):
            place = np.clip(np.log10(judged), -DECADES, DECADES)
        severity = np.where(low, -place, place) / (4 * DECADES) + np.where(high, 2.0, np.where(low, 1.0, 0.0))
        return np.where(np.isnan(judged), np.nan, severity)

    def strength(self, values: Values) -> Values:
        """The strength at which values are drawn, from 0, the faintest, to 1."""
        with np.errstate(divide="ignore"):
            place = np.log10(values) if self.logarithmic else values
        return np.clip((place - self.floor) / (self.ceiling - self.floor), 0.0, 1.0)
