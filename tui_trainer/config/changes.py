"""Changes of options during a run. The config lists them, so that the run is reproducible."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import PydanticCustomError

from tui_trainer.nn.schedules import SCHEDULES
from tui_trainer.text.language import _

MOST_CHANGES: Final = 10_000


def changeable() -> tuple[str, ...]:
    """The options that may change between two batches; none of them changes the network's shape."""
    own = dict.fromkeys(name for schedule in SCHEDULES.values() for name in schedule.hyperparameters)
    return ("learning_rate", "schedule", *own, "warmup", "weight_decay", "batch_size", "clip_norm", "epochs")


@dataclass(frozen=True)
class Change:
    """Options that change after `step` batches."""

    step: int
    values: Mapping[str, Any]

    def record(self) -> dict[str, Any]:
        """The change as plain data, in one order: a table of config.toml, an object of a JSON line."""
        return {"step": self.step, **{name: self.values[name] for name in changeable() if name in self.values}}


def parse_changes(value: Any) -> Any:
    """Changes from a list of tables, or from a text such as `1200 learning_rate=0.0005 batch_size=64, 3000 clip_norm=none`.

    What the values are worth is not checked here.
    """
    if isinstance(value, str):
        value = [] if value.strip().lower() == "none" else [_parse_change(part) for part in value.split(",")]
    if not isinstance(value, list | tuple):
        raise PydanticCustomError("changes", _("must be a list of changes"))
    if len(value) > MOST_CHANGES:
        raise PydanticCustomError("changes", _("must have at most {most} entries"), {"most": MOST_CHANGES})
    return tuple(sorted((_change(item) for item in value), key=lambda change: change.step))


def format_changes(changes: Sequence[Change]) -> str:
    """The text that `parse_changes` reads back."""
    settings = ([f"{name}={_text(value)}" for name, value in change.values.items()] for change in changes)
    return ", ".join(" ".join([str(change.step), *pairs]) for change, pairs in zip(changes, settings, strict=True))


def describe_change(values: Mapping[str, Any], say: Callable[[str], str] = str) -> str:
    """The change as text for users; `say` translates the options' names."""
    return ", ".join(f"{say(name.replace('_', ' '))} {_text(value)}" for name, value in values.items())


def _text(value: Any) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _parse_change(text: str) -> dict[str, Any]:
    step, *settings = text.split() or [""]
    pairs = [re.fullmatch(r"([a-z][a-z0-9_-]*)=(\S+)", setting) for setting in settings]
    if not re.fullmatch(r"\d{1,18}", step) or not all(pairs):
        raise PydanticCustomError("changes", _("must read like `1200 learning_rate=0.0005 batch_size=64, 3000 clip_norm=none`"))
    return {"step": int(step), **{pair[1].replace("-", "_"): pair[2] for pair in pairs if pair}}


def _change(item: Any) -> Change:
    if isinstance(item, Change):
        step, values = item.step, dict(item.values)
    elif isinstance(item, Mapping):
        values = dict(item)
        step = values.pop("step", None)
    else:
        raise PydanticCustomError("changes", _("must be tables with a step and the options that change"))
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step < 1 << 63:
        raise PydanticCustomError("changes", _("must each name the step they are made at, a whole number from 0"))
    allowed = changeable()
    if wrong := next((name for name in values if name not in allowed), None):
        context = {"name": str(wrong)[:60], "names": ", ".join(allowed)}
        raise PydanticCustomError("changes", _("cannot change {name}; what can change while a run goes on: {names}"), context)
    if not values:
        raise PydanticCustomError("changes", _("must each change something"))
    return Change(step, values)
