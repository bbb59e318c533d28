"""Training without a screen, as a real process: what it prints, where, and how it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pexpect
import pytest

from tui_trainer.runs import checkpoint

PROGRAM = [sys.executable, "-m", "tui_trainer", "--no-ui"]


@pytest.fixture
def options(digits_file: Path, tmp_path: Path) -> list[str]:
    folder = str(tmp_path / "run")
    return ["--data", str(digits_file), "--hidden", "16", "--validation", "100", "--epochs", "2", "--threads", "1", "--output", folder]


def run(*arguments: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, check=False, timeout=60, **keywords)


def test_lines_in_a_pipe(options: list[str], tmp_path: Path) -> None:
    done = run(*options)
    assert done.returncode == 0
    assert done.stderr == ""
    masked = re.sub(r"\d+\.\d+(?=%| s|\b)", "#", re.sub(r"[\d,]+ images/s", "# images/s", done.stdout))
    assert masked == (
        f"16 relu, he_normal, adam #, batch 32, seed 0: 12,730 parameters, 500 training, 100 validation and 100 test images, 1 thread\n"
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
    assert events[0]["parameters"] == 12_730
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
    done = run(*options, "--format", "quiet")
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


def test_ascii_is_enough(options: list[str]) -> None:
    done = run(*options, env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.returncode == 0
    assert "test accuracy" in done.stdout


def test_divergence_ends_with_3_and_leaves_the_last_good_checkpoint(options: list[str], tmp_path: Path) -> None:
    done = run(*options, "--optimizer", "sgd", "--lr", "1e30", "--format", "json")
    assert done.returncode == 3
    end = json.loads(done.stdout.splitlines()[-1])
    assert end["status"] == "diverged"
    assert end["test_loss"] is None
    assert end["finite"] is False
    assert end["divergence"]["layer"]
    kept = checkpoint.read(tmp_path / "run" / "checkpoint.safetensors")
    assert all(np.isfinite(tensor).all() for tensor in kept.tensors.values())
    told = run(*options[:-1], str(tmp_path / "again"), "--optimizer", "sgd", "--lr", "1e30")
    assert re.search(r"diverged in epoch \d, at step \d+: \w+ gave numbers that are not finite; try a lower learning rate", told.stdout)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_run_after_a_checkpoint(options: list[str], tmp_path: Path, number: signal.Signals, status: int) -> None:
    with subprocess.Popen([*PROGRAM, *options, "--epochs", "1000000", "--format", "json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(number)
        sent = time.monotonic()
        *_, last = process.stdout.read().splitlines()
        assert process.wait(timeout=10) == status
        assert time.monotonic() - sent < 2
    end = json.loads(last)
    assert end["status"] == "interrupted"
    kept = checkpoint.read(tmp_path / "run" / "checkpoint.safetensors")
    assert kept.scalars["epochs"] == end["epochs"] >= 2


def test_nohup_is_respected(options: list[str]) -> None:
    with subprocess.Popen(
        ["nohup", *PROGRAM, *options, "--epochs", "400", "--format", "json"], stdout=subprocess.PIPE, text=True
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


def test_a_class_without_images_is_warned_of(tmp_path: Path) -> None:
    x, y = np.eye(40, dtype=np.uint8).reshape(40, 40), np.arange(40) % 9
    np.savez(tmp_path / "nine.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    done = run("--data", str(tmp_path / "nine.npz"), "--validation", "0", "--epochs", "1", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == f"tui-trainer: warning: --data {tmp_path / 'nine.npz'}: no training image is labelled 9\n"
