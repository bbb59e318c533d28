"""Whatever somebody presses or clicks, at whatever moment: nothing breaks, and the screen never stalls."""

import asyncio
import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.app import ScreenStackError
from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import OutOfBounds

from .desk import LARGE, SMALL, USUAL, Desk, Desks

STALL = 0.2
"""Seconds of its own work after which a screen has stalled, on a machine that counts to a million in `NOMINAL` seconds. Only what its
thread does is counted: this machine may have others to serve."""

NOMINAL = 0.05


def bound_keys(kind: type[DOMNode] = DOMNode) -> set[str]:
    """All that a part of the app listens to, or of Textual that it is made of."""
    own = kind.__dict__.get("BINDINGS", ()) if kind.__module__.startswith(("tui_trainer.", "textual.")) else ()
    return {binding.key for binding in Binding.make_bindings(own)}.union(*map(bound_keys, kind.__subclasses__()))


KEYS = [*sorted(bound_keys()), "escape", "escape"]
"""The way out of everything comes more often than the rest."""

SIZES = [(40, 10), SMALL, USUAL, LARGE]

ACTIONS = st.one_of(
    st.tuples(st.just("press"), st.sampled_from(KEYS)),
    st.tuples(st.just("click"), st.tuples(st.integers(0, 119), st.integers(0, 39))),
    st.tuples(st.just("resize"), st.sampled_from(SIZES)),
    st.tuples(st.just("wait"), st.floats(0, 0.05)),
)


def slowness() -> float:
    """How much longer than nominal this machine takes now for the same work."""
    started, count = time.thread_time(), 0
    for number in range(1_000_000):
        count += number
    return max(1.0, (time.thread_time() - started) / NOMINAL)


@contextmanager
def without_the_past() -> Iterator[None]:
    """The garbage collector looks at what comes to be inside alone, as in a process of its own, and not at what all tests before left."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def watched() -> Iterator[list[float]]:
    """Collects the seconds of work that this thread did between two chances for others."""
    loop = asyncio.get_running_loop()
    stalls: list[float] = []
    is_over = False

    def look(before: float) -> None:
        stalls.append(time.thread_time() - before)
        wait()

    def wait() -> None:
        # No task that sleeps: such is woken a turn of the loop after its time has come.
        if not is_over:
            loop.call_later(0.002, look, time.thread_time())

    wait()
    try:
        yield stalls
    finally:
        is_over = True


async def act(desk: Desk, kind: str, value: Any) -> None:
    try:
        match kind:
            case "press":
                await desk.pilot.press(value)
            case "click":
                await desk.pilot.click(offset=value)
            case "resize":
                await desk.pilot.resize_terminal(*value)
            case _:
                await asyncio.sleep(value)
    except (OutOfBounds, ScreenStackError):
        assert kind == "click"  # beside the screen, or while it changes


@pytest.mark.long
@pytest.mark.timeout(600)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTIONS, min_size=10, max_size=30))
def test_any_keys_and_clicks_at_any_moment_neither_break_nor_stall_the_app(
    sit_down: Desks, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, actions: list[tuple[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("somewhere")
    monkeypatch.chdir(folder)

    async def use() -> float:
        """The longest stall, in seconds of a nominal machine."""
        async with sit_down(SMALL, epochs=30) as desk:
            before = slowness()
            await desk.press("ctrl+r")
            with without_the_past(), watched() as stalls:
                for kind, value in actions:
                    if desk.app.return_code is not None:
                        break
                    await act(desk, kind, value)
            assert desk.app.fault is None
            assert desk.app.is_running or desk.app.return_code == 0
            return max(stalls) / max(before, slowness())

    # A machine that is shared may hold up one run: hence the better of two.
    if (longest := asyncio.run(use())) >= STALL:
        longest = min(longest, asyncio.run(use()))
    assert longest < STALL
    assert all(Path(folder, name).stat() for name in ("runs",))
