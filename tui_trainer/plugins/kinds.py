"""The kinds of parts that a plugin may bring: the class that each derives from, and where it is registered."""

from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple

import numpy as np

from tui_trainer.datasets.readers import READERS
from tui_trainer.diagnosis.finding import DiagnosisRule
from tui_trainer.diagnosis.rules import RULES
from tui_trainer.history import quantities
from tui_trainer.history.figure import LayerFigure
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import INITIALIZERS
from tui_trainer.nn.normalization import NORMALIZATIONS
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.nn.parts import Part
from tui_trainer.nn.registry import Parts
from tui_trainer.nn.schedules import SCHEDULES


class Kind(NamedTuple):
    """A kind of part."""

    name: str
    base: type[Part]
    names: Callable[[], Collection[str]]
    """The names that are taken."""
    add: Callable[[str, type[Any]], None]
    """Register a class by its name. Raises ValueError."""
    remove: Callable[[str], None]
    """Take it out again. Raises KeyError."""
    option: str = ""
    """The option whose value is the part's name; empty where no run chooses such a part."""
    example: Callable[[], object] = object
    """Makes an object of this kind without hyperparameters."""

    def attributes(self) -> Collection[str]:
        """What an object of this kind has besides hyperparameters."""
        return dir(self.example())

    @property
    def article(self) -> str:
        """The word before its name."""
        return "an" if self.name[0] in "aeiou" else "a"


def _chosen(parts: Parts[Any], option: str = "", example: Callable[[], object] = object) -> Kind:
    """The kind whose classes are registered as they are."""
    return Kind(parts.kind, parts.base, parts.keys, parts.register, parts.unregister, option, example)


def _optimizer() -> object:
    return OPTIMIZERS["sgd"](np.zeros(1), np.zeros(1))


KINDS: Final[tuple[Kind, ...]] = (
    _chosen(ACTIVATIONS, "activation", lambda: ACTIVATIONS["relu"](1)),
    _chosen(INITIALIZERS, "initializer", INITIALIZERS["he_normal"]),
    _chosen(OPTIMIZERS, "optimizer", _optimizer),
    _chosen(SCHEDULES, "schedule", lambda: SCHEDULES["constant"](1.0)),
    _chosen(NORMALIZATIONS, "normalization", lambda: NORMALIZATIONS["layer"](1))._replace(name="layer"),
    _chosen(READERS),
    Kind(
        "figure",
        LayerFigure,
        lambda: {figure.name for figure in quantities.QUANTITIES},
        lambda _name, definition: quantities.register(definition.quantity()),
        quantities.unregister,
    ),
    Kind("rule", DiagnosisRule, RULES.keys, lambda name, definition: RULES.register(name, definition.rule()), RULES.unregister),
)
"""A class is of the first kind whose base it derives from."""
