"""The sizes of the hidden layers as text, which the command line, TOML files and the form have in common."""

import re
from typing import Any, Final

from pydantic_core import PydanticCustomError

from tui_trainer.text.language import _

MOST_LAYERS: Final = 1_000


def parse_hidden(value: Any) -> Any:
    """Layer sizes from `256,128x8` (a comma list; `128x8` is eight layers of 128) or `none`; a list passes as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,)
    if isinstance(value, list | tuple) and len(value) > MOST_LAYERS:
        # Each of a million wrong sizes would be complained of.
        raise PydanticCustomError("hidden", _("must have at most {most} layers"), {"most": MOST_LAYERS})
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "none":
        return ()
    sizes: list[int] = []
    for part in value.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})\s*(?:[x×]\s*(\d{1,9}))?\s*", part)
        if match is None:
            message = _("must be layer sizes such as 256 or 128x8,64, or none")
            raise PydanticCustomError("hidden", message)
        units, times = int(match[1]), int(match[2] or 1)
        if len(sizes) + times > MOST_LAYERS:
            raise PydanticCustomError("hidden", _("must have at most {most} layers"), {"most": MOST_LAYERS})
        sizes += [units] * times
    return tuple(sizes)


def format_hidden(sizes: tuple[int, ...]) -> str:
    """The shortest text that `parse_hidden` reads back: `256`, `128x8,64`, `none`."""
    groups: list[list[int]] = []
    for size in sizes:
        if groups and groups[-1][0] == size:
            groups[-1][1] += 1
        else:
            groups.append([size, 1])
    return ",".join(str(size) if times == 1 else f"{size}x{times}" for size, times in groups) or "none"
