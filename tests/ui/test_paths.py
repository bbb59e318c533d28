"""The screen of the optimizers' paths: every key, the mouse, every size, and what it writes at rest."""

from pathlib import Path

import pytest
from textual.widgets import Static
from textual.widgets._footer import FooterKey

from tui_trainer.descent.landscape import SURFACES, Rosenbrock, Valley
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.relief import MARKS
from tui_trainer.ui.descent.optimizer_table import OptimizerTable
from tui_trainer.ui.descent.relief_map import ReliefMap
from tui_trainer.ui.descent.screen import PathsScreen
from tui_trainer.ui.kit.help import HelpScreen, key_name

from .desk import SMALL, USUAL, Desk, Desks, seated
from .pty_terminal import CTRL_Q, Terminal
from .sight import faint

pytestmark = pytest.mark.long


def paths(desk: Desk) -> PathsScreen:
    assert isinstance(desk.app.screen, PathsScreen)
    return desk.app.screen


def rows(desk: Desk) -> dict[str, list[str]]:
    """What the table reads for each optimizer, after its box."""
    lines = desk.read(paths(desk).query_one(OptimizerTable)).splitlines()[1:]
    cells = (line[4:].split() for line in lines)
    return {name: rest for name, *rest in cells}


def shown(desk: Desk) -> list[str]:
    return [line[4:].split()[0] for line in desk.read(paths(desk).query_one(OptimizerTable)).splitlines()[1:] if line[1] != " "]


async def open_paths(desk: Desk) -> None:
    await desk.press("escape", "y")
    await desk.until(lambda: isinstance(desk.app.screen, PathsScreen) and bool(desk.app.screen.query(FooterKey)))


async def test_keys_take_steps(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_paths(desk)
        assert "step 0 of 300, at the start" in desk.screen
        await desk.press("n", "n", "n", "b")
        assert "step 2 of 300, paused" in desk.screen
        assert rows(desk)["sgd"][1:4] == ["2", "10.3", "4.45"]
        await desk.press("home", "b")
        assert "step 0 of 300" in desk.screen
        await desk.press("end")
        assert "step 300 of 300, over" in desk.screen
        assert rows(desk)["momentum"][-1] == "74"
        assert rows(desk)["sgd"][-1] == "0.74"  # and no step from which on it is near
        await desk.press("escape")
        assert desk.at_main_screen()


async def test_it_plays_holds_and_ends_by_itself(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_paths(desk)
        screen = paths(desk)
        await desk.press("space")
        await desk.until(lambda: screen.race.step >= 3)
        assert "playing" in desk.screen
        assert "Pause" in desk.screen
        await desk.press("space")
        step = screen.race.step
        assert not screen.is_playing
        await desk.come_to_rest()
        assert f"step {step} of 300, paused" in desk.screen
        await desk.press("end", "b", "b", "space")
        await desk.until_read("step 300 of 300, over")
        assert not screen.is_playing
        await desk.press("space")  # again, from the start
        await desk.until(lambda: 0 < screen.race.step < 100)
        await desk.press("home")
        assert screen.is_playing
        await desk.press("space")


async def test_rates_of_one_and_of_all_that_are_shown(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_paths(desk)
        await desk.press("end", "plus", "plus", "plus", "plus")
        assert rows(desk)["sgd"][:2] == ["0.02", "300"]  # bounces for ever
        await desk.press("plus")
        assert rows(desk)["sgd"] == ["0.03", "11", "diverged", "at", "11"]
        assert "diverged" in desk.screen
        await desk.press("minus", "equals_sign", "minus")
        assert rows(desk)["sgd"][0] == "0.02"
        await desk.press("comma")
        assert [rows(desk)[name][0] for name in ("sgd", "momentum", "nesterov", "adam")] == ["0.015", "0.004", "0.006", "0.08"]
        await desk.press("full_stop", "full_stop")
        assert [rows(desk)[name][0] for name in ("sgd", "momentum", "nesterov", "adam")] == ["0.03", "0.008", "0.006", "0.15"]
        await desk.press("r")
        assert rows(desk)["sgd"][:2] == ["0.006", "0"]


async def test_optimizers_are_selected_shown_and_hidden(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_paths(desk)
        assert shown(desk) == ["sgd", "momentum", "adam"]
        await desk.press("up", "enter", "down", "down", "enter")
        assert shown(desk) == ["momentum", "nesterov", "adam"]
        assert f"nesterov: {OPTIMIZERS['nesterov'].summary}" in " ".join(desk.screen.split())
        await desk.press(*["down"] * len(OPTIMIZERS), "enter")
        assert shown(desk) == ["adam", list(OPTIMIZERS)[-1]]
        await desk.press(*["up"] * len(OPTIMIZERS))
        assert shown(desk) == ["momentum", "nesterov", "adam"]
        # A click on the box shows or hides, one beside it selects.
        table = paths(desk).query_one(OptimizerTable)
        x, y = table.content_region.offset
        await desk.pilot.click(offset=(x + 1, y + 4))
        await desk.settle()
        assert shown(desk) == ["momentum", "nesterov", "adagrad", "adam"]
        assert table.selected == "adagrad"
        await desk.pilot.click(offset=(x + 8, y + 1))
        await desk.settle()
        assert table.selected == "sgd"
        assert shown(desk) == ["momentum", "nesterov", "adagrad", "adam"]


async def test_none_shown_is_nothing_to_fear(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_paths(desk)
        await desk.press("enter", "down", "enter", *["down"] * (list(OPTIMIZERS).index("adam") - 1), "enter")
        assert shown(desk) == []
        await desk.press("n", "space", "space", "end", "comma", "full_stop", "s")
        assert "step 0 of 300" in desk.screen


async def test_surfaces_come_in_turn(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_paths(desk)
        for name in ("tilted", "rosenbrock", "valley"):
            await desk.press("n", "s")
            assert paths(desk).race.surface.name == name
            assert f"{name}: {SURFACES[name].formula}" in desk.screen
            assert str(paths(desk).query_one("#hint", Static).content) == SURFACES[name].hint
            assert f"step 0 of {SURFACES[name].steps:,}, at the start" in desk.screen


async def test_a_long_way_is_computed_in_slices(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_paths(desk)
        await desk.press("s", "s", "end")
        await desk.until_read("step 2,000 of 2,000, over")
        assert rows(desk)["momentum"][-1] == "486"
        await desk.press("full_stop")
        await desk.until(lambda: rows(desk)["adam"][:2] == ["0.06", "2000"])


async def test_a_start_by_mouse_and_by_arrows(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_paths(desk)
        screen = paths(desk)
        relief = screen.query_one(ReliefMap)
        await desk.press("n")
        x, y = relief.content_region.offset
        await desk.pilot.click(offset=(x + 30, y + 4))
        await desk.settle()
        assert "step 0" in desk.screen
        first = screen.race.start
        assert Valley.extent.holds(first)
        assert relief.render_line(4).text[30] == "●"  # all are there, the selected one on top
        # The map has the focus now: arrows move the start.
        await desk.press("right", "up")
        assert screen.race.start == pytest.approx((first[0] + 7 / 40, first[1] + 1.6 / 40))
        await desk.press("left", "down")
        assert screen.race.start == pytest.approx(first)
        await desk.press(*["down"] * 60)
        assert screen.race.start[1] == Valley.extent.bottom
        start = screen.race.start
        await desk.pilot.click(offset=(x, y + 4))  # on the axis
        await desk.settle()
        assert screen.race.start == start
        await desk.press("tab", "n")
        assert screen.focused is screen.query_one(OptimizerTable)
        await desk.press("r")
        assert screen.race.start == Valley.start


async def test_markers_contours_and_the_enlarged_map(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_paths(desk)
        relief = paths(desk).query_one(ReliefMap)
        await desk.press("n", "c")
        bare = desk.read(relief)
        await desk.press("c")
        assert sum(letter != " " for letter in desk.read(relief)) > sum(letter != " " for letter in bare) + 100
        await desk.press("m", "m")
        assert desk.read(relief).isascii()
        assert "[A]" in desk.screen
        await desk.press("m")
        assert not desk.read(relief).isascii()
        width = relief.size.width
        await desk.press("z")
        assert relief.size.width > width
        await desk.press("escape")
        assert relief.size.width == width
        await desk.press("z", "z")
        assert isinstance(desk.app.screen, PathsScreen)


async def test_help_and_palette_know_its_keys(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_paths(desk)
        screen = paths(desk)
        await desk.press("question_mark")
        assert isinstance(desk.app.screen, HelpScreen)
        rows = list(desk.app.screen.keys())
        told = {key for keys, _ in rows for key in keys.split(", ")}
        for kind in (PathsScreen, OptimizerTable, ReliefMap):
            for binding in kind.BINDINGS:
                assert {key_name(key) for key in binding.key.split(",")} <= told  # type: ignore[union-attr]
        await desk.press("escape")
        assert paths(desk) is screen
        assert {"Play", "Step", "Surface", "Contours"} <= {command.title for command in desk.app.get_system_commands(screen)}
        assert "Optimizer paths" in {command.title for command in desk.app.get_system_commands(desk.app.main)}


async def test_a_terminal_may_be_smaller_than_it_needs(sit_down: Desks) -> None:
    async with sit_down((40, 10)) as desk:
        await open_paths(desk)
        await desk.press("n")
        for size in ((40, 10), (60, 16)):
            await desk.resize(size)
            assert "step 1 of 300" in desk.screen
        for size in (SMALL, USUAL):
            await desk.resize(size)
            for text in ("Play", "Rate", "Surface", "Back", "Quit", "Help", "optimizer", "distance", "adam", "thrown out"):
                assert text in desk.screen
        assert "near at" in desk.screen


def test_the_command_opens_it_and_at_rest_nothing_is_written(tmp_path: Path) -> None:
    options = ["paths", "--surface", "rosenbrock", "--optimizer", "nesterov,adam", "--lr", "0.0004,0.2", "--refresh", "20"]
    terminal = Terminal(options, columns=120, lines=40, cwd=tmp_path)
    terminal.until_reads(
        "rosenbrock", "[▲]>nesterov   0.0004", f"[{MARKS[list(OPTIMIZERS).index('adam')]}] adam          0.2", "step 0 of 2,000"
    )
    terminal.until_quiet()
    terminal.press("n")
    terminal.until_reads("step 1 of 2,000, paused")
    terminal.until_quiet()
    terminal.press(" ")
    terminal.until_reads("Pause")
    terminal.press(" ")
    terminal.until_reads("paused")
    terminal.until_quiet()
    terminal.press(CTRL_Q)
    assert terminal.ended() == 0


async def test_paths_are_told_apart_in_every_theme(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        await open_paths(desk)
        await desk.press("m", "m", "n", "n", "n")  # plain: each mark is a letter
        await desk.press("down", "down", "enter", "down", "enter", "down", "enter", "down", "enter", "down", "down", "enter")
        table = paths(desk).query_one(OptimizerTable)
        assert len(shown(desk)) == 8
        for theme in ("textual-dark", "textual-light", "nord", "gruvbox", "ansi-dark"):
            desk.app.theme = theme
            await desk.settle()
            colours = {table.get_component_rich_style(f"relief--route-{number}").color for number in range(1, 9)}
            assert len(colours) == 8
            if theme.startswith("textual"):
                assert list(faint(desk)) == []


async def test_a_plain_terminal_gets_plain_characters(sit_down: Desks) -> None:
    async with sit_down(SMALL, plain=True) as desk:
        await open_paths(desk)
        await desk.press("n", "n")
        assert desk.read(paths(desk).query_one(ReliefMap)).isascii()
        assert desk.read(paths(desk).query_one(OptimizerTable)).isascii()


async def test_the_app_opens_on_it_and_goes_back_to_the_main_screen() -> None:
    app = TrainerApp(opening=lambda marks: PathsScreen(marks, "rosenbrock", ["adam"], {"adam": 0.2}))
    async with seated(app) as desk:
        assert shown(desk) == ["adam"]
        assert rows(desk)["adam"][0] == "0.2"
        assert paths(desk).race.surface is Rosenbrock
        assert paths(desk).marks is raster.BRAILLE
        await desk.press("escape")
        assert desk.at_main_screen()
