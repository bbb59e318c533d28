"""Choosing among runs by words: `sigmoid adam lr=0.1`."""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.comparison import option_text
from tui_trainer.runs.listing import ListedRun, run_status
from tui_trainer.runs.naming import WORDS, short

_OPTIONS: Final = {word: option for option, word in WORDS.items()}


class RunFilter:
    """Passes the runs that all words fit.

    A word fits a part of the run's name, and the beginning of its status, of a tag, or of an option's value: `sigmoid`, `lr0.1`.
    With `=` it is an option, or the beginning of one, and the beginning of its value, or the same number: `act=relu`, `lr=0.10`.
    """

    def __init__(self, text: str = "") -> None:
        self._words = text.lower().split()

    def __bool__(self) -> bool:
        return bool(self._words)

    def passes(self, run: ListedRun) -> bool:
        """Whether it is one of those wanted; of one that is not read, or cannot be, its name alone is known."""
        return all(_fits(word, run) for word in self._words)


def _fits(word: str, run: ListedRun) -> bool:
    option, equals, value = word.partition("=")
    if equals:
        return run.record is not None and _has(run.record.config, option.replace("-", "_"), value)
    return word in run.name.lower() or (run.record is not None and any(text.lower().startswith(word) for text in _texts(run.record)))


def _has(config: Mapping[str, JsonValue], option: str, value: str) -> bool:
    option = _OPTIONS.get(option, option)
    return any(_is(given, value) for name, given in config.items() if name.startswith(option))


def _is(given: JsonValue, value: str) -> bool:
    if isinstance(given, int | float) and not isinstance(given, bool):
        try:
            return float(value) == given
        except ValueError:
            return not value
    return option_text(given).lower().startswith(value)


def _texts(run: RunRecord) -> list[str]:
    values = [value for value in run.config.values() if isinstance(value, str)]
    return [run_status(run), *run.tags, *values, *(short(option, value) for option, value in run.config.items())]
