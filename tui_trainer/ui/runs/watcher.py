"""Reads on in a run's folder in a thread of its own, so that large files, or a slow disk, never hold up the screen."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord, record_of
from tui_trainer.runs.follow import Condition, Follower
from tui_trainer.ui.kit.background import Background


@dataclass
class RunSeen(Message):
    """What is known of the run by now."""

    record: RunRecord
    """Its history is another one when the run was cut back, and is read anew."""
    condition: Condition
    problem: UserError | None = None
    """Why its files cannot be read further."""

    def can_replace(self, message: Message) -> bool:
        """Only the latest counts, where a screen has not come to look."""
        return isinstance(message, RunSeen)


class Watcher(Background):
    """Looks so many times a second."""

    def __init__(self, follower: Follower, looks_per_second: float, post: Callable[[Message], object]) -> None:
        super().__init__("watching", post)
        self._follower = follower
        self._tick = 1 / looks_per_second
        self._seen: RunSeen | None = None

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self._follower.path

    def work(self) -> None:
        while not self.is_stopping:
            self._look()
            self.rest(self._tick)

    def _look(self) -> None:
        try:
            behind = True
            while behind and not self.is_stopping:
                behind = self._look_once()
        except UserError as error:
            if self._seen is None or str(self._seen.problem) != str(error):
                self._tell(self._record(), Condition.GONE, error)

    def _look_once(self) -> bool:
        """Take in what is new, and tell whether there is more to be had at once."""
        news = self._follower.look()
        before = self._seen
        known = before is not None and not news.restarted and not news.lines and news.condition is before.condition
        record = before.record if before and known else self._record()
        if before is None or before.problem or record is not before.record or len(news.batches):
            self._tell(record, news.condition)
        return news.behind

    def _record(self) -> RunRecord:
        return record_of(self._follower.path, self._follower.recording)

    def _tell(self, record: RunRecord, condition: Condition, problem: UserError | None = None) -> None:
        self._seen = RunSeen(record, condition, problem)
        self.post(self._seen)
