"""A plugin in the app: edited and started again it is the new one; what it does wrong is a line, and the app stays."""

from pathlib import Path

import pytest
from plugins.files import text_of

from tui_trainer.errors import UserError
from tui_trainer.plugins.loaded import load, loaded, unload
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.run_panel import Phase

from .desk import Desks


@pytest.fixture
def rms(tmp_path: Path) -> Path:
    path = tmp_path / "rms.py"
    path.write_text(text_of("rms"))
    load(path)
    return path


@pytest.fixture(autouse=True)
def _unloaded() -> object:
    yield
    for plugin in reversed(loaded()):
        unload(plugin)


async def test_an_edited_plugin_is_read_again_at_the_start_and_a_broken_one_is_a_line(sit_down: Desks, rms: Path) -> None:
    async with sit_down(optimizer="rms", epochs=1) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        first = desk.app.main.runner
        assert first
        rms.write_text(
            text_of("rms")
            .replace("    slots", "    boost = Hyperparameter(2.0, 'times the step')\n    slots")
            .replace("rate * g", "self.boost * rate * g")
        )
        await desk.press("ctrl+r")
        await desk.until(lambda: desk.app.main.runner is not first and desk.app.main.phase is Phase.ENDED)
        second = desk.app.main.runner
        assert second
        await desk.until(lambda: desk.is_noted("read again: rms.py"))
        assert (first.config.optimizer, second.config.model_dump()["boost"]) == ("rms", 2.0)
        assert first.config.record()["plugins"] != second.config.record()["plugins"]
        assert "boost" in desk.app.main.query_one(ConfigForm).fields
        # A broken edit: one line, and the run's screen stays. The same by "restart".
        rms.write_text("def broken(:\n")
        for key in ("ctrl+r", "r"):
            await desk.press(key)
            await desk.until(lambda: desk.is_noted("rms.py, line 1: SyntaxError"))
            assert desk.app.main.runner is second
            assert "test accuracy" in desk.screen
            desk.app.clear_notifications()
        # The hyperparameter is gone again, and a step raises.
        rms.write_text(text_of("rms").replace("square *=", "square *= 1 / (20 - self.steps) * 0 + "))
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.REFUSED)
        assert "ZeroDivisionError" in desk.screen
        assert "boost" not in desk.app.main.query_one(ConfigForm).fields


async def test_an_activation_that_raises_has_no_picture_and_ends_nothing(sit_down: Desks, tmp_path: Path) -> None:
    path = tmp_path / "bent.py"
    path.write_text(text_of("bent").replace("return np.clip(z, -1, 1)", "raise ValueError('not today')\n        return np.clip(z, -1, 1)"))
    load(path)
    async with sit_down(activation="bent") as desk:
        await desk.until(lambda: desk.is_noted("ValueError: not today"))
        await desk.press("d")
        assert "--plugin" in desk.screen
        await desk.press("escape")
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.REFUSED)
        assert desk.app.return_code is None


def test_a_plugin_that_cannot_be_found_again_is_one_line(rms: Path) -> None:
    rms.unlink()
    assert [plugin.path for plugin in loaded()] == [rms]
    with pytest.raises(UserError, match="no such file"):
        load(rms)
