"""Training without a screen, as a real process: what it prints, where, and how it ends."""

import fcntl
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pexpect
import pytest
from program import call
from waiting import until, until_full

from tui_trainer.runs import checkpoint
from tui_trainer.system.machine import cores

PROGRAM = [sys.executable, "-m", "tui_trainer", "--no-ui"]
XTERM = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
LEAVING = 8.0
"""Seconds to be gone after a signal: 2 are promised, but this machine may have much else to do."""

HIDE_CURSOR, SHOW_CURSOR = b"\x1b[?25l", b"\x1b[?25h"


@pytest.fixture
def options(digits_file: Path, tmp_path: Path) -> list[str]:
    folder = str(tmp_path / "run")
    return ["--data", str(digits_file), "--hidden", "64", "--validation", "100", "--epochs", "2", "--threads", "1", "--output", folder]


def run(*arguments: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60, **keywords)


def called(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The same in this process, where it is not the process that matters."""
    return call("--no-ui", *arguments, cwd=cwd)


def test_lines_in_a_pipe(options: list[str], tmp_path: Path) -> None:
    done = run(*options)
    assert done.returncode == 0
    assert done.stderr == ""
    masked = re.sub(r"\d+\.\d+(?=%| s|\b)", "#", re.sub(r"[\d,]+ images/s", "# images/s", done.stdout))
    assert masked == (
        f"64 relu, he_normal, adam #, batch 32, seed 0: 50,890 parameters, 500 training, 100 validation and 100 test images, 1 thread\n"
        f"run directory {tmp_path / 'run'}\n"
        "epoch 1/2  loss #  accuracy #%  validation loss #  validation accuracy #%  # s  # images/s\n"
        "epoch 2/2  loss #  accuracy #%  validation loss #  validation accuracy #%  # s  # images/s\n"
        "test accuracy #%  test loss #\n"
    )


def test_json_lines_are_strict_and_the_same_as_the_log(options: list[str], tmp_path: Path) -> None:
    done = run(*options, "--format", "json")
    events = [json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events] == ["start", "epoch", "epoch", "end"]
    assert done.stdout == (tmp_path / "run" / "metrics.jsonl").read_text()
    assert events[0]["parameters"] == 50_890
    assert events[-1]["status"] == "completed"
    assert events[0]["run_directory"] == events[-1]["run_directory"] == str(tmp_path / "run")


def test_json_lines_are_flushed_one_by_one(options: list[str]) -> None:
    with subprocess.Popen([*PROGRAM, *options, "--epochs", "100000", "--format", "json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["event"] == "start"
        assert json.loads(process.stdout.readline())["event"] == "epoch"
        assert process.poll() is None
        process.kill()


def test_quiet_prints_nothing(options: list[str]) -> None:
    done = called(*options, "--format", "quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_terminal_gets_a_bar_and_the_lines(options: list[str]) -> None:
    child = pexpect.spawn(PROGRAM[0], [*PROGRAM[1:], *options, "--epochs", "30"], encoding="utf-8", dimensions=(24, 100), timeout=60)
    child.expect("loss")
    child.expect("━")
    child.expect(r"epoch 30/30  loss")
    child.expect(r"test accuracy \d+\.\d%")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


@contextmanager
def pseudo_terminal() -> Iterator[tuple[int, int]]:
    """A terminal's two ends: what is written into the second is read from the first."""
    master, slave = pty.openpty()
    try:
        yield master, slave
    finally:
        for end in (master, slave):
            with suppress(OSError):
                os.close(end)


def read_until_closed(master: int) -> bytes:
    content = b""
    # Linux tells by an error that nobody holds the other end any more.
    with suppress(OSError):
        while chunk := os.read(master, 65_536):
            content += chunk
    return content


def test_the_bar_and_the_lines_go_to_their_own_streams(options: list[str]) -> None:
    with pseudo_terminal() as (master, slave):
        with subprocess.Popen([*PROGRAM, *options, "--epochs", "30"], stdout=subprocess.PIPE, stderr=slave, env=XTERM) as process:
            os.close(slave)
            drawn = read_until_closed(master)
            assert process.stdout is not None
            lines = process.stdout.read().decode().splitlines()
        assert process.returncode == 0
    assert len(lines) == 33
    assert lines[-2].startswith("epoch 30/30  loss")
    assert not any("\x1b" in line for line in lines)
    assert "━".encode() in drawn
    assert b"accuracy" not in drawn
    assert drawn.count(HIDE_CURSOR) == drawn.count(SHOW_CURSOR) == 1


def test_text_is_without_a_bar_on_a_terminal_too(options: list[str]) -> None:
    with pseudo_terminal() as (master, slave):
        with subprocess.Popen([*PROGRAM, *options, "--format", "text"], stdout=slave, stderr=slave, env=XTERM) as process:
            os.close(slave)
            drawn = read_until_closed(master)
        assert process.returncode == 0
    assert b"test accuracy" in drawn
    assert b"\x1b" not in drawn


def test_ascii_is_enough(options: list[str]) -> None:
    done = run(*options[:-1], f"{options[-1]}é", env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "run\\xe9\n" in done.stdout
    assert "test accuracy" in done.stdout


def test_names_of_folders_cannot_command_the_terminal(digits_file: Path, tmp_path: Path) -> None:
    with np.load(digits_file) as arrays:
        some = arrays["y_train"] != 9
        np.savez(tmp_path / "\x1b[31m.npz", **{**arrays, "x_train": arrays["x_train"][some], "y_train": arrays["y_train"][some]})
    done = run("--data", "\x1b[31m.npz", "--validation", "0", "--epochs", "0", "--threads", "1", "--output", "\x1b[2J\udcff", cwd=tmp_path)
    assert done.returncode == 0
    assert r"run directory \x1b[2J\xff" in done.stdout
    assert r"\x1b[31m.npz: no training image is labelled 9" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_divergence_ends_with_3_and_leaves_the_last_good_checkpoint(options: list[str], tmp_path: Path) -> None:
    done = called(*options, "--optimizer", "sgd", "--lr", "1e30", "--format", "json")
    assert done.returncode == 3
    end = json.loads(done.stdout.splitlines()[-1])
    assert end["status"] == "diverged"
    assert end["test_loss"] is None
    assert end["finite"] is False
    assert end["divergence"]["layer"]
    kept = checkpoint.read(tmp_path / "run" / "checkpoint.safetensors")
    assert all(np.isfinite(tensor).all() for tensor in kept.tensors.values())
    told = called(*options[:-1], str(tmp_path / "again"), "--optimizer", "sgd", "--lr", "1e30")
    assert re.search(r"diverged in epoch \d, at step \d+: \w+ gave numbers that are not finite\n", told.stdout)
    assert told.stderr.startswith("tui-trainer: the learning rate is too high; try --learning-rate 0.01\n")


VANISHED = ["--hidden", "16x8", "--activation", "sigmoid", "--initializer", "uniform", "--optimizer", "sgd"]


def test_what_is_wrong_and_what_cures_it_is_told_on_stderr_in_options_to_copy(options: list[str]) -> None:
    done = called(*options, *VANISHED)
    assert done.returncode == 0
    advice, *layers, descent = done.stderr.splitlines()
    assert advice == (
        "tui-trainer: vanishing gradients; try --activation relu --initializer he_normal, or --activation tanh --initializer glorot_uniform"
    )
    assert [line.partition(": gradient ")[0] for line in layers] == [f"tui-trainer: dense_{layer}" for layer in range(1, 10)]
    assert [line.rpartition(", ")[2] for line in (layers[0], layers[-1])] == ["vanishing", "healthy"]
    assert re.fullmatch(r"tui-trainer: shrinks \d+ times with each layer: dense_1 gets \S+ of the output's gradient", descent)
    assert "vanishing" not in done.stdout


@pytest.mark.parametrize("form", ["json", "quiet"])
def test_machines_are_given_no_advice(options: list[str], form: str) -> None:
    done = called(*options, *VANISHED, "--format", form)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--activation" not in done.stdout


def test_a_rate_that_was_mended_while_the_run_went_on_is_not_blamed(options: list[str], tmp_path: Path) -> None:
    def told(*changes: str) -> str:
        folder = str(tmp_path / str(len(changes)))
        return called(*options[:-1], folder, "--lr", "1e-9", "--epochs", "4", *changes).stderr

    assert told() == "tui-trainer: the learning rate is too low; try --learning-rate 0.001\n"
    assert told("--changes", "1 learning_rate=0.001") == ""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGUSR1, 138)])
def test_a_signal_ends_the_run_after_a_checkpoint(options: list[str], tmp_path: Path, number: signal.Signals, status: int) -> None:
    with subprocess.Popen([*PROGRAM, *options, "--epochs", "1000000", "--format", "json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(number)
        sent = time.monotonic()
        *_, last = process.stdout.read().splitlines()
        assert process.wait(timeout=10) == status
        assert time.monotonic() - sent < LEAVING
    end = json.loads(last)
    assert end["status"] == "interrupted"
    kept = checkpoint.read(tmp_path / "run" / "checkpoint.safetensors")
    assert kept.scalars["epochs"] == end["epochs"] >= 2


@pytest.fixture
def held_up(options: list[str]) -> Iterator[subprocess.Popen[str]]:
    command = [*PROGRAM, *options, "--epochs", "1000000", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        until_full(process.stdout, 2048)  # more than half of it
        yield process
        process.kill()


def test_a_second_ctrl_c_leaves_at_once(held_up: subprocess.Popen[str], tmp_path: Path) -> None:
    held_up.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        held_up.wait(timeout=0.5)
    held_up.send_signal(signal.SIGINT)
    assert held_up.wait(timeout=10) == 130
    assert checkpoint.read(tmp_path / "run" / "checkpoint.safetensors").tensors


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_sent_twice_costs_no_checkpoint(held_up: subprocess.Popen[str], tmp_path: Path, number: int, status: int) -> None:
    assert held_up.stdout is not None
    for _ in range(2):
        held_up.send_signal(number)
        with pytest.raises(subprocess.TimeoutExpired):
            held_up.wait(timeout=0.3)
    *_, last = held_up.stdout.read().splitlines()
    assert held_up.wait(timeout=10) == status
    assert json.loads(last)["status"] == "interrupted"
    assert (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[-1] == last


@pytest.mark.parametrize("shell", [False, True], ids=["alone", "under a shell"])
def test_a_terminal_that_hangs_up_costs_no_checkpoint(options: list[str], tmp_path: Path, shell: bool) -> None:
    metrics = tmp_path / "run" / "metrics.jsonl"
    command = [*PROGRAM, *options, "--epochs", "1000000"]
    with pseudo_terminal() as (master, slave):
        # A session of its own, of which this is the controlling terminal.
        session = ["setsid", "--ctty", *(["bash", "--norc", "-i"] if shell else command)]
        with subprocess.Popen(session, stdin=slave, stdout=slave, stderr=slave, env=XTERM) as process:
            os.close(slave)
            if shell:
                os.write(master, f"{shlex.join(command)}\n".encode())
            shown = b""
            while b"epoch 3/" not in shown:
                shown += os.read(master, 65_536)
            os.close(master)
    if not shell:
        assert process.returncode == 129
    until(lambda: '"end"' in metrics.read_text().splitlines()[-1])  # the shell does not wait for it
    end = json.loads(metrics.read_text().splitlines()[-1])
    assert end["status"] == "interrupted"
    assert checkpoint.read(tmp_path / "run" / "checkpoint.safetensors").scalars["epochs"] == end["epochs"] >= 2


@pytest.mark.long
def test_nohup_is_respected(options: list[str]) -> None:
    with subprocess.Popen(
        ["nohup", *PROGRAM, *options, "--epochs", "100", "--format", "json"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        *_, last = process.stdout.read().splitlines()
        assert process.wait(timeout=60) == 0
    assert json.loads(last)["status"] == "completed"


def test_a_reader_that_leaves_ends_the_run_quietly(options: list[str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, *options, "--epochs", "1000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=20) == 141
        assert process.stderr.read() == ""
    assert checkpoint.read(tmp_path / "run" / "checkpoint.safetensors").tensors


def test_a_reader_that_leaves_gives_the_terminal_its_cursor_back(options: list[str]) -> None:
    with pseudo_terminal() as (master, slave):
        command = [*PROGRAM, *options, "--epochs", "1000000"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, env=XTERM) as process:
            os.close(slave)
            assert process.stdout is not None
            drawn = b""
            while HIDE_CURSOR not in drawn:
                drawn += os.read(master, 65_536)
            process.stdout.close()
            drawn += read_until_closed(master)
        assert process.returncode == 141
    assert drawn.count(HIDE_CURSOR) == drawn.count(SHOW_CURSOR) == 1


def test_results_that_cannot_be_written_are_told_of(options: list[str], tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PROGRAM, *options], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr == f"tui-trainer: the results cannot be written (no space left on device); they are in {tmp_path / 'run'}\n"
    assert checkpoint.read(tmp_path / "run" / "checkpoint.safetensors").tensors


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_range_test_that_cannot_be_told_ends_as_training_does(digits_file: Path, form: str) -> None:
    command = [sys.executable, "-m", "tui_trainer", "lr-find", "--data", str(digits_file), "--hidden", "8", "--threads", "1"]
    command += ["--format", form]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*command, "--steps", "20"], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (2, "tui-trainer: the results cannot be written (no space left on device)\n")
    with subprocess.Popen([*command, "--steps", "200"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if form == "json":
            assert json.loads(process.stdout.readline())["event"] == "point"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_a_full_disk_ends_no_run_and_is_told_once(options: list[str], tmp_path: Path) -> None:
    # In kB: the checkpoint of 16 units fits in, and so do some lines of metrics.
    options = [*options, "--hidden", "16", "--activation", "tanh", "--optimizer", "sgd", "--epochs", "120"]
    command = ["bash", "-c", 'ulimit -f 60 && exec "$@"', "bash", *PROGRAM, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    trouble = f"{tmp_path / 'run'}: the run cannot be saved (file too large)"
    warning, end = done.stderr.splitlines()
    assert warning == f"tui-trainer: warning: {trouble}; training continues, and this is tried again"
    assert end == f"tui-trainer: {trouble}; what was written before is whole"
    assert "epoch 120/120" in done.stdout
    assert "test accuracy" in done.stdout
    kept = checkpoint.read(tmp_path / "run" / "checkpoint.safetensors")
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert 10 < kept.scalars["epochs"] <= lines[-1]["epoch"] < 120
    # With room again the run continues from there.
    assert run("--resume", str(tmp_path / "run"), "--format", "quiet").returncode == 0
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [line.get("epoch") for line in lines] == [None, *range(1, 121), None]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--momentum", "0.5"], "--momentum has no effect with --optimizer adam"),
        (["--alpha", "0.1"], "--alpha has no effect with --activation relu"),
        (["--uniform-limit", "0.1"], "--uniform-limit has no effect with --initializer he_normal"),
        (["--decay", "0.1"], "--decay has no effect with --schedule constant"),
        (["--decay", "0.1", "--changes", "9 schedule=step"], None),
        (["--alpha", "0.1", "--hidden", "8,8", "--activation", "relu,elu"], None),
        (["--momentum", "0.5", "--optimizer", "sgd"], "--momentum has no effect with --optimizer sgd"),
        (["--momentum", "0.5", "--optimizer", "nesterov"], None),
    ],
)
def test_an_option_that_changes_nothing_is_told_of(options: list[str], given: list[str], told: str | None) -> None:
    done = called(*options, *given, "--epochs", "0", "--format", "quiet")
    assert (done.returncode, done.stderr) == (0, f"tui-trainer: warning: {told}\n" if told else "")


def test_more_threads_than_cores_are_told_of(options: list[str]) -> None:
    done = run(*options, "--threads", str(cores() + 1), "--epochs", "0", "--format", "quiet")
    told = f"--threads {cores() + 1}: this process may use {cores()} cores; more threads than that wait for each other"
    assert (done.returncode, done.stderr) == (0, f"tui-trainer: warning: {told}\n")


def test_a_config_file_that_tells_every_option_is_not_warned_of(options: list[str], tmp_path: Path) -> None:
    called(*options)
    again = called("--config", str(tmp_path / "run" / "config.toml"), "--output", str(tmp_path / "again"))
    assert (again.returncode, again.stderr) == (0, "")


def test_the_run_to_resume_is_named_as_to_every_command(options: list[str], tmp_path: Path) -> None:
    assert called(*options[:-1], "runs/one", cwd=tmp_path).returncode == 0
    for epochs, name in enumerate(("runs/one", "one", "latest"), 3):
        assert f"epoch {epochs}/{epochs}" in called("--resume", name, "--epochs", str(epochs), cwd=tmp_path).stdout
    refused = called("--resume", "two", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "tui-trainer: --resume two: no such run: neither a folder nor the name of a run in runs/\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(options: list[str], tmp_path: Path, closed: str) -> None:
    assert subprocess.run(["bash", "-c", f'exec "$@" {closed}', "bash", *PROGRAM, *options], check=False, timeout=60).returncode == 0
    events = [json.loads(line)["event"] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert events == ["start", "epoch", "epoch", "end"]
    assert checkpoint.read(tmp_path / "run" / "checkpoint.safetensors").tensors
    refused = subprocess.run(["bash", "-c", f'exec "$@" {closed}', "bash", *PROGRAM, "--epochs", "x"], check=False, timeout=60)
    assert refused.returncode == 2


def test_where_no_folder_can_be_made_one_line_says_so(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "runs").symlink_to(tmp_path / "gone" / "far")
    (tmp_path / "file").touch()
    without_output = options[: options.index("--output")]
    for arguments, told in [
        (without_output, "runs: cannot make the run's folder here (a file of that name exists); give one with --output"),
        ([*options[:-1], "file"], "--output file: a file of that name exists; give a folder that does not exist or is empty"),
        ([*options[:-1], "file/run"], "--output file/run: not a directory; give a folder that does not exist or is empty"),
    ]:
        done = called(*arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", f"tui-trainer: {told}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "runs"]


def test_a_current_folder_that_is_gone_is_told_of(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    without_output = options[: options.index("--output")]
    for arguments in (without_output, [*options, "--data", "digits.npz"]):
        script = 'cd here && rmdir ../here && exec "$@"'
        done = subprocess.run(
            ["bash", "-c", script, "bash", *PROGRAM, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 2
        assert "no such file or directory" in done.stderr
        assert done.stderr.count("\n") == 1
        (tmp_path / "here").mkdir()


def test_a_home_is_not_needed(options: list[str], tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG")}
    automatic = [*options[: options.index("--threads")], *options[options.index("--threads") + 2 :]]
    done = run(*automatic, env={**environment, "HOME": "/proc/nowhere"}, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    # What cannot be kept is compiled anew.
    start = json.loads((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()[0])
    assert start["environment"]["engine"].startswith("numba " if find_spec("numba") else "numpy")


@pytest.mark.parametrize("arguments", [["--no-ui", "--epochs", "x"], ["lr-find", "--help"]], ids=" ".join)
def test_the_command_and_the_module_are_the_same_program(arguments: list[str]) -> None:
    command = Path(sys.executable).with_name("tui-trainer")
    if not command.exists():
        pytest.skip("the package is not installed beside this Python")
    by_name, by_module = (
        subprocess.run([*program, *arguments], capture_output=True, text=True, check=False) for program in ([command], PROGRAM[:-1])
    )
    assert (by_name.returncode, by_name.stdout, by_name.stderr) == (by_module.returncode, by_module.stdout, by_module.stderr)


def test_a_class_without_images_is_warned_of(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (300, 16), dtype=np.uint8)
    np.savez(tmp_path / "nine.npz", x_train=x[:200], y_train=np.arange(200) % 9, x_test=x[200:], y_test=np.arange(100) % 10)
    done = called("--data", str(tmp_path / "nine.npz"), "--validation", "0", "--epochs", "0", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == f"tui-trainer: warning: --data {tmp_path / 'nine.npz'}: no training image is labelled 9\n"
