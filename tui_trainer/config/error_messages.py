"""Turns pydantic's errors into a sentence about each option: `must be at least 1, not 0`."""

from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tui_trainer.config.layer_sizes import MOST_LAYERS
from tui_trainer.text.language import N_, _

LIMITS: Final = {
    "greater_than": ("gt", N_("must be greater than {limit}")),
    "greater_than_equal": ("ge", N_("must be at least {limit}")),
    "less_than": ("lt", N_("must be less than {limit}")),
    "less_than_equal": ("le", N_("must be at most {limit}")),
}
"""Of each kind of error the limit's name, and the sentence."""

MOST_WHOLE: Final = 1 << 64
"""A limit beyond is told as a power of ten."""

SENTENCES: Final = {
    "int_parsing": N_("must be a whole number"),
    "int_type": N_("must be a whole number"),
    "int_from_float": N_("must be a whole number"),
    "int_parsing_size": N_("must be a whole number of fewer digits"),
    "float_parsing": N_("must be a number"),
    "float_type": N_("must be a number"),
    "finite_number": N_("must be a finite number"),
    "string_type": N_("must be a text"),
    "string_too_short": N_("must not be empty"),
    "tuple_type": N_("must be layer sizes such as 256 or 128x8,64, or none"),
    "too_long": N_("must have at most {most} layers"),
    "bool_parsing": N_("must be true or false"),
    "bool_type": N_("must be true or false"),
}


def problems_in(error: ValidationError) -> dict[str, str]:
    """The problem of each option, by its name."""
    found: dict[str, str] = {}
    for detail in error.errors(include_url=False):
        name = str(detail["loc"][0]) if detail["loc"] else "options"
        # A default that depends on a wrong option is not a second mistake, nor is the second half of a union that fits neither.
        if detail["type"] != "default_factory_not_called" and name not in found:
            found[name] = _sentence(detail)
    return found


def first_problem(error: ValidationError) -> str:
    """What is wrong first with a table from a file, and where in it: `layers.0.name: must be a valid string`. It may quote the file."""
    detail = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].replace("Input should be", "must be")
    return " ".join(f"{place}: {message}".split() if place else message.split())


def _sentence(detail: ErrorDetails) -> str:
    kind, message = detail["type"], detail["msg"]
    if kind == "change":
        return message
    if kind == "extra_forbidden":
        return _("is not an option; `tui-trainer --help` lists them")
    if kind in LIMITS:
        name, text = LIMITS[kind]
        limit = detail["ctx"][name]
        wording = _(text).format(limit=f"{limit:g}" if isinstance(limit, float) or limit > MOST_WHOLE else limit)
    elif kind in SENTENCES:
        wording = _(SENTENCES[kind]).format(most=MOST_LAYERS)
    else:
        wording = message.replace("Input should be", "must be")
    given = shortened(_text(detail["input"]))
    return _("{wording}, not {given}").format(wording=wording, given=repr(given) if isinstance(detail["input"], str) else given)


def _text(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 1000:
        return f"a number of {value.bit_length()} bits"
    try:
        return str(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, which Python refuses to print, or tables without end
        return "what is there"


def shortened(text: str) -> str:
    """The text, cut to the length of an error line."""
    return text if len(text) <= 60 else text[:57] + "…"
