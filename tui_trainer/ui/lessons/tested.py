"""What the lessons' screens tell the app, which remembers it."""

from dataclasses import dataclass

from textual.message import Message

from tui_trainer.lessons.outcome import Outcome


@dataclass
class LessonTested(Message):
    """A lesson was put to the test as it stands in its file."""

    name: str
    outcome: Outcome
