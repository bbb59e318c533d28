"""From pydantic's errors to a sentence about each option, in words that a person reads: `must be at least 1, not 0`."""

from typing import Any, Final

from pydantic import ValidationError

from tui_trainer.config.layer_sizes import MOST_LAYERS
from tui_trainer.text.language import N_, _

LIMITS: Final = (
    N_("must be greater than {limit}"),
    N_("must be at least {limit}"),
    N_("must be less than {limit}"),
    N_("must be at most {limit}"),
)

LONGEST_LIMIT: Final = 12


def complaints(error: ValidationError) -> dict[str, str]:
    """What is wrong with each option, by its name."""
    found: dict[str, str] = {}
    for detail in error.errors(include_url=False):
        name = str(detail["loc"][0]) if detail["loc"] else "options"
        # A default that depends on a wrong option is not a second mistake, nor is the second half of a union that fits neither.
        if detail["type"] != "default_factory_not_called" and name not in found:
            found[name] = _sentence(detail["type"], detail["msg"], detail.get("input"))
    return found


def first_complaint(error: ValidationError) -> str:
    """What is wrong first with a table from a file, and where in it: `layers.0.name: must be a valid string`. It may quote the file."""
    detail = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].replace("Input should be", "must be")
    return " ".join(f"{place}: {message}".split() if place else message.split())


def _sentence(kind: str, message: str, value: Any) -> str:
    if kind == "change":
        return message
    if kind == "extra_forbidden":
        return _("is not an option; `tui-trainer --help` lists them")
    wording = {
        "int_parsing": _("must be a whole number"),
        "int_type": _("must be a whole number"),
        "int_from_float": _("must be a whole number"),
        "int_parsing_size": _("must be a whole number of fewer digits"),
        "float_parsing": _("must be a number"),
        "float_type": _("must be a number"),
        "finite_number": _("must be a finite number"),
        "string_type": _("must be a text"),
        "string_too_short": _("must not be empty"),
        "tuple_type": _("must be layer sizes such as 256 or 128x8,64, or none"),
        "too_long": _("must have at most {most} layers").format(most=MOST_LAYERS),
        "bool_parsing": _("must be true or false"),
        "bool_type": _("must be true or false"),
    }.get(kind)
    if wording is None:
        wording = message.replace("Input should be", "must be").replace("greater than or equal to", "at least")
        wording = _limited(wording.replace("less than or equal to", "at most"))
    given = shortened(_text(value))
    return _("{wording}, not {given}").format(wording=wording, given=repr(given) if isinstance(value, str) else given)


def _limited(wording: str) -> str:
    """What a number has to be, in the language that was chosen."""
    for text in LIMITS:
        start = text.partition("{")[0]
        if wording.startswith(start):
            limit = wording.removeprefix(start)
            # pydantic writes out every zero of 1e-30.
            return _(text).format(limit=limit if len(limit) <= LONGEST_LIMIT else f"{float(limit):g}")
    return wording


def _text(value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 1000:
        return f"a number of {value.bit_length()} bits"
    try:
        return str(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, which Python refuses to print, or tables without end
        return "what is there"


def shortened(text: str) -> str:
    """The text, or so much of it as a line of complaint has room for."""
    return text if len(text) <= 60 else text[:57] + "…"
