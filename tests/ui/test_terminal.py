"""The program in a real pseudo-terminal, read with a terminal emulator: what a person sees, and that the app gives the headless numbers."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pyte
import pytest

PROGRAM = [sys.executable, "-m", "tui_trainer"]


class Terminal:
    """A program on a screen of its own."""

    def __init__(self, arguments: list[str], *, columns: int = 80, lines: int = 24, cwd: Path) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self.screen)
        environment = {"TERM": "xterm-256color", "PATH": "/usr/bin:/bin", "HOME": str(cwd), "LANG": "C.UTF-8", "COLORTERM": "truecolor"}
        self.process = pexpect.spawn(
            PROGRAM[0], [*PROGRAM[1:], *arguments], encoding="utf-8", dimensions=(lines, columns), env=environment, cwd=str(cwd), timeout=1
        )

    def until(self, seen: Callable[[str], bool], seconds: float = 30) -> str:
        """Read what the program draws until the screen is as wanted."""
        deadline = time.monotonic() + seconds
        while not seen(self.text):
            if time.monotonic() > deadline:
                pytest.fail(f"not seen within {seconds} s:\n{self.text}")
            self._read()
        return self.text

    def _read(self) -> None:
        try:
            drawn = self.process.read_nonblocking(1 << 16, timeout=0.2)
        except pexpect.TIMEOUT:
            return
        except pexpect.EOF:
            pytest.fail(f"the program ended:\n{self.text}")
        # The emulator does not know private sequences with an intermediate byte, which ask a terminal for its abilities.
        self._stream.feed(re.sub(r"\x1b\[[<=>?][\d;]*[$]?[a-zA-Z]", lambda found: found[0] if found[0][-1] in "hl" else "", drawn))

    @property
    def text(self) -> str:
        """The screen as lines."""
        return "\n".join(self.screen.display)

    def resize(self, columns: int, lines: int) -> None:
        """Change the window's size, as dragging its corner does."""
        self.screen.resize(lines, columns)
        self.process.setwinsize(lines, columns)

    def ended(self) -> int | None:
        """Wait for the end and give the exit status."""
        self.process.expect(pexpect.EOF, timeout=15)
        self.process.close()
        status: int | None = self.process.exitstatus
        return status


def options(digits_file: Path, folder: Path, *more: str) -> list[str]:
    fixed = ["--data", str(digits_file), "--hidden", "16", "--validation", "100", "--threads", "1", "--seed", "4"]
    return [*fixed, "--output", str(folder), *more]


def test_a_run_from_start_to_end_gives_the_numbers_of_the_headless_one(digits_file: Path, tmp_path: Path) -> None:
    terminal = Terminal(options(digits_file, tmp_path / "app", "--epochs", "3"), cwd=tmp_path)
    terminal.until(lambda text: "Start" in text and "hidden layers" in text)
    terminal.process.send("\x12")  # ctrl+r
    terminal.until(lambda text: re.search(r"test accuracy \d+\.\d%", text) is not None)
    terminal.resize(120, 40)
    terminal.until(lambda text: "Layers" in text and "Loss" in text and "hidden layers" in text)
    terminal.process.send("\x11")  # ctrl+q
    assert terminal.ended() == 0
    headless = [*PROGRAM, "--no-ui", *options(digits_file, tmp_path / "headless", "--epochs", "3")]
    subprocess.run(headless, cwd=tmp_path, check=True, capture_output=True)
    for name in ("checkpoint.safetensors", "best.safetensors", "config.toml"):
        assert (tmp_path / "app" / name).read_bytes() == (tmp_path / "headless" / name).read_bytes(), name


def test_leaving_during_a_run_asks_and_gives_the_terminal_back(digits_file: Path, tmp_path: Path) -> None:
    terminal = Terminal(options(digits_file, tmp_path / "run", "--epochs", "1000000"), cwd=tmp_path)
    terminal.until(lambda text: "Start" in text)
    terminal.process.send("\x12")
    terminal.until(lambda text: "training" in text and "epoch" in text)
    terminal.process.send("\x11")
    terminal.until(lambda text: "A run is going on" in text)
    terminal.process.send("y")
    rest = terminal.process.expect([pexpect.EOF], timeout=15)
    assert rest == 0
    farewell = str(terminal.process.before)
    assert "\x1b[?1049l" in farewell  # the alternate screen is left
    assert "\x1b[?25h" in farewell  # and the cursor shown
    terminal.process.close()
    assert terminal.process.exitstatus == 0
    assert (tmp_path / "run" / "checkpoint.safetensors").exists()
    assert '"status": "stopped"' in (tmp_path / "run" / "metrics.jsonl").read_text()
