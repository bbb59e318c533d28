"""The list of lessons."""

from collections.abc import Callable
from typing import Any

from textual.app import App

from tui_trainer.lessons.lesson import Lesson, names, read_lesson
from tui_trainer.lessons.quiz import Quiz
from tui_trainer.text.language import _
from tui_trainer.ui.kit.choose import ChooseScreen


def choose_lesson(app: App[Any], choose: Callable[[Lesson | Quiz], None]) -> None:
    """Have a lesson chosen, if one is wanted."""
    lessons = {lesson.title: lesson for lesson in map(read_lesson, names())}

    def answer(title: str | None) -> None:
        if title is not None:
            choose(lessons[title])

    app.push_screen(ChooseScreen(_("Lessons"), {title: lesson.claim for title, lesson in lessons.items()}), answer)
