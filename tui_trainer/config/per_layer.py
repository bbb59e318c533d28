"""Options whose value is a name in a registry: one name, or a comma list with one for each layer."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.text.language import _


@dataclass(frozen=True)
class OneOf:
    """A text that is a name in a registry, or one of those that are allowed `besides`, each with one line of what it means."""

    registry: Mapping[str, Any]
    besides: Mapping[str, str] = field(default_factory=dict)

    @property
    def choices(self) -> Mapping[str, str]:
        """Each allowed name with what it means, as they are now: parts may be registered while the program runs."""
        return {**self.besides, **{name: part.summary for name, part in self.registry.items()}}

    def allows(self, name: str) -> bool:
        """Whether it is one of them."""
        return name in self.besides or name in self.registry

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, name: str) -> str:
        if not self.allows(name):
            raise PydanticCustomError("one_of", _("must be one of {choices}"), {"choices": ", ".join(self.choices)})
        return name


@dataclass(frozen=True)
class OneForEach(OneOf):
    """A name for all layers, or one for each: `tanh,relux2` (`relux2` is relu for two layers), or a list of names.

    The value is a text in either case, made by `join`. `output` is the name for the output layer where the list ends before it; None
    when the option is about hidden layers alone.
    """

    output: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(self._read, handler(source))

    def _read(self, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, list | tuple) and all(isinstance(name, str) for name in value):
            value = ",".join(value)
        if not isinstance(value, str):
            return value
        groups = [_repeated(part) for part in value.split(",")]
        if not all(self.allows(name) for name, _ in groups):
            message = _("must be one of {choices}") if len(groups) == 1 else _("must be, for each layer, one of {choices}")
            raise PydanticCustomError("one_of", message, {"choices": ", ".join(self.choices)})
        if "hidden" not in info.data:
            return value
        # Counted before they are written out: a mistyped number would fill the memory.
        count, hidden = sum(times for _, times in groups), len(info.data["hidden"])
        if count < 1 or count not in (1, hidden, hidden + (self.output is not None)):
            message = _("must be one name, or one for each hidden layer ({hidden})")
            if self.output is not None:
                message += _(", or these and the output layer's ({all})")
            raise PydanticCustomError("one_for_each", message, {"hidden": hidden, "all": hidden + 1})
        names = [name for name, times in groups for _ in range(times)]
        return join(names if self.output is None or count != hidden or count == 1 else [*names, self.output])


def _repeated(part: str) -> tuple[str, int]:
    match = re.fullmatch(r"\s*(\w+?)\s*(?:[x×*]\s*(\d{1,9}))?\s*", part)
    return (match[1], int(match[2] or 1)) if match else (part, 1)


def join(names: Iterable[str]) -> str:
    """The value that stands for these names: a comma list, or the one name where all are equal."""
    names = list(names)
    return names[0] if len(set(names)) == 1 else ",".join(names)


def split(names: str, layers: int) -> tuple[str, ...]:
    """The name for each of so many layers, from what `join` made."""
    each = tuple(names.split(","))
    return each * layers if len(each) == 1 else each


def abridged(names: str) -> str:
    """What `join` made, for people: `tanh,relux2`, which is read back the same."""
    groups = [(name, len(list(group))) for name, group in groupby(names.split(","))]
    return ",".join(name if times == 1 else f"{name}x{times}" for name, times in groups)


def made_for(activation: str, hidden: int) -> str:
    """The initializers that `auto` stands for: each layer's made for its activation, the output layer's for that of the layer before."""
    names = split(activation, max(hidden, 1))
    return join(ACTIVATIONS[name].initializer for name in (*names[:hidden], names[-1]))
