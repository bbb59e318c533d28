"""How one run's options differ from another's."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tui_trainer.config.options import Config, as_text
from tui_trainer.config.relevance import hindrance

UNTOLD: Final = ("threads", "changes")
"""Options that do not decide what is learned, or are told where they were made."""


def differences(before: Config, after: Config) -> Mapping[str, tuple[Any, Any]]:
    """The options that differ and matter to one of the two, each with both values."""
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in Config.model_fields if name not in UNTOLD}
    return {name: (old, new) for name, (old, new) in pairs.items() if old != new and any(_matters(name, each) for each in (before, after))}


def _matters(name: str, config: Config) -> bool:
    try:
        return hindrance(name, dict(config)) is None
    except KeyError:  # a choice of a plugin that has been read again, and has it no more
        return True


def describe_differences(before: Config, after: Config, say: Callable[[str], str] = str) -> str:
    """What changed in words, such as `initializer uniform → he_normal`; `say` translates the options' names."""
    found = differences(before, after)
    return ", ".join(f"{say(name.replace('_', ' '))} {_text(old)} → {_text(new)}" for name, (old, new) in found.items())


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else as_text(value)
