"""metrics.jsonl of a running run: lines are added whole or not at all, and its lock reserves the run's folder."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from tui_trainer.system import locks
from tui_trainer.system.files import open_to_write


class LockedLog:
    """An open metrics.jsonl with a lock on it, which ends with the process, however that ends. Make one with `hold`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.is_locked = True
        """Whether the file is locked; False where the file system has no locks."""
        self._size = os.fstat(descriptor).st_size
        self._waiting = b""

    @classmethod
    def hold(cls, path: Path, *, create: bool = False) -> Self:
        """Open the file for one run alone. Raises TakenError, and OSError as `open` does."""
        descriptor = open_to_write(path, create=create, append=True)
        try:
            locked = locks.hold(descriptor)
            journal = cls(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        journal.is_locked = locked
        return journal

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._size

    def add(self, line: str) -> None:
        """Add a line, which the next `flush` writes."""
        self._waiting += line.encode() + b"\n"

    def flush(self) -> None:
        """Write what waits, to last through a loss of power. Raises OSError, leaves no part of a line then, and keeps what waits."""
        state = os.fstat(self._descriptor)
        if not state.st_nlink:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not self._waiting:
            return
        if state.st_size != self._size:
            # What an earlier failure left of a line.
            os.ftruncate(self._descriptor, self._size)
        try:
            rest = memoryview(self._waiting)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(self._waiting)
        self._waiting = b""

    def cut(self, size: int) -> None:
        """Keep the first `size` bytes alone. Raises OSError."""
        os.ftruncate(self._descriptor, size)
        self._size = size
        if size:
            os.lseek(self._descriptor, size - 1, os.SEEK_SET)
            if os.read(self._descriptor, 1) != b"\n":
                # A kill in mid-write may leave a line that lacks nothing but its end.
                self._size += os.write(self._descriptor, b"\n")

    def close(self) -> None:
        """Unlock the folder."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
