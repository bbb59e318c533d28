import json
import re
from pathlib import Path

import pytest
from textual.widgets import Button

from tui_trainer.runs import checkpoint
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.run.staircase import Staircase

from .desk import LARGE, LONG, SMALL, USUAL, Desks


async def test_a_run_shows_its_curves_and_its_test_accuracy(sit_down: Desks) -> None:
    async with sit_down(SMALL, hidden="64") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        screen = desk.screen
        assert "✓ completed" in screen
        assert re.search(r"\btest accuracy \d+\.\d%", screen)
        assert re.search("[⠁-⣿]", screen)
        assert "◆" in screen
        assert "○" in screen
        assert "Loss (nats)" in screen
        assert "Accuracy (%)" in screen
        assert "epoch" in screen
        assert "runs/" in screen


async def test_the_screen_and_the_log_agree(sit_down: Desks, tmp_path: Path) -> None:
    async with sit_down(output=tmp_path / "out") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        lines = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
        assert [line["event"] for line in lines] == ["start", "epoch", "epoch", "end"]
        assert f"test accuracy {lines[-1]['test_accuracy']:.1%}" in desk.screen
        assert f"{lines[-2]['validation_loss']:.3f}" in desk.screen


async def test_another_run_takes_the_present_values_and_a_folder_of_its_own(sit_down: Desks, tmp_path: Path) -> None:
    async with sit_down(epochs=1, output=tmp_path / "out") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        first = desk.app.main.runner
        desk.app.main.query_one("#hidden").value = "8,8"  # type: ignore[attr-defined]
        await desk.settle()
        assert "test accuracy" in desk.screen
        await desk.press("ctrl+r")
        await desk.until(lambda: desk.app.main.runner is not first and desk.app.main.phase is Phase.ENDED)
        assert desk.app.main.runner is not None
        assert desk.app.main.runner.config.hidden == (8, 8)
        assert len(list((tmp_path / "runs").iterdir())) == 1


async def test_pause_holds_and_goes_on_and_stop_ends(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        runner = desk.app.main.runner
        assert runner is not None
        await desk.until(lambda: runner.history.progress is not None)
        await desk.press("space")
        assert desk.phase() is Phase.PAUSED
        assert "‖ paused" in desk.screen
        assert "Resume" in desk.screen
        await desk.until(lambda: runner.control.held)
        runner.history.drain()
        held = runner.history.progress
        await desk.come_to_rest()
        runner.history.drain()
        assert runner.history.progress is held
        await desk.press("space")
        assert desk.phase() is Phase.TRAINING
        await desk.until(lambda: runner.history.progress is not held)
        await desk.press("s")
        await desk.until_phase(Phase.ENDED)
        assert "✓ stopped" in desk.screen
        assert "test accuracy" in desk.screen


async def test_a_paused_run_can_be_stopped(sit_down: Desks) -> None:
    async with sit_down(**LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.press("space", "s")
        await desk.until_phase(Phase.ENDED)


async def test_starting_while_a_run_goes_on_only_tells(sit_down: Desks) -> None:
    async with sit_down(**LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        runner = desk.app.main.runner
        await desk.press("ctrl+r")
        await desk.until_read("s stops it first")
        assert desk.app.main.runner is runner
        assert desk.phase() is Phase.TRAINING


async def test_the_mouse_alone_is_enough(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.click("#start")
        await desk.until_phase(Phase.TRAINING)
        await desk.click("#pause")
        assert desk.phase() is Phase.PAUSED
        assert str(desk.app.main.query_one("#pause", Button).label) == "Resume"
        await desk.click("#pause")
        assert desk.phase() is Phase.TRAINING
        await desk.click("#view-layers")
        assert desk.app.main.query_one(Staircase).is_on_screen
        assert not desk.app.main.query_one("#chart-loss").is_on_screen
        await desk.click("#stop")
        await desk.until_phase(Phase.ENDED)


async def test_what_was_said_before_does_not_lie_over_the_next_run(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        desk.app.notify("said before", timeout=60)
        await desk.until_read("said before")
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.until(lambda: "said before" not in desk.screen)


async def test_a_diverged_run_says_where_and_what_to_try(sit_down: Desks) -> None:
    async with sit_down(SMALL, optimizer="sgd", learning_rate=1e6, initializer="uniform", hidden="16,16") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        assert re.search(r"✗ diverged  numbers in dense_\d overflowed at step \d+ of epoch \d", desk.screen)
        assert "the learning rate is too high: try he_normal + learning rate 0.01" in desk.screen


async def test_a_start_that_explodes_is_not_blamed_on_the_rate(sit_down: Desks) -> None:
    async with sit_down(SMALL, optimizer="sgd", initializer="uniform", uniform_limit=1, hidden="100x10") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        assert "exploding gradients: try he_normal" in desk.screen
        assert "learning rate 0.01" not in desk.read(desk.app.main.query_one("#result"))


@pytest.mark.parametrize("activation", ["sigmoid", "sigmoidx7,relu"])
async def test_a_network_that_learned_nothing_is_told_what_to_try(sit_down: Desks, activation: str) -> None:
    async with sit_down(SMALL, activation=activation, initializer="uniform", optimizer="sgd", hidden="16x8", epochs=1) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        assert re.search(r"! completed  1 epoch in \S+  vanishing gradients", desk.screen)
        assert "try relu + he_normal / tanh + glorot_uniform" in desk.screen


async def test_a_run_whose_units_died_is_not_shown_as_a_success(sit_down: Desks) -> None:
    async with sit_down(SMALL, hidden="64") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        good = desk.app.main.query_one("#sentence").styles.color
        assert "✓ completed" in desk.screen
    async with sit_down(SMALL, optimizer="sgd", learning_rate=100, hidden="64") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        assert re.search(r"! completed .*too high: \d+% of dense_1 died", desk.screen)
        assert "try learning rate 0.01" in desk.screen
        assert desk.app.main.query_one("#sentence").styles.color != good


async def test_no_epochs_and_no_validation_are_runs_too(sit_down: Desks) -> None:
    async with sit_down(SMALL, epochs=0, validation=0) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        assert "0 epochs" in desk.screen
        assert "test accuracy" in desk.screen


async def test_the_layers_say_how_they_fare_while_the_run_goes_on(sit_down: Desks) -> None:
    async with sit_down(LARGE, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until(lambda: re.search(r"dense_1 .*\de-\d\d .*\de-\d\d .*\d%", desk.screen) is not None)


async def test_missing_data_is_told_and_the_app_goes_on(sit_down: Desks) -> None:
    async with sit_down(USUAL, data="nowhere.npz") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.REFUSED)
        assert "nowhere.npz" in desk.screen


async def test_a_fault_in_training_ends_the_app_with_status_1(sit_down: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tui_trainer.ui.run.runner.Run.create", fail)
    async with sit_down() as desk:
        await desk.press("ctrl+r")
        await desk.until(lambda: desk.app.return_code == 1)
        assert isinstance(desk.app.fault, ZeroDivisionError)
        desk.app.fault = None


async def test_what_is_not_in_sight_is_not_drawn(sit_down: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.press("3")
        await desk.until(lambda: not desk.charts())
        drawn: list[Chart] = []
        monkeypatch.setattr(Chart, "draw", lambda chart, _width, _height: drawn.append(chart))
        runner = desk.app.main.runner
        assert runner is not None
        # The app has looked at the run again and again.
        epochs = len(runner.history.training_loss)
        await desk.until(lambda: len(runner.history.training_loss) > epochs + 20)
        assert drawn == []


async def test_a_run_that_memory_runs_out_for_says_what_is_kept_and_another_can_start(
    sit_down: Desks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    async with sit_down(USUAL, **LONG, output=tmp_path / "out") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        with monkeypatch.context() as patch:
            patch.setattr("tui_trainer.engine.engine.Engine.train", no_memory)
            await desk.until_phase(Phase.REFUSED)
        await desk.until_read("✗ cannot continue  out of memory after step ")
        await desk.until(lambda: desk.is_noted(f"--resume {tmp_path / 'out'} continues from there"))
        assert checkpoint.read(tmp_path / "out" / "checkpoint.safetensors").tensors
        first = desk.app.main.runner
        await desk.press("ctrl+r")
        await desk.until(lambda: desk.app.main.runner is not first and desk.phase() is Phase.TRAINING)
