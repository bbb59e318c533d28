"""Opening files that may come from anywhere."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from tui_trainer.errors import UserError, reason_of
from tui_trainer.system.files import open_to_read
from tui_trainer.system.toml_file import parse_toml


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file, if it is one: a pipe would never open, and a device never end. Raises UserError."""
    try:
        descriptor = open_to_read(path)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise UserError("not a regular file", path=path)
        with os.fdopen(descriptor, "rb") as file:
            yield file
    except OSError as error:
        raise UserError(reason_of(error), path=path) from error


def read_table(path: Path, most: int) -> dict[str, Any]:
    """The table in a TOML file of at most so many bytes, unchecked. Raises UserError."""
    with opened(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise UserError(f"longer than {most:,} bytes", path=path)
    try:
        table = parse_toml(content)
    except ValueError as error:
        raise UserError(str(error), path=path) from None
    try:
        str(table)
    except ValueError:  # a hexadecimal one can be read, but not shown
        raise UserError("holds an integer of thousands of digits", path=path) from None
    except RecursionError:
        raise UserError("holds tables in tables without end", path=path) from None
    return table
