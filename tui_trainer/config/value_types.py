"""The kinds of numbers that an option may be, and their limits."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from tui_trainer.nn.parts import LEAST, MOST
from tui_trainer.text.language import _

MOST_UNITS: Final = 65_536
LEAST_FACTOR: Final = LEAST
MOST_FACTOR: Final = MOST


def _not_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("number", _("must be a number"))
    return value


def _none(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip().lower() == "none" else value


def _at_least(least: float) -> Callable[[float], float]:
    """A second limit for numbers above 0, so that the error for 0 says that it must be more, and does not name 1e-30."""

    def check(value: float) -> float:
        if value < least:
            raise PydanticKnownError("greater_than_equal", {"ge": least})
        return value

    return check


OrNone: Final = BeforeValidator(_none)
"""Beside a type that takes None: the word `none` is read as it."""

Number = Annotated[float, BeforeValidator(_not_bool)]
Whole = Annotated[int, BeforeValidator(_not_bool)]
Decay = Annotated[Number, Field(ge=0, lt=1)]
Factor = Annotated[Number, Field(gt=0, le=MOST_FACTOR), AfterValidator(_at_least(LEAST_FACTOR))]
FactorOrZero = Annotated[Number, Field(ge=0, le=MOST_FACTOR)]
Units = Annotated[Whole, Field(ge=1, le=MOST_UNITS)]
