"""The program in a real pseudo-terminal: what a person sees, on a strange or slow one too, and that the app gives the headless numbers."""

import json
import os
import re
import shutil
import signal
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest
from compiled_engine import USERS
from runs.timeless import timeless
from waiting import until_full

from .pty_terminal import CTRL_Q, CTRL_R, CTRL_Z, ENVIRONMENT, PROGRAM, Terminal

ENDLESS = ("--epochs", "1000000")

LEAVING = 8.0
"""Seconds to be gone after a signal: 2 are promised, but this machine may have much else to do."""


def options(digits_file: Path, folder: Path, *more: str) -> list[str]:
    fixed = ["--data", str(digits_file), "--hidden", "16", "--validation", "100", "--threads", "1", "--seed", "4"]
    return [*fixed, "--output", str(folder), *more]


def last_event(folder: Path) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    return event


def test_a_run_from_start_to_end_gives_the_numbers_of_the_headless_one(digits_file: Path, tmp_path: Path) -> None:
    terminal = Terminal(options(digits_file, tmp_path / "app", "--epochs", "3"), cwd=tmp_path)
    terminal.until_reads("Start", "hidden layers")
    terminal.press(CTRL_R)
    terminal.until(lambda text: re.search(r"test accuracy \d+\.\d%", text) is not None)
    terminal.resize(120, 40)
    terminal.until_reads("Layers", "Loss", "hidden layers")
    terminal.resize(20, 5)
    terminal.read_for(0.3)
    terminal.resize(80, 24)
    terminal.until_reads("Loss", "test accuracy")
    terminal.press(CTRL_Q)
    assert terminal.ended() == 0
    headless = [*PROGRAM, "--no-ui", *options(digits_file, tmp_path / "headless", "--epochs", "3")]
    subprocess.run(headless, cwd=tmp_path, check=True, capture_output=True)
    for name in ("checkpoint.safetensors", "best.safetensors", "config.toml"):
        assert (tmp_path / "app" / name).read_bytes() == (tmp_path / "headless" / name).read_bytes(), name


@pytest.mark.long
def test_a_killed_app_is_opened_again_and_goes_on_to_the_same_bytes(digits_file: Path, tmp_path: Path) -> None:
    more = ("--hidden", "256x3", "--epochs", "30", "--checkpoint-every", "0.05")  # a second at least on any machine
    killed = Terminal(options(digits_file, tmp_path / "app", *more), cwd=tmp_path)
    killed.until_reads("Start")
    killed.press(CTRL_R)
    killed.until_reads("images/s")
    killed.process.kill(signal.SIGKILL)
    assert killed.ended() is None
    assert last_event(tmp_path / "app")["event"] != "end"
    opened = Terminal(["--resume", "app"], cwd=tmp_path)
    opened.until_reads("test accuracy", "30 epochs in")
    opened.press(CTRL_Q)
    assert opened.ended() == 0
    subprocess.run([*PROGRAM, "--no-ui", *options(digits_file, tmp_path / "whole", *more)], cwd=tmp_path, check=True, capture_output=True)
    for name in ("checkpoint.safetensors", "best.safetensors", "config.toml"):
        assert (tmp_path / "app" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert timeless(tmp_path / "app") == timeless(tmp_path / "whole")
    # There is nothing left to do but what somebody wants besides.
    asked = Terminal(["--resume", "app"], cwd=tmp_path)
    asked.until_reads("app is completed after 30 epochs", "60")
    asked.press("\x1b")
    asked.until_reads("Start", "hidden layers")
    asked.press(CTRL_Q)
    assert asked.ended() == 0
    assert timeless(tmp_path / "app") == timeless(tmp_path / "whole")


@pytest.mark.parametrize(
    ("more", "complaint"),
    [([], "run: no such run"), (["--output", "x"], "--output: a resumed run keeps its folder")],
)
def test_what_cannot_be_gone_on_with_is_told_before_the_screen_is_taken(tmp_path: Path, more: list[str], complaint: str) -> None:
    terminal = Terminal(["--resume", "run", *more], cwd=tmp_path)
    assert terminal.ended() == 2
    assert complaint in terminal.written
    assert "\x1b[?1049h" not in terminal.written


def test_leaving_during_a_run_asks_and_gives_the_terminal_back(digits_file: Path, tmp_path: Path) -> None:
    terminal = training(digits_file, tmp_path, environment={**ENVIRONMENT, "TERM": "linux"})
    terminal.press(CTRL_Q)
    terminal.until_reads("A run is going on")
    terminal.press("y")
    assert terminal.ended() == 0
    check_given_back(terminal)
    assert termios.tcgetattr(terminal.process.child_fd) == terminal.modes
    assert (tmp_path / "run" / "checkpoint.safetensors").exists()
    assert last_event(tmp_path / "run")["status"] == "stopped"


def training(digits_file: Path, tmp_path: Path, *more: str, **terminal_options: Any) -> Terminal:
    terminal = Terminal(options(digits_file, tmp_path / "run", *ENDLESS, *more), cwd=tmp_path, **terminal_options)
    terminal.until_reads("Start")
    terminal.press(CTRL_R)
    terminal.until_reads("training", "images/s")
    return terminal


def check_given_back(terminal: Terminal) -> None:
    """The alternate screen is left, the cursor shown, the mouse let go."""
    for switch_on, switch_off in (("\x1b[?1049h", "\x1b[?1049l"), ("\x1b[?25l", "\x1b[?25h"), ("\x1b[?1003h", "\x1b[?1003l")):
        assert terminal.written.rfind(switch_off) > terminal.written.rfind(switch_on), switch_off


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGUSR1])
def test_a_signal_saves_the_run_and_gives_the_terminal_back(digits_file: Path, tmp_path: Path, number: signal.Signals) -> None:
    terminal = training(digits_file, tmp_path)
    terminal.process.kill(number)
    assert terminal.ended(LEAVING) == 128 + number
    check_given_back(terminal)
    assert termios.tcgetattr(terminal.process.child_fd) == terminal.modes
    assert last_event(tmp_path / "run")["status"] == "interrupted"
    assert (tmp_path / "run" / "checkpoint.safetensors").exists()


@pytest.mark.long
def test_a_terminal_that_is_gone_ends_the_run_as_a_hang_up_does(digits_file: Path, tmp_path: Path) -> None:
    terminal = training(digits_file, tmp_path)
    os.close(terminal.process.child_fd)
    assert terminal.ended_unread(LEAVING) == 129
    assert last_event(tmp_path / "run")["status"] == "interrupted"


@pytest.mark.long
def test_a_line_that_takes_nothing_any_more_does_not_hold_up_the_end(digits_file: Path, tmp_path: Path) -> None:
    terminal = training(digits_file, tmp_path, "--refresh", "30", columns=120, lines=40)
    until_full(terminal.process.child_fd, 1024)
    terminal.process.kill(signal.SIGTERM)
    assert terminal.ended_unread(LEAVING) == 143
    assert last_event(tmp_path / "run")["status"] == "interrupted"


@pytest.mark.long
def test_where_hang_ups_are_ignored_the_run_goes_on_unseen(digits_file: Path, tmp_path: Path) -> None:
    ignoring = ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *PROGRAM]
    # Large enough to last for a second at least on any machine.
    run = options(digits_file, tmp_path / "run", "--hidden", "512x4", "--epochs", "15")
    terminal = Terminal(run, cwd=tmp_path, program=ignoring)
    terminal.until_reads("Start")
    terminal.press(CTRL_R)
    terminal.until_reads("images/s")
    terminal.process.kill(signal.SIGHUP)
    os.close(terminal.process.child_fd)
    assert last_event(tmp_path / "run")["event"] != "end"
    assert terminal.ended_unread(30) == 0
    assert last_event(tmp_path / "run")["status"] == "completed"


@pytest.mark.long
def test_suspended_it_holds_and_in_front_again_it_draws_all(digits_file: Path, tmp_path: Path) -> None:
    shell = Terminal(["--norc", "-i"], program=["/bin/bash"], cwd=tmp_path, environment={**ENVIRONMENT, "PS1": "shell> "})
    shell.until_reads("shell>")
    (tmp_path / "start").write_text(f"exec {' '.join([*PROGRAM, *options(digits_file, tmp_path / 'run', *ENDLESS)])}")
    shell.press("sh start\r")
    shell.until_reads("Start")
    shell.press(CTRL_R)
    shell.until_reads("images/s")
    shell.press(CTRL_Z)
    shell.until_reads("Stopped", "shell>")
    check_given_back(shell)
    epochs = last_event(tmp_path / "run")["epoch"]
    shell.press("fg\r")
    screen = shell.until_reads("images/s", "Loss", "Accuracy", "Pause")
    assert "Stopped" not in screen
    shell.until(lambda _: last_event(tmp_path / "run")["epoch"] > epochs)
    # Ended while it is suspended it leaves the terminal to the shell.
    shell.press(CTRL_Z)
    shell.until_reads("Stopped")
    shell.press("kill %1\r")
    shell.until(lambda _: last_event(tmp_path / "run").get("status") == "interrupted")
    # Until it is gone it may still take what is typed.
    shell.until_quiet()
    shell.press("wait %1; echo status $?\r")
    shell.until_reads("status 143")


@pytest.mark.long
@pytest.mark.parametrize("told", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}])
def test_a_terminal_without_unicode_colours_and_mouse_gets_none_of_them(digits_file: Path, tmp_path: Path, told: dict[str, str]) -> None:
    plain = {**ENVIRONMENT, "TERM": "screen", "NO_COLOR": "1", **told}
    terminal = training(digits_file, tmp_path, "--no-mouse", columns=120, lines=40, environment=plain)
    terminal.until(lambda text: re.search(r"x val \d", text) is not None)  # the validation loss is drawn
    terminal.press("s")
    screen = terminal.until_reads("test accuracy")
    assert terminal.written.isascii()
    assert "\\u" not in terminal.written
    assert "?" not in screen
    assert "+- Loss (nats) -" in screen
    # What was read last may end within a colour: a colour is whole when something follows it.
    colours = re.findall(r"[34]8;2;(\d+);(\d+);(\d+)[;m]", terminal.written)
    assert [colour for colour in set(colours) if len(set(colour)) > 1] == []
    assert "\x1b[?1000h" not in terminal.written  # the mouse is not asked for
    terminal.press(CTRL_Q)
    assert terminal.ended() == 0


@pytest.mark.long
def test_an_app_at_rest_writes_nothing(digits_file: Path, tmp_path: Path) -> None:
    terminal = Terminal(options(digits_file, tmp_path / "run", *ENDLESS, "--refresh", "10"), columns=120, lines=40, cwd=tmp_path)
    terminal.until_reads("hidden layers", "Start")
    terminal.until_quiet()
    terminal.press(CTRL_R)
    terminal.until_reads("images/s")
    terminal.press(" ")
    terminal.until_reads("paused")
    terminal.until_quiet()
    terminal.press("s")
    terminal.until_reads("test accuracy")
    terminal.until_quiet()
    terminal.press(CTRL_Q)
    assert terminal.ended() == 0


@pytest.mark.long
@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_attached_again_at_another_size_the_screen_is_whole(digits_file: Path, tmp_path: Path) -> None:
    socket = str(tmp_path / "tmux")

    def tmux(*arguments: str) -> None:
        # An environment of its own, for COLUMNS and LINES there would fix the size.
        command = ["tmux", "-S", socket, "-f", os.devnull, *arguments]
        subprocess.run(command, capture_output=True, check=True, env={"HOME": str(tmp_path), "XDG_CACHE_HOME": str(USERS), **ENVIRONMENT})

    attach = ["tmux", "-S", socket, "-u", "attach"]
    command = [*PROGRAM, *options(digits_file, tmp_path / "run", *ENDLESS)]
    tmux("new-session", "-d", "-x", "80", "-y", "24", "-c", str(tmp_path), *command)
    try:
        first = Terminal([], program=attach, cwd=tmp_path)
        first.until_reads("Start")
        first.press(CTRL_R)
        first.until_reads("images/s")
        tmux("detach-client")
        assert first.ended() == 0
        second = Terminal([], program=attach, cwd=tmp_path, columns=130, lines=42)
        screen = second.until_reads("images/s", "Layers", "hidden layers", "Pause", "╰" + "─" * 128 + "╯")
        # Nothing is left of the smaller one.
        assert not any(row.startswith("╰" + "─" * 78 + "╯") for row in screen.splitlines())
    finally:
        tmux("kill-session")
