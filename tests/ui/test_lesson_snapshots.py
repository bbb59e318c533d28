"""The lessons' screens as they were last approved; a change that is meant is approved as those in test_snapshots.py are."""

import math

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input

from tui_trainer.history.history import History
from tui_trainer.lessons.lesson import Lesson, read_lesson
from tui_trainer.training.events import Divergence, Ended, EpochEnded, LayerHealth, Progress, Snapshot
from tui_trainer.ui.lessons.runner import LessonEnded, LessonRunner
from tui_trainer.ui.lessons.screen import LessonScreen

from .desk import LARGE, SMALL, USUAL, Desk, Desks

pytestmark = pytest.mark.long

BATCHES = 50


def tell(history: History, index: int) -> None:
    """A run that is the same at every time and on every machine: the higher the index, the less is learned."""
    if index == 3:
        history.add(Ended("diverged", 0, None, None, None, 0.0, Divergence("dense_1", 1, 4), None))
        return
    for step in range(1, 2 * BATCHES + 1):
        layers = tuple(
            LayerHealth(f"dense_{layer}", 10.0 ** (-layer * index), 3.0, 1e-3, 0.0, 0.5**layer, 0.1, 0.2) for layer in range(1, 4)
        )
        loss = 2.3 * math.exp(-step / (20 * 5**index))
        epoch = (step - 1) // BATCHES + 1
        batch = (step - 1) % BATCHES + 1
        history.add(Progress(epoch, batch, BATCHES, step, loss, 1 - loss / 2.5, batch / BATCHES, 0.1, step / BATCHES, 20 * batch, layers))
        if batch == BATCHES:
            history.add(EpochEnded(epoch, loss, 1 - loss / 2.5, loss, 1 - loss / 2.5, 0.1, 1.0, 100.0, True, (), Snapshot({}, {})))
    history.add(Ended("completed", 2, 2, 0.5, 0.8, 2.0, None, None))


async def end(desk: Desk, lesson: Lesson) -> None:
    """Let the runs have ended."""
    screen = desk.app.screen
    assert isinstance(screen, LessonScreen)
    runner = LessonRunner(lesson, {}, screen.post_message)
    for index, history in enumerate(runner.parallel_runs.histories.values()):
        tell(history, index)
    screen.runner = runner
    screen.action_view("charts")
    screen.post_message(LessonEnded(runner, lesson.judge(runner.parallel_runs.histories)))
    await desk.until_read("on these runs")


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
@pytest.mark.parametrize(
    "size",
    [SMALL, USUAL, LARGE],
    ids=["small", "usual", "large"],
)
async def test_every_screen_is_as_it_was_approved(sit_down: Desks, snapshot: SnapshotAssertion, size: tuple[int, int], theme: str) -> None:
    approved = snapshot.use_extension(SVGImageExtension)
    different = []
    async with sit_down(size) as desk:
        desk.app.theme = theme

        async def look(name: str) -> None:
            await desk.until(lambda: bool(desk.app.screen.query("FooterKey")))
            await desk.pilot.pause(0.3)
            if desk.app.export_screenshot() != approved(name=name):
                different.append(name)

        lesson = read_lesson("learning-rate")
        assert isinstance(lesson, Lesson)
        desk.app.main.open_lesson(lesson)
        await desk.until_read("ctrl+r trains")
        await look("lesson")
        await end(desk, lesson)
        await look("charts")
        await desk.press("1")
        await look("verdict")
        await desk.press("escape")
        desk.app.main.open_lesson(read_lesson("counting"))
        await desk.until_read("How many")
        answer = desk.app.screen.query_one(Input)
        # At every moment the same.
        answer.cursor_blink = False
        await desk.press("1", "enter")
        await look("quiz")
    assert different == []
