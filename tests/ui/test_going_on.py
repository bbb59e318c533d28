"""Going on with a run in the app: one that was left, one that was killed, one that wants more epochs; and what is refused."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs.timeless import timeless
from textual.widgets import Collapsible, Input, Static
from textual.widgets._footer import FooterKey

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs import checkpoint
from tui_trainer.runs.archive import read_run
from tui_trainer.runs.run import Run
from tui_trainer.training.control import Control
from tui_trainer.training.events import Progress
from tui_trainer.ui.run.change import ChangeScreen
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.run_panel import Phase, RunPanel
from tui_trainer.ui.run.runner import Runner
from tui_trainer.ui.runs.compare import CompareScreen
from tui_trainer.ui.runs.run_list import RunList
from tui_trainer.ui.start import read

from .desk import LONG, SMALL, USUAL, Desk, Desks
from .folders import make_run
from .sight import cut, overlaps
from .test_compare import open_and_read, row

pytestmark = pytest.mark.long

STEPS_AN_EPOCH = 25
"""Of 500 images in batches of 20."""


def leave(desks: Desks, path: Path, steps: int | None = None, **options: Any) -> Config:
    """A run in its folder as it is when it was killed after so many steps, or came to its end."""
    config = Config.parse(desks.options | {"checkpoint_every": 1e-9} | options)
    events = Run.create(config, path).events(Control(batch_by_batch=True))
    for event in events:
        if isinstance(event, Progress) and event.step == steps:
            events.close()  # type: ignore[attr-defined] # it is a generator
            break
    return config


def assert_same(found: Path, expected: Path) -> None:
    for name in ("checkpoint.safetensors", "best.safetensors", "config.toml"):
        assert (found / name).read_bytes() == (expected / name).read_bytes(), name
    assert timeless(found) == timeless(expected)


def runner(desk: Desk) -> Runner:
    assert desk.app.main.runner is not None
    return desk.app.main.runner


def steps(desk: Desk) -> list[float]:
    return [point[0] for point in runner(desk).history.loss.rows()]


def listed(desk: Desk) -> RunList:
    assert isinstance(desk.app.screen, CompareScreen)
    return desk.app.screen.query_one(RunList)


async def test_a_killed_run_is_gone_on_with_from_the_list_and_shows_its_whole_course(sit_down: Desks, tmp_path: Path) -> None:
    killed = tmp_path / "runs" / "20260101-000000"
    options: dict[str, Any] = {"epochs": 4, "hidden": "12", "changes": "30 learning_rate=0.002"}
    leave(sit_down, killed, 2 * STEPS_AN_EPOCH + 9, **options)
    leave(sit_down, tmp_path / "whole", **options)
    make_run(tmp_path / "runs" / "20260102-000000")
    async with sit_down(SMALL) as desk:
        await desk.press("escape", "w")
        await desk.until(lambda: listed(desk).cursor_row == 1)
        assert row(desk, 0)[5] == "completed"
        assert row(desk, 1)[5] == "unfinished"
        await desk.until(lambda: "g resumes it" in " ".join(desk.read(desk.app.screen.query_one("#detail", Static)).split()))
        assert "g Resume" in desk.screen
        await desk.press("g")
        await desk.until_phase(Phase.ENDED)
        assert desk.at_main_screen()
        assert desk.app.main.directory is not None
        assert desk.app.main.directory.samefile(killed)
        assert desk.value("hidden") == "12"
        history = runner(desk).history
        assert history.seconds == pytest.approx(read_run(killed).seconds)
        assert len(history.validation_loss) == 4
        # Each batch and each epoch once.
        assert history.validation_loss.points(0)[0].tolist() == [25, 50, 75, 100]
        assert len(steps(desk)) == len(set(steps(desk)))
        assert steps(desk)[-1] == 4 * STEPS_AN_EPOCH
        assert (np.diff(history.loss.points(2)[0]) >= 0).all()
        (change,) = history.changes
        (course,) = history.course_at([change.step])
        assert change.changes == {"learning_rate": 0.002}
        assert course[:2] == pytest.approx([30, 1.2], abs=0.05)
        assert "test accuracy" in desk.screen
    assert_same(killed, tmp_path / "whole")
    assert len(list((tmp_path / "runs").iterdir())) == 2


async def test_an_app_that_is_given_a_run_goes_on_with_it_at_once(sit_down: Desks, tmp_path: Path) -> None:
    leave(sit_down, tmp_path / "run", 2 * STEPS_AN_EPOCH + 8, epochs=100_000, hidden="12")
    kept = checkpoint.read(tmp_path / "run" / "checkpoint.safetensors").scalars
    record, options = read(tmp_path / "run", {"learning_rate": "0.004"})
    async with sit_down(USUAL, resumed=record, given={"learning_rate": "0.004"}, **options) as desk:
        await desk.until_phase(Phase.TRAINING)
        await desk.until(lambda: runner(desk).history.progress is not None and bool(runner(desk).history.changes))
        assert desk.value("hidden") == "12"
        assert desk.value("checkpoint_every") == "1e-09"
        # The change is where the run was left, not at its start.
        (change,) = runner(desk).history.changes
        (course,) = runner(desk).history.course_at([change.step])
        assert change.changes == {"learning_rate": 0.004}
        assert kept["step"] > 2 * STEPS_AN_EPOCH
        assert course[:2] == pytest.approx([kept["step"], kept["step"] / STEPS_AN_EPOCH])
        assert course[2] > record.seconds
        await desk.until(lambda: f"epoch {runner(desk).history.progress.epoch}/100000" in desk.screen)  # type: ignore[union-attr]
        assert runner(desk).history.progress.epoch >= 3  # type: ignore[union-attr]
        await desk.press("s")
        await desk.until_phase(Phase.ENDED)
        # Once more from the start, in a folder of its own.
        first = runner(desk)
        await desk.press("r")
        await desk.until(lambda: runner(desk) is not first and desk.phase() is Phase.TRAINING)
        assert runner(desk).config == first.config
        assert desk.app.main.directory != tmp_path / "run"
        await desk.until(lambda: len(runner(desk).history.loss) > 0)
        assert not runner(desk).resumes


async def test_a_completed_run_is_asked_about_and_gets_more_epochs(sit_down: Desks, tmp_path: Path) -> None:
    leave(sit_down, tmp_path / "runs" / "a", epochs=2)
    async with sit_down(SMALL) as desk:
        await open_and_read(desk)
        await desk.press("g")
        await desk.until(lambda: isinstance(desk.app.screen, ChangeScreen))
        await desk.until_read("a is completed after 2 epochs")
        assert desk.app.focused is not None
        assert desk.app.focused.id == "epochs"
        assert desk.app.screen.query_one("#epochs", Input).value == "4"
        for size in (USUAL, SMALL):
            await desk.resize(size)
            assert [*overlaps(desk.app.screen), *cut(desk.app.screen)] == []
        await desk.type("2")
        await desk.until_read("✗ must be more than the 2 that are done")
        await desk.press("ctrl+r")
        assert isinstance(desk.app.screen, ChangeScreen)
        await desk.press("escape")
        await desk.until(desk.at_main_screen)
        assert desk.phase() is Phase.IDLE
        await open_and_read(desk)
        await desk.press("g")
        await desk.until(lambda: isinstance(desk.app.screen, ChangeScreen))
        await desk.type("3")
        await desk.click("#apply")
        await desk.until_phase(Phase.ENDED)
        assert "3 epochs in" in desk.screen
        assert "┊" in desk.screen
    lines = timeless(tmp_path / "runs" / "a")
    assert [line["event"] for line in lines] == ["start", "epoch", "epoch", "change", "epoch", "end"]
    assert lines[3]["changes"] == {"epochs": 3}
    assert tomllib.loads((tmp_path / "runs" / "a" / "config.toml").read_text())["changes"] == [{"step": 50, "epochs": 3}]


async def test_a_diverged_run_is_asked_what_shall_be_different(sit_down: Desks, tmp_path: Path) -> None:
    leave(
        sit_down,
        tmp_path / "runs" / "a",
        epochs=2,
        optimizer="sgd",
        learning_rate=1e6,
        initializer="uniform",
        hidden="16,16",
        checkpoint_every=0,
    )
    async with sit_down(USUAL) as desk:
        await open_and_read(desk)
        await desk.press("g")
        await desk.until_read("a diverged")
        await desk.type("0.01")
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        # To the end, though not to any good: its small weights learn nothing.
        assert "! completed" in desk.screen


async def test_epochs_are_changed_while_the_run_goes_on(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await desk.press("t")
        await desk.until_read("epochs")
        assert "escape: leave it" in desk.screen
        assert "Leave it" in desk.screen
        # Fewer than there are already: the one that was begun is the last.
        desk.app.screen.query_one("#epochs", Input).value = "0"
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        assert "✓ completed" in desk.screen
        assert runner(desk).options.epochs == 0
        assert runner(desk).history.changes[0].changes == {"epochs": 0}


async def test_what_cannot_be_gone_on_with_is_refused(sit_down: Desks, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    make_run(runs / "none")
    leave(sit_down, runs / "patient", epochs=100, early_stopping=1, learning_rate=0.1)
    leave(sit_down, runs / "held", 30)
    (runs / "odd\x1b[31m").mkdir()
    (runs / "odd\x1b[31m" / "metrics.jsonl").write_text("{}\n")
    going_on = Run.resume(runs / "held").events(Control())
    next(going_on)
    expected = {
        "none": "it has no checkpoint to resume from",
        "patient": "early stopping ended it",
        "held": "it is going on, in another window or process",
        "odd\x1b[31m": "line 1: line.event",
    }
    async with sit_down(USUAL) as desk:
        await open_and_read(desk)
        for name, reason in expected.items():
            index = next(index for index, path in enumerate(listed(desk).paths) if path.name == name)
            listed(desk).move_cursor(row=index)
            await desk.press("g")
            await desk.until(lambda: desk.is_noted(reason))  # noqa: B023 it is awaited here
            assert isinstance(desk.app.screen, CompareScreen)
            assert all(note.isprintable() for note in desk.notes)
            if name == "held":
                assert row(desk, index)[5] == "going on"
                await desk.until_read("going on in another")
        going_on.close()  # type: ignore[attr-defined] # it is a generator
        await desk.press("r")
        index = next(index for index, path in enumerate(listed(desk).paths) if path.name == "held")
        await desk.until(lambda: row(desk, index)[5] == "unfinished")
        assert desk.phase() is Phase.IDLE


async def test_nothing_is_gone_on_with_beside_a_run(sit_down: Desks, tmp_path: Path) -> None:
    leave(sit_down, tmp_path / "runs" / "a", 30)
    async with sit_down(USUAL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        first = runner(desk)
        await desk.press("w")
        await desk.until_read("s stops it first")
        assert desk.at_main_screen()
        await desk.press("c")
        await desk.until(lambda: len(listed(desk).states) == 2)
        listed(desk).move_cursor(row=[path.name for path in listed(desk).paths].index("a"))
        desk.app.clear_notifications()
        await desk.press("g")
        await desk.until(lambda: desk.is_noted("stop the run first"))
        assert isinstance(desk.app.screen, CompareScreen)
        assert runner(desk) is first


async def test_footer_and_palette_name_it(sit_down: Desks, tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "a")
    async with sit_down(SMALL) as desk:
        await desk.press("escape")
        commands = {command.title: command for command in desk.app.get_system_commands(desk.app.main)}
        await commands["Resume…"].callback()
        await desk.until_read("No run was left before its end")
        assert "Resume" in {key.description for key in desk.app.screen.query(FooterKey)}
        assert "Resume" in {command.title for command in desk.app.get_system_commands(desk.app.screen)}


def test_what_cannot_be_resumed_is_told_before_there_is_a_screen(sit_down: Desks, tmp_path: Path) -> None:
    leave(sit_down, tmp_path / "run", 30)
    with pytest.raises(UserError, match=r"^--hidden: cannot be different"):
        read(tmp_path / "run", {"hidden": "7"})
    with pytest.raises(UserError, match=r"^--batch-size must be"):
        read(tmp_path / "run", {"batch_size": "many"})
    with pytest.raises(UserError, match="not a run"):
        read(tmp_path / "nowhere", {})
    (tmp_path / "run" / "checkpoint.safetensors").unlink()
    with pytest.raises(UserError, match=r"^--resume .*run: it has no checkpoint"):
        read(tmp_path / "run", {})


async def test_a_folder_that_fails_is_told_while_it_does_and_loses_no_result(sit_down: Desks, tmp_path: Path) -> None:
    path = tmp_path / "run"
    async with sit_down(SMALL, output=path, checkpoint_every=1e-9, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        panel = desk.app.main.query_one(RunPanel)
        assert panel.border_subtitle is None
        path.rename(tmp_path / "elsewhere")
        await desk.until(lambda: desk.is_noted("training continues"))
        desk.app.clear_notifications()  # they cover it for five seconds
        await desk.until_read("✗ the run cannot be saved")
        assert desk.phase() is Phase.TRAINING
        (tmp_path / "elsewhere").rename(path)
        await desk.until(lambda: panel.border_subtitle is None)
        await desk.until(lambda: desk.is_noted("kept again, and whole"))
        desk.app.clear_notifications()
        path.rename(tmp_path / "gone")
        await desk.until(lambda: desk.is_noted("training continues"))
        desk.app.clear_notifications()
        await desk.until_read("✗ the run cannot be saved")
        await desk.press("s")
        await desk.until_phase(Phase.ENDED)
        assert "test accuracy" in desk.screen
        await desk.until_read("✗ the run cannot be saved (no such file or directory)")
        assert "test accuracy" in desk.screen
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        assert panel.border_subtitle is None


async def test_the_form_has_room_for_the_time_between_checkpoints(sit_down: Desks) -> None:
    async with sit_down(SMALL, checkpoint_every=12.5) as desk:
        form = desk.app.main.query_one(ConfigForm)
        form.query_one("#more", Collapsible).collapsed = False
        await desk.until(lambda: bool(form.query("#checkpoint_every")))
        form.query_one("#checkpoint_every").focus()
        await desk.until_read("checkpoints")
        await desk.until_read("seconds between checkpoints")
        await desk.type("-3")
        await desk.until_read("✗ must be at least 0")
        form.query_one("#checkpoint_every", Input).value = "0"
        await desk.until(lambda: form.config is not None and form.config.checkpoint_every == 0)
