"""The options that parts declare as their hyperparameters: what they are, by the parts that there are now.

An option is one for all parts that declare its name. Its default and its limits are those of the parts that are chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError

from tui_trainer.config.value_types import Number, OrNone, Whole
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import INITIALIZERS
from tui_trainer.nn.normalization import NORMALIZATIONS
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.nn.parts import Hyperparameter, Part
from tui_trainer.nn.registry import Parts
from tui_trainer.nn.schedules import SCHEDULES


class Kind(NamedTuple):
    """Parts of one kind, of which an option chooses."""

    parts: Parts[Any]
    layered: bool = False
    """Whether each layer may have another one."""
    after: str = ""
    """The option after which those that the parts declare stand; the one that chooses, where it is empty."""


KINDS: Final[Mapping[str, Kind]] = {
    "activation": Kind(ACTIVATIONS, layered=True),
    "initializer": Kind(INITIALIZERS, layered=True),
    "normalization": Kind(NORMALIZATIONS, layered=True, after="normalization_place"),
    "schedule": Kind(SCHEDULES),
    "optimizer": Kind(OPTIMIZERS, after="warmup"),
}
"""By the option that chooses, in the order of the options."""


class Use(NamedTuple):
    """A part that declares a hyperparameter."""

    option: str
    """The option that chooses the part."""
    part: type[Part]
    name: str

    def declared(self) -> Hyperparameter:
        """What it says of the hyperparameter."""
        return self.part.hyperparameters[self.name]


@cache
def uses() -> dict[str, list[Use]]:
    """Each hyperparameter with the parts that declare it, in an order in which each part's own come as it declares them."""
    found: dict[str, list[Use]] = {}
    order: list[str] = []
    for option, kind in KINDS.items():
        for part in kind.parts.values():
            names = list(part.hyperparameters)
            for number, name in enumerate(names):
                found.setdefault(name, []).append(Use(option, part, name))
                if name not in order:
                    later = (order.index(each) for each in names[number + 1 :] if each in order)
                    order.insert(min(later, default=len(order)), name)
    return {name: found[name] for name in order}


for _kind in KINDS.values():
    _kind.parts.listeners.append(uses.cache_clear)


def chosen(found: Sequence[Use], values: Mapping[str, Any]) -> list[Use]:
    """Those of the parts that are chosen; an unknown choice is none of them. Raises KeyError where the choice is not among the values."""
    parts: dict[str, list[type[Part] | None]] = {}
    for option in dict.fromkeys(use.option for use in found):
        parts[option] = [KINDS[option].parts.get(name) for name in str(values[option]).split(",")]
    return [use for use in found if use.part in parts[use.option]]


def after(found: Sequence[Use]) -> str:
    """The option after which a hyperparameter's stands: all that decide on its default come before it."""
    option = found[-1].option
    return KINDS[option].after or option


def field_of(found: Sequence[Use]) -> FieldInfo:
    """The option of a hyperparameter."""
    defaults = list(dict.fromkeys(use.declared().default for use in found))
    is_layered = any(KINDS[use.option].layered for use in found) or len({use.option for use in found}) > 1
    kind: Any = Whole if all(use.declared().whole for use in found) else Number
    if is_layered and len(defaults) > 1:
        # Parts with different defaults may be chosen together: each takes its own.
        kind = Annotated[kind | None, OrNone]

    def default(values: Mapping[str, Any]) -> float | None:
        wanted = {use.declared().default for use in _decisive(found, values)}
        return wanted.pop() if len(wanted) == 1 else None if is_layered else defaults[0]

    def check(value: float | None, info: ValidationInfo) -> float | None:
        return default(info.data) if value is None else _within(value, found, info.data)

    annotation: Any = Annotated[kind, AfterValidator(check)]
    usual: dict[str, Any] = {"default": defaults[0]} if len(defaults) == 1 else {"default_factory": default}
    return FieldInfo.from_annotated_attribute(annotation, Field(description=described(found), **usual))


def _decisive(found: Sequence[Use], values: Mapping[str, Any]) -> Sequence[Use]:
    """The parts that are chosen and declare it; where there is none, all that do."""
    if any(use.option not in values for use in found):
        return found
    return chosen(found, values) or found


def _within(value: float, found: Sequence[Use], values: Mapping[str, Any]) -> float:
    """The value, if it is inside the limits of all parts that are chosen; of any of them, where none is chosen."""
    decisive = _decisive(found, values)
    errors = [error for use in decisive if (error := _beyond(value, use.declared()))]
    if errors and (decisive is not found or len(errors) == len(found)):
        raise errors[0]
    return value


def _beyond(value: float, declared: Hyperparameter) -> PydanticKnownError | None:
    if declared.above is not None and not value > declared.above:
        return PydanticKnownError("greater_than", {"gt": _limit(declared.above)})
    if declared.least is not None and not value >= declared.least:
        return PydanticKnownError("greater_than_equal", {"ge": _limit(declared.least)})
    if declared.below is not None and not value < declared.below:
        return PydanticKnownError("less_than", {"lt": _limit(declared.below)})
    if declared.most is not None and not value <= declared.most:
        return PydanticKnownError("less_than_equal", {"le": _limit(declared.most)})
    return None


def _limit(limit: float) -> float:
    return int(limit) if limit == int(limit) and abs(limit) < 1e6 else limit


def described(found: Sequence[Use], say: Callable[[str], str] = str) -> str:
    """What the option means to each part, such as `momentum, nesterov: share of the velocity kept at each step`.

    Defaults are told where they differ. `say` translates.
    """
    differ = len({use.declared().default for use in found}) > 1
    groups: dict[tuple[str, float | None], list[str]] = {}
    for use in found:
        groups.setdefault((use.declared().description, use.declared().default if differ else None), []).append(use.part.name)
    told = ((", ".join(dict.fromkeys(names)), say(text), default) for (text, default), names in groups.items())
    return "; ".join(f"{names}: {text}" + ("" if default is None else f" ({default})") for names, text, default in told)
