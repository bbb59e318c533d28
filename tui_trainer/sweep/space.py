"""The search space of a sweep: an axis of values for each swept option, and the configurations that they make together.

On the command line an axis is a text; in a TOML file, under `[sweep]`, it may be a list too:

    relu,elu           these values; where a value has commas of its own, semicolons part them: `64;128,64`
    0:5, 0:10:2        whole numbers, the end left out
    lin:0:0.5:6        six numbers in equal steps, both ends among them
    log:1e-4:1:7       seven numbers in equal ratios
    lin:0:0.5, log:…   without a count, all numbers between; for a search that draws them
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice, product
from math import exp, isfinite, log, prod
from pathlib import Path
from typing import Any, Final

import numpy as np

from tui_trainer.config.options import AUTO, Config, as_text, fields
from tui_trainer.config.source import Source
from tui_trainer.errors import UserError
from tui_trainer.text.language import N_

SEED: Final = "seed"
"""The option whose values repeat one configuration."""

MOST_TRIALS: Final = 100_000

DIGITS: Final = 4
"""Significant digits of a number on a scale: 0.002154 is read and typed again, 0.0021544346900318843 is not."""

Number = int | float
Value = str | Number | bool


@dataclass(frozen=True)
class Values:
    """Any of these, in this order."""

    values: tuple[Value, ...]


@dataclass(frozen=True)
class Interval:
    """A range of numbers, sampled uniformly on its scale."""

    low: float
    high: float
    is_log: bool
    is_whole: bool

    def at(self, share: float) -> Number:
        """The number at `share` of the scale, from 0 to 1."""
        low, high = (log(self.low), log(self.high)) if self.is_log else (self.low, self.high)
        number = low + share * (high - low)
        number = exp(number) if self.is_log else number
        if self.is_whole:
            return round(min(max(number, self.low), self.high))
        # Both ends are exact.
        return (self.low, self.high)[round(share)] if share in {0, 1} else min(max(float(f"{number:.{DIGITS}g}"), self.low), self.high)

    def share(self, number: Number) -> float:
        """The number's position on the scale, from 0 to 1."""
        low, high, number = (log(self.low), log(self.high), log(number)) if self.is_log else (self.low, self.high, number)
        return min(max((number - low) / (high - low), 0.0), 1.0)


Axis = Values | Interval


@dataclass(frozen=True)
class Trial:
    """A run to train, and its point in the space."""

    config: Config
    point: Mapping[str, str]
    """The swept options and their values as texts, the seed among them where it is swept."""


class Space:
    """Options shared by all runs, and axes of the swept ones. Raises UserError for a seed that is a range."""

    def __init__(self, fixed: Mapping[str, Any], axes: Mapping[str, Axis], source: Source | None = None) -> None:
        self.source = source or Source()
        single = {name: axis.values[0] for name, axis in axes.items() if isinstance(axis, Values) and len(axis.values) == 1}
        self.fixed = {**fixed, **single}
        self.axes = {name: axis for name, axis in axes.items() if name not in single}
        if isinstance(self.axes.get(SEED), Interval):
            raise UserError("give the seeds one by one, 0,1,2, or as 0:3", option="--seed")

    @classmethod
    def read(cls, options: Mapping[str, str], table: Mapping[str, Any], file: Path | None = None) -> "Space":
        """The space of command-line texts and a TOML file, whose options they override. Raises UserError."""
        swept = table.get("sweep", {})
        if not isinstance(swept, dict):
            raise UserError("sweep must be a table of options and what they are swept over", path=file)
        known = {name for name, _ in fields()}
        source = Source(file, frozenset({*table, *swept} - options.keys()))
        for name in swept.keys() - options.keys():
            if name not in known:
                raise source.error(name, "is not an option", hint="`tui-trainer --help` lists them", colon=False)
        axes = {name: parse_axis(name, value, source) for name, value in {**swept, **options}.items()}
        fixed = {name: value for name, value in table.items() if name != "sweep" and name not in axes}
        return cls(fixed, axes, source)

    @property
    def seeds(self) -> tuple[Value, ...]:
        """The seeds that each configuration is trained with."""
        axis = self.axes.get(SEED)
        return axis.values if isinstance(axis, Values) else (self.fixed.get(SEED, 0),)

    @property
    def size(self) -> int | None:
        """The number of configurations; None where an axis is continuous."""
        counts = [len(axis.values) if isinstance(axis, Values) else None for name, axis in self.axes.items() if name != SEED]
        return None if None in counts else prod(count for count in counts if count is not None)

    def grid(self) -> Iterator[Trial]:
        """Every configuration with every seed; all configurations with the first seed come first. Raises UserError."""
        axes = {name: axis for name, axis in self.axes.items() if name != SEED}
        endless = [name for name, axis in axes.items() if isinstance(axis, Interval)]
        if endless:
            raise self.source.error(
                endless[0], "a grid needs a count, such as log:1e-4:1:7", hint="without one give --samples, to draw from it"
            )
        size = (self.size or 1) * len(self.seeds)
        if size > MOST_TRIALS:
            raise UserError(
                f"this grid has {size:,} runs, more than {MOST_TRIALS:,}", hint="sweep fewer values, or draw some with --samples"
            )
        combinations = product(*(axis.values for axis in axes.values() if isinstance(axis, Values)))
        yield from self.repeated([dict(zip(axes, values, strict=True)) for values in combinations])

    def drawn(self, samples: int, seed: int) -> Iterator[Trial]:
        """`samples` random configurations, or all there are, each with every seed (Bergstra & Bengio 2012). Raises UserError."""
        if samples * len(self.seeds) > MOST_TRIALS:
            raise UserError(f"with {len(self.seeds)} seeds at most {MOST_TRIALS // len(self.seeds):,}, not {samples:,}", option="--samples")
        wanted = min(samples, self.size or samples)
        rng = np.random.default_rng(seed)
        yield from self.repeated(list(islice(self._distinct(rng), wanted)))

    def _distinct(self, rng: np.random.Generator) -> Iterator[dict[str, Value]]:
        seen = set()
        while True:
            point = self.point(rng)
            if (key := tuple(point.values())) not in seen:
                seen.add(key)
                yield point

    def point(self, rng: np.random.Generator) -> dict[str, Value]:
        """A random configuration."""
        return {name: _draw(axis, rng) for name, axis in self.axes.items() if name != SEED}

    def repeated(self, points: list[dict[str, Value]]) -> Iterator[Trial]:
        """Each of the points, with the first seed, then with the next."""
        for seed in self.seeds:
            for point in points:
                yield self.trial(point, seed)

    def trial(self, point: Mapping[str, Value], seed: Value) -> Trial:
        """The run at a point. Raises UserError, which names the point, where the options are not valid together."""
        where = {**point, **({SEED: seed} if SEED in self.axes else {})}
        try:
            config = Config.parse({**self.fixed, **where, SEED: seed}, self.source)
        except UserError as error:
            error.context = f"tried: {describe(where)}" if where else ""
            raise
        if not config.validation:
            raise UserError("a sweep compares by the validation set", option="--validation", hint="give a number above 0")
        if config.threads == AUTO:
            # Parallel runs use the cores better than more threads in each.
            config = config.model_copy(update={"threads": 1})
        return Trial(config, {name: value_text(value) for name, value in where.items()})


def parse_axis(name: str, given: Any, source: Source | None = None) -> Axis:
    """The axis of an option, from a text or a list of values. Raises UserError."""
    source = source or Source()
    if isinstance(given, list):
        if not given:
            raise source.error(name, "the list has no values")
        return Values(_distinct_values([as_text(value) if isinstance(value, list) else value for value in given]))
    if not isinstance(given, str):
        return Values((given,))
    is_whole = next(field.annotation for known, field in fields() if known == name) is int
    if match := re.fullmatch(r"(lin|log):([^:]+):([^:]+)(?::([^:]+))?", given.strip()):
        return _scale(partial(source.error, name), given, match, is_whole)
    if is_whole and ":" in given:
        return Values(_range(partial(source.error, name), given))
    values = [part.strip() for part in given.split(";" if ";" in given else ",")]
    values = [value for value in values if value]
    if not values:
        raise source.error(name, f"there is no value in {given!r}")
    return Values(_distinct_values(values))


def describe(point: Mapping[str, Any], translate: Callable[[str], str] = str) -> str:
    """A point as text for users, in the language of `translate`."""
    options = (f"{translate(name.replace('_', ' '))} {value_text(value)}" for name, value in point.items())
    return ", ".join(options) or translate(N_("the same options"))


def value_text(value: Any) -> str:
    """A value as text that Config reads back."""
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value).lower() if isinstance(value, bool) else as_text(value)


def _distinct_values(values: list[Any]) -> tuple[Value, ...]:
    return tuple({value_text(value): value for value in values}.values())


def _scale(error: Callable[[str], UserError], given: str, match: re.Match[str], is_whole: bool) -> Axis:
    is_log = match[1] == "log"
    try:
        low, high = float(match[2]), float(match[3])
        count = None if match[4] is None else int(match[4])
    except ValueError:
        raise error(f"{given!r} must read like {match[1]}:0.01:1:5, or without the count") from None
    if not (isfinite(low) and isfinite(high) and low < high and (low > 0 or not is_log)):
        raise error(f"{given!r} must go from a lower number to a higher one" + (", both above 0" if is_log else ""))
    interval = Interval(low, high, is_log, is_whole)
    if count is None:
        return interval
    if not 2 <= count <= MOST_TRIALS:
        raise error(f"{given!r}: the count must be 2 to {MOST_TRIALS:,}")
    return Values(_distinct_values([interval.at(index / (count - 1)) for index in range(count)]))


def _range(error: Callable[[str], UserError], given: str) -> tuple[Value, ...]:
    match = re.fullmatch(r"\s*(\d{1,30}):(\d{1,30})(?::(\d{1,18}))?\s*", given)
    numbers = range(int(match[1]), int(match[2]), int(match[3] or 1)) if match and match[3] != "0" else range(0)
    # len() fails for a very long range.
    if not numbers or numbers[-1] - numbers[0] >= MOST_TRIALS * numbers.step:
        raise error(f"{given!r} must read like 0:5, which is 0,1,2,3,4, and be {MOST_TRIALS:,} numbers at most")
    return tuple(numbers)


def _draw(axis: Axis, rng: np.random.Generator) -> Value:
    return axis.values[int(rng.integers(len(axis.values)))] if isinstance(axis, Values) else axis.at(float(rng.random()))
