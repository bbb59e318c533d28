"""Data with two features: the border between the classes on the main screen, and what each unit makes of the plane."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_trainer.text.drawing import Look
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.plane.surface_pane import SurfacePane, Tiles

from .desk import LARGE, SMALL, USUAL, Desks

pytestmark = pytest.mark.long


@pytest.fixture
def circles(tmp_path: Path) -> str:
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (600, 2)).astype(np.float32)
    labels = (np.hypot(*points.T) > 0.6).astype(np.intp)
    np.savez(tmp_path / "circles.npz", x_train=points, y_train=labels, x_test=points[:100], y_test=labels[:100])
    return str(tmp_path / "circles.npz")


async def test_the_border_bends_around_the_circle_while_it_is_trained(sit_down: Desks, unpaced: None, circles: str) -> None:
    options: dict[str, Any] = {"hidden": "9,5", "activation": "tanh", "validation": 0, "epochs": 100_000, "learning_rate": 0.01}
    async with sit_down(USUAL, data=circles, **options) as desk:
        pane = desk.app.main.query_one(SurfacePane)
        await desk.until(lambda: pane.display)
        assert "as it bends" in desk.read(pane)
        assert not desk.app.main.query_one("#chart-accuracy", Chart).display
        await desk.press("ctrl+r")

        def ring() -> bool:
            rows = desk.read(pane).splitlines()[:-1]
            middle = rows[len(rows) // 2]
            inside, outside = middle[len(middle) // 2 - 3 : len(middle) // 2 + 3], rows[0] + rows[-1]
            return set(inside) <= set("░0") and set(outside) <= set("▒1")

        await desk.until(ring)
        # Any number of layers, and back.
        await desk.press("escape")
        desk.app.screen.set_focus(pane)
        await desk.press("right")
        assert pane.border_title == "dense_1, unit by unit"
        await desk.until(lambda: desk.read(pane).count("\n") > 5 and "as it bends" not in desk.read(pane))
        await desk.press("right", "right")
        assert pane.border_title == "what the network says, point by point"
        await desk.until(ring)
        pane.show_with(Look.SHADES)
        assert "▀▀" in desk.read(pane)
        for size in (SMALL, LARGE):
            await desk.resize(size)
            await desk.press("2")
            await desk.until(lambda: pane.is_on_screen and "▀▀▀" in desk.read(pane))
        await desk.press("s")


async def test_images_have_no_plane(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        assert not desk.app.main.query_one(SurfacePane).display
        assert desk.app.main.query_one("#chart-accuracy", Chart).display


@pytest.mark.parametrize(("units", "width", "height"), [(1, 40, 20), (16, 40, 20), (9, 25, 9), (300, 40, 12), (5, 7, 3)])
def test_units_are_as_large_as_all_of_them_can_be(units: int, width: int, height: int) -> None:
    tiles = Tiles.of(units, width, height)
    down = -(-tiles.shown // tiles.across)
    assert tiles.shown == units or tiles.columns == 6
    assert tiles.across * (tiles.columns + 1) - 1 <= width
    assert down * (tiles.lines + 1) - 1 <= height
    larger = tiles.columns + 2
    if tiles.shown == units and larger <= min(width, 2 * height):
        assert ((width + 1) // (larger + 1)) * ((height + 1) // (larger // 2 + 1)) < units
