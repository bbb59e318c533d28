"""Lessons in the app: every key of their screens, the mouse, every size, and what comes of a verdict."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets import Input, OptionList

from tui_trainer.lessons.criteria import figures
from tui_trainer.lessons.lesson import Lesson, names, parse_lesson, read_lesson
from tui_trainer.lessons.outcome import Outcome
from tui_trainer.lessons.parallel_runs import ParallelRuns
from tui_trainer.lessons.quiz import Quiz
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.overlay import Overlay
from tui_trainer.ui.kit.choose import ChooseScreen
from tui_trainer.ui.kit.help import HelpScreen
from tui_trainer.ui.lessons.quiz import QuizScreen
from tui_trainer.ui.lessons.screen import LessonScreen, State
from tui_trainer.ui.run.run_panel import Phase

from .desk import LARGE, LONG, SMALL, USUAL, Desk, Desks

pytestmark = pytest.mark.long


def screen(desk: Desk) -> LessonScreen:
    assert isinstance(desk.app.screen, LessonScreen)
    return desk.app.screen


def charts(desk: Desk) -> list[Overlay]:
    return list(screen(desk).query(Overlay))


async def until_ended(desk: Desk) -> None:
    await desk.until(lambda: screen(desk).state is State.ENDED, 60)
    await desk.settle()


@asynccontextmanager
async def lesson(desk: Desk, path: Path) -> AsyncIterator[LessonScreen]:
    """The screen of a lesson, whose threads are gone when the block is left."""
    desk.app.main.open_lesson(parse_lesson(path))
    await desk.until(lambda: isinstance(desk.app.screen, LessonScreen) and bool(desk.app.screen.query("FooterKey")))
    opened = screen(desk)
    try:
        yield opened
    finally:
        if opened.runner:
            opened.runner.parallel_runs.stop()
            assert opened.runner.join(20)


def is_read(desk: Desk, text: str) -> bool:
    """Whether it can be read, wherever its lines are broken."""
    return text in " ".join(re.sub("[│▁-█]", " ", desk.screen).split())


async def choose(desk: Desk, index: int) -> None:
    await desk.until(lambda: isinstance(desk.app.screen, ChooseScreen))
    await desk.press(*["down"] * index, "enter")


async def test_the_main_screen_lists_the_lessons(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        # From inside a field too.
        await desk.press("f2")
        await desk.until_read("Stacking layers")
        choices = desk.app.screen.query_one(OptionList)
        assert [choices.get_option_at_index(index).id for index in range(choices.option_count)] == names()
        assert "not yet put to the test here" in desk.screen
        await choose(desk, names().index("learning-rate"))
        await desk.until(lambda: isinstance(desk.app.screen, LessonScreen))
        assert screen(desk).lesson.name == "learning-rate"
        await desk.press("escape")
        await desk.until(desk.at_main_screen)
        # How they came out, and the first that is left.
        for name, right in (("stacking", 5), ("exploding", 3)):
            desk.app.main.outcomes[name] = Outcome(right=right, of=5, seed=7)
        await desk.press("f2")
        await desk.until_read("✓ Stacking layers")
        assert "✗ Exploding gradients" in desk.screen
        assert "  A symmetric activation" in desk.screen
        await desk.press("up")
        assert is_read(desk, "the claim did not hold, 3 of 5 so, seed 7")
        await desk.press("up")
        assert is_read(desk, "the claim held, seed 7")
        await choose(desk, names().index("counting"))
        await desk.until(lambda: isinstance(desk.app.screen, QuizScreen))
        await desk.press("escape")
        await desk.until(desk.at_main_screen)


@pytest.mark.parametrize(("size", "by_mouse"), [(SMALL, True), (USUAL, False)], ids=["mouse", "keys"])
async def test_runs_go_on_side_by_side_and_give_a_verdict(
    sit_down: Desks, tiny_lesson: Callable[..., Path], size: tuple[int, int], by_mouse: bool
) -> None:
    async with sit_down(size) as desk, lesson(desk, tiny_lesson()) as opened:
        claim = "With a rate there is learning"
        for text in ("Learning at all", claim, "the loss", "learning rate", "2 runs", "ctrl+r trains", "▲  none", "■  some"):
            assert text in desk.screen
        # One looks first.
        told = ("It learns.", "A step of nearly nothing", "Choose a rate.")
        assert not [text for text in told if text in desk.screen]
        await desk.press("w")
        assert [text for text in told if text in desk.screen] == ["It learns."]
        await (desk.click("#start") if by_mouse else desk.press("ctrl+r"))
        await until_ended(desk)
        assert opened.verdict is not None
        assert opened.verdict.holds
        assert "the claim held on these runs: 2 of 2 so, seed 0" in desk.screen
        # The last page, of which what matters does not scroll away.
        assert "✓ The claim holds" in desk.screen
        for _ in range(2):
            assert not [text for text in (claim, "Choose a rate.") if text not in desk.screen]
            await desk.press("end")
        for text in (*told, "The spread of the last", "none: level"):
            assert is_read(desk, text)
        await (desk.click("#view-charts") if by_mouse and size == SMALL else desk.press("2"))
        await desk.settle()
        for chart in charts(desk):
            assert chart.region.area
            assert re.search("[⠁-⣿]", desk.read(chart))
        assert re.search(r"▲ none [\d.]+  ■ some [\d.]+", desk.read(charts(desk)[0]))
        await (desk.click("#view-lesson") if by_mouse and size == SMALL else desk.press("1"))
        await desk.settle()
        shown = " ".join(desk.screen.replace("│", " ").split())
        assert re.search(r"✓ some: validation accuracy: [\d.]+% > 80\.0%", shown)
        assert re.search(r"■ some [\d.]+ [\d.]+%", shown)


async def test_the_app_gives_the_same_numbers_as_no_screen(sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    path = tiny_lesson()
    made = parse_lesson(path)
    assert isinstance(made, Lesson)
    parallel_runs = ParallelRuns(made.configs(), made.samples)
    for _ in parallel_runs.events():
        pass
    async with sit_down(SMALL) as desk, lesson(desk, path) as opened:
        await desk.press("ctrl+r")
        await until_ended(desk)
        assert opened.runner is not None
        for name, history in opened.runner.parallel_runs.histories.items():
            assert figures(history) | {"seconds": 0} == figures(parallel_runs.histories[name]) | {"seconds": 0}


async def test_a_claim_that_does_not_hold_is_said_to(sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    async with sit_down(USUAL) as desk, lesson(desk, tiny_lesson(accuracy=2.0)):
        await desk.press("ctrl+r")
        await until_ended(desk)
        assert "the claim did not hold on these runs: 1 of 2 so, seed 0" in desk.screen
        assert "✗ some: validation accuracy" in desk.screen
        assert "✗ The claim does not hold here" in desk.screen
        assert "Why it was expected" in desk.screen
        assert "Choose a rate." not in desk.screen
        assert desk.app.main.outcomes["tiny"].right == 1


async def test_one_goes_on_from_lesson_to_lesson(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        desk.app.main.open_lesson(read_lesson("optimizers"))
        for title in ("Optimizers from the same start", "The batch size", "A line around a circle", "What one more layer can bend"):
            await desk.until_read(title)
            await desk.until(lambda: bool(desk.app.screen.query("FooterKey")))
            await desk.press("n")
        await desk.until(lambda: isinstance(desk.app.screen, QuizScreen))
        await desk.press("escape")
        await desk.until(desk.at_main_screen)


async def test_it_can_be_stopped_and_left(sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    async with sit_down(SMALL) as desk, lesson(desk, tiny_lesson(epochs=100_000)) as opened:
        await desk.press("ctrl+r")
        await desk.until(lambda: bool(opened.runner and opened.runner.parallel_runs.position))
        assert "Stop" in desk.screen
        runner = opened.runner
        # One lesson at a time.
        await desk.press("ctrl+r", "e", "t")
        assert opened.runner is runner
        assert desk.app.screen is opened
        await desk.press("s")
        await until_ended(desk)
        assert opened.verdict is None
        await desk.until_read("stopped before the end: no verdict")
        await desk.press("ctrl+r")
        await desk.until(lambda: bool(opened.runner and opened.runner.parallel_runs.position))
        await desk.click("#start")
        await until_ended(desk)
        await desk.press("ctrl+r")
        await desk.until(lambda: bool(opened.runner and opened.runner.parallel_runs.position))
        await desk.press("escape")
        await desk.until(desk.at_main_screen)
        assert opened.runner is not None
        assert opened.runner.join(20)


async def test_another_seed_and_other_options(sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    async with sit_down(USUAL) as desk, lesson(desk, tiny_lesson()) as opened:
        await desk.press("e")
        await until_ended(desk)
        assert opened.runner is not None
        seeds = {config.seed for config in opened.runner.configs.values()}
        assert len(seeds) == 1
        assert f"seed {seeds.pop()}" in desk.screen

        await desk.press("t")
        await desk.until_read("three layers")
        assert "hidden 16x3" in desk.screen
        await choose(desk, 0)
        await until_ended(desk)
        assert {config.hidden for config in opened.runner.configs.values()} == {(16, 16, 16)}

        await desk.click("#try")
        await choose(desk, 1)
        await desk.until_read("--batch-size must be at most the 400 training samples")
        await until_ended(desk)

        await desk.press("t")
        await choose(desk, 2)
        await until_ended(desk)
        assert {(config.hidden, config.seed) for config in opened.runner.configs.values()} == {((16, 16), 0)}
        await desk.press("t", "escape")
        assert isinstance(desk.app.screen, LessonScreen)


async def test_a_run_goes_into_the_form(sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    async with sit_down(SMALL) as desk, lesson(desk, tiny_lesson()):
        await desk.press("a")
        await desk.until_read("learning rate 1e-09")
        await choose(desk, 1)
        await desk.until(desk.at_main_screen)
        assert desk.value("learning_rate") == "0.003"
        assert desk.value("activation") == "tanh"


async def test_nothing_else_may_train_meanwhile(sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        async with lesson(desk, tiny_lesson()) as opened:
            await desk.press("ctrl+r")
            assert "stop it first" in desk.screen
            assert opened.state is State.READY
            await desk.press("escape")
            await desk.until(desk.at_main_screen)


async def test_charts_are_read_enlarged_and_drawn_with_other_characters(sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    async with sit_down(USUAL) as desk, lesson(desk, tiny_lesson()) as opened:
        await desk.press("ctrl+r")
        await until_ended(desk)
        await desk.press("tab")
        loss, spread = charts(desk)
        assert desk.app.focused is loss
        await desk.press("left", "left")
        assert re.search(r"epoch 1\.9\d", desk.read(loss))
        at = loss.cursor
        await desk.press("right", "right", "right")
        assert loss.cursor == 2.0 != at
        await desk.press("0")
        assert "epoch" not in desk.read(loss)
        assert await desk.pilot.hover(loss, offset=(40, 6))
        await desk.settle()
        assert re.search(r"epoch [01]\.\d", desk.read(loss))
        assert await desk.pilot.hover(spread, offset=(40, 6))
        await desk.settle()
        assert re.search("layer [12] ", desk.read(spread))
        assert loss.cursor is None
        await desk.press("z")
        assert opened.maximized is loss
        await desk.press("escape")
        assert opened.maximized is None
        opened.set_focus(None)
        await desk.press("z")
        assert opened.maximized is loss
        await desk.press("z", "m")
        assert re.search("[▘▝▀▖▌▞▛▗▚▐▜▄▙▟█]", desk.read(loss))
        await desk.press("m")
        assert opened.marks is raster.PLAIN
        assert desk.read(loss).isascii()
        assert "yes some" in desk.screen


async def test_a_plain_terminal_gets_plain_characters(sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    async with sit_down(SMALL, plain=True) as desk, lesson(desk, tiny_lesson()) as opened:
        await desk.press("ctrl+r")
        await until_ended(desk)
        await desk.press("1")
        await desk.settle()
        lines = "\n".join(line for line in desk.screen.splitlines()[:-1])
        assert lines.isascii(), lines
        await desk.press("2")
        await desk.settle()
        assert all(desk.read(chart).isascii() for chart in opened.query(Overlay))


async def test_help_and_palette_know_every_key(sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    async with sit_down(LARGE) as desk, lesson(desk, tiny_lesson()) as opened:
        await desk.press("f1")
        await desk.until_read("Good to know")
        assert isinstance(desk.app.screen, HelpScreen)
        explained = dict(desk.app.screen.keys()).values()
        for binding in (*LessonScreen.BINDINGS, *Overlay.BINDINGS):
            assert getattr(binding, "tooltip", None) in explained
        await desk.press("escape")
        await desk.press("ctrl+p")
        await desk.until(lambda: isinstance(desk.app.screen, CommandPalette))
        await desk.type("newseed")
        await desk.until_read("Start again from another seed")
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is opened)


async def test_every_theme_draws_the_curves(sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    async with sit_down(SMALL) as desk, lesson(desk, tiny_lesson()):
        await desk.press("ctrl+r")
        await until_ended(desk)
        for theme in ("textual-light", "ansi-dark", "ansi-light"):
            desk.app.theme = theme
            await desk.press("1")
            assert "The claim holds" in desk.screen
            await desk.press("2")
            assert re.search("[⠁-⣿]", desk.screen)
            assert "the claim held" in desk.screen


async def test_the_quiz_judges_what_is_entered(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        quiz = read_lesson("counting")
        assert isinstance(quiz, Quiz)
        desk.app.main.open_lesson(quiz)
        await desk.until(lambda: isinstance(desk.app.screen, QuizScreen))
        asked = desk.app.screen
        assert isinstance(asked, QuizScreen)
        await desk.until(lambda: bool(asked.query("FooterKey")))
        assert asked.question.text in " ".join(desk.screen.replace("│", " ").split())
        await desk.press("enter")
        await desk.until_read("give a number")
        asked.query_one(Input).value = f"{asked.question.answer:,}"
        await desk.press("enter")
        await desk.until_read("Right. ")
        assert "1 of 1 right" in desk.screen
        await desk.press("enter")
        assert asked.number == 1
        await desk.type("1")
        await desk.press("enter")
        await desk.until_read("Not 1. ")
        assert "1 of 2 right" in desk.screen
        await desk.press("enter", "f3")
        await desk.until_read("the network itself has")
        assert "1 of 3 right" in desk.screen
        for _ in range(3):
            await desk.press("enter", "f3")
        assert asked.over
        assert desk.app.main.outcomes["counting"].right == 1
        assert "product of their widths" in " ".join(desk.screen.replace("│", " ").split())
        last = asked.question
        await desk.press("enter")
        assert asked.number == 0
        for _ in range(5):
            await desk.press("f3", "enter")
        assert asked.question != last, "another set of questions"
        await desk.press("f1")
        await desk.until_read("Numbers may be written")
        await desk.press("escape", "ctrl+r", "escape")
        await desk.until(desk.at_main_screen)


@pytest.mark.parametrize("by_mouse", ["#solve", "#next"])
async def test_the_quiz_is_done_with_the_mouse(sit_down: Desks, by_mouse: str) -> None:
    async with sit_down(USUAL) as desk:
        quiz = read_lesson("counting")
        desk.app.main.open_lesson(quiz)
        await desk.until(lambda: isinstance(desk.app.screen, QuizScreen))
        asked = desk.app.screen
        assert isinstance(asked, QuizScreen)
        await desk.until(lambda: bool(asked.query("FooterKey")))
        asked.query_one(Input).value = "7"
        await desk.click(by_mouse)
        await desk.until_read("the network itself has")
        assert ("Not 7." in desk.screen) == (by_mouse == "#next")
        await desk.click("#next")
        await desk.until(lambda: asked.number == 1)
