import re

import pytest
from textual.binding import Binding
from textual.geometry import Region

from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.kit.help import HelpScreen, key_name
from tui_trainer.ui.kit.panes import PaneScreen
from tui_trainer.ui.main import MainScreen
from tui_trainer.ui.run.run_panel import Phase

from .desk import LARGE, LONG, SMALL, USUAL, Desk, Desks

SIZES = [SMALL, (80, 45), (100, 30), (120, 24), (120, 28), LARGE, USUAL]


def check(desk: Desk) -> None:
    """The buttons and the keys that matter most are there, and whole."""
    whole = Region(0, 0, *desk.app.size)
    for name in ("#start", "#pause", "#stop"):
        assert whole.contains_region(desk.app.main.query_one(name).region)
        assert desk.app.main.query_one(name).region.area
    for text in ("Start", "Pause", "Stop", "Quit", "Help", "Palette"):
        assert text in desk.screen


async def test_what_matters_most_has_room_at_every_size(sit_down: Desks) -> None:
    async with sit_down(SMALL, hidden="128x30", activation="leaky_relu") as desk:
        await desk.press("escape")
        for size in SIZES:
            await desk.resize(size)
            await desk.press("1")
            check(desk)
            assert "total 580,618 parameters" in desk.screen
            for label in ("hidden layers", "activation", "initializer", "optimizer", "learning rate", "batch size", "epochs", "seed"):
                assert label in desk.screen
            await desk.press("2")
            check(desk)
            assert "Loss (nats)" in desk.screen
            assert "Accuracy (%)" in desk.screen
            for chart in desk.charts():
                assert chart.size.width >= 30
                assert chart.size.height >= 6
            await desk.press("g")
            check(desk)
            assert "Learning rate" in desk.screen
            assert "Gradient norms" in desk.screen
            await desk.press("g", "3")
            check(desk)
            assert "leaky_relu_1" in desk.screen


@pytest.mark.long
async def test_every_theme_draws_the_curves(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        chart = desk.app.main.query_one("#chart-loss", Chart)
        for theme in ("textual-light", "ansi-dark", "ansi-light", "nord", "textual-dark"):
            desk.app.theme = theme
            await desk.settle()
            assert re.search("[⠁-⣿]", desk.screen)
            segments = [segment for y in range(chart.size.height) for segment in chart.render_line(y) if segment.style]
            assert len({segment.style.color for segment in segments if segment.style}) >= 3


async def test_a_plain_terminal_gets_plain_characters(sit_down: Desks) -> None:
    async with sit_down(USUAL, plain=True) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        for key in ("escape", "g"):
            await desk.press(key)
            for chart in desk.charts():
                rows = desk.read(chart)
                assert rows.isascii()
                assert "*" in rows
                marks = {"chart-loss": "ox", "chart-accuracy": "ox", "chart-rate": "", "chart-gradients": "x"}[str(chart.id)]
                assert marks == "".join(mark for mark in "ox" if f"{mark} " in rows)


async def test_the_markers_and_the_scale_can_be_changed_and_so_may_the_size(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        await desk.press("l")
        assert "Loss (nats, log scale)" in desk.screen
        await desk.press("m")
        assert re.search("[▖▗▘▝]", desk.screen)
        await desk.press("m")
        assert not re.search("[⠁-⣿]", desk.screen)
        await desk.press("m", "l")
        assert re.search("[⠁-⣿]", desk.screen)
        for size in ((40, 10), SMALL, (20, 5), LARGE, (1, 1), SMALL):
            await desk.resize(size)
        assert "test accuracy" in desk.screen
        check(desk)


async def test_help_lists_every_key(sit_down: Desks) -> None:
    async with sit_down((100, 50)) as desk:
        await desk.press("escape", "question_mark")
        assert isinstance(desk.app.screen, HelpScreen)
        await desk.press("escape")
        assert desk.at_main_screen()
        await desk.press("f1")
        assert isinstance(desk.app.screen, HelpScreen)
        rows = list(desk.app.screen.keys())
        keys = {key for names, _ in rows for key in names.split(", ")}
        meanings = " ".join(meaning for _, meaning in rows)
        places = (MainScreen, PaneScreen, Chart, TrainerApp)
        bindings = [binding for place in places for binding in place.BINDINGS if isinstance(binding, Binding)]
        assert len(bindings) > 30
        for binding in bindings:
            assert {key_name(key) for key in binding.key.split(",")} <= keys
            assert binding.tooltip in meanings
        assert "Start a run with the form's values" in desk.screen
        await desk.press("escape")
        assert desk.at_main_screen()


async def test_the_palette_knows_what_can_be_done_now(sit_down: Desks) -> None:
    async with sit_down(**LONG) as desk:
        titles = {command.title for command in desk.app.get_system_commands(desk.app.main)}
        assert {"Start", "Quit", "Help", "Log loss", "Theme"} <= titles
        assert not {"Pause", "Resume", "Stop"} & titles
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        titles = {command.title for command in desk.app.get_system_commands(desk.app.main)}
        assert {"Pause", "Stop"} <= titles
        await desk.press("ctrl+p")
        await desk.type("stop")
        await desk.until_read("Stop the run")
        await desk.come_to_rest()
        await desk.press("enter")
        await desk.until_phase(Phase.ENDED)


@pytest.mark.long
async def test_any_key_at_any_moment_is_harmless(sit_down: Desks) -> None:
    async with sit_down(SMALL, epochs=1) as desk:
        keys = ["up", "left", "space", "s", "l", "m", "3", "end", "delete", "f1", "escape", "escape", "2"]
        await desk.press("escape", *keys)
        await desk.press("ctrl+r", *keys)
        await desk.until(lambda: not desk.app.main.phase.going_on)
        await desk.press(*keys)
        assert desk.app.is_running


async def test_a_screen_is_laid_out_in_the_classes_of_its_size(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        main = desk.app.main
        layouts: list[tuple[int, bool]] = []
        main.screen_layout_refresh_signal.subscribe(main, lambda _: layouts.append((main.outer_size.width, main.has_class("-narrow"))))
        # Under all that may lie over it.
        for keys in ([], ["f1"], ["c"], ["c", "f1"]):
            await desk.press("escape", *keys)
            layouts.clear()
            for size in (SMALL, USUAL):
                await desk.resize(size)
                await desk.press(*["escape"] * len(keys), *keys)
            assert {width for width, _ in layouts} == {SMALL[0], USUAL[0]}
            assert all(narrow == (width == SMALL[0]) for width, narrow in layouts)
            await desk.press(*["escape"] * len(keys))
            assert desk.at_main_screen()
