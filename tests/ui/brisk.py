"""Textual as it is, in little more than half the time: what tests do a thousand times in one process, and no user does."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from rich.console import RenderableType
from rich.segment import Segment
from textual._compositor import Compositor
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


class Frames:
    """What the app would send to a terminal, of which it has none: a screen is drawn as it comes to rest, not at each step on the way."""

    def __init__(self) -> None:
        self._draw = Compositor.render_update
        self._owed: Callable[[], object] | None = None

    @property
    def of(self) -> Callable[..., RenderableType | None]:
        """What a compositor makes frames by: at once the whole one that somebody asks for, later what the app would send."""

        def render_update(compositor: Compositor, full: bool = False, *rest: Any, **others: Any) -> RenderableType | None:
            draw = partial(self._draw, compositor, full, *rest, **others)
            if full:
                return draw()
            self._owed = draw
            return None

        return render_update

    def forget(self) -> None:
        """Owe nothing: the app has ended."""
        self._owed = None

    def catch_up(self) -> None:
        """Draw what is owed."""
        owed, self._owed = self._owed, None
        if owed:
            owed()


frames = Frames()

CACHES = {"_divide": 4, "_crop": 16, "_style": 16, "_filter": 4, "_line_length": 4, "_crop_extend": 4, "_offsets": 4}
"""How many entries each of a strip's caches has."""


def bare(strip: Strip, segments: Iterable[Segment], cell_length: int | None = None) -> None:
    """Make a strip, and none of its caches: most are never asked for, and to make all of them takes a tenth of an app's time."""
    made: Any = strip
    made._segments, made._cell_length = list(segments), cell_length
    made._render_cache = made._link_ids = made._cell_count = None


def cache_of(strip: Strip, name: str) -> FIFOCache[Any, Any]:
    """A strip's cache, made when it is first asked for."""
    entries = CACHES.get(name.removesuffix("_cache"))
    if entries is None:
        raise AttributeError(name)
    made: FIFOCache[Any, Any] = FIFOCache(entries)
    setattr(strip, name, made)
    return made


async def nobody(*_: object) -> bool:
    """Whom a pilot waits for in between."""
    return True


@contextmanager
def unseen() -> Iterator[None]:
    """Nothing is drawn in here: it will be before anybody looks."""
    with patch.object(frames, "catch_up", lambda: None):
        yield


@contextmanager
def in_between() -> Iterator[None]:
    """The pilot need not hear from every widget in here either."""
    with patch("textual.pilot.Pilot._wait_for_screen", nobody), unseen():
        yield


@contextmanager
def hastened() -> Iterator[None]:
    """Nothing in here changes what an app does."""
    # Rules are told apart by identity, as by Textual's own hash, which takes a third of the time of applying styles.
    styled = patch.object(stylesheet, "parse", parsed), patch.object(RuleSet, "__hash__", object.__hash__)
    stripped = patch.object(Strip, "__init__", bare), patch.object(Strip, "__getattr__", cache_of, create=True)
    drawn = patch.object(Compositor, "render_update", frames.of)
    with ExitStack() as stack:
        for each in (*styled, *stripped, drawn):
            stack.enter_context(each)
        stack.callback(frames.forget)
        yield
