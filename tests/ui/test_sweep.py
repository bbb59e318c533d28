"""The board of a sweep: by key and by mouse, as the sweep grows, at every size, and with files that nobody should trust."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sweep.story import Story

from tui_trainer.sweep.board import BoardReader
from tui_trainer.sweep.store import RunStatus
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.kit.help import HelpScreen
from tui_trainer.ui.runs.watch import WatchScreen
from tui_trainer.ui.sweeps.heat_map import SweepHeat
from tui_trainer.ui.sweeps.sweep import SweepScreen
from tui_trainer.ui.sweeps.table import SweepTable

from .desk import LARGE, SMALL, USUAL, Desk, Watching
from .folders import make_sweep
from .pty_terminal import CTRL_Q, Terminal


def board(desk: Desk) -> SweepScreen:
    assert isinstance(desk.app.screen, SweepScreen)
    return desk.app.screen


def table(desk: Desk) -> SweepTable:
    return board(desk).query_one(SweepTable)


def rows(desk: Desk) -> list[str]:
    """The table as it is read, without its heads."""
    return [line.rstrip() for line in desk.read(table(desk)).splitlines()[1:] if line.strip()]


def legend(desk: Desk) -> str:
    return "\n".join(board(desk).query(Chart).first().render_line(y).text for y in range(2))


@pytest.mark.parametrize("size", [SMALL, USUAL])
async def test_all_of_a_sweep_that_ended(watching: Watching, tmp_path: Path, size: tuple[int, int]) -> None:
    async with watching(make_sweep(tmp_path / "mine"), size) as desk:
        await desk.until_read("✓ complete  12 of 12 runs")
        for text in ("sweep mine", "activation", "lr", "accuracy▼", "chosen  test accuracy 93.10%, validation 91.20% ±0.28", "1/12"):
            assert text in desk.screen, text
        assert rows(desk)[0].startswith("> ✦ tanh")
        assert ("Validation accuracy" in desk.screen) == (size != SMALL)
        await desk.press("2")
        assert re.search(r"\[ *✦91.20 ±0.28\]", desk.screen)
        await desk.press("3")
        await desk.until_read("Loss (nats)")


async def test_a_sweep_as_it_grows(watching: Watching, tmp_path: Path) -> None:
    story = Story(
        others={("relu", "0.01", 0): RunStatus.RUNNING, ("tanh", "0.1", 1): RunStatus.FAILED, ("relu", "1", 0): RunStatus.DIVERGED}
    )
    story.rates = ("0.001", "0.01", "0.1", "1")
    store = story.write(tmp_path / "sweep", total=20)
    async with watching(tmp_path / "sweep") as desk:
        await desk.until_read("▶ going on  15 of 20 runs, 1 failed, 1 diverged")
        assert "s Stop" not in desk.screen, "it is another process that trains it"
        await desk.press("down", "down")
        chosen = table(desk).chosen
        results = store.results()
        store.put([replace(result, status=RunStatus.COMPLETED) for result in results if result.status is RunStatus.RUNNING])
        await desk.until_read("▶ going on  16 of 20 runs, 1 failed, 1 diverged, ")
        assert "runs a minute" in desk.screen
        assert table(desk).chosen == chosen, "the cursor stays with its run"
        store.close()
        await desk.until_read("■ stopped")
        assert "g Resume" in desk.screen


async def test_sorted_filtered_and_grouped_by_key(watching: Watching, tmp_path: Path) -> None:
    async with watching(make_sweep(tmp_path / "sweep")) as desk:
        await desk.until_read("12 of 12 runs")
        await desk.press("left", "left", "left")
        assert "activation▲" in desk.screen
        assert [row.split()[0 if row[0] != ">" else 1] for row in rows(desk)[:7]] == ["relu"] * 6 + ["tanh"]
        await desk.press("r")
        assert "activation▼" in desk.screen
        await desk.press("slash")
        await desk.type("activation=relu lr=0.01")
        await desk.press("enter")
        assert len(rows(desk)) == 2
        assert "Runs: activation=relu lr=0.01" in desk.screen
        assert "1/2 of 12" in desk.screen
        await desk.press("c")
        await desk.until_read("Configurations: activation=relu")
        assert len(rows(desk)) == 1
        assert "2/2" in rows(desk)[0]
        await desk.until_read("seed 0 90.00%, seed 1 90.40%")
        await desk.press("escape")
        assert len(rows(desk)) == 6
        await desk.press("c", "end")
        assert rows(desk)[-1].startswith(">")
        await desk.press("slash", "x", "z")
        assert "no row fits the filter" in desk.screen
        await desk.press("escape", "escape")
        assert desk.at_main_screen()


async def test_curves_of_marked_runs_and_of_the_one_under_the_cursor(watching: Watching, tmp_path: Path) -> None:
    async with watching(make_sweep(tmp_path / "sweep")) as desk:
        await desk.until(lambda: "◆" in legend(desk))
        await desk.press("space", "down", "space", "down")
        await desk.until(lambda: "▲ tanh 2 seeds" in legend(desk))
        assert [row[1] for row in rows(desk)[:3]] == ["▲", "▲", " "]
        assert "1 of 6 marked" in desk.screen, "both seeds of a configuration"
        await desk.until(lambda: "◆" in legend(desk))
        await desk.press("up")
        await desk.until(lambda: "◆" not in legend(desk))
        await desk.press("down", *["space", "down"] * 4)
        assert [row[1] for row in rows(desk)[:7]] == ["▲", "▲", "■", "■", "▼", "★", " "]
        assert "4 of 6 marked" in desk.screen
        await desk.press("u")
        assert "0 of 6 marked" in desk.screen
        await desk.press("c", "home", "space")
        assert "1 of 6 marked" in desk.screen
        await desk.press("space")
        assert "0 of 6 marked" in desk.screen


async def test_the_map_by_key(watching: Watching, tmp_path: Path) -> None:
    async with watching(make_sweep(tmp_path / "sweep"), SMALL) as desk:
        await desk.until_read("12 of 12 runs")
        await desk.press("2")
        assert "tanh, 0.01: 91.20% ±0.28 over seeds, 2 runs" in desk.screen
        await desk.press("up", "left")
        assert "relu, 0.001: 85.20% ±0.28" in desk.screen
        await desk.press("a")
        assert re.search(r"activation +0 +1", desk.screen)
        assert "mean over learning rate" in desk.screen
        await desk.press("b")
        assert "best over learning rate" in desk.screen
        await desk.press("d")
        assert re.search(r"learning rate +0 +1", desk.screen)
        await desk.press("down", "up", "enter")
        assert isinstance(desk.app.focused, SweepTable)
        assert "Runs: learning_rate=" in desk.screen


async def test_the_board_by_mouse(watching: Watching, tmp_path: Path) -> None:
    async with watching(make_sweep(tmp_path / "sweep")) as desk:
        await desk.until_read("12 of 12 runs")
        place = desk.read(table(desk)).splitlines()[0].index("loss")
        await desk.pilot.click(SweepTable, offset=(place, 0))
        assert "loss▲" in desk.screen
        await desk.pilot.click(SweepTable, offset=(place, 0))
        assert "loss▼" in desk.screen
        await desk.pilot.click(SweepTable, offset=(20, 5))
        assert rows(desk)[4].startswith(">")
        await desk.pilot.click(SweepTable, offset=(1, 3))
        assert "1 of 6 marked" in desk.screen
        assert rows(desk)[2].startswith(">▲")
        shown = board(desk).query_one(SweepHeat)
        await desk.pilot.click(SweepHeat, offset=(6, 2))
        assert shown.heat.down == "seed"
        await desk.pilot.click(SweepHeat, offset=(26, 1))
        assert shown.heat.across == "activation"
        await desk.pilot.click(SweepHeat, offset=(22, 4))
        assert shown.place[0] == 1
        await desk.pilot.click(SweepTable, offset=(20, 2), times=2)
        await desk.until(lambda: isinstance(desk.app.screen, WatchScreen))
        await desk.until_read("✓ completed")
        await desk.press("escape")
        assert board(desk)


async def test_a_run_without_a_folder_waits(watching: Watching, tmp_path: Path) -> None:
    Story().write(tmp_path / "sweep").close()
    async with watching(tmp_path / "sweep") as desk:
        await desk.until_read("12 of 12 runs")
        await desk.press("enter")
        await desk.until_read("waits for a worker")
        assert board(desk)


async def test_a_board_of_nothing_says_what_it_lacks(watching: Watching, tmp_path: Path) -> None:
    (tmp_path / "sweep").mkdir()
    async with watching(tmp_path / "sweep", SMALL) as desk:
        await desk.until_read("✗ ")
        assert "not a sweep" in desk.screen
        await desk.press("1", "r", "c", "space", "enter", "left", "down", "2", "a", "b", "enter", "up", "3", "u", "g", "s")
        Story().write(tmp_path / "sweep").close()
        await desk.until_read("12 of 12 runs")


async def test_help_and_palette_know_the_board(watching: Watching, tmp_path: Path) -> None:
    async with watching(make_sweep(tmp_path / "sweep"), (100, 50)) as desk:
        await desk.until_read("12 of 12 runs")
        titles = {command.title for command in desk.app.get_system_commands(desk.app.screen)}
        assert {"Group", "Find", "Table", "Map", "Curves"} <= titles
        await desk.press("f1")
        assert isinstance(desk.app.screen, HelpScreen)
        explained = list(desk.app.screen.keys())
        keys = {key for names, _ in explained for key in names.split(", ")}
        assert {"space", "enter", "left", "r", "c", "/", "s", "g", "u", "a", "d", "b", "1", "2", "3", "X", "escape"} <= keys


async def test_a_plain_terminal_gets_plain_characters(watching: Watching, tmp_path: Path) -> None:
    async with watching(make_sweep(tmp_path / "sweep"), plain=True) as desk:
        await desk.until_read("12 of 12 runs")
        await desk.press("space", "down")
        assert rows(desk)[0][1:3] == "A*"
        assert "*91.20" in desk.read(board(desk).query_one(SweepHeat))


async def test_nothing_that_a_terminal_obeys_reaches_it(watching: Watching, tmp_path: Path) -> None:
    ill = "\x1b]0;owned\x07"
    folder = tmp_path / f"sweep{ill}"
    store = Story().write(folder)
    store.put([replace(result, note=ill, point={**result.point, ill: ill}, status=RunStatus.FAILED) for result in store.results()[:3]])
    store.close()
    async with watching(folder, LARGE) as desk:
        await desk.until_read("3 failed")
        for keys in (("end",), ("c",), ("2", "a", "d", "enter"), ("escape",)):
            await desk.press(*keys)
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", desk.screen)
        assert "\\x1b" in desk.screen


async def test_a_terminal_may_change_its_size(watching: Watching, tmp_path: Path) -> None:
    async with watching(make_sweep(tmp_path / "sweep")) as desk:
        await desk.until_read("12 of 12 runs")
        for size in ((40, 10), SMALL, (20, 5), LARGE, (1, 1), SMALL):
            await desk.resize(size)
            for key in ("1", "down", "2", "down", "3", "left"):
                await desk.press(key)
        await desk.press("1")
        assert len(rows(desk)) == 12


# As a real program


@pytest.mark.long
def test_a_sweep_is_watched_in_a_terminal(tmp_path: Path) -> None:
    make_sweep(tmp_path / "sweeps" / "mine")
    terminal = Terminal(["sweep", "watch", "mine"], cwd=tmp_path)
    terminal.until_reads("sweep mine", "✓ complete", "accuracy")
    terminal.press("2")
    terminal.until_reads("Validation accuracy")
    terminal.press(CTRL_Q)
    assert terminal.ended() == 0
    onlooker = BoardReader(tmp_path / "sweeps" / "mine")
    assert onlooker.look().is_complete
    onlooker.close()


@pytest.mark.long
def test_a_sweep_is_watched_in_korean(tmp_path: Path) -> None:
    make_sweep(tmp_path / "sweeps" / "mine")
    terminal = Terminal(["sweep", "watch", "mine", "--language", "ko"], cwd=tmp_path)
    terminal.until_reads("스윕 mine", "완료", "정확도")
    terminal.press(CTRL_Q)
    assert terminal.ended() == 0
