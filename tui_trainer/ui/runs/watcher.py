"""Reads on in a run's folder in a thread of its own, so that large files, or a slow disk, never hold up the screen."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord, record_of
from tui_trainer.runs.follow import Condition, Follower
from tui_trainer.ui.run import messages


@dataclass
class RunSeen(Message):
    """What is known of the run by now."""

    record: RunRecord
    """Its history is another one when the run was cut back, and is read anew."""
    condition: Condition
    problem: str = ""
    """Why its files cannot be read further, in a line."""

    def can_replace(self, message: Message) -> bool:
        """Only the latest counts, where a screen has not come to look."""
        return isinstance(message, RunSeen)


class Watcher:
    """Looks so many times a second. `post` must be safe to call from any thread, as `post_message` is.

    A daemon thread and not a Textual worker, for the reason that `Runner` gives.
    """

    def __init__(self, follower: Follower, looks_per_second: float, post: Callable[[Message], object]) -> None:
        self._follower = follower
        self._tick = 1 / looks_per_second
        self._post = post
        self._closed = threading.Event()
        self._seen: RunSeen | None = None
        self._thread = threading.Thread(target=self._work, name="watching", daemon=True)

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self._follower.path

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def _work(self) -> None:
        try:
            while not self._closed.is_set():
                self._look()
                self._closed.wait(self._tick)
        except BaseException as error:
            self._post(messages.RunFailed(self, error))

    def _look(self) -> None:
        try:
            behind = True
            while behind and not self._closed.is_set():
                behind = self._look_once()
        except UserError as error:
            if self._seen is None or self._seen.problem != str(error):
                self._tell(self._record(), Condition.GONE, str(error))

    def _look_once(self) -> bool:
        """Take in what is new, and tell whether there is more to be had at once."""
        news = self._follower.look()
        before = self._seen
        known = before is not None and not news.anew and not news.lines and news.condition is before.condition
        record = before.record if before and known else self._record()
        if before is None or before.problem or record is not before.record or len(news.batches):
            self._tell(record, news.condition)
        return news.behind

    def _record(self) -> RunRecord:
        return record_of(self._follower.path, self._follower.recording)

    def _tell(self, record: RunRecord, condition: Condition, problem: str = "") -> None:
        self._seen = RunSeen(record, condition, problem)
        self._post(self._seen)
