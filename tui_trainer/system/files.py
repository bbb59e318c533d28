"""Writing files so that a kill at any moment leaves the old one or the new one, whole."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path


def replace(path: Path, content: bytes, also: Path | None = None) -> None:
    """Write `content` beside `path`, make sure that it is on the disk, and rename it into place, and so at `also`. Raises OSError.

    Both are one file where the file system lets them be: neither is ever written to again, only replaced.
    """
    fresh = [beside(target) for target in (path, also) if target]
    try:
        _write(fresh[0], content)
        for further in fresh[1:]:
            with suppress(FileNotFoundError):
                further.unlink()
            try:
                os.link(fresh[0], further)
            except OSError:  # a file system without links
                _write(further, content)
        if also:
            fresh[1].replace(also)
        fresh[0].replace(path)
    except OSError:
        # What went wrong first is what to tell, not that the remains cannot be cleaned up either.
        for remains in fresh:
            with suppress(OSError):
                remains.unlink()
        raise
    sync_folder(path.parent)


def beside(path: Path) -> Path:
    """Where the file is written before it takes its name."""
    return path.with_name(f".{path.name}.new")


def open_to_write(path: Path, flags: int = 0) -> int:
    """A descriptor of a file that is there, or of a new one with O_CREAT, to read and write in place. Raises OSError.

    A link is refused: a folder that came from elsewhere could have one that leads to anything of its new owner's.
    """
    try:
        descriptor = os.open(path, flags | os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a link, and may lead out of the folder") from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


def _write(path: Path, content: bytes) -> None:
    # What stands there may be a link to anything, or a pipe.
    try:
        file = path.open("xb")
    except FileExistsError:
        path.unlink()
        file = path.open("xb")
    with file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
