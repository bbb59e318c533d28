"""Locks on open files, which end with the process, however that ends, and which other processes can see.

Not filelock or portalocker: the former keeps a file of its own beside the one that is meant, the latter cannot tell that a file system
has no locks from that somebody holds one, and neither lets another process ask.
"""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui_trainer.system.files import is_not_offered, open_folder, open_to_read

PATIENCE = 0.3
"""Seconds to wait for a lock: a process that checks it holds it for a moment."""


class TakenError(OSError):
    """Another process, or another part of this one, holds the file."""


if sys.platform == "win32":
    # A lock there would keep others from reading too.

    def hold(descriptor: int) -> bool:
        """Lock an open file until it is closed; False where the file system has no locks. Raises TakenError and OSError."""
        return False

    def is_held(path: Path) -> bool:
        """Whether this process or another holds the file; False where there is no telling."""
        return False

    @contextmanager
    def alone_in(folder: Path) -> Iterator[None]:
        """Nobody else is inside such a block for the same folder meanwhile, where the file system has locks. Raises OSError."""
        yield

else:
    import fcntl

    def hold(descriptor: int) -> bool:
        """Lock an open file until it is closed; False where the file system has no locks. Raises TakenError and OSError."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() > until:
                    raise TakenError(errno.EAGAIN, "somebody holds the lock") from None
                time.sleep(0.01)
            except OSError as error:
                if is_not_offered(error):
                    return False
                raise

    def is_held(path: Path) -> bool:
        """Whether this process or another holds the file; False where there is no telling."""
        try:
            descriptor = open_to_read(path)
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

    @contextmanager
    def alone_in(folder: Path) -> Iterator[None]:
        """Nobody else is inside such a block for the same folder meanwhile, where the file system has locks. Raises OSError."""
        descriptor = open_folder(folder)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError as error:
                if not is_not_offered(error):
                    raise
            yield
        finally:
            os.close(descriptor)
