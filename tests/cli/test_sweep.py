"""`tui-trainer sweep`: what it prints, what it ends with, and how it is stopped."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from program import call
from waiting import until

from tui_trainer.config.options import Config

pytestmark = pytest.mark.long

SWEEP = [sys.executable, "-m", "tui_trainer", "sweep"]


def sweep(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return call("sweep", *arguments)


def objects(text: str) -> list[dict[str, Any]]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not strict JSON")

    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def living(group: int) -> list[int]:
    """The processes of a group, but for those that nobody has taken note of the end of."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, own, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(own) == group and state != "Z":
                found.append(int(folder.name))
    return found


def of(data: Path) -> list[str]:
    return ["--data", f"{data};", "--hidden", "12", "--validation", "100", "--batch-size", "20"]


@pytest.fixture
def small(digits_file: Path) -> list[str]:
    return [*of(digits_file), "--epochs", "1"]


def test_a_json_line_for_each_run_each_configuration_and_the_end(small: list[str], tmp_path: Path) -> None:
    axes = ["--activation", "relu,tanh", "--lr", "log:1e-3:1e-2:2", "--seed", "0:2"]
    done = sweep(*small, *axes, "--workers", "2", "--output", tmp_path / "out", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    start, *events, end = objects(done.stdout)
    assert (start["event"], start["runs"], start["done"], start["seeds"], start["workers"]) == ("sweep", 8, 0, 2, 2)
    runs = [event for event in events if event["event"] == "run"]
    assert len(runs) == 8
    for run in runs:
        # A whole config, which gives the run again.
        assert Config.parse({name: value for name, value in run["config"].items() if value is not None}).record() == run["config"]
        assert run["status"] == "completed"
        assert 0 <= run["validation_accuracy"] <= 1
        last = [line for line in objects((Path(run["run_directory"]) / "metrics.jsonl").read_text()) if line["event"] == "epoch"][-1]
        assert last["validation_accuracy"] == run["validation_accuracy"]
    groups = [event for event in events if event["event"] == "configuration"]
    means = {json.dumps(group["options"]): group["mean"] for group in groups}
    assert len(means) == 4
    for group in groups:
        own = [run["validation_accuracy"] for run in runs if group["options"].items() <= run["options"].items()]
        assert group["mean"] == pytest.approx(sum(own) / 2)
        assert sorted(group["seeds"].values()) == sorted(own)
    assert [group["mean"] for group in groups] == sorted(means.values(), reverse=True)
    assert (end["event"], end["status"], end["done"], end["left_out"]) == ("end", "completed", 8, [])
    assert end["chosen"]["options"] == groups[0]["options"]
    assert 0 <= end["chosen"]["test_accuracy"] <= 1

    again = objects(sweep("--output", tmp_path / "out", "--format", "json").stdout)
    assert again[0]["done"] == 8
    assert [event["event"] for event in again if event["event"] == "run"] == []
    assert [event for event in again if event["event"] == "configuration"] == groups
    assert again[-1]["chosen"] == end["chosen"]


def test_lines_of_text_end_in_a_table_and_what_was_chosen(small: list[str], tmp_path: Path) -> None:
    done = sweep(*small, "--activation", "relu,tanh", "--seed", "0,1", "--workers", "1", "--output", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "4 runs; 1 at a time"
    assert [line[:4] for line in lines[2:6]] == ["1/4 ", "2/4 ", "3/4 ", "4/4 "]
    assert lines[7].split() == ["activation", "runs", "accuracy", "sd", "95%", "interval", "against", "the", "first", "p"]
    assert {lines[8].split()[0], lines[9].split()[0]} == {"relu", "tanh"}
    assert lines[-2].startswith("chosen by the validation set: activation ")
    assert lines[-1].startswith("test accuracy ")
    assert sweep("--output", tmp_path / "out", "--format", "quiet").stdout == ""


def test_a_file_of_options_is_swept_and_the_command_line_wins(small: list[str], tmp_path: Path) -> None:
    file = tmp_path / "sweep.toml"
    file.write_text('epochs = 0\nhidden = [8, 8]\n[sweep]\nactivation = ["relu", "tanh"]\nseed = "0:3"\nshuffle = [true, false]\n')
    options = [*small[:2], *small[4:8], "--config", str(file), "--seed", "5", "--no-shuffle", "--output", str(tmp_path / "out")]
    done = sweep(*options, "--format", "json")
    runs = [event["config"] for event in objects(done.stdout) if event["event"] == "run"]
    assert sorted((run["activation"], run["hidden"], run["seed"], run["shuffle"], run["epochs"]) for run in runs) == [
        ("relu", [8, 8], 5, False, 0),
        ("tanh", [8, 8], 5, False, 0),
    ]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "nothing is swept"),
        (["--activation", "relu,relux"], "--activation must be one of"),
        (["--lr", "log:1e-4:1"], "--learning-rate: a grid needs a count"),
        (["--seed", "5:0"], "--seed: '5:0' must read like 0:5"),
        (["--seed", "0:2", "--validation", "0"], "--validation: a sweep compares by the validation set"),
        (["--seed", "0:2", "--search", "random"], "--search random needs --samples"),
        (["--seed", "0:2", "--data", "nowhere"], "nowhere: no such file or folder; give mnist"),
        (["--seed", "0:2", "--config", "nowhere.toml"], "--config nowhere.toml: no such file"),
        (["--seed", "0:2", "--output", "full"], "--output full: the folder is not empty"),
        (["--seed", "0:2", "--workers", "0"], "--workers"),
        (["--lr", "lin:0.1:1:1000", "--seed", "0:1000"], "this grid has 1,000,000 runs"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_made(arguments: list[str], complaint: str, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("precious")
    done = call("sweep", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert complaint in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full"]
    assert sorted(path.name for path in (tmp_path / "full").iterdir()) == ["thesis.tex"]


def test_runs_that_could_not_be_trained_make_another_exit_status(small: list[str], tmp_path: Path) -> None:
    options = [*small[:6], "--epochs", "1", "--batch-size", "20,501", "--output", str(tmp_path / "out")]
    done = sweep(*options, "--format", "json")
    assert done.returncode == 5
    assert "--batch-size must be at most the 500 training samples" in done.stderr
    end = objects(done.stdout)[-1]
    assert [left["options"] for left in end["left_out"]] == [{"batch_size": "501"}]
    assert end["done"] == 1


LONG = ["--epochs", "400", "--seed", "0:2", "--workers", "2", "--format", "json"]
"""Long enough to be ended before they are done."""


def digests(events: list[dict[str, Any]]) -> dict[str, Any]:
    return {event["key"]: event["digest"] for event in events if event["event"] == "run"}


def test_signals_and_its_own_death_end_it_and_every_worker_and_lose_nothing(digits_file: Path, tmp_path: Path) -> None:
    """Ended three times in its course, it comes to what it comes to when nobody ends it."""
    out = tmp_path / "out"
    start, resumed = [*of(digits_file), *LONG, "--output", str(out)], ["--output", str(out), "--format", "json"]
    pipe = subprocess.PIPE
    ends = {signal.SIGINT: start, signal.SIGTERM: resumed, signal.SIGKILL: resumed}
    for number, options in ends.items():
        with subprocess.Popen([*SWEEP, *options], stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
            until(partial(goes_on, out, epochs_kept(out)))
            told = time.monotonic()
            # As a terminal does, to all processes; what `kill` sends goes to the first alone.
            if number == signal.SIGINT:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            # Its workers hold the pipes until they are gone.
            output, complaints = process.communicate(timeout=30)
            # Two seconds are promised; a machine that does something else as well takes longer.
            assert number == signal.SIGKILL or time.monotonic() - told < 5
        if number == signal.SIGKILL:
            assert process.returncode == -number
        else:
            assert (process.returncode, complaints) == (128 + number, "")
            assert objects(output)[-1]["status"] == "stopped"
        until(lambda: not living(process.pid), 5)
    done = sweep(*resumed)
    assert (done.returncode, done.stderr) == (0, "")
    assert objects(done.stdout)[-1]["done"] == 2
    whole = objects(sweep(*of(digits_file), *LONG, "--workers", "1", "--output", tmp_path / "whole").stdout)
    assert len(digests(whole)) == 2
    assert digests(objects(done.stdout)) == digests(whole)


def epochs_kept(sweep: Path) -> list[int]:
    """How many there are in the log of each run that has a checkpoint."""
    logs = (path.with_name("metrics.jsonl") for path in sweep.glob("runs/*/checkpoint.safetensors"))
    return [log.read_text().count('"event": "epoch"') for log in logs]


def goes_on(sweep: Path, before: list[int]) -> bool:
    """Whether both runs have begun, and more epochs are kept than before."""
    now = epochs_kept(sweep)
    return len(now) == 2 and sum(now) > sum(before)


def test_somebody_who_stops_reading_ends_it(small: list[str], tmp_path: Path) -> None:
    options = [*small, "--seed", "0:50", "--output", str(tmp_path / "out"), "--format", "json"]
    with subprocess.Popen([*SWEEP, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 128 + signal.SIGPIPE
        assert process.stderr is not None
        assert process.stderr.read() == ""
