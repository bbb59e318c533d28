"""TOML files that anyone may have written: read to a limit, and parsed at a bounded cost."""

import os
import re
import stat
import sys
import tomllib
from errno import EINVAL, EISDIR
from pathlib import Path
from typing import Any, Final

from tui_trainer.system.files import open_to_read

MOST_BYTES: Final = 1 << 20

MOST_DOTS: Final = 4096
"""In a file, besides those of decimal numbers: a key `a.b.c…` costs tomllib time and memory with the square of its parts."""

LONGEST_COMPLAINT: Final = 200
"""Characters: it may quote the file."""

_DECIMAL: Final = re.compile(r"(?<![\w.-])\d+\.\d+(?!\d*\.)")


def read_given(path: Path) -> bytes:
    """All that is in a file that a person named, who may mean a pipe (`<(…)`) or /dev/null too. Raises OSError and ValueError."""
    # A pipe that nobody writes to would never open, and a terminal never end.
    descriptor = open_to_read(path)
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 it is open already
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        content = file.read(MOST_BYTES + 1)
        is_pipe = stat.S_ISFIFO(mode)
        if is_pipe and content == b"":
            raise ValueError("nothing comes through this pipe")
        if content is None and not is_pipe:
            raise OSError(EINVAL, "not a regular file")
        if sys.platform != "win32":
            # Whoever has the pipe open may take time to write.
            os.set_blocking(descriptor, True)
        content = content or b""
        while len(content) <= MOST_BYTES and (more := file.read(MOST_BYTES + 1 - len(content))):
            content += more
    if len(content) > MOST_BYTES:
        raise ValueError(f"longer than {MOST_BYTES:,} bytes")
    return content


def parse_toml(content: bytes) -> dict[str, Any]:
    """The values in a TOML file, unchecked. Raises ValueError, whose text is one line."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"not a TOML file: line {line}: not UTF-8") from None
    if text.count(".") - len(_DECIMAL.findall(text)) > MOST_DOTS:
        raise ValueError(f"not a TOML file of options: it has more than {MOST_DOTS:,} dots")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # no TOML, or an integer of thousands of digits; tables without end
        raise ValueError(f"not a TOML file: {' '.join(str(error).split())[:LONGEST_COMPLAINT]}") from None
