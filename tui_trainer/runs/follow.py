"""Reading on in the folder of a run that goes on elsewhere: what was added since the last look, and whether more is to come.

By looking again and again, which works over NFS too. No file is read twice, nor without end, and none is believed unchecked.
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
"""Bytes of what was read last, by which it is noticed that something else stands there now."""

BATCHES_A_LOOK: Final = 1 << 18

_NONE: Final = np.empty((0, len(COLUMNS)), "<f4")

RECENT: Final = 10.0
"""Seconds for which a run that nobody is seen to hold counts as going on after its files grew: not every file system tells of locks."""


class Condition(Enum):
    """What becomes of the run."""

    RUNNING = "running"
    ENDED = "ended"
    GONE = "gone"
    """Its process is no more, and has written no end; the run may be resumed."""


class Heard(NamedTuple):
    """A line of metrics.jsonl, and how it stands there."""

    line: Line
    text: bytes


class News(NamedTuple):
    """What a look brought."""

    lines: Sequence[Heard]
    batches: NDArray[Any]
    """Those that are new, of shape (batches, 5)."""
    anew: bool
    """The run was cut back, to go on from an earlier checkpoint: nothing counts of what was told before."""
    behind: bool
    """There is more to be read at once."""
    condition: Condition


class CutBackError(Exception):
    """What was read already does not stand in the file any more."""


class Follower:
    """Reads on at each `look`. Raises UserError where there is no run."""

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
        """The run as it was read so far."""
        self._metrics = _Metrics(self._folder.metrics)
        self._batches = _Batches(self._folder.batches)

    def look(self) -> News:
        """What is new. Raises UserError, which names the file and the line, when one of the files is broken."""
        # First, so that all that a run which has just ended wrote is read before it is called gone.
        held = is_held(self._folder.metrics)
        try:
            anew, news = False, self._read()
        except CutBackError:
            self._begin()
            try:
                anew, news = True, self._read()
            except CutBackError:  # and once more, in this very moment
                self._begin()
                return News((), _NONE, anew=True, behind=True, condition=Condition.RUNNING)
        lines, batches, behind = news
        for heard in lines:
            self.recording.take(heard.line)
        self.recording.add_batches(batches)
        if self._looked and (lines or len(batches)):
            self._grew_at = monotonic()
        self._looked = self._looked or not behind
        return News(lines, batches, anew, behind, self._condition(held))

    def _read(self) -> tuple[list[Heard], NDArray[Any], bool]:
        # Batches first: whatever epochs they belong to are written before them, and so found after them.
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
    """How far a file was read, and what stands before there."""

    def __init__(self) -> None:
        self.at = 0
        self._last = b""

    def beyond(self, file: BinaryIO, most: int) -> bytes:
        """Up to so many bytes that follow."""
        # In one piece with what is known, so that nobody cuts between the two.
        file.seek(self.at - len(self._last))
        content = file.read(len(self._last) + most)
        if not content.startswith(self._last):
            raise CutBackError
        return content[len(self._last) :]

    def move(self, content: bytes) -> None:
        """Take what follows as read."""
        self.at += len(content)
        self._last = (self._last + content[-REMEMBERED:])[-REMEMBERED:]


class _Metrics:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = _Place()
        self._number = 0
        self.doubted: tuple[int, bytes] | None = None
        """A broken line, which is believed in at the second look: the file may have been cut back in the moment of the first."""

    def read(self) -> tuple[list[Heard], bool]:
        """Whole lines, and whether there may be more."""
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
                break  # not written to its end, or not to be believed yet
            self._place.move(text)
            self._number += text.endswith(b"\n")
            if line:
                heard.append(Heard(line, text))
        return heard, len(content) > LONGEST_LINE and self._place.at > before

    def _broken(self, what: str) -> UserError:
        return UserError(f"line {self._number + 1}: {what}", path=self._path)


def _lines(content: bytes) -> Iterator[bytes]:
    """Each with its end; the last one perhaps without."""
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
        """Whole rows, and whether there are more; none where there is no such file, as those of earlier versions have none."""
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
