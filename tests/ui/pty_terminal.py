"""The program in a real pseudo-terminal, read with a terminal emulator."""

import copy
import re
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pexpect
import pyte
import pytest
from compiled_engine import USERS
from rich.cells import cell_len
from waiting import PATIENCE, until

PROGRAM = [sys.executable, "-m", "tui_trainer"]

CTRL_Q, CTRL_R, CTRL_Z = "\x11", "\x12", "\x1a"

ENVIRONMENT: Mapping[str, str] = {
    "TERM": "xterm-256color",
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "COLORTERM": "truecolor",
}


def heed_signals() -> None:
    """Do not inherit that signals are ignored, as they are in a job in the background."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


ALTERNATE = 1049
"""The private mode that has a screen of its own for whoever draws on all of it."""


class Screen(pyte.Screen):
    """An emulator's screen, with an alternate one that is bare whenever it is taken."""

    def __init__(self, columns: int, lines: int) -> None:
        self._left: dict[int, Any] | None = None
        super().__init__(columns, lines)

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        super().set_mode(*modes, **kwargs)
        if ALTERNATE in modes and self._left is None:
            self._left = copy.deepcopy(self.buffer)
            self.erase_in_display(2)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        super().reset_mode(*modes, **kwargs)
        if ALTERNATE in modes and self._left is not None:
            self.buffer, self._left = self._left, None

    @property
    def display(self) -> list[str]:
        """The lines. What is left of a wide letter of which one half was written over is a blank; pyte itself does not bear it."""
        return ["".join(self._cells(self.buffer[line])) for line in range(self.lines)]

    def _cells(self, line: Mapping[int, Any]) -> Iterator[str]:
        before = " "
        for cell in (line[column].data for column in range(self.columns)):
            # The second half of a wide letter is an empty text.
            yield cell or ("" if cell_len(before) == 2 else " ")
            before = cell


class Terminal:
    """A program on a screen of its own."""

    def __init__(
        self,
        arguments: list[str],
        *,
        columns: int = 80,
        lines: int = 24,
        cwd: Path,
        program: list[str] = PROGRAM,
        environment: Mapping[str, str] = ENVIRONMENT,
    ) -> None:
        self.screen = Screen(columns, lines)
        self._stream = pyte.Stream(self.screen)
        self.written = ""
        """All that came over the line."""
        self.process = pexpect.spawn(
            program[0],
            [*program[1:], *arguments],
            encoding="utf-8",
            dimensions=(lines, columns),
            env={"HOME": str(cwd), "XDG_CACHE_HOME": str(USERS), **environment},
            cwd=str(cwd),
            timeout=1,
            preexec_fn=heed_signals,
        )
        self.modes = termios.tcgetattr(self.process.child_fd)

    def until(self, seen: Callable[[str], bool], seconds: float = PATIENCE) -> str:
        """Read what the program draws until the screen is as wanted."""
        deadline = time.monotonic() + seconds
        while not seen(self.text):
            if time.monotonic() > deadline:
                pytest.fail(f"not seen within {seconds} s:\n{self.text}")
            self._read()
        return self.text

    def until_reads(self, *texts: str, seconds: float = PATIENCE) -> str:
        """Read until all of these are on the screen."""
        return self.until(lambda screen: all(text in screen for text in texts), seconds)

    def read_for(self, seconds: float) -> str:
        """What is written in this time."""
        start, deadline = len(self.written), time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read()
        return self.written[start:]

    def until_quiet(self, seconds: float = 10) -> None:
        """Read until nothing is written for a while, in which a cursor would have blinked and the app looked at its run."""
        deadline = time.monotonic() + seconds
        while written := self.read_for(0.8):
            if time.monotonic() > deadline:
                pytest.fail(f"still written after {seconds} s: {written!r}")

    def _read(self) -> None:
        try:
            drawn = self.process.read_nonblocking(1 << 16, timeout=0.2)
        except pexpect.TIMEOUT:
            return
        except pexpect.EOF:
            pytest.fail(f"the program ended:\n{self.text}")
        self.written += drawn
        # The emulator does not know private sequences with an intermediate byte, which ask a terminal for its abilities.
        self._stream.feed(re.sub(r"\x1b\[[<=>?][\d;]*[$]?[a-zA-Z]", lambda found: found[0] if found[0][-1] in "hl" else "", drawn))

    @property
    def text(self) -> str:
        """The screen as lines."""
        return "\n".join(self.screen.display)

    def press(self, keys: str) -> None:
        """Send keys."""
        self.process.send(keys)

    def resize(self, columns: int, lines: int) -> None:
        """Change the window's size, as dragging its corner does."""
        self.screen.resize(lines, columns)
        self.process.setwinsize(lines, columns)

    def ended(self, seconds: float = 15) -> int | None:
        """Read to the end and give the exit status."""
        self.process.expect(pexpect.EOF, timeout=seconds)
        self.written += str(self.process.before)
        return self.ended_unread(seconds)

    def ended_unread(self, seconds: float = 15) -> int | None:
        """Wait for the end, without reading what is written, and give the exit status; None for a program that a signal killed."""
        try:
            until(lambda: not self.process.isalive(), seconds)
        except AssertionError:
            self.process.kill(signal.SIGKILL)
            pytest.fail(f"not ended within {seconds} s:\n{self.text}")
        status: int | None = self.process.exitstatus
        return status
