"""Why a run is as it is: a line while it is trained, and the screen that explains, tries remedies and takes them along."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.widgets import Button
from waiting import PATIENCE

from tui_trainer.diagnosis import factors
from tui_trainer.diagnosis.diagnose import diagnose
from tui_trainer.diagnosis.finding import Finding
from tui_trainer.runs.archive import find_runs
from tui_trainer.runs.follow import Follower
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.kit.help import HelpScreen
from tui_trainer.ui.run.copy import CopyScreen
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.why.screen import WhyScreen
from tui_trainer.ui.why.trial import Trial

from .desk import LONG, SMALL, USUAL, Desk, Desks, seated

SICK: dict[str, Any] = {"activation": "sigmoid", "initializer": "uniform", "hidden": "16x10"}

DIAGNOSE = "tui_trainer.ui.why.screen.diagnose"


def screen(desk: Desk) -> WhyScreen:
    found = desk.app.screen
    assert isinstance(found, WhyScreen)
    return found


def said(desk: Desk) -> str:
    """What can be read, wherever its lines are broken."""
    return " ".join(desk.screen.replace("│", " ").split())


async def train(desk: Desk) -> None:
    await desk.press("ctrl+r")
    await desk.until_phase(Phase.ENDED)


async def ask_why(desk: Desk) -> WhyScreen:
    await desk.press("x")
    await desk.until(lambda: isinstance(desk.app.screen, WhyScreen) and bool(desk.app.screen.query("FooterKey")))
    await desk.settle()
    return screen(desk)


async def until_tried(desk: Desk, count: int = 1) -> None:
    asked = screen(desk)
    await desk.until(lambda: asked.trial is None and len(asked.attempts) == count)
    await desk.settle()


async def test_a_sick_run_says_so_while_it_goes_on_and_why_and_is_cured_beside_itself(sit_down: Desks) -> None:
    async with sit_down(SMALL, **SICK, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_read("! vanishing gradients")
        assert desk.phase() is Phase.TRAINING
        assert "Why x" in desk.screen
        asked = await ask_why(desk)
        assert "The gradient of dense_1 is" in desk.screen
        assert "in dense_1, from the start" in desk.screen
        assert re.search(r"dense_10? .* × 0\.2\d ×", desk.screen)
        await desk.press("enter")
        assert "relu + he_normal" in desk.screen
        assert "It costs: another function" in desk.screen
        await desk.press("enter")
        await until_tried(desk)
        (attempt,) = asked.attempts.values()
        # The run that goes on is compared as it was when the trial began.
        assert attempt.before.history.last_epoch == attempt.after.history.last_epoch >= 1
        await desk.press("u")
        await desk.until(desk.at_main_screen)
        assert desk.value("activation") == "relu"
        assert desk.value("initializer") == "he_normal"
        assert desk.value("epochs") == str(LONG["epochs"])


async def test_the_remedy_is_the_same_run_with_other_options_and_holds(sit_down: Desks) -> None:
    async with sit_down(SMALL, **{**SICK, "epochs": 20}) as desk:
        await train(desk)
        assert "vanishing gradients" in desk.screen
        asked = await ask_why(desk)
        await desk.press("t")
        await until_tried(desk)
        (attempt,) = asked.attempts.values()
        runner = desk.app.main.runner
        assert runner is not None
        assert attempt.holds
        assert attempt.options == {"activation": "relu", "initializer": "he_normal"}
        began = attempt.after.history.config
        assert began is not None
        assert runner.history.config is not None
        same = {name: value for name, value in began.record().items() if name not in attempt.options}
        assert same == {name: value for name, value in runner.history.config.record().items() if name in same}
        assert attempt.after.history.steps == runner.history.steps
        await desk.until_read("It helps: test accuracy ")
        assert re.search(r"test accuracy +\d+\.\d% → \d+\.\d%, loss +\d\.\d{3} → \d\.\d{3}", said(desk))
        assert "✓ relu + he_normal" in desk.screen
        # Nothing but the sick run is on disk.
        assert desk.app.main.directory is not None
        assert find_runs(desk.app.main.directory.parent) == [desk.app.main.directory]


async def test_what_does_not_help_is_said_and_the_next_is_tried(sit_down: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_a_placebo(*arguments: Any) -> tuple[Finding, ...]:
        found = diagnose(*arguments)
        return tuple(
            Finding(
                **{**vars(each), "remedies": ({"seed": 5}, {"seed": 6}), "further": ({"activation": "relu", "initializer": "he_normal"},)}
            )
            for each in found
        )

    monkeypatch.setattr(DIAGNOSE, with_a_placebo)
    async with sit_down(SMALL, **{**SICK, "epochs": 20}) as desk:
        await train(desk)
        asked = await ask_why(desk)
        await desk.press("enter", "enter")
        await until_tried(desk, 3)
        assert [attempt.holds for attempt in asked.attempts.values()] == [False, False, True]
        assert "✗ seed 5" in desk.screen
        assert "✗ seed 6" in desk.screen
        assert "✓ relu + he_normal" in desk.screen
        assert "It helps" in desk.screen
        await desk.press("up")
        assert "It does not help" in said(desk)
        assert "Left to mend: vanishing gradients" in said(desk)


async def test_where_nothing_helps_it_says_so(sit_down: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        DIAGNOSE,
        lambda *arguments: tuple(Finding(**{**vars(each), "remedies": ({"seed": 5},), "further": ()}) for each in diagnose(*arguments)),
    )
    async with sit_down(SMALL, **SICK) as desk:
        await train(desk)
        await ask_why(desk)
        await desk.press("t")
        await until_tried(desk)
        await desk.until(lambda: "No remedy that is known here helps." in said(desk))


async def test_leaving_and_s_stop_what_is_tried(sit_down: Desks) -> None:
    async with sit_down(**SICK, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_read("! vanishing gradients")
        for leaves in (False, True):
            asked = await ask_why(desk)
            # As long as it takes.
            assert asked._case is not None
            trial = Trial(asked._case, asked.findings[0], {**asked.findings[0].remedies[0], "epochs": 100_000}, asked.post_message)
            asked.trial = trial
            trial.start()
            await desk.until(lambda trial=trial: trial.position > 0)  # type: ignore[misc]
            await desk.press("escape" if leaves else "s")
            assert trial.join(PATIENCE)
            assert trial.is_stopping
            await desk.until(lambda: desk.at_main_screen() or screen(desk).trial is None)
            if not leaves:
                assert not asked.attempts
                await desk.press("escape")
        assert desk.phase() is Phase.TRAINING


async def test_r_stops_the_sick_run_and_starts_the_cured_one(sit_down: Desks) -> None:
    async with sit_down(**SICK, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_read("! vanishing gradients")
        sick = desk.app.main.runner
        await ask_why(desk)
        await desk.press("r")
        await desk.until(lambda: desk.app.main.runner is not sick and desk.phase() is Phase.TRAINING)
        runner = desk.app.main.runner
        assert runner is not None
        assert runner.config.activation == "relu"
        assert "vanishing" not in desk.screen


async def test_the_mouse_alone_is_enough(sit_down: Desks) -> None:
    async with sit_down(SMALL, **SICK) as desk:
        await train(desk)
        await desk.click("#why")
        await desk.until(lambda: isinstance(desk.app.screen, WhyScreen) and bool(desk.app.screen.query("FooterKey")))
        asked = screen(desk)
        assert await desk.pilot.click("#findings", offset=(3, 2))
        await desk.settle()
        assert asked.finding is asked.findings[1]
        assert await desk.pilot.click("#findings", offset=(3, 1))
        await desk.settle()
        assert asked.finding is asked.findings[0]
        await desk.click("#view-cures")
        await desk.click("#try")
        await until_tried(desk)
        await desk.click("#use")
        await desk.until(desk.at_main_screen)
        assert desk.value("activation") == "relu"
        await desk.click("#why")
        await desk.until(lambda: isinstance(desk.app.screen, WhyScreen) and bool(desk.app.screen.query("FooterKey")))
        before = desk.app.main.runner
        await desk.click("#begin")
        await desk.until(lambda: desk.app.main.runner is not before and desk.phase() is Phase.ENDED)


async def test_with_nothing_wrong_it_says_so(sit_down: Desks) -> None:
    async with sit_down(SMALL, epochs=12, hidden="32") as desk:
        await train(desk)
        assert "Why x" not in desk.screen
        asked = await ask_why(desk)
        assert "Nothing is found to be wrong." in desk.screen
        await desk.press("2", "t", "u", "r", "1")
        assert desk.app.screen is asked
        assert all(button.disabled for button in asked.query(Button))


async def test_a_run_that_diverged(sit_down: Desks) -> None:
    async with sit_down(USUAL, optimizer="sgd", learning_rate=1e6, initializer="uniform", hidden="16,16") as desk:
        await train(desk)
        asked = await ask_why(desk)
        assert "the learning rate is too high" in desk.screen
        assert "usual learning rate" in desk.screen
        await desk.press("t")
        await until_tried(desk)
        assert "diverged → test accuracy" in said(desk)
        assert [attempt.holds for attempt in asked.attempts.values()] == [True]


async def test_a_run_that_was_stopped_keeps_what_was_wrong_with_it(sit_down: Desks) -> None:
    async with sit_down(SMALL, **SICK, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_read("! vanishing gradients")
        await desk.press("s")
        await desk.until_phase(Phase.ENDED)
        assert "stopped" in desk.screen
        assert "test accuracy" in desk.screen
        assert "! vanishing gradients" in desk.screen
        assert "Why x" in desk.screen


async def test_what_the_data_and_the_predictions_tell_is_found_too(sit_down: Desks, tmp_path: Path, digits_file: Path) -> None:
    with np.load(digits_file) as digits:
        arrays = {name: digits[name] for name in digits}
    for name in ("x_train", "x_test"):
        arrays[name] = (arrays[name] / np.float32(255)) * np.float32(1e4)
    np.savez(tmp_path / "large.npz", **arrays)
    async with sit_down(SMALL, data=str(tmp_path / "large.npz"), scale="none", activation="sigmoid") as desk:
        await train(desk)
        runner = desk.app.main.runner
        assert runner is not None
        assert runner.facts is not None
        assert runner.predictions is not None
        await ask_why(desk)
        assert "the inputs are badly scaled" in desk.screen


async def test_the_evidence_of_every_finding_can_be_shown(sit_down: Desks) -> None:
    async with sit_down(USUAL, **SICK) as desk:
        await train(desk)
        asked = await ask_why(desk)
        runner = desk.app.main.runner
        assert runner is not None
        for each in (*asked.findings, Finding("of_tomorrow", "s", "c", {"a_figure": 0.5, "classes": [1, 2]}, step=40)):
            asked.query_one("#evidence").show(runner.case, each)  # type: ignore[attr-defined]
            await desk.settle()
        assert "a figure" in desk.screen
        assert "1, 2" in desk.screen
        assert "seen at step 40, in epoch" in desk.screen


async def test_a_run_of_the_list_is_read_and_its_cure_is_copied(sit_down: Desks) -> None:
    async with sit_down(USUAL, **SICK) as desk:
        await train(desk)
        await desk.press("c")
        await desk.until(lambda: bool(desk.app.screen.query("RunList")) and "test" in desk.screen)
        await desk.press("x")
        await desk.until(lambda: isinstance(desk.app.screen, WhyScreen) and bool(screen(desk).findings))
        await desk.until_read("The gradient of dense_1")
        await desk.press("t")
        await until_tried(desk)
        await desk.press("r")
        assert isinstance(desk.app.screen, WhyScreen)
        await desk.press("u")
        await desk.until(lambda: isinstance(desk.app.screen, CopyScreen))
        assert "--hidden 16x10" in desk.screen
        assert "sigmoid" not in desk.read(desk.app.screen.query_one(".dialog"))


async def test_keys_are_explained(sit_down: Desks) -> None:
    async with sit_down(USUAL, **SICK) as desk:
        await train(desk)
        await ask_why(desk)
        await desk.press("f1")
        help_screen = desk.app.screen
        assert isinstance(help_screen, HelpScreen)
        keys = {key for names, _ in list(help_screen.keys()) for key in names.split(", ")}
        assert {"t", "s", "u", "r", "1", "2", "escape", "m", "z"} <= keys
        await desk.press("escape", "m", "m", "escape")
        await desk.until(desk.at_main_screen)


async def test_arithmetic_agrees_with_what_was_measured(sit_down: Desks) -> None:
    async with sit_down(USUAL, **SICK) as desk:
        await train(desk)
        runner = desk.app.main.runner
        assert runner is not None
        case = runner.case
        assert case.first is not None
        chain = factors.gradients(case, case.first)
        assert [each.name for each in chain] == [f"dense_{number}" for number in range(1, 12)]
        for each in chain[1:-1]:
            assert each.ratio / each.product == pytest.approx(1, abs=0.6)
            assert each.slope <= 0.25
        overall = np.prod([each.ratio for each in chain[1:-1]]) / np.prod([each.product for each in chain[1:-1]])
        assert 0.1 < overall < 10


async def test_a_run_that_is_watched_says_so_too(sit_down: Desks) -> None:
    async with sit_down(USUAL, **SICK) as desk:
        await train(desk)
        path = desk.app.main.directory
        assert path is not None
    async with seated(TrainerApp(watched=Follower(path), looks_per_second=20), SMALL) as desk:
        await desk.until_read("vanishing gradients")
        assert "Why x" in desk.screen
        await desk.click("#why")
        await desk.until(lambda: isinstance(desk.app.screen, WhyScreen) and bool(screen(desk).findings))
        await desk.until_read("from the start")
        await desk.press("t")
        await until_tried(desk)
        assert not desk.app.screen.query("#begin")
        await desk.press("escape")
        await desk.until_read("Loss (nats)")


async def test_data_that_is_gone_is_said_and_what_the_log_tells_is_shown(sit_down: Desks, tmp_path: Path) -> None:
    async with sit_down(USUAL, **SICK) as desk:
        shutil.copy(desk.value("data"), tmp_path / "digits.npz")
        desk.app.main.query_one(ConfigForm).fill({"data": str(tmp_path / "digits.npz")})
        await train(desk)
        (tmp_path / "digits.npz").unlink()
        asked = await ask_why(desk)
        await desk.press("t")
        await desk.until(lambda: asked.trial is None)
        assert "digits.npz" in desk.read(asked.query_one("#verdict"))
        assert not asked.attempts
