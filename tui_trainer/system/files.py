"""Writing files so that a kill at any moment leaves the old one or the new one, whole."""

import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, Final, Self

if sys.platform == "win32":
    _CALMLY: Final = os.O_BINARY | os.O_NOINHERIT
    _NO_LINK: Final = 0
else:
    _CALMLY: Final = os.O_NONBLOCK | os.O_CLOEXEC
    """A pipe that nobody writes to would never open."""
    _NO_LINK: Final = os.O_NOFOLLOW

ABANDONED_AFTER: Final = 3600.0
"""Seconds after which a temporary file's writer counts as killed."""


def replace(path: Path, content: bytes, also: Path | None = None) -> None:
    """Write `content` beside `path`, make sure that it is on the disk, and rename it into place, and so at `also`. Raises OSError.

    For whoever has the folder to itself: the name beside is always the same, so that what a kill leaves is known. Both are one file
    where the file system lets them be: neither is ever written to again, only replaced.
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


@contextmanager
def replacing(path: Path, *, over: bool = True) -> Iterator[BinaryIO]:
    """A file that comes to stand at `path` once all of it is written; any number may be at it at once, and one of them is there whole.

    Raises OSError: FileExistsError where something is there already, unless it is written `over`.
    """
    _remove_abandoned(path.parent)
    # Not of the file's own name, which may mean something to others already: TensorBoard takes any part of one for a run.
    fresh = path.with_name(f".tui-trainer-{token_hex(8)}.new")
    try:
        with fresh.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if over:
            fresh.replace(path)
        else:
            _take_name(fresh, path)
    finally:
        with suppress(OSError):
            fresh.unlink()
    sync_folder(path.parent)


def write_whole(path: Path, content: bytes, *, over: bool = True) -> None:
    """Write a file by way of `replacing`. Raises OSError."""
    with replacing(path, over=over) as file:
        file.write(content)


def _take_name(fresh: Path, path: Path) -> None:
    # Unlike a rename, a link never takes the place of what is there.
    try:
        os.link(fresh, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        fresh.replace(path)


def _remove_abandoned(folder: Path) -> None:
    for fresh in folder.glob(".tui-trainer-*.new"):
        with suppress(OSError):
            if time.time() - fresh.lstat().st_mtime > ABANDONED_AFTER:
                fresh.unlink()


def beside(path: Path) -> Path:
    """Where the file is written before it takes its name."""
    return path.with_name(f".{path.name}.new")


def open_to_read(path: Path) -> int:
    """A descriptor to read what stands there, which may be no file. Raises OSError."""
    return os.open(path, os.O_RDONLY | _CALMLY)


def open_to_write(path: Path, *, create: bool = False, append: bool = False) -> int:
    """A descriptor of a file that is there, or may be new, to read and write in place, or only at its end. Raises OSError.

    A link is refused: a folder that came from elsewhere could have one that leads to anything of its new owner's.
    """
    try:
        flags = os.O_RDWR | (os.O_CREAT if create else 0) | (os.O_APPEND if append else 0)
        descriptor = os.open(path, flags | _NO_LINK | _CALMLY, 0o666)
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


def sync_folder(folder: Path) -> bool:
    """Make a rename in `folder` survive a loss of power; False where the file system cannot. Raises OSError."""
    if sys.platform == "win32":
        return False
    descriptor = open_folder(folder)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if is_not_offered(error):
            return False
        raise
    finally:
        os.close(descriptor)
    return True


def open_folder(folder: Path) -> int:
    """A descriptor of a folder, which goes on to mean this one whatever comes to stand at its path. Raises OSError."""
    if sys.platform == "win32":
        raise OSError(errno.ENOSYS, "folders cannot be opened here")
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


class FilesOf:
    """The files of a folder, by way of the folder itself: what comes to stand at its path meanwhile is left alone. Raises OSError.

    Where folders cannot be opened, by their paths.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        if sys.platform == "win32":
            if folder.is_symlink():
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        else:
            self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | _NO_LINK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def delete(self, name: str) -> int:
        """Delete a file, or a link, and tell how many bytes it had."""
        path = name if self._descriptor is not None else self._folder / name
        size = os.stat(path, dir_fd=self._descriptor, follow_symlinks=False).st_size
        os.unlink(path, dir_fd=self._descriptor)
        return size

    def names(self) -> list[str]:
        """What is there."""
        return os.listdir(self._folder if self._descriptor is None else self._descriptor)  # noqa: PTH208 the folder that is open


def is_not_offered(error: OSError) -> bool:
    """Whether the file system has no such thing, as shared folders and cluster file systems lack some; nothing else is wrong then."""
    return error.errno in {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK}
