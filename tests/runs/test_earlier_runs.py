"""A run that an earlier version left, of each file a byte-for-byte copy: it can be read, told of, examined, exported and resumed.

`earlier/run` was trained by version 0.1.0 with PReLU and tanh, dropout, Nadam, a cosine schedule, early stopping and a change at step 12.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tui_trainer.commands.program import program

EARLIER = Path(__file__).parent / "earlier"


def call(*arguments: str) -> list[dict[str, Any]]:
    """The command's lines of JSON."""
    done = CliRunner().invoke(program, [*arguments, "--format", "json"], standalone_mode=False, catch_exceptions=False)
    assert done.exit_code == 0
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EARLIER / "run", tmp_path / "run"))


def test_it_is_told_of_as_its_own_version_told_of_it(run: Path) -> None:
    (told,) = call("runs", "show", str(run))
    assert (told["status"], told["parameters"], told["training_samples"]) == ("completed", 378, 180)
    assert told["config"]["activation"] == "prelu,tanh"
    assert told["config"]["dropout"] == 0.1
    assert told["changes"] == [{"epoch": 2, "batch": 0, "step": 12, "changes": {"learning_rate": 0.01, "batch_size": 12}}]
    assert [epoch["step"] for epoch in told["epochs"]] == [12, 27, 42, 57, 72, 87]
    assert told["epochs"][-1]["validation_loss"] == pytest.approx(1.5615, abs=5e-5)
    assert told["test_accuracy"] == pytest.approx(0.6333, abs=5e-5)
    assert [layer["name"] for layer in told["layers"]] == ["dense_1", "prelu_1", "dense_2", "dense_3"]


def test_it_is_resumed_to_what_its_own_version_came_to(run: Path) -> None:
    lines = call("--no-ui", "--resume", str(run), "--data", str(EARLIER / "digits.npz"), "--epochs", "8")
    epochs = [line for line in lines if line["event"] == "epoch"]
    assert [epoch["epoch"] for epoch in epochs] == [7, 8]
    # What version 0.1.0 gave on another machine; the order of images and the dropout masks have to be the same for this to come out.
    assert epochs[-1]["train_loss"] == pytest.approx(1.4866659180985557, rel=1e-4)
    assert epochs[-1]["validation_loss"] == pytest.approx(1.5191522657871246, rel=1e-4)
    assert lines[-1]["test_loss"] == pytest.approx(1.4660399864117304, rel=1e-4)


def test_its_network_is_asked_and_exported(run: Path, tmp_path: Path) -> None:
    with np.load(EARLIER / "digits.npz") as data:
        np.savez(tmp_path / "test.npz", x=data["x_test"], y=data["y_test"])
    answers = call("predict", str(run), str(tmp_path / "test.npz"))
    assert len([answer for answer in answers if "class" in answer]) == 60
    target = tmp_path / "network.npz"
    done = CliRunner().invoke(program, ["export", str(run), "--output", str(target)], standalone_mode=False, catch_exceptions=False)
    assert done.exit_code == 0
    with np.load(target) as exported:
        assert {"dense_1.weight", "prelu_1.alpha", "dense_3.bias"} <= set(exported.files)
