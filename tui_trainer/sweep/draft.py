"""A sweep in the making: the words of its command line, and the lists of values in which they are marked."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tui_trainer.config.command_line import essentials
from tui_trainer.config.hyperparameters import uses
from tui_trainer.config.options import AUTO, Config, choices, fields
from tui_trainer.config.per_layer import abridged
from tui_trainer.config.relevance import hindrance
from tui_trainer.config.source import spellings
from tui_trainer.sweep.space import SEED, value_text
from tui_trainer.sweep.typed import read_words

TYPED: Final = ("threads", "checkpoint_every", "data", "scale", "label", "changes")
"""Options that no list offers. They can be typed."""

RUNS: Final = (2, 3, 5, 10, 20)
"""Numbers of seeds."""

SAMPLES: Final = (10, 20, 30, 50, 100)

USUAL: Final[Mapping[str, Sequence[str]]] = {
    "hidden": ("none", "64", "256", "64x2", "128x4", "128x8"),
    "warmup": ("0", "0.5", "1", "2"),
    "weight_decay": ("0", "1e-05", "0.0001", "0.001", "0.01"),
    "clip_norm": ("none", "0.1", "1", "10"),
    "dropout": ("0", "0.1", "0.2", "0.3", "0.5"),
    "label_smoothing": ("0", "0.05", "0.1", "0.2"),
    "early_stopping": ("0", "2", "5", "10"),
    "validation": ("1000", "2000", "5000", "10000"),
    "shuffle": ("true", "false"),
}
"""Values worth trying of options whose values are of no one scale. Those of a hyperparameter are told where it is declared."""

POWERS: Final = [mantissa * 10.0**power for power in range(-8, 9) for mantissa in (1, 3)]

SCALES: Final[Mapping[str, Sequence[float]]] = {
    "learning_rate": POWERS,
    "batch_size": [2.0**power for power in range(17)],
    "epochs": [mantissa * 10.0**power for power in range(7) for mantissa in (1, 2, 5)],
}
"""Scales from which values around the present one are offered."""

AROUND: Final = 3
"""Values of a scale offered on either side of the present one."""


@dataclass(frozen=True)
class Draft:
    """Options with the texts of their values, those of the search among them, in the order of the command line."""

    given: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> "Draft":
        """The draft that is typed, whether its values are valid or not. Raises UserError where the words are no options with values."""
        return cls(read_words(text))

    @property
    def text(self) -> str:
        """The words of the command line, quoted for a shell; an option is called by its shortest name."""
        return " ".join(f"{min(spellings(name), key=len)} {shlex.quote(text)}" for name, text in self.given.items())

    @property
    def search(self) -> str:
        """How is searched."""
        return self.given.get("search", "random" if "samples" in self.given else "grid")

    def marked(self, name: str) -> tuple[str, ...]:
        """The values of an option as they are written; a range or a scale is one."""
        text = self.given.get(name, "")
        if _is_range(text):
            return (text.strip(),)
        return tuple(part.strip() for part in text.split(";" if ";" in text else ",") if part.strip())

    def is_marked(self, name: str, value: str) -> bool:
        """Whether a value is among those of an option, however its number is written."""
        return any(_is_same(value, each) for each in self.marked(name))

    def toggled(self, name: str, value: str) -> "Draft":
        """With one more value of an option, or without it. A range stands alone."""
        marked = self.marked(name)
        if self.is_marked(name, value):
            return self.with_values(name, [each for each in marked if not _is_same(value, each)])
        return self.with_values(name, [value] if any(map(_is_range, (value, *marked))) else [*marked, value])

    def with_values(self, name: str, values: Sequence[str]) -> "Draft":
        """With these values of an option and no others; with none it is not swept."""
        separator = ";" if any("," in value for value in values) else ","
        text = separator.join(values) + (separator if separator == ";" and len(values) == 1 else "")
        return self._with(name, text if values else None)

    def searching(self, search: str, samples: int) -> "Draft":
        """Searched so. A grid takes no samples, and samples alone are drawn at random."""
        return self._with("search", search if search == "tpe" else None)._with("samples", None if search == "grid" else str(samples))

    def _with(self, name: str, text: str | None) -> "Draft":
        if text is None:
            return Draft({each: said for each, said in self.given.items() if each != name})
        return Draft({**self.given, name: text})

    def offered(self, config: Config, first: Iterable[str] = ()) -> list[str]:
        """The options that can be swept and have an effect, `first` ones first; those that are given in any case."""
        names = dict.fromkeys([*first, *(name for name, _ in fields() if name not in TYPED or name in self.given)])
        values = dict(config)
        return [name for name in names if name in self.given or self._matters(name, values)]

    def _matters(self, name: str, values: Mapping[str, object]) -> bool:
        decisive = hindrance(name, values)
        if decisive is None:
            return True
        marked = [each for each in self.marked(decisive) if each in choices(decisive)]
        return any(hindrance(name, {**values, decisive: each}) is None for each in marked)

    def candidates(self, name: str, config: Config) -> list[str]:
        """The values to mark: names, or numbers around the present one, which is among them, and whatever else is marked."""
        found = _proposed(name, config)
        found += [each for each in self.marked(name) if not any(_is_same(each, other) for other in found)]
        numbers = [_number(each) for each in found]
        return sorted(found, key=lambda each: _number(each) or 0.0) if None not in numbers else found


def present(name: str, config: Config) -> str:
    """An option's value in the form, as a sweep writes it."""
    value = getattr(config, name)
    if AUTO in choices(name) and name not in essentials(config):
        # It follows what is swept.
        return AUTO
    return abridged(value) if isinstance(value, str) and "," in value else value_text(value)


def _proposed(name: str, config: Config) -> list[str]:
    now = present(name, config)
    if name == SEED:
        first = config.seed
        return [f"{first}:{first + count}" for count in RUNS]
    if known := choices(name):
        return [*([now] if now not in known else []), *known]
    if name in SCALES:
        return _around(float(now), SCALES[name], is_whole=isinstance(getattr(config, name), int))
    usual = [*USUAL.get(name, ())]
    if own := uses().get(name):
        usual = [value_text(value) for value in dict.fromkeys(value for use in own for value in use.declared().usual)]
        if not usual:
            declared = own[0].declared()
            around = _around(abs(_number(now) or declared.default), POWERS, is_whole=declared.whole)
            usual = [each for each in around if any(use.declared().allows(float(each)) for use in own)]
    return usual if any(_is_same(now, each) for each in usual) else [now, *usual]


def _around(value: float, scale: Sequence[float], *, is_whole: bool) -> list[str]:
    below = [each for each in scale if each < value * (1 - 1e-6)][-AROUND:]
    above = [each for each in scale if each > value * (1 + 1e-6)][:AROUND]
    return [value_text(round(each) if is_whole else float(f"{each:.6g}")) for each in (*below, value, *above)]


def _is_range(text: str) -> bool:
    return re.fullmatch(r"\s*((lin|log):.*|\d+:\d+(:\d+)?)\s*", text) is not None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_same(one: str, other: str) -> bool:
    number = _number(one)
    return one == other or (number is not None and number == _number(other))
