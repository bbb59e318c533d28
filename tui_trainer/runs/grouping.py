"""Runs in groups that have the same value of an option: `learning_rate`, or `lr`."""

import json
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import NamedTuple

from pydantic import JsonValue

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs.comparison import option_text
from tui_trainer.runs.listing import ListedRun
from tui_trainer.runs.naming import WORDS


class RunGroup(NamedTuple):
    """Runs with the same value of an option, in the order in which they were given."""

    value: JsonValue
    """None of runs that have not the option, or cannot be read."""
    runs: tuple[ListedRun, ...]

    @property
    def text(self) -> str:
        """The value as on the command line."""
        return option_text(self.value)

    @property
    def best(self) -> float | None:
        """The best test accuracy of those that were tested."""
        return max(self._accuracies, default=None)

    @property
    def mean(self) -> float | None:
        """The mean test accuracy of those that were tested."""
        return fmean(self._accuracies) if self._accuracies else None

    @property
    def _accuracies(self) -> list[float]:
        found = (run.record.test_accuracy for run in self.runs if run.record)
        return [accuracy for accuracy in found if accuracy is not None]


def option_named(text: str) -> str:
    """The option that is meant. Raises UserError where there is none."""
    option = {word: name for name, word in WORDS.items()}.get(text, text.removeprefix("--").replace("-", "_"))
    if option not in Config.model_fields:
        raise UserError(f"no option is called {text}", option="--group", colon=False, hint="such as activation, hidden or lr")
    return option


def grouped(runs: Sequence[ListedRun], option: str) -> list[RunGroup]:
    """The groups: numbers by their size, names by the alphabet, and last what is not known."""
    groups: dict[str, list[ListedRun]] = {}
    values: dict[str, JsonValue] = {}
    for run in runs:
        value = run.record.config.get(option) if run.record else None
        key = json.dumps(value, sort_keys=True)
        values[key] = value
        groups.setdefault(key, []).append(run)
    return sorted((RunGroup(values[key], tuple(members)) for key, members in groups.items()), key=_order)


def _order(group: RunGroup) -> tuple[bool, bool, float, str]:
    value = group.value
    number = float(value) if isinstance(value, int | float) else None
    return value is None, number is None, number or 0.0, group.text


def options_that_differ(runs: Iterable[ListedRun]) -> list[str]:
    """The options of which these runs have several values, in the order of the form."""
    configs = [run.record.config for run in runs if run.record]
    return [name for name in Config.model_fields if any(config.get(name) != configs[0].get(name) for config in configs)]
