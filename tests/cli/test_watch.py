"""A run watched line by line from another process, as it goes on, is killed, resumed, and ends."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from program import call
from waiting import until

from tui_trainer.system.locks import is_held

TRAIN = [sys.executable, "-m", "tui_trainer", "--no-ui", "--format", "quiet"]
WATCH = [sys.executable, "-m", "tui_trainer", "watch", "--no-ui", "--refresh", "20"]

ESCAPE = "\x1b]0;owned\x07\x1b[31m"


def training(digits_file: Path, folder: Path, *more: str) -> list[str]:
    fixed = [
        "--data",
        str(digits_file),
        "--hidden",
        "16",
        "--activation",
        "tanh",
        "--validation",
        "100",
        "--threads",
        "1",
        "--batch-size",
        "20",
    ]
    return [*TRAIN, *fixed, "--output", str(folder), *more]


@contextmanager
def process(arguments: list[str], **keywords: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that is gone when the block is left."""
    with subprocess.Popen(arguments, text=True, stderr=subprocess.PIPE, **keywords) as started:
        try:
            yield started
        finally:
            started.kill()


def watch(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What is told of a run that has ended."""
    return call(*WATCH[3:], str(folder), *more)


@pytest.fixture(scope="module")
def ended(digits_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ended") / "run"
    changes = ["--changes", "30 learning_rate=0.01 epochs=3"]
    subprocess.run(training(digits_file, folder, "--epochs", "2", *changes), check=True, timeout=60)
    return folder


def test_the_lines_of_a_run_that_ended_are_those_that_it_printed(ended: Path, digits_file: Path, tmp_path: Path) -> None:
    done = watch(ended)
    assert (done.returncode, done.stderr) == (0, "")
    masked = re.sub(r"\d+\.\d+(?=%| s|\b)", "#", re.sub(r"[\d,]+ images/s", "# images/s", done.stdout))
    epoch = "loss #  accuracy #%  validation loss #  validation accuracy #%  # s  # images/s\n"
    assert masked == (
        "16 tanh, glorot_uniform, adam #, batch 20, seed 0: 12,730 parameters, 500 training, 100 validation and 100 test images, 1 thread\n"
        f"run directory {ended}\n"
        f"epoch 1/2  {epoch}"
        "from step 31 on: learning rate #, epochs 3\n"
        f"epoch 2/3  {epoch}"
        f"epoch 3/3  {epoch}"
        "test accuracy #%  test loss #\n"
    )


def test_what_is_wrong_with_a_run_is_told_at_its_end(digits_file: Path, tmp_path: Path) -> None:
    sick = ["--hidden", "16x10", "--activation", "sigmoid", "--initializer", "uniform", "--optimizer", "sgd", "--epochs", "1"]
    subprocess.run(training(digits_file, tmp_path / "run", *sick), check=True, timeout=60)
    assert re.fullmatch(r"tui-trainer: vanishing gradients; try --activation relu .*\n", watch(tmp_path / "run").stderr)
    assert watch(tmp_path / "run", "--format", "json").stderr == ""


def test_json_is_the_log_itself(ended: Path) -> None:
    done = watch(ended, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (ended / "metrics.jsonl").read_text()


def test_a_run_is_found_by_its_name_and_as_the_latest(ended: Path) -> None:
    for name in ("run", "latest"):
        done = watch(Path(name), "--folder", str(ended.parent))
        assert (done.returncode, "test accuracy" in done.stdout) == (0, True)


def test_a_run_is_watched_while_it_goes_on(digits_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with process(training(digits_file, folder, "--epochs", "1000000")) as trained:
        until(lambda: is_held(folder / "metrics.jsonl"))
        with process([*WATCH, str(folder), "--format", "json"], stdout=subprocess.PIPE) as watched:
            assert watched.stdout is not None
            events = [json.loads(watched.stdout.readline()) for _ in range(6)]
            assert [event.get("epoch", event["event"]) for event in events] == ["start", 1, 2, 3, 4, 5]
            assert (watched.poll(), trained.poll()) == (None, None)
            trained.send_signal(signal.SIGTERM)
            last = [json.loads(line) for line in watched.stdout][-1]
            assert (last["event"], last["status"]) == ("end", "interrupted")
            assert watched.wait(20) == 0
        assert trained.wait(20) == 143


def test_a_run_that_is_killed_is_waited_for_until_it_is_gone_on_with(digits_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with process(training(digits_file, folder, "--epochs", "1000000")) as trained:
        until(lambda: (folder / "metrics.jsonl").exists() and (folder / "metrics.jsonl").read_bytes().count(b"\n") > 5)
        with process([*WATCH, str(folder), "--format", "json"], stdout=subprocess.PIPE) as watched:
            assert watched.stdout is not None
            assert watched.stderr is not None
            # Read on: what nobody reads would hold it up.
            lines: SimpleQueue[str] = SimpleQueue()
            reader = threading.Thread(target=lambda: deque(map(lines.put, watched.stdout or ()), maxlen=0))
            reader.start()
            events = [json.loads(lines.get(timeout=20)) for _ in range(3)]
            trained.kill()
            assert "nobody trains it any more; waiting for --resume" in watched.stderr.readline()
            trained.wait(20)
            last = len((folder / "metrics.jsonl").read_text().splitlines()) - 1
            subprocess.run([*TRAIN, "--resume", str(folder), "--epochs", str(last + 3)], check=True, timeout=60)
            assert watched.wait(20) == 0
            reader.join(20)
            events += [json.loads(lines.get()) for _ in range(lines.qsize())]
    # Epochs that were told, lost with the process and trained again may be told twice; what was told last is the run.
    told = {event.get("epoch", event["event"]): event for event in events}
    written = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert told == {event.get("epoch", event["event"]): event for event in written}
    assert [event["event"] for event in events].count("start") == 1
    assert events[-1]["status"] == "completed"


def test_ctrl_c_leaves_the_run_alone(digits_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with process(training(digits_file, folder, "--epochs", "1000000")) as trained:
        until(lambda: is_held(folder / "metrics.jsonl"))
        with process([*WATCH, str(folder)], stdout=subprocess.PIPE) as watched:
            assert watched.stdout is not None
            assert "epoch 1/1000000" in "".join(watched.stdout.readline() for _ in range(3))
            watched.send_signal(signal.SIGINT)
            assert watched.wait(20) == 130
        assert trained.poll() is None


def test_a_reader_that_goes_away_ends_it_quietly(ended: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(ended, tmp_path / "run")
    lines = (folder / "metrics.jsonl").read_text().splitlines(keepends=True)
    (folder / "metrics.jsonl").write_text(lines[0] + lines[1] * 3000)
    with process([*WATCH, str(folder)], stdout=subprocess.PIPE) as watched:
        assert watched.stdout is not None
        assert watched.stderr is not None
        watched.stdout.close()
        assert watched.wait(20) == 141
        assert "Traceback" not in watched.stderr.read()


def test_divergence_is_told_and_has_its_status(digits_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    subprocess.run(training(digits_file, folder, "--lr", "1e30", "--optimizer", "sgd", "--activation", "relu"), check=False, timeout=60)
    done = watch(folder)
    assert done.returncode == 3
    assert "diverged in epoch 1" in done.stdout


# What cannot be, and what nobody should trust


def refused(folder: Path, *more: str) -> str:
    done = watch(folder, *more)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done
    return done.stderr


def test_what_is_no_run_is_refused_in_one_line(tmp_path: Path) -> None:
    assert "no such run" in refused(tmp_path / "nowhere")
    assert "not a run: it has no metrics.jsonl" in refused(tmp_path)
    assert "--refresh must be from 0.1 to 30" in refused(tmp_path, "--refresh", "nan")
    done = call("watch", tmp_path, "--format", "json")
    assert (done.returncode, "add --no-ui" in done.stderr) == (2, True)


def test_names_and_texts_reach_nobody_raw(ended: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(ended, tmp_path / ESCAPE.replace("/", ""))
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    change = {"event": "change", "epoch": 1, "batch": 0, "step": 3, "changes": {ESCAPE: ESCAPE}}
    place = {"layer": ESCAPE, "epoch": 1, "step": 2}
    end = {"event": "end", "status": "diverged", "test_loss": None, "test_accuracy": None, "divergence": place}
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [lines[0], change, end]))
    done = watch(folder)
    assert done.returncode == 3
    assert "\\x1b]0;owned" in done.stdout
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.stdout + done.stderr)
    done = watch(folder, "--format", "json")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [lines[0], change, end]
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.stdout + done.stderr)
    (folder / "metrics.jsonl").write_text(json.dumps({"event": "epoch", "epoch": ESCAPE}) + "\n")
    assert "\x1b" not in refused(folder)


def test_a_run_of_another_version_is_told_as_far_as_it_is_understood(tmp_path: Path) -> None:
    start = {"event": "start", "config": {"telepathy": True, "epochs": 2}}
    epoch = {
        "event": "epoch", "epoch": 1, "train_loss": None, "train_accuracy": 0.1, "validation_loss": None, "validation_accuracy": None,
        "learning_rate": 0.1, "seconds": 2.0,
    }  # fmt: skip
    end = {"event": "end", "status": "stopped", "test_loss": 0.5, "test_accuracy": 0.25}
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [start, {"event": "dream"}, epoch, end]))
    done = watch(tmp_path)
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [
            f"run directory {tmp_path}",
            "epoch 1/2  loss nan  accuracy 10.0%  2.0 s",
            "stopped after 1 epoch; the checkpoint holds what was learned",
            "test accuracy 25.0%  test loss 0.5000",
        ],
    )


def test_a_number_beyond_all_measure_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"event": "dream", "depth": 1e999}\n')
    assert "metrics.jsonl" in refused(tmp_path, "--format", "json")


def test_nothing_is_written_where_a_run_is_watched(ended: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {entry.name: (entry.stat().st_size, entry.stat().st_mtime_ns) for entry in os.scandir(ended)}

    before = state()
    watch(ended)
    assert state() == before
