"""Real processes, killed at random moments: what they leave leads to the same bytes."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tui_trainer.runs import checkpoint
from tui_trainer.runs.archive import read_run

from .timeless import timeless

PROGRAM = [sys.executable, "-m", "tui_trainer", "--no-ui", "--format", "json"]
KILLS = 15


def finish(*options: str) -> None:
    done = subprocess.run([*PROGRAM, *options], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_killed_again_and_again_it_ends_with_the_same_bytes(digits_file: Path, tmp_path: Path) -> None:
    moments = random.Random(7)
    folder, again = tmp_path / "killed", tmp_path / "again"
    start = ["--data", str(digits_file), "--validation", "100", "--hidden", "32,16", "--batch-size", "20", "--threads", "1"]
    start += ["--optimizer", "nadam", "--dropout", "0.2", "--early-stopping", "100000"]
    start += ["--schedule", "exponential", "--decay", "0.999", "--checkpoint-every", "0.01", "--epochs", "1000000"]
    # At so small a rate each epoch is the best yet: an earlier one would rightly tell of --epochs as it was before the last resume.
    start += ["--learning-rate", "1e-5"]
    options = [*start, "--output", str(folder)]
    position = -1
    for kill in range(KILLS):
        with subprocess.Popen([*PROGRAM, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            # Some before they have begun, some about their first step, most while they train.
            while kill % 5 > 1 and json.loads(process.stdout.readline())["event"] != "epoch":
                pass
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=moments.uniform(0, 0.1 if kill % 5 else 0.6))
            process.kill()
        if (folder / "checkpoint.safetensors").exists():
            step = checkpoint.read(folder / "checkpoint.safetensors").scalars["step"]
            assert step >= position
            position = step
            read_run(folder)
            options = ["--resume", str(folder)]
        elif folder.exists():
            # Killed before there was anything to keep.
            folder = folder.with_name(f"{folder.name}-")
            options = [*start, "--output", str(folder)]
    assert position > 0
    epochs = checkpoint.read(folder / "checkpoint.safetensors").scalars["epochs"]
    finish("--resume", str(folder), "--epochs", str(epochs + 2))
    finish("--config", str(folder / "config.toml"), "--output", str(again))
    for name in ("checkpoint.safetensors", "best.safetensors", "config.toml"):
        assert (folder / name).read_bytes() == (again / name).read_bytes(), name
    assert timeless(folder)[1:] == timeless(again)[1:]
    assert read_run(folder).last_epoch == epochs + 2 > 5
