"""The first minute, and who gets it."""

from pathlib import Path

import numpy as np
import pytest
from textual.widgets import Button

from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.ui import start
from tui_trainer.ui.kit.choose import ChooseScreen
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.settings import Settings
from tui_trainer.ui.welcome.screen import WelcomeScreen
from tui_trainer.ui.welcome.strip import MOST, Strip, chosen
from tui_trainer.ui.why.screen import WhyScreen

from .desk import SMALL, Desk, Desks


def said(desk: Desk) -> str:
    return desk.read(desk.app.screen.query_one("#told"))


def test_the_images_are_of_every_class_in_turn(digits: Dataset) -> None:
    assert digits.test
    assert chosen(digits.test).labels.tolist() == [*range(10)] * (MOST // 10)
    few = Split(digits.test.images[:3], np.array([2, 2, 1]))
    assert chosen(few).labels.tolist() == [1, 2, 2]


async def test_untrained_it_guesses_trained_before_ones_eyes_it_reads_and_the_charts_are_next(sit_down: Desks) -> None:
    async with sit_down(SMALL, welcomes=True, hidden="64", epochs=20) as desk:
        assert isinstance(desk.app.screen, WelcomeScreen)
        await desk.until_read("it has not learned anything yet, and guesses.")
        strip = desk.app.screen.query_one(Strip)
        assert strip.shown == 5
        assert strip.right < 5
        assert "✗" in desk.screen
        await desk.press("enter")
        await desk.until_phase(Phase.ENDED)
        await desk.until(lambda: strip.right == 5)
        await desk.until_read("5 of 5 right: of all the test images it reads")
        assert f"{desk.app.main.runner.history.ended.test_accuracy:.1%}" in said(desk)  # type: ignore[union-attr]
        assert "✗" not in desk.screen
        assert str(desk.app.screen.query_one("#train", Button).label).startswith("See how it went")
        await desk.press("enter")
        await desk.until(desk.at_main_screen)
        assert "Gradient of each layer" in desk.screen


async def test_a_deep_network_that_fails_is_trained_on_the_main_screen_and_lessons_are_listed(sit_down: Desks, digits_file: Path) -> None:
    async with sit_down(SMALL, welcomes=True) as desk:
        await desk.press("right", "right", "enter")
        await desk.until(lambda: isinstance(desk.app.screen, ChooseScreen))
        await desk.press("escape")
        desk.app.action_welcome()
        await desk.until(lambda: isinstance(desk.app.screen, WelcomeScreen))
        await desk.click("#fail")
        await desk.until(desk.at_main_screen)
        runner = desk.app.main.runner
        assert runner is not None
        assert (len(runner.config.hidden), runner.config.activation, runner.config.data) == (10, "sigmoid", str(digits_file))
        # Its keys act, and are not typed into a field.
        await desk.until_phase(Phase.ENDED)
        assert desk.app.screen.focused is None
        await desk.press("x")
        await desk.until(lambda: isinstance(desk.app.screen, WhyScreen))


async def test_data_without_images_is_no_obstacle(sit_down: Desks, tmp_path: Path) -> None:
    path = tmp_path / "plain.npz"
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    np.savez(path, x_train=rng.normal(size=(200, 5)), y_train=labels, x_test=rng.normal(size=(20, 5)), y_test=labels[:20])
    async with sit_down(SMALL, plain=True, welcomes=True, data=str(path), validation=50) as desk:
        await desk.until_read("there are no test images to show")
        await desk.press("escape")
        await desk.until(desk.at_main_screen)


@pytest.mark.parametrize(
    ("given", "runs", "wanted", "welcomes"),
    [({}, False, True, True), ({"seed": 1}, False, True, False), ({}, True, True, False), ({}, False, False, False)],
)
def test_who_has_trained_nothing_and_asks_for_nothing_is_welcomed(
    given: dict[str, int], runs: bool, wanted: bool, welcomes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if runs:
        (tmp_path / "runs").mkdir()
    made: list[bool] = []
    monkeypatch.setattr(start, "TrainerApp", lambda *_, **how: made.append(how["welcomes"]))
    monkeypatch.setattr(Settings, "load", Settings)
    monkeypatch.setattr(start, "_take_terminal", lambda _: False)
    monkeypatch.setattr(start, "_run", lambda *_, **__: 0)
    start.run_app(given, welcome=wanted)
    assert made == [welcomes]
