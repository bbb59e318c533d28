"""A figure of the layers as a class, which plugins derive from."""

from abc import ABC, abstractmethod
from math import inf, log10
from typing import Any, ClassVar

from tui_trainer.history.quantity import LOG, SHARE, Band, Grade, LayerQuantity
from tui_trainer.nn.parts import Part


class LayerFigure(Part, ABC):
    """A figure of each layer, computed from those that are measured: on the map of the layers' health, in criteria, curves and tables.

    Values from `healthy` = (low, high) are healthy, those below are too small and those above too large; None where that side has no limit.
    `measure` says what the limits are of, `source` where they come from.
    """

    title: ClassVar[str] = ""
    """Above its map; the name, unless it says another."""
    measure: ClassVar[str] = ""
    source: ClassVar[str] = ""
    is_share: ClassVar[bool] = False
    """Whether it is a share from 0 to 1, or a number drawn on a logarithmic scale."""
    healthy: ClassVar[tuple[float | None, float | None]] = (None, None)
    drawn: ClassVar[tuple[float, float]] = (1e-6, 1e2)
    """The values drawn faintest and strongest, of a number."""

    @abstractmethod
    def of(self, layer: Any) -> Any:
        """The value from a layer's `LayerHealth`, whose fields may be numbers or arrays of any shape: only arithmetic will do."""

    @classmethod
    def quantity(cls) -> LayerQuantity:
        """The figure as all others are described. Raises ValueError where a limit is no number, or they contradict each other."""
        low, high = cls.healthy
        if low is not None and high is not None and not low < high:
            raise ValueError(f"its healthy values go from {low} to {high}")
        title = cls.title or cls.name.replace("_", " ").capitalize()
        bands = []
        if low is not None:
            bands.append(Band("low", low, Grade.LOW))
        bands.append(Band("healthy" if (low, high) != (None, None) else "", inf if high is None else high, Grade.HEALTHY))
        if high is not None:
            bands.append(Band("high", inf, Grade.HIGH))
        if (low, high) == (None, None):
            bands = [Band("", inf, Grade.NEUTRAL)]
        if not 0 < cls.drawn[0] < cls.drawn[1]:
            raise ValueError(f"it is drawn from {cls.drawn[0]} to {cls.drawn[1]}, and not from a number above 0 to a larger one")
        return LayerQuantity(
            name=cls.name,
            scale=SHARE if cls.is_share else LOG,
            of=cls().of,
            title=title,
            words=title.lower(),
            tag=cls.name,
            bands=tuple(bands),
            measure=cls.measure or cls.summary,
            source=cls.source,
            floor=0.0 if cls.is_share else log10(cls.drawn[0]),
            ceiling=1.0 if cls.is_share else log10(cls.drawn[1]),
        )
