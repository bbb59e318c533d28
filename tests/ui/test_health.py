"""The screen of the layers' health: every key and the mouse, live, watched and compared, and as it was approved."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tui_trainer.history.quantities import FIGURES
from tui_trainer.training.health import is_early_moment
from tui_trainer.ui.chart import heat
from tui_trainer.ui.health.distribution_pane import DistributionPane
from tui_trainer.ui.health.heat_map import HeatMap
from tui_trainer.ui.health.screen import HealthScreen
from tui_trainer.ui.kit.help import HelpScreen
from tui_trainer.ui.run.run_panel import Phase

from .desk import LONG, SMALL, USUAL, Desk, Desks
from .folders import make_run, make_watched_run
from .test_watch import Watching, watching
from .tours import keep_network, train_deep

pytestmark = pytest.mark.long

__all__ = ["watching"]

LAYERS = 31
DEEP = "dense_31"


def screen(desk: Desk) -> HealthScreen:
    assert isinstance(desk.app.screen, HealthScreen), desk.screen
    return desk.app.screen


def heat_map(desk: Desk) -> HeatMap:
    return screen(desk).query_one(HeatMap)


def lines(desk: Desk) -> list[str]:
    return desk.read(heat_map(desk)).splitlines()


Deep = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def deep(sit_down: Desks) -> Deep:
    """The screen over a run of a deep network, the same at every time and on every machine."""

    @asynccontextmanager
    async def deep(size: tuple[int, int], layers: int = LAYERS, *, plain: bool = False, opened: bool = True) -> AsyncIterator[Desk]:
        async with sit_down(size, plain=plain) as desk:
            train_deep(desk, layers)
            if opened:
                await desk.press("h")
                await desk.until(lambda: bool(desk.app.screen.query(HeatMap)))
            yield desk

    return deep


async def test_what_vanishes_is_seen_live_from_the_first_seconds(sit_down: Desks) -> None:
    naive: dict[str, Any] = {"hidden": "20x6", "activation": "sigmoid", "initializer": "uniform", "optimizer": "sgd"}
    async with sit_down(SMALL, **LONG, **naive) as desk:
        await desk.press("escape")
        assert desk.app.main.check_action("health", ()) is None, "there is no run yet"
        await desk.press("h")
        assert desk.at_main_screen()
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.press("h")
        await desk.until(lambda: any("dense_1 " in line and "vanishing" in line for line in lines(desk)[heat.HEAD_ROWS :]))
        assert any("dense_7" in line and "healthy" in line for line in lines(desk))
        await desk.press("d")
        await desk.until_read("Activations of dense_1")
        await desk.until_read("Gradients of dense_1")
        runner = desk.app.main.runner
        assert runner
        before = len(runner.history.health)
        await desk.until(lambda: len(runner.history.health) > before)
        # Activations of a sigmoid that does not learn stand around a half.
        latest = runner.history.distributions.at()
        assert latest
        (activations, *_) = latest.layers
        assert activations.activations.counts[10:30].sum() > 0.9 * activations.activations.counts.sum()
        await desk.press("escape")
        assert desk.at_main_screen()
        await desk.press("s")
        await desk.until_phase(Phase.ENDED)
        await desk.press("h")
        assert "vanishing" in desk.screen


async def test_layers_are_measured_while_nobody_looks_at_them(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until(lambda: desk.app.main.runner is not None and len(desk.app.main.runner.history.health) > 2)
        runner = desk.app.main.runner
        assert runner
        runner.history.drain()
        counted, batches = [int(bucket.first) for bucket in runner.history.distributions.kept], runner.history.batches
        assert counted[:5] == [1, 2, 3, 4, 6]
        assert all(is_early_moment(step) or step % batches == 0 for step in counted), "between these only the screen asks for them"


async def test_arrows_read_the_map(deep: Deep) -> None:
    async with deep(SMALL) as desk:
        assert " dense_1 " in lines(desk)[0]
        await desk.press("down", "down")
        assert heat_map(desk).cursor.layer == 2
        assert " dense_3 " in lines(desk)[0]
        await desk.press("up")
        assert heat_map(desk).cursor.layer == 1
        assert heat_map(desk).cursor.column is None
        await desk.press("left")
        last = heat_map(desk).cursor.column
        assert last is not None
        assert "step 30" in lines(desk)[0]
        await desk.press("left", "left")
        assert heat_map(desk).cursor.column == last - 2
        assert re.search(r"steps? 2\d", lines(desk)[0])
        await desk.press("right")
        assert heat_map(desk).cursor.column == last - 1
        await desk.press("0")
        assert heat_map(desk).cursor.column is None
        await desk.press("end")
        assert DEEP in lines(desk)[0]
        assert any(DEEP in line for line in lines(desk)[heat.HEAD_ROWS :])
        await desk.press("down", "pageup")
        assert 0 < heat_map(desk).cursor.layer < LAYERS - 5
        await desk.press("home", "pagedown", "pagedown", "pagedown")
        assert heat_map(desk).cursor.layer == LAYERS - 1
        await desk.press("home", "up")
        assert heat_map(desk).cursor.layer == 0


async def test_the_cursor_finds_the_one_step_that_burst(deep: Deep) -> None:
    async with deep(USUAL) as desk:
        await desk.press("end", *["up"] * 4, "left")
        (burst,) = (line for line in lines(desk) if line.startswith("dense_27"))
        assert "█" in burst
        seen = ""
        for _ in range(200):
            if "exploding" in lines(desk)[0]:
                seen = lines(desk)[0]
                break
            await desk.press("left")
        assert "step 20" in seen
        assert "1e+05 exploding" in seen


async def test_f_and_b_go_through_all_figures(deep: Deep) -> None:
    async with deep(SMALL) as desk:
        titles = []
        for figure in FIGURES.values():
            titles.append(heat_map(desk).border_title)
            assert figure.title in desk.screen
            assert figure.source in desk.screen
            await desk.press("f")
        assert len(set(titles)) == len(FIGURES)
        assert heat_map(desk).border_title == titles[0]
        await desk.press("b")
        assert heat_map(desk).border_title == titles[-1]


@pytest.mark.parametrize("size", [SMALL, USUAL])
async def test_d_shows_the_distributions_of_a_layer_at_a_step_and_over_the_run(deep: Deep, size: tuple[int, int]) -> None:
    async with deep(size) as desk:
        if size[1] < 30:
            assert "Activations" not in desk.screen
            await desk.press("d")
        activations = screen(desk).query_one("#activations", DistributionPane)
        assert "Activations of dense_1" in desk.screen
        first = desk.read(activations)
        await desk.press("end")
        assert f"Gradients of {DEEP}" in desk.screen
        assert desk.read(activations) != first
        assert re.search(r"\d+% are 0, step 30", desk.screen)
        await desk.press("left", "left", "left")
        assert re.search(r"\d+% are 0, step 2\d", desk.screen), "those of the step that the map's cursor reads"
        await desk.press("d")
        assert f"Activations of {DEEP}" in str(activations.border_title)
        assert str(activations.border_title).endswith("over time")
        picture = desk.read(activations).splitlines()
        assert picture[0].startswith("at 0: dead")
        assert picture[1].lstrip().startswith("1 ")
        assert picture[-2].lstrip().startswith("0 ")
        assert "10" in picture[-1], "the steps are told below"
        # The hump of each step, in a column of its own: the same all along.
        rows = [row for row in picture[1:-1] if set(heat.SHADES) & set(row)]
        assert len(rows) >= 2
        assert desk.read(screen(desk).query_one("#gradients")).splitlines()[-2].lstrip().startswith("0 "), "zeros have a row of their own"
        await desk.press("m", "m")
        assert desk.read(activations).isascii()
        await desk.press("m", "d")
        assert "Activations" not in desk.screen


async def test_what_costs_too_much_to_be_measured_all_the_time_is_measured_at_a_key(deep: Deep) -> None:
    async with deep(SMALL) as desk:
        await desk.press("i")
        await desk.until_read("cannot be measured: the run has not begun yet")
        await desk.press("escape")
        assert desk.app.main.runner
        keep_network(desk.app.main.runner)
        await desk.press("i")
        await desk.until_read("Rate × sharpness ÷ 2")
        await desk.until(lambda: "measuring" not in desk.screen)
        assert "at rate 1" in desk.screen
        assert "the batch has 32" in desk.screen
        await desk.press("end")
        await desk.until_read("of 32")
        await desk.press("r")
        await desk.until_read("Rate × sharpness ÷ 2")
        await desk.press("i")
        assert screen(desk)


async def test_m_takes_other_characters(deep: Deep) -> None:
    async with deep(USUAL) as desk:
        drawn = []
        for ramp in (heat.SHADES, heat.DOTS, heat.PLAIN, heat.SHADES):
            body = "\n".join(lines(desk)[heat.HEAD_ROWS : heat.HEAD_ROWS + 5])
            assert set(ramp) & set(body)
            drawn.append(body)
            plain = [desk.read(pane).isascii() for pane in screen(desk).query(DistributionPane)]
            assert all(plain) == (ramp == heat.PLAIN)
            await desk.press("m")
        assert len(set(drawn)) == 3


async def test_a_plain_terminal_gets_plain_characters(deep: Deep) -> None:
    async with deep(USUAL, plain=True) as desk:
        for _ in FIGURES:
            assert "\n".join(lines(desk)).isascii()
            await desk.press("f")
        assert all(desk.read(pane).isascii() for pane in screen(desk).query(DistributionPane))


async def test_the_mouse_reads_what_is_under_it(deep: Deep) -> None:
    async with deep(USUAL) as desk:
        await desk.pilot.hover(HeatMap, (2 + 9 + 10, 1 + heat.HEAD_ROWS + 6))
        await desk.settle()
        assert (heat_map(desk).cursor.layer, heat_map(desk).cursor.column) == (6, 10)
        assert " dense_7 " in lines(desk)[0]
        assert "Activations of dense_7" in desk.screen
        await desk.pilot.hover("#activations")
        await desk.settle()
        assert heat_map(desk).cursor == heat.Cursor(6)
        for by, layer in ((1, 7), (1, 8), (-1, 7)):
            await desk.scroll(heat_map(desk), by)
            assert heat_map(desk).cursor.layer == layer


async def test_it_is_left_by_its_own_key_too(deep: Deep) -> None:
    async with deep(SMALL) as desk:
        await desk.press("escape")
        assert desk.at_main_screen()
        await desk.press("h")
        assert not desk.at_main_screen()
        await desk.press("h")
        assert desk.at_main_screen()


async def test_every_key_is_in_the_help_and_the_palette(deep: Deep) -> None:
    async with deep(SMALL, opened=False) as desk:
        assert "Layer health" in {command.title for command in desk.app.get_system_commands(desk.app.screen)}
        await desk.press("h")
        titles = {command.title for command in desk.app.get_system_commands(desk.app.screen)}
        assert {"Figure", "Measure", "Figure before", "Distributions", "Characters"} <= titles
        await desk.press("f1")
        assert isinstance(desk.app.screen, HelpScreen)
        rows = list(desk.app.screen.keys())
        keys = {key for names, _ in rows for key in names.split(", ")}
        assert {"escape", "h", "f", "b", "d", "i", "m", "up", "down", "left", "right", "pageup", "pagedown", "home", "end", "0"} <= keys
        await desk.press("end")
        shown = " ".join(desk.screen.replace("│", " ").split())
        for figure in FIGURES.values():
            assert figure.title in shown


async def test_a_watched_run_has_its_epochs(watching: Watching, tmp_path: Path) -> None:
    async with watching(make_watched_run(tmp_path / "run"), USUAL) as desk:
        await desk.until_read("✓ completed")
        await desk.press("h")
        await desk.until(lambda: any("dense_2" in line and "0.01 healthy" in line for line in lines(desk)))
        assert desk.screen.count("Distributions are counted while this app trains") == 1
        await desk.press("i")
        await desk.until_read("cannot be measured: ")
        await desk.press("escape")
        await desk.press("f")
        await desk.until(lambda: any("dense_1" in line and "0.002 healthy" in line for line in lines(desk)))
        await desk.press("left")
        assert "step 200" in lines(desk)[0]
        await desk.press("left")
        assert "step 150" in lines(desk)[0], "an epoch is shown until the next one"
        await desk.press("escape")
        assert "✓ completed" in desk.screen


async def test_a_marked_run_has_its_epochs(sit_down: Desks, tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "20260101-000000")
    async with sit_down(USUAL) as desk:
        await desk.press("escape", "c")
        await desk.until_read("20260101")
        await desk.press("h")
        await desk.until_read("Mark the run first")
        await desk.press("space")
        await desk.until_read("marked")
        await desk.until(lambda: "▲" in desk.screen)
        await desk.press("h")
        await desk.until(lambda: isinstance(desk.app.screen, HealthScreen))
        await desk.until(lambda: any("dense_1" in line and "0.1 healthy" in line for line in lines(desk)))
        assert "20260101-000000" in str(heat_map(desk).border_title)
        await desk.press("f")
        assert "nothing is measured" in lines(desk)[0], "an earlier version kept the norm alone"
