"""`tui-trainer preflight`: what it prints, and how it ends."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from program import call

from tui_trainer.diagnosis.preflight.checks import CHECKS

PREFLIGHT = [sys.executable, "-m", "tui_trainer", "preflight"]


@pytest.fixture
def options(digits_file: Path) -> list[str]:
    return ["--data", str(digits_file), "--hidden", "16", "--validation", "100", "--threads", "1", "--lr", "0.003"]


def test_a_line_for_each_check_and_nothing_is_written(options: list[str], tmp_path: Path) -> None:
    done = call("preflight", *options, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    *lines, empty, last = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["ok", name] for name in CHECKS]
    assert len({line.index(line.split(maxsplit=2)[2]) for line in lines}) == 1, "the reasons stand below each other"
    assert (empty, last) == ("", "all checks passed: nothing speaks against this run")
    assert done.stdout.isascii()
    assert not list(tmp_path.iterdir())


def test_what_failed_is_told_with_what_to_do(options: list[str]) -> None:
    done = call("preflight", *options, "--lr", "1e-9")
    assert done.returncode == 4
    lines, advice = done.stdout.split("\n\nwhat to do next, the likely cause first:\n")
    failed = [line.split()[1] for line in lines.splitlines() if line.startswith("FAILED")]
    assert failed == ["rate_in_range", "memorizes_a_batch", "blank_inputs_do_worse"]
    assert [line.split(":")[0].strip() for line in advice.splitlines()] == failed


def test_json_is_strict_and_a_config_file_counts(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("learning_rate = 1e9\n")
    done = call("preflight", *options[:-2], "--config", tmp_path / "config.toml", "--optimizer", "sgd", "--format", "json")
    records = [json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines()]
    assert done.returncode == 4
    assert [record["check"] for record in records] == list(CHECKS)
    for record in records:
        assert record.keys() >= {"event", "check", "passed", "value", "expected", "reason"}
        assert record["event"] == "check"
        assert len(record["expected"]) == 2
        assert ("hint" in record) != record["passed"]
    rate = next(record for record in records if record["check"] == "rate_in_range")
    assert (rate["value"], rate["passed"]) == (1e9, False)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (["--lr", "fast"], "--learning-rate must be a number, not 'fast'"),
        (["--data", "nowhere.npz"], "nowhere.npz: no such file or folder"),
        (["--batch-size", "501"], "--batch-size must be at most the 500 training samples, not 501"),
        (["--validation", "600"], "--validation must leave samples to train on"),
        (["--format", "xml"], "'xml' is not one of"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_bad_input_ends_with_2_and_one_line(options: list[str], wrong: list[str], complaint: str, tmp_path: Path) -> None:
    done = call("preflight", *options, *wrong, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_process_of_its_own_ends_with_the_same_status(options: list[str]) -> None:
    done = subprocess.run(
        [*PREFLIGHT, *options, "--hidden", "16x10", "--activation", "sigmoid", "--initializer", "uniform", "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (4, "")
    passed = {record["check"]: record["passed"] for record in map(json.loads, done.stdout.splitlines())}
    assert not passed["gradients_reach_first_layer"]
    assert passed["loss_at_start"]


def test_ctrl_c_ends_it(options: list[str]) -> None:
    command = [*PREFLIGHT, *options, "--hidden", "300x20", "--lr", "1e-9", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["check"] == "memory"
        process.send_signal(signal.SIGINT)
        rest, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert '"time"' not in rest
    assert "Traceback" not in told


def test_a_reader_that_goes_away_ends_it(options: list[str]) -> None:
    with subprocess.Popen([*PREFLIGHT, *options, "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
