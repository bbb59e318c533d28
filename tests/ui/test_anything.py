"""Whatever somebody presses or clicks, at whatever moment: nothing breaks. How long a screen may stall is timed in benchmarks/stalls.py."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.app import ScreenStackError
from textual.binding import Binding
from textual.dom import DOMNode
from textual.errors import NoWidget
from textual.pilot import OutOfBounds

from .desk import LARGE, SMALL, USUAL, Desk, Desks


def bound_keys(kind: type[DOMNode] = DOMNode) -> set[str]:
    """All that a part of the app listens to, or of Textual that it is made of."""
    own = kind.__dict__.get("BINDINGS", ()) if kind.__module__.startswith(("tui_trainer.", "textual.")) else ()
    return {binding.key for binding in Binding.make_bindings(own)}.union(*map(bound_keys, kind.__subclasses__()))


KEYS = [*sorted(bound_keys()), "escape", "escape"]
"""The way out of everything comes more often than the rest."""

ACTIONS = st.one_of(
    st.tuples(st.just("press"), st.sampled_from(KEYS)),
    st.tuples(st.just("click"), st.tuples(st.integers(0, 119), st.integers(0, 39))),
    st.tuples(st.just("resize"), st.sampled_from([(40, 10), SMALL, USUAL, LARGE])),
    st.tuples(st.just("turns"), st.integers(0, 30)),
)
"""The last lets the app go on for so many turns of its loop."""


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
                for _ in range(value):
                    await asyncio.sleep(0)
    except (NoWidget, OutOfBounds, ScreenStackError):
        assert kind == "click"  # beside the screen, or while it changes


@pytest.mark.long
@pytest.mark.timeout(600)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTIONS, min_size=10, max_size=30))
def test_any_keys_and_clicks_at_any_moment_break_nothing(
    sit_down: Desks, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, actions: list[tuple[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("somewhere")
    monkeypatch.chdir(folder)

    async def use() -> None:
        async with sit_down(SMALL, epochs=30) as desk:
            await desk.press("ctrl+r")
            for kind, value in actions:
                if desk.app.return_code is not None:
                    break
                await act(desk, kind, value)
            assert desk.app.fault is None
            assert desk.app.is_running or desk.app.return_code == 0

    asyncio.run(use())
    assert Path(folder, "runs").stat()
