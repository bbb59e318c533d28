"""A drawing beside the charts: where there is room, and offered where there is not."""

from pathlib import Path

import numpy as np
import pytest

from tui_trainer.ui.inside.dock import DrawingDock
from tui_trainer.ui.inside.network_picture import NetworkPicture
from tui_trainer.ui.inside.screen import InsideScreen
from tui_trainer.ui.inside.sketchpad import Sketchpad
from tui_trainer.ui.run.run_panel import Phase

from .desk import LARGE, LONG, SMALL, Desks
from .tours import SEVEN

pytestmark = pytest.mark.long


async def test_the_network_reads_a_drawing_beside_the_charts_while_it_is_trained(sit_down: Desks, unpaced: None) -> None:
    async with sit_down(LARGE, **LONG) as desk:
        dock, paper = desk.app.main.query_one(DrawingDock), desk.app.main.query_one(DrawingDock).query_one(Sketchpad)
        assert not dock.display
        await desk.press("ctrl+r")
        await desk.until_read("a test image, a 0: draw your own")
        await desk.until_read("of 16 units of dense_1")
        picture = dock.query_one(NetworkPicture)
        first = picture.shown
        assert first is not None
        assert first.truth == 0
        # It follows the training.
        await desk.until(lambda: picture.shown is not first)
        await desk.press("b")
        assert desk.app.main.focused is paper
        await desk.press(*SEVEN)
        assert not paper.has_example
        assert paper.sketch.ink[30:, :10].max() == 0
        await desk.until_read("what the network says to it")
        await desk.until(lambda: picture.shown is not None and picture.shown.truth is None)
        await desk.resize((190, 44))
        await desk.until(lambda: dock.display and not picture.display and "%" in desk.read(dock.query_one("#dock-bars")))
        await desk.resize(SMALL)
        assert not dock.display
        await desk.press("escape")
        await desk.click("#draw")
        await desk.until(lambda: isinstance(desk.app.screen, InsideScreen) and desk.app.screen.focused is not None)
        assert isinstance(desk.app.screen.focused, Sketchpad)
        await desk.press("escape")
        assert desk.at_main_screen()


async def test_what_cannot_be_drawn_is_not_offered(sit_down: Desks, tmp_path: Path) -> None:
    path, labels = tmp_path / "plain.npz", np.arange(200) % 2
    np.savez(path, x_train=np.zeros((200, 5)), y_train=labels, x_test=np.ones((20, 5)), y_test=labels[:20])
    async with sit_down(LARGE, data=str(path), validation=0, epochs=1) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        assert not desk.app.main.query_one(DrawingDock).display
        assert not desk.app.main.query_one("#draw").display
