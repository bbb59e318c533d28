"""Sweeps that the app trains: a new one from the form, and what is left when it is stopped, or the app is."""

import multiprocessing
import os
import re
import signal
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Select
from waiting import until

from tui_trainer.sweep.store import Store
from tui_trainer.ui.kit.quit import QuitScreen
from tui_trainer.ui.runs.watch import WatchScreen
from tui_trainer.ui.sweeps.sweep import SweepScreen
from tui_trainer.ui.sweeps.sweeps import SweepsScreen

from .desk import SMALL, USUAL, Desk, Desks
from .pty_terminal import Terminal
from .test_sweep import board, rows

SWEPT = "--activation relu,tanh --seed 0:2"


async def begin(desk: Desk, swept: str = SWEPT) -> None:
    """Type a sweep and start it."""
    await desk.press("escape", "f3")
    await desk.until(lambda: isinstance(desk.app.screen, SweepsScreen) and bool(desk.app.screen.query("FooterKey")))
    await desk.press("c")
    await desk.type(swept)
    await desk.until_read("runs")
    desk.app.screen.query_one("#workers", Select).value = "1"
    await desk.press("enter")
    await desk.until(lambda: isinstance(desk.app.screen, SweepScreen) and bool(desk.app.screen.query("FooterKey")))


async def until_none_is_left(desk: Desk) -> None:
    await desk.until(lambda: not any(process.name == "pebble_pool_worker" for process in multiprocessing.active_children()))


@pytest.mark.long
async def test_a_sweep_from_the_form_to_its_end(sit_down: Desks, tmp_path: Path) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("escape", "f3")
        await desk.until_read("No sweeps in")
        await desk.press("c")
        await desk.type("--activation relu,tan")
        await desk.until_read("✗ --activation must be one of")
        await desk.type("h --seed 0:2")
        await desk.until_read("2 configurations × 2 seeds = 4 runs")
        assert "--hidden 16" in desk.screen, "the form's options are the same for all runs"
        desk.app.screen.query_one("#workers", Select).value = "1"
        await desk.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, SweepScreen), 60)
        await desk.until_read("✓ complete  4 of 4 runs")
        assert re.search(r"chosen  test accuracy \d+\.\d\d%", desk.screen)
        await until_none_is_left(desk)
        folder = board(desk).folder
        assert folder.parent == Path("sweeps")
        store = Store(folder)
        assert {result.config["hidden"][0] for result in store.results()} == {16}
        store.close()
        await desk.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, WatchScreen))
        await desk.until_read("✓ completed  2 epochs")
        await desk.press("escape", "escape")
        await desk.until_read("complete, 4 of 4 runs, best")
        await desk.press("escape", "g")
        await desk.until_read("All its runs are trained")
        await desk.press("escape")
        assert desk.at_main_screen()


@pytest.mark.long
async def test_a_sweep_is_stopped_gone_on_with_and_left(sit_down: Desks) -> None:
    async with sit_down(USUAL, epochs=2000) as desk:
        await begin(desk)
        await desk.until(lambda: any("running" in row and not row.rstrip().endswith(" 0.0") for row in rows(desk)), 60)
        await desk.click("#stop")
        await desk.until_read("■ stopped  0 of 4 runs")
        await until_none_is_left(desk)
        assert "g Resume" in desk.screen
        assert "s Stop" not in desk.screen
        await desk.press("g")
        await desk.until_read("▶ going on")
        await desk.press("ctrl+q")
        assert isinstance(desk.app.screen, QuitScreen)
        assert "A sweep is going on" in desk.screen
        await desk.press("n")
        await desk.until_read("▶ going on")
        await desk.press("ctrl+q", "y")
        await desk.until(lambda: desk.app.return_code is not None)
        assert desk.app.return_value == 0
        await until_none_is_left(desk)


@pytest.mark.long
async def test_a_sweep_goes_on_when_its_board_is_left(sit_down: Desks) -> None:
    async with sit_down(USUAL, epochs=2000) as desk:
        await begin(desk)
        await desk.press("escape")
        await desk.until_read("going on, 0 of 4 runs")
        await desk.press("ctrl+r")
        await desk.until_read("A sweep is going on: stop it first.")
        desk.app.clear_notifications()
        desk.app.screen.query_one("#list", OptionList).focus()
        await desk.press("enter")
        await desk.until_read("s Stop")
        await desk.press("s")
        await desk.until_read("■ stopped")
        await until_none_is_left(desk)


async def test_the_command_grows_as_values_are_marked_and_the_lists_follow_what_is_typed(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("escape", "f3", "down", "enter", "space", "down", "space")
        command = desk.app.screen.query_one("#swept", Input)
        assert command.value == "--activation relu,leaky_relu"
        await desk.until_read("2 configurations, one run each")
        await desk.press("left", *["down"] * 3, "space")
        assert "[ ] 0.001" in desk.screen
        await desk.click("#own")
        await desk.type("7e9,wrong")
        await desk.press("enter")
        await desk.until_read("✗ --learning-rate must be a number")
        desk.app.screen.query_one("#own", Input).value = "log:1e-3:1:4"
        await desk.press("enter")
        assert command.value == "--activation relu,leaky_relu --lr log:1e-3:1:4"
        await desk.until_read("8 configurations, one run each")
        await desk.press("escape", "up", "up", "up", "delete", "c", "end")
        await desk.type(" --seed 0:3 --samples 2")
        await desk.until_read("2 configurations × 3 seeds = 6 runs")
        assert "[x] seed            0:3" in desk.screen
        assert "[ ] activation" in desk.screen
        assert desk.app.screen.query_one("#search", Select).value == "random"
        desk.app.screen.query_one("#search", Select).value = "grid"
        await desk.until_read("4 configurations × 3 seeds = 12 runs")
        assert command.value == "--lr log:1e-3:1:4 --seed 0:3"


async def test_what_cannot_be_swept_is_said_beside_the_field(sit_down: Desks, tmp_path: Path) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("escape", "f3")
        await desk.press("ctrl+r")
        await desk.until_read("✗ nothing is swept yet")
        await desk.press("c")
        await desk.type("--batch-size 10,4000")
        await desk.until_read("2 configurations, one run each")
        (tmp_path / "sweeps").write_text("")
        desk.app.screen.query_one("#workers", Select).value = "1"
        await desk.click("#start")
        await desk.until_read("✗ sweeps: file exists")
        assert isinstance(desk.app.screen, SweepsScreen)


async def test_a_form_that_is_wrong_starts_none(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("tab")
        await desk.type("wrong")
        await desk.press("escape", "f3")
        await desk.until_read("an option of the form is wrong")
        await desk.press("c")
        await desk.type("--seed 0:2")
        await desk.press("enter")
        await desk.until_read("mend it first")
        assert isinstance(desk.app.screen, SweepsScreen)


@pytest.mark.long
async def test_data_that_is_not_there_refuses_the_sweep_and_leaves_no_folder(sit_down: Desks, tmp_path: Path) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("escape", "f3")
        await desk.press("c")
        await desk.type("--data nowhere.npz --seed 0:2")
        await desk.press("enter")
        await desk.until_read("no such file or folder; give mnist")
        assert isinstance(desk.app.screen, SweepsScreen)
        await desk.until(lambda: not list((tmp_path / "sweeps").iterdir()))


# As a real program


@pytest.mark.long
def test_a_signal_ends_the_app_its_sweep_and_every_worker(digits_file: Path, tmp_path: Path) -> None:
    options = ["--data", str(digits_file), "--hidden", "16", "--validation", "100", "--epochs", "100000"]
    terminal = Terminal(options, cwd=tmp_path)
    terminal.until_reads("Start", "hidden layers")
    terminal.press("\x1b")
    terminal.until_quiet()
    terminal.press("\x1bOR")
    terminal.until_reads("New sweep")
    terminal.press(f"c{SWEPT}\r")
    terminal.until(lambda text: re.search(r"running +[1-9]", text) is not None, 60)
    assert terminal.process.pid
    workers = children(terminal.process.pid)
    assert workers
    terminal.process.kill(signal.SIGTERM)
    assert terminal.ended() == 143
    until(lambda: not any(is_alive(worker) for worker in workers))
    folder = next((tmp_path / "sweeps").iterdir())
    assert not (folder / "data").exists(), "what the workers shared is not left behind"


def children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for path in found for child in path.read_text().split()]


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
