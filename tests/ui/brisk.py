"""Textual as it is, in little more than half the time: what tests do a thousand times in one process, and no user does."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from rich.segment import Segment
from textual.cache import FIFOCache
from textual.css import stylesheet
from textual.css.model import RuleSet
from textual.css.parse import parse
from textual.css.tokenizer import Token
from textual.strip import Strip

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


def begin(strip: Strip, segments: Iterable[Segment], cell_length: int | None = None) -> None:
    """A strip without the seven caches that it begins with, a tenth of the time of drawing: most are drawn once and ask none."""
    strip._segments, strip._cell_length = list(segments), cell_length
    strip._render_cache = strip._link_ids = strip._cell_count = None


def cache(strip: Strip, name: str) -> FIFOCache[Any, Any]:
    """One of them, once it is asked for."""
    if not name.endswith("_cache"):
        raise AttributeError(name)
    made = FIFOCache[Any, Any](16 if name in {"_crop_cache", "_style_cache"} else 4)
    setattr(strip, name, made)
    return made


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
    rules = patch.object(stylesheet, "parse", parsed), patch.object(RuleSet, "__hash__", object.__hash__)
    strips = patch.object(Strip, "__init__", begin), patch.object(Strip, "__getattr__", cache, create=True)
    with ExitStack() as stack:
        for each in (*rules, *strips):
            stack.enter_context(each)
        yield
