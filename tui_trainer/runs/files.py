"""Writing files so that a kill at any moment leaves the old one or the new one, whole."""

import os
from contextlib import suppress
from pathlib import Path


def replace(path: Path, content: bytes, also: Path | None = None) -> None:
    """Write `content` beside `path`, make sure that it is on the disk, and rename it into place, and so at `also`. Raises OSError.

    Both are one file where the file system lets them be: neither is ever written to again, only replaced.
    """
    beside = [target.with_name(f".{target.name}.new") for target in (path, also) if target]
    try:
        _write(beside[0], content)
        for further in beside[1:]:
            with suppress(FileNotFoundError):
                further.unlink()
            try:
                os.link(beside[0], further)
            except OSError:  # a file system without links
                _write(further, content)
        if also:
            beside[1].replace(also)
        beside[0].replace(path)
    except OSError:
        # What went wrong first is what to tell, not that the remains cannot be cleaned up either.
        for remains in beside:
            with suppress(OSError):
                remains.unlink()
        raise
    sync_folder(path.parent)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
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
