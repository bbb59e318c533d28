"""Bytes a second that the app writes to its terminal: `python benchmarks/line.py`, with the program and pexpect installed.

The default network trains for 100 epochs in a real pseudo-terminal, its charts live. Options are handed on, such as `--refresh 0.5`
or `--hidden 100x30`.
"""

import os
import sys
import tempfile
from time import monotonic

import pexpect

SIZES = ((80, 24), (120, 40), (200, 60))
SETTLE = 3.0
"""Seconds until the screen of a new phase is drawn."""
COUNTED = 10.0

CTRL_R = "\x12"


class Line:
    """The app at the far end of a line whose bytes are counted."""

    def __init__(self, columns: int, lines: int, folder: str, options: list[str]) -> None:
        arguments = ["-m", "tui_trainer", "--epochs", "100", "--threads", "1", "--output", f"{folder}/run", *options]
        # Settings of its own, because the app remembers the options of the last run.
        environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "COLORTERM": "truecolor", "XDG_CONFIG_HOME": folder}
        self._process: pexpect.spawn[bytes] = pexpect.spawn(sys.executable, arguments, dimensions=(lines, columns), env=environment)

    @property
    def process_id(self) -> int:
        """Of the app."""
        return int(self._process.pid)

    def read(self, seconds: float) -> bytes:
        """What comes over the line in this time."""
        deadline = monotonic() + seconds
        read = b""
        while (left := deadline - monotonic()) > 0:
            try:
                read += self._process.read_nonblocking(1 << 16, timeout=left)
            except pexpect.TIMEOUT:
                break
        return read

    def press(self, keys: str) -> None:
        """Send keys."""
        self._process.send(keys)

    def until(self, text: bytes, seconds: float = 60, *, every: float = 0.5) -> None:
        """Read until the app has written this, looking every so many seconds."""
        deadline = monotonic() + seconds
        read = b""
        while text not in read:
            if monotonic() > deadline:
                raise TimeoutError(f"the app did not write {text.decode()!r}")
            read += self.read(every)

    def kilobytes_a_second(self) -> float:
        """What comes over the line once the screen is drawn."""
        self.read(SETTLE)
        return len(self.read(COUNTED)) / COUNTED / 1000

    def close(self) -> None:
        """Hang up."""
        self._process.close(force=True)


def measure(columns: int, lines: int, options: list[str]) -> list[float]:
    """kB/s idle, training, paused and ended."""
    with tempfile.TemporaryDirectory() as folder:
        line = Line(columns, lines, folder, options)
        line.until(b"Start")
        idle = line.kilobytes_a_second()
        line.press(CTRL_R)
        line.until(b"images/s")
        training = line.kilobytes_a_second()
        line.press(" ")
        paused = line.kilobytes_a_second()
        line.press("s")
        line.until(b"test accuracy")
        ended = line.kilobytes_a_second()
        line.close()
    return [idle, training, paused, ended]


def main() -> None:
    """Print the table."""
    print("| columns × lines | idle, kB/s | training, kB/s | paused, kB/s | ended, kB/s |\n| --- | --- | --- | --- | --- |")
    for columns, lines in SIZES:
        figures = " | ".join(f"{figure:.1f}" for figure in measure(columns, lines, sys.argv[1:]))
        print(f"| {columns}×{lines} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
