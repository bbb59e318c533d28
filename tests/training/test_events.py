"""Events as strict JSON."""

import json
from typing import Any

import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.training.control import Control
from tui_trainer.training.events import Divergence, Ended, EpochEnded, LayerHealth, Noted, Progress, Snapshot, record
from tui_trainer.training.loop import Training

NAN = float("nan")


def strict(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_fields_are_those_of_the_contract(digits: Dataset) -> None:
    config = Config.parse({"hidden": "8", "validation": 100, "epochs": 1, "threads": 1})
    lines = [
        strict(json.dumps(record(event, "runs/x"), allow_nan=False))
        for event in Training(config, digits).events(Control())
        if not isinstance(event, Progress | Noted)
    ]
    start, epoch, end = lines
    assert start["event"] == "start"
    assert set(start) >= {"version", "config", "parameters", "layers", "training_samples", "validation_samples", "test_samples", "threads"}
    assert start["run_directory"] == end["run_directory"] == "runs/x"
    assert start["layers"][0] == {"name": "dense_1", "type": "Dense", "output_shape": [8], "parameters": 6280}
    assert start["config"]["initializer"] == "he_normal"
    assert set(start["config"]) == set(Config.model_fields)
    assert list(epoch) == [
        "event", "epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds",
        "samples_per_second", "best", "layers",
    ]  # fmt: skip
    assert list(epoch["layers"][0]) == [
        "name", "gradient_norm", "weight_norm", "update_ratio", "activation_mean", "activation_std", "dead_fraction", "saturated_fraction",
    ]  # fmt: skip
    assert list(end) == ["event", "status", "epochs", "best_epoch", "test_loss", "test_accuracy", "seconds", "run_directory"]
    assert end["status"] == "completed"


def test_numbers_that_are_not_finite_become_null_with_a_mark_beside_them() -> None:
    healthy = LayerHealth("dense_1", 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0)
    broken = healthy._replace(name="dense_2", gradient_norm=float("inf"))
    snapshot = Snapshot({}, {})
    line = record(EpochEnded(1, NAN, 0.1, None, None, 0.01, 1.0, 500.0, True, (healthy, broken), snapshot), "r")
    assert line["train_loss"] is None
    assert line["finite"] is False
    assert "finite" not in line["layers"][0]
    assert line["layers"][1]["gradient_norm"] is None
    assert line["layers"][1]["finite"] is False
    json.dumps(line, allow_nan=False)


def test_missing_validation_is_null_and_no_sign_of_divergence() -> None:
    line = record(EpochEnded(1, 0.5, 0.1, None, None, 0.01, 1.0, 500.0, False, (), Snapshot({}, {})), "r")
    assert line["validation_loss"] is None
    assert "finite" not in line


@pytest.mark.parametrize("divergence", [None, Divergence("dense_3", 2, 400)])
def test_divergence_is_told(divergence: Divergence | None) -> None:
    line = record(Ended("diverged" if divergence else "completed", 1, None, NAN, 0.1, 1.0, divergence, None), "r")
    assert line.get("divergence") == ({"layer": "dense_3", "epoch": 2, "step": 400} if divergence else None)
