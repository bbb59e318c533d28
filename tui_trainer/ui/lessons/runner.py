"""A lesson's runs in the background: drains their events and never waits for the screen, which looks when it wants to."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from textual.message import Message

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.lessons.criteria import Verdict
from tui_trainer.lessons.lesson import Lesson
from tui_trainer.lessons.parallel_runs import Trial
from tui_trainer.ui.run.messages import RunFailed


@dataclass
class LessonEnded(Message):
    """The runs are over; the verdict is None where somebody stopped them before their end."""

    runner: "LessonRunner"
    verdict: Verdict | None


@dataclass
class LessonRefused(Message):
    """The runs cannot start, for a reason that its user can mend: one line."""

    runner: "LessonRunner"
    reason: str


class LessonRunner:
    """Trains a lesson's runs side by side. `given` are options in place of those that all its runs share. Raises UserError."""

    def __init__(self, lesson: Lesson, given: Mapping[str, Any], post: Callable[[Message], object]) -> None:
        self.configs: Mapping[str, Config] = lesson.configs(given)
        self.trial = Trial(self.configs, lesson.samples)
        self._lesson = lesson
        self._post = post
        self._thread = threading.Thread(target=self._work, name="lesson", daemon=True)

    def start(self) -> None:
        """Begin, and return at once."""
        self._thread.start()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it is over, and tell whether it is."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            for _ in self.trial.events():
                pass
            self._post(LessonEnded(self, self._lesson.judge(self.trial.histories) if self.trial.complete else None))
        except UserError as error:
            self._post(LessonRefused(self, str(error)))
        except BaseException as error:
            self._post(RunFailed(self, error))
