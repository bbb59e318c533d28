"""Textual as it is, in little more than half the time: what tests do a thousand times in one process, and no user does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from textual.css import stylesheet
from textual.css.model import RuleSet
from textual.css.parse import parse
from textual.css.tokenizer import Token

Variables = dict[str, list[Token]]


class Parsed:
    """Style sheets parse to the same rules in every app, as long as the theme's variables are the same: each is parsed once."""

    def __init__(self) -> None:
        self._rules: dict[tuple[Any, ...], list[RuleSet]] = {}
        self._last: tuple[Variables | None, int] = None, 0

    def __call__(
        self,
        scope: str,
        css: str,
        read_from: tuple[str, str],
        variables: dict[str, str] | None = None,
        variable_tokens: Variables | None = None,
        is_default_rules: bool = False,
        tie_breaker: int = 0,
    ) -> list[RuleSet]:
        # A sheet's variables are asked for again and again, a hundred times by each app.
        if variable_tokens is not self._last[0]:
            values = [(name, *(token.value for token in tokens)) for name, tokens in (variable_tokens or {}).items()]
            self._last = variable_tokens, hash(tuple(values))
        key = scope, css, read_from, self._last[1], is_default_rules, tie_breaker
        if variables or key not in self._rules:
            self._rules[key] = list(parse(scope, css, read_from, variables, variable_tokens, is_default_rules, tie_breaker))
        return self._rules[key]


parsed = Parsed()


async def nobody(*_: object) -> bool:
    """Whom a pilot waits for in between."""
    return True


@contextmanager
def in_between() -> Iterator[None]:
    """The pilot need not hear from every widget in here: it will before anybody looks."""
    with patch("textual.pilot.Pilot._wait_for_screen", nobody):
        yield


@contextmanager
def hastened() -> Iterator[None]:
    """Nothing in here changes what an app does."""
    # Rules are told apart by identity, as by Textual's own hash, which takes a third of the time of applying styles.
    with patch.object(stylesheet, "parse", parsed), patch.object(RuleSet, "__hash__", object.__hash__):
        yield
