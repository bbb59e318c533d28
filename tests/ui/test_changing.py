"""Steering a run that goes on: other options, single steps, and starting it again."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from tui_trainer.config.options import Config
from tui_trainer.runs.run import Run
from tui_trainer.training.control import Control
from tui_trainer.ui.run.change import ChangeScreen
from tui_trainer.ui.run.run_panel import Phase

from .desk import LONG, SMALL, USUAL, Desk, Desks

pytestmark = pytest.mark.long


def changes(desk: Desk) -> list[dict[str, Any]]:
    runner = desk.app.main.runner
    assert runner is not None
    folder = next(path for path in Path.cwd().rglob("metrics.jsonl"))
    return [json.loads(line)["changes"] for line in folder.read_text().splitlines() if '"event": "change"' in line]


async def test_options_change_while_the_run_goes_on(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.press("t")
        assert isinstance(desk.app.screen, ChangeScreen)
        await desk.until_read("Change the run")
        await desk.type("0.25")
        desk.app.screen.query_one("#batch_size", Input).value = "50"
        await desk.press("ctrl+r")
        await desk.until(lambda: changes(desk) == [{"learning_rate": 0.25, "batch_size": 50}])
        await desk.until_read("learning rate 0.25, batch size 50")
        # What is shown next time is what holds now.
        await desk.press("t")
        assert desk.app.screen.query_one("#learning_rate", Input).value == "0.25"
        await desk.click("#leave")
        assert desk.at_main_screen()
        assert desk.phase() is Phase.TRAINING
        assert len(changes(desk)) == 1


async def test_a_wrong_value_is_explained_and_nothing_changes(sit_down: Desks) -> None:
    async with sit_down(**LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.press("t")
        await desk.type("-1")
        await desk.until_read("✗ must be greater than 0")
        await desk.press("ctrl+r")
        assert isinstance(desk.app.screen, ChangeScreen)
        assert desk.app.focused is not None
        assert desk.app.focused.id == "learning_rate"
        await desk.press("escape")
        assert changes(desk) == []


async def test_the_rate_is_halved_and_doubled_by_a_key(sit_down: Desks) -> None:
    async with sit_down(learning_rate=0.5, optimizer="sgd", **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.press("comma")
        await desk.until(lambda: changes(desk) == [{"learning_rate": 0.25}])
        runner = desk.app.main.runner
        assert runner is not None
        await desk.until(lambda: runner.options.learning_rate == 0.25)
        await desk.press("full_stop")
        await desk.until(lambda: changes(desk) == [{"learning_rate": 0.25}, {"learning_rate": 0.5}])


async def test_a_change_is_marked_on_the_charts_and_reproduces(sit_down: Desks, tmp_path: Path) -> None:
    async with sit_down(USUAL, output=tmp_path / "app", epochs=100) as desk:
        await desk.press("ctrl+r")
        # Far enough for its mark to have a column of its own.
        await desk.until(lambda: desk.app.main.runner is not None and len(desk.app.main.runner.history.training_loss) > 20)
        await desk.press("space", "t")
        await desk.type("0.004")
        await desk.press("ctrl+r", "space")
        await desk.until_phase(Phase.ENDED)
        await desk.until_read("┊")
    written = tomllib.loads((tmp_path / "app" / "config.toml").read_text())
    assert [change["learning_rate"] for change in written["changes"]] == [0.004]
    for _ in Run.create(Config.parse(written), tmp_path / "again").events(Control()):
        pass
    assert (tmp_path / "app" / "checkpoint.safetensors").read_bytes() == (tmp_path / "again" / "checkpoint.safetensors").read_bytes()


async def test_one_step_at_a_time(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.press("n")
        await desk.until_phase(Phase.PAUSED)
        runner = desk.app.main.runner
        assert runner is not None

        def steps() -> int:
            runner.history.drain()
            return runner.history.progress.step if runner.history.progress else 0

        await desk.until(lambda: runner.control.held)
        before = steps()
        for count in (1, 2, 3):
            await desk.press("n")
            await desk.until(lambda: steps() == before + count)  # noqa: B023 it is awaited here
            await desk.until(lambda: runner.control.held)
            assert steps() == before + count
        await desk.press("space")
        await desk.until(lambda: steps() > before + 10)


async def test_restart_keeps_the_seed_and_new_seed_takes_another(sit_down: Desks) -> None:
    async with sit_down(**LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        first = desk.app.main.runner
        assert first is not None
        await desk.press("r")
        await desk.until(lambda: desk.app.main.runner is not first and desk.phase() is Phase.TRAINING)
        second = desk.app.main.runner
        assert second is not None
        assert second.config == first.config
        assert first.join(5)
        await desk.press("e")
        await desk.until(lambda: desk.app.main.runner is not second and desk.phase() is Phase.TRAINING)
        third = desk.app.main.runner
        assert third is not None
        assert third.config.model_copy(update={"seed": first.config.seed}) == first.config
        assert third.config.seed != first.config.seed
        assert desk.value("seed") == str(third.config.seed)
        assert len(list(Path.cwd().rglob("metrics.jsonl"))) == 3


async def test_again_with_brings_the_runs_options_back_into_the_form(sit_down: Desks) -> None:
    async with sit_down(optimizer="sgd", learning_rate=0.3, activation="tanh", initializer="uniform") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        runner = desk.app.main.runner
        assert runner is not None
        form = desk.app.main.query_one("#form")
        form.fill({"optimizer": "adam", "activation": "elu", "learning_rate": 0.001, "hidden": (8, 8), "initializer": "he_normal"})  # type: ignore[attr-defined]
        await desk.settle()
        await desk.press("escape", "a")
        assert desk.app.focused is not None
        assert desk.app.focused.id == "hidden"
        assert form.config == runner.config  # type: ignore[attr-defined]
