"""A lesson's runs in the background: drains their events and never waits for the screen, which looks when it wants to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from textual.message import Message

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.lessons.criteria import Verdict
from tui_trainer.lessons.lesson import Lesson
from tui_trainer.lessons.parallel_runs import ParallelRuns
from tui_trainer.ui.kit.background import Background


@dataclass
class LessonEnded(Message):
    """The runs are over; the verdict is None where they were stopped before their end."""

    runner: "LessonRunner"
    verdict: Verdict | None
    seconds: float
    """That they took."""


@dataclass
class LessonRefused(Message):
    """The runs cannot start, for a reason that its user can mend: one line."""

    runner: "LessonRunner"
    reason: str


class LessonRunner(Background):
    """Trains a lesson's runs side by side. `given` are options in place of those that all its runs share. Raises UserError."""

    def __init__(self, lesson: Lesson, given: Mapping[str, Any], post: Callable[[Message], object]) -> None:
        super().__init__("lesson", post)
        self.configs: Mapping[str, Config] = lesson.configs(given)
        self.parallel_runs = ParallelRuns(self.configs, lesson.samples)
        self._lesson = lesson

    def stop(self) -> None:
        super().stop()
        self.parallel_runs.stop()

    def work(self) -> None:
        began = monotonic()
        for _ in self.parallel_runs.events():
            pass
        verdict = self._lesson.judge(self.parallel_runs.histories) if self.parallel_runs.complete else None
        self.post(LessonEnded(self, verdict, monotonic() - began))

    def refuse(self, error: UserError) -> None:
        self.post(LessonRefused(self, str(error)))
