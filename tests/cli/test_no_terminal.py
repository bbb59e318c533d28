"""The app draws on stderr and reads keys from stdin: where either is no terminal it says what to do instead."""

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from program import call

from tui_trainer.commands.program import program

PROGRAM = [sys.executable, "-m", "tui_trainer"]


@pytest.mark.parametrize("streams", [(), ("stdin",), ("stderr",), ("stdin", "stdout")], ids="+".join)
def test_the_app_needs_a_terminal_for_keys_and_screen(tmp_path: Path, streams: tuple[str, ...]) -> None:
    master, slave = pty.openpty()
    rest: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    done = subprocess.run(
        PROGRAM, **rest | dict.fromkeys(streams, slave), cwd=tmp_path, env={**os.environ, "TERM": "xterm"}, timeout=60, check=False
    )
    os.close(slave)
    told = done.stderr if "stderr" not in streams else os.read(master, 10_000)
    os.close(master)
    assert done.returncode == 2
    assert not done.stdout
    assert b"--no-ui" in told
    assert told.count(b"\n") == 1
    assert b"\x1b" not in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("kind", "named"), [("dumb", b"'dumb'"), ("unknown", b"'unknown'"), ("", b"TERM is not set"), (None, b"TERM")])
def test_a_terminal_that_cannot_draw_is_no_terminal_for_the_app(tmp_path: Path, kind: str | None, named: bytes) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TERM"} | ({} if kind is None else {"TERM": kind})
    master, slave = pty.openpty()
    streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), slave)
    done = subprocess.run(PROGRAM, **streams, cwd=tmp_path, env=environment, timeout=60, check=False)
    os.close(slave)
    told = os.read(master, 10_000)
    os.close(master)
    assert done.returncode == 2
    assert named in told
    assert b"--no-ui" in told
    assert told.count(b"\n") == 1


def test_bad_options_are_told_before_the_terminal_is_asked_for(tmp_path: Path) -> None:
    done = subprocess.run([*PROGRAM, "--epochs", "x"], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (2, "tui-trainer: --epochs must be a whole number, not 'x'\n")


@pytest.mark.parametrize("options", [["--refresh", "2"], ["--no-mouse"]], ids=lambda options: options[0])
def test_what_is_about_the_screen_is_refused_without_one(tmp_path: Path, options: list[str]) -> None:
    done = call("--no-ui", *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tui-trainer: {options[0]}: only the app has a screen; leave out --no-ui\n"


@pytest.mark.parametrize("rate", ["0", "0.09", "31", "-2", "nan", "inf", "often"])
def test_a_rate_that_no_screen_is_drawn_at_is_refused(rate: str) -> None:
    done = CliRunner().invoke(program, ["--refresh", rate])
    told = done.output + str(done.exception)
    assert done.exit_code != 0
    assert "--refresh" in told
