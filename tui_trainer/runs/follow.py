"""Follows a run of another process through its files, by polling, which works over NFS too.

No byte is read twice, sizes are limited, and contents validated.
"""

import os
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.errors import UserError
from tui_trainer.runs.archive import LONGEST_LINE, MOST_BYTES
from tui_trainer.runs.batches import COLUMNS, MOST_BATCHES, ROW
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.log import Line, MalformedError, NotJSONError, parse_line
from tui_trainer.runs.recording import Recording
from tui_trainer.system.locks import is_held
from tui_trainer.system.reading import opened

REMEMBERED: Final = 1 << 12
"""The last bytes read, by which a rewritten file is noticed."""

BATCHES_A_LOOK: Final = 1 << 18

_NONE: Final = np.empty((0, len(COLUMNS)), "<f4")

RECENT: Final = 10.0
"""Seconds after its files grew for which a run without a visible lock counts as running: not every file system shows locks."""


class Condition(Enum):
    """The condition of a followed run."""

    RUNNING = "running"
    ENDED = "ended"
    GONE = "gone"
    """Its process ended without writing the run's end; the run may be resumed."""


class LoggedLine(NamedTuple):
    """A line of metrics.jsonl, parsed and as bytes."""

    line: Line
    text: bytes


class Update(NamedTuple):
    """What a poll found."""

    lines: Sequence[LoggedLine]
    batches: NDArray[Any]
    """New batches, of shape (batches, 5)."""
    restarted: bool
    """The log was cut back to an earlier checkpoint: this replaces all earlier updates."""
    behind: bool
    """More can be read at once."""
    condition: Condition


class CutBackError(Exception):
    """The file no longer contains what was read."""


class Follower:
    """Follows a run; each `look` reads what is new. Raises UserError where there is no run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = RunDirectory(path)
        if not os.path.lexists(self._folder.metrics):
            raise UserError(f"not a run: it has no {self._folder.metrics.name}", path=path)
        self._begin()
        self._locks_tell = False
        self._grew_at: float | None = None
        self._looked = False

    def _begin(self) -> None:
        self.recording = Recording()
        """The run as read so far."""
        self._metrics = _Metrics(self._folder.metrics)
        self._batches = _Batches(self._folder.batches)

    def look(self) -> Update:
        """What is new. Raises UserError, which names the file and the line, for a broken file."""
        # Before the files, so that a run that has just ended is not called gone before its last lines are read.
        held = is_held(self._folder.metrics)
        try:
            restarted, news = False, self._read()
        except CutBackError:
            self._begin()
            try:
                restarted, news = True, self._read()
            except CutBackError:  # cut again meanwhile
                self._begin()
                return Update((), _NONE, restarted=True, behind=True, condition=Condition.RUNNING)
        lines, batches, behind = news
        for heard in lines:
            self.recording.take(heard.line)
        self.recording.add_batches(batches)
        if self._looked and (lines or len(batches)):
            self._grew_at = monotonic()
        self._looked = self._looked or not behind
        return Update(lines, batches, restarted, behind, self._condition(held))

    def _read(self) -> tuple[list[LoggedLine], NDArray[Any], bool]:
        # Batches first: the lines of their epochs are written before them, and so are found.
        batches, more_batches = self._batches.read()
        lines, more_lines = self._metrics.read()
        return lines, batches, more_batches or more_lines

    def _condition(self, held: bool) -> Condition:
        self._locks_tell = self._locks_tell or held
        if self.recording.end:
            return Condition.ENDED
        recent = self._grew_at is not None and monotonic() - self._grew_at < RECENT
        going_on = held or (recent and not self._locks_tell) or self._metrics.doubted
        return Condition.RUNNING if going_on else Condition.GONE


class _Place:
    """The position up to which a file was read, and the bytes before it."""

    def __init__(self) -> None:
        self.at = 0
        self._last = b""

    def beyond(self, file: BinaryIO, most: int) -> bytes:
        """Up to `most` bytes after the position."""
        # One read for the known bytes and the new ones, so that no cut comes between.
        file.seek(self.at - len(self._last))
        content = file.read(len(self._last) + most)
        if not content.startswith(self._last):
            raise CutBackError
        return content[len(self._last) :]

    def move(self, content: bytes) -> None:
        """Move the position behind `content`."""
        self.at += len(content)
        self._last = (self._last + content[-REMEMBERED:])[-REMEMBERED:]


class _Metrics:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = _Place()
        self._number = 0
        self.doubted: tuple[int, bytes] | None = None
        """A broken line, reported if the next look finds it again: the file may have been cut during the first."""

    def read(self) -> tuple[list[LoggedLine], bool]:
        """New whole lines, and whether there may be more."""
        with opened(self._path) as file:
            content = self._place.beyond(file, LONGEST_LINE + 1)
        heard, before = [], self._place.at
        doubted, self.doubted = self.doubted, None
        for text in _lines(content):
            if len(text) > LONGEST_LINE:
                raise self._broken(f"longer than {LONGEST_LINE:,} bytes")
            if self._place.at + len(text) > MOST_BYTES:
                raise self._broken(f"the file is longer than {MOST_BYTES:,} bytes")
            try:
                line = None if text.isspace() else parse_line(text)
            except MalformedError as error:
                if not (isinstance(error, NotJSONError) and not text.endswith(b"\n")):
                    self.doubted = self._place.at, text
                if self.doubted and self.doubted == doubted:
                    raise self._broken(str(error)) from None
                break  # incomplete, or seen broken for the first time
            self._place.move(text)
            self._number += text.endswith(b"\n")
            if line:
                heard.append(LoggedLine(line, text))
        return heard, len(content) > LONGEST_LINE and self._place.at > before

    def _broken(self, what: str) -> UserError:
        return UserError(f"line {self._number + 1}: {what}", path=self._path)


def _lines(content: bytes) -> Iterator[bytes]:
    """The lines with their ends; the last may lack one."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start) + 1 or len(content)
        yield content[start:end]
        start = end


class _Batches:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = _Place()

    def read(self) -> tuple[NDArray[Any], bool]:
        """New whole rows, and whether there are more; none without the file, which earlier versions did not write."""
        if not os.path.lexists(self._path):
            if self._place.at:
                raise CutBackError
            return _NONE, False
        left = MOST_BATCHES * ROW - self._place.at
        with opened(self._path) as file:
            content = self._place.beyond(file, min(BATCHES_A_LOOK * ROW, left))
        content = content[: len(content) - len(content) % ROW]
        self._place.move(content)
        return np.frombuffer(content, "<f4").reshape(-1, len(COLUMNS)), len(content) == BATCHES_A_LOOK * ROW
