import pytest

from tui_trainer.errors import UserError
from tui_trainer.ui.kit.quit import QuitScreen
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.start import run_app

from .desk import LONG, SMALL, Desks

pytestmark = pytest.mark.long


async def test_leaving_at_rest_asks_nothing(sit_down: Desks) -> None:
    async with sit_down() as desk:
        await desk.press("ctrl+q")
        assert desk.app.return_code == 0
        assert desk.app.return_value == 0


async def test_leaving_during_a_run_can_be_taken_back(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        for no in ("n", "escape", "enter"):
            await desk.press("ctrl+q")
            assert isinstance(desk.app.screen, QuitScreen)
            assert "A run is going on" in desk.screen
            await desk.press(no)
            assert desk.at_main_screen()
            assert desk.phase() is Phase.TRAINING
            assert desk.app.is_running


@pytest.mark.parametrize("yes", [("y",), ("left", "enter"), ("ctrl+q",)], ids=" ".join)
async def test_leaving_during_a_run_saves_it_first(sit_down: Desks, yes: tuple[str, ...]) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.press("ctrl+q", *yes)
        await desk.until(lambda: desk.app.return_code is not None)
        assert desk.app.return_value == 0
        assert desk.app.main.runner is not None
        assert desk.app.main.runner.join(0.5)


async def test_leaving_by_mouse(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.press("ctrl+q")
        await desk.click("#no")
        assert desk.at_main_screen()
        await desk.press("ctrl+q")
        await desk.click("#yes")
        await desk.until(lambda: desk.app.return_code == 0)


async def test_insisting_does_not_wait_for_the_disk(sit_down: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        # As if the run never said that it has ended.
        monkeypatch.setattr(desk.app.main, "action_stop", lambda: None)
        await desk.press("ctrl+q", "y")
        assert desk.app.return_code is None
        await desk.press("ctrl+c")
        assert desk.app.return_code == 0


def test_without_a_terminal_the_app_refuses() -> None:
    with pytest.raises(UserError, match="--no-ui"):
        run_app({})
