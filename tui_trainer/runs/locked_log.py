"""metrics.jsonl while its run goes on: lines are added whole or not at all, and whoever holds it has the run's folder to itself."""

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from tui_trainer.system.files import is_not_offered, open_to_write

PATIENCE = 0.3
"""Seconds to wait for a lock: whoever looks whether a run is going on holds it for a moment."""


class TakenError(OSError):
    """Another process, or another run of this one, holds the file."""


class LockedLog:
    """An open metrics.jsonl with a lock on it, which ends with the process, however that ends. Make one with `hold`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.is_locked = True
        """Whether nobody else can hold the file; False where the file system has no locks."""
        self._size = os.fstat(descriptor).st_size
        self._waiting = b""

    @classmethod
    def hold(cls, path: Path, *, create: bool = False) -> Self:
        """Open the file for one run alone. Raises TakenError, and OSError as `open` does."""
        descriptor = open_to_write(path, os.O_APPEND | (os.O_CREAT if create else 0))
        try:
            locked = _lock(descriptor)
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
        """Have a line written at the next `flush`."""
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
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            # A kill in mid-write may leave a line that lacks nothing but its end.
            self._size += os.write(self._descriptor, b"\n")

    def close(self) -> None:
        """Let others have the folder."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_held(path: Path) -> bool:
    """Whether a run is going on that writes this metrics.jsonl, in this process or another; False where there is no telling."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _lock(descriptor: int) -> bool:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > until:
                raise TakenError(errno.EAGAIN, "a run is going on there") from None
            time.sleep(0.01)
        except OSError as error:
            if is_not_offered(error):
                return False
            raise
