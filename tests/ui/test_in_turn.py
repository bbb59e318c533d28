"""Keys and clicks faster than the app can act on them: each finds the screen as the one before it has left it."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_trainer.config.options import Config, as_text
from tui_trainer.ui.run.presets import PRESETS
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.runs.run_list import RunList

from .desk import LONG, SMALL, USUAL, Desks
from .folders import make_run
from .pty_terminal import CTRL_Q, Terminal

pytestmark = pytest.mark.long

RUNS = 8

DOWN = "\x1b[B"


def make_runs(folder: Path) -> None:
    for number in range(RUNS):
        make_run(folder / "runs" / f"2026010{RUNS - number}-000000", hidden=[number + 1])


class Model:
    """What must be marked, and where the cursor must be, after any keys and clicks in the list of runs."""

    def __init__(self) -> None:
        self.cursor = 0
        self.marked = set[int]()

    def act(self, key: str | int) -> None:
        """A key, or a click on a row."""
        match key:
            case "down":
                self.cursor = min(self.cursor + 1, RUNS - 1)
            case "up":
                self.cursor = max(self.cursor - 1, 0)
            case "u":
                self.marked.clear()
            case _:
                self.cursor = key if isinstance(key, int) else self.cursor
                if self.cursor in self.marked or len(self.marked) < 6:
                    self.marked ^= {self.cursor}


KEYS = st.sampled_from(["space", "down", "space", "down", "up", "enter", "u"])
BURSTS = st.lists(st.lists(KEYS | st.integers(0, RUNS - 1), min_size=5, max_size=25), min_size=2, max_size=3)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(BURSTS)
def test_what_is_marked_is_what_was_under_the_cursor(
    sit_down: Desks, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, bursts: list[list[Any]]
) -> None:
    folder = tmp_path_factory.mktemp("marked")
    monkeypatch.chdir(folder)
    make_runs(folder)

    async def use() -> None:
        async with sit_down(USUAL) as desk:
            # The first keys come before there is a list.
            model, opening = Model(), ["escape", "c"]
            for burst in bursts:
                for key in burst:
                    model.act(key)
                await desk.burst(*opening, *(place(key) for key in burst))
                opening = []
                runs = desk.app.screen.query_one(RunList)
                await desk.until(partial(all_are_read, runs))
                assert {row for row in range(RUNS) if str(runs.get_row_at(row)[0])} == model.marked
                assert runs.cursor_row == model.cursor

    asyncio.run(use())


def all_are_read(runs: RunList) -> bool:
    return len(runs.states) == RUNS


def place(key: str | int) -> str | tuple[int, int]:
    """A row's place on the screen, below the title, the border and the heads."""
    return (8, 3 + key) if isinstance(key, int) else key


async def test_what_was_typed_is_what_is_trained_and_a_key_goes_to_the_screen_that_the_one_before_it_opens(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        main = desk.app.main
        await desk.burst("escape", "tab", *"24x2", *["tab"] * 5, *"17", "tab", "tab", *"123", "ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        assert main.runner
        config = main.runner.config
        assert (config.hidden, config.batch_size, config.seed) == ((24, 24), 17, 123)
        await desk.burst("s", "c", "space", "escape")
        await desk.until_phase(Phase.ENDED)
        assert desk.at_main_screen()

        names = list(PRESETS)
        await desk.burst("p", "down", "down", "enter")
        assert desk.value("hidden") == as_text(Config.parse(PRESETS[names[2]].values).hidden)
        await desk.burst("d", *"48", "ctrl+n", *"12", "ctrl+r")
        assert str(desk.value("hidden")).startswith("48")
        assert str(desk.value("hidden")).endswith(",12")
        # Through three screens and back.
        await desk.burst("escape", "c", "f1", "escape", "escape", "f2", "escape", "y", "escape", "k", "escape", "p", "escape")
        assert desk.at_main_screen()


def marks(text: str) -> list[str]:
    """What stands before each run of the list."""
    return [line[1:4].strip() for line in text.splitlines() if "-000000" in line[:20]]


def test_a_burst_over_the_line_marks_what_it_says(tmp_path: Path) -> None:
    make_runs(tmp_path)
    terminal = Terminal([], cwd=tmp_path)
    terminal.until_reads("Start", "hidden layers")
    terminal.press(f"c {DOWN} {DOWN}{DOWN} ")
    terminal.until(lambda text: "3 of 6 marked" in text and marks(text) == ["▲", "■", "", "▼", *[""] * 4])
    terminal.press(f"{DOWN} \x1b")
    terminal.until_reads("Start", "hidden layers")
    terminal.press(CTRL_Q)
    assert terminal.ended() == 0
