import re
from typing import Any

from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.layer_table import LayerTable
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.run.staircase import Staircase

from .desk import SMALL, USUAL, Desk, Desks

SICK: dict[str, Any] = {"hidden": "16x8", "activation": "sigmoid", "initializer": "uniform", "optimizer": "sgd", "epochs": 1}


def stairs(desk: Desk) -> list[str]:
    """The rows of the staircase that are about layers."""
    return [row for row in desk.read(desk.app.main.query_one(Staircase)).splitlines() if row.startswith("dense")]


async def trained(desk: Desk) -> None:
    before = desk.app.main.runner
    await desk.press("ctrl+r")
    await desk.until(lambda: desk.app.main.runner is not before and desk.phase() is Phase.ENDED)
    await desk.until(lambda: len(stairs(desk)) == 9)


async def test_a_vanishing_network_falls_into_nothing_and_a_cured_one_stands_level_before_it(sit_down: Desks) -> None:
    async with sit_down(SMALL, **SICK) as desk:
        await trained(desk)
        bars = [row.count("█") for row in stairs(desk)]
        assert bars == sorted(bars)
        assert bars[0] <= 1 < bars[-1]
        assert "vanishing" in stairs(desk)[0]
        assert "healthy" in stairs(desk)[-1]
        assert "times with each layer" in desk.screen
        # Changed, the form says that it is not what is shown.
        assert "not yet run" not in desk.screen
        await desk.press("1")
        desk.app.main.query_one(ConfigForm).fill({"activation": "relu", "initializer": "he_normal"})
        await desk.until_read("not yet run: relu + he_normal")
        await trained(desk)
        # At this size the form is not shown together with what it is about.
        assert all("healthy" in row or "dying" in row for row in stairs(desk))
        assert re.match("dense_1 +█*│█", stairs(desk)[0])
        await desk.resize(USUAL)
        assert "│ before: activation sigmoid → relu, initializer uniform → he_normal" in desk.screen
        assert "╌ before" in desk.screen
        # What the charts' cursor is on, the staircase shows.
        chart = desk.charts()[0]
        chart.focus()
        await desk.press("left", *["left"] * 60)
        await desk.until_read("Gradient of each layer, step 1 ")
        await desk.press("h")
        await desk.until_read(" dense_1  step 1 ")
        await desk.press("escape")
        await desk.press("0")
        await desk.until(lambda: "Gradient of each layer, step" not in desk.screen)
        # The arithmetic by a key.
        table = desk.app.main.query_one(LayerTable)
        assert not table.is_on_screen
        await desk.press("f")
        await desk.until(lambda: table.is_on_screen)
        assert "(784 + 1) × 16 =" in desk.screen
        await desk.press("f")
        await desk.until(lambda: len(stairs(desk)) == 9)


async def test_a_deep_network_is_whole_on_a_small_plain_terminal(sit_down: Desks) -> None:
    async with sit_down(SMALL, plain=True, **SICK | {"hidden": "8x40"}) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        await desk.until(lambda: len(stairs(desk)) > 9)
        rows = stairs(desk)
        assert (rows[0].split()[0], rows[-1].split()[0]) == ("dense_1", "dense_41")
        assert all(row.isascii() for row in rows)
        assert rows[-1].count("#") > rows[0].count("#")
