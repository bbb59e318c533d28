"""The list of lessons: which were put to the test here and how they came out, and the claim of the one that is pointed at."""

from collections.abc import Callable, Mapping
from typing import Any

from textual import on
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static

from tui_trainer.lessons.lesson import Lesson, names, read_lesson
from tui_trainer.lessons.outcome import Outcome
from tui_trainer.lessons.quiz import Quiz
from tui_trainer.text.language import N_, _
from tui_trainer.ui.kit.choose import ChooseScreen


class LessonList(ChooseScreen):
    """Has all lessons in view."""

    SHEET = "lessons/lessons.tcss"

    def __init__(self, outcomes: Mapping[str, Outcome]) -> None:
        self._lessons = {name: read_lesson(name) for name in names()}
        super().__init__(N_("Lessons"), {name: lesson.claim for name, lesson in self._lessons.items()})
        self._outcomes = outcomes

    def below(self) -> ComposeResult:
        """The claim of the one that is pointed at."""
        yield Static(id="claim")

    def on_mount(self) -> None:
        """Point at the first lesson that was not put to the test."""
        left = [index for index, name in enumerate(self._lessons) if name not in self._outcomes]
        self.query_one(OptionList).highlighted = left[0] if left else 0

    def entry(self, name: str, _meaning: str) -> Content:
        """Its title, ticked where its claim held."""
        title, outcome = (_(self._lessons[name].title), "bold"), self._outcomes.get(name)
        if outcome is None:
            return Content.assemble("  ", title)
        is_plain = self.app.has_class("-plain")
        mark, style = ("+" if is_plain else "✓", "$text-success") if outcome.holds else ("-" if is_plain else "✗", "$text-error")
        return Content.assemble((f"{mark} ", style), title)

    @on(OptionList.OptionHighlighted)
    def _pointed_at(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        lesson = self._lessons[str(event.option.id)]
        outcome = self._outcomes.get(lesson.name)
        told = _told(lesson, outcome) if outcome else _("not yet put to the test here")
        self.query_one("#claim", Static).update(Content.assemble(_(lesson.claim), "\n", (told, "$text-muted")))


def _told(lesson: Lesson | Quiz, outcome: Outcome) -> str:
    """How it came out the last time."""
    if isinstance(lesson, Quiz):
        text = _("answered here: {right} of {of} right")
    elif outcome.holds:
        text = _("put to the test here: the claim held, seed {seed}")
    else:
        text = _("put to the test here: the claim did not hold, {right} of {of} so, seed {seed}")
    return text.format(right=outcome.right, of=outcome.of, seed=outcome.seed)


def choose_lesson(app: App[Any], outcomes: Mapping[str, Outcome], choose: Callable[[Lesson | Quiz], None]) -> None:
    """Have a lesson chosen, if one is wanted."""

    def answer(name: str | None) -> None:
        if name is not None:
            choose(read_lesson(name))

    app.push_screen(LessonList(outcomes), answer)
