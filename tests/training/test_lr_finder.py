"""The learning-rate range test, as events and as a command."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from program import call

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.training.control import Control
from tui_trainer.training.lr_finder import RangePoint, range_test, suggest


def points(data: Dataset, **bounds: float) -> list[RangePoint]:
    config = Config.parse({"hidden": "16", "optimizer": "sgd", "threads": 1})
    return list(range_test(config, data, Control(), lowest=bounds["lowest"], highest=bounds["highest"], steps=60))


def test_rates_rise_evenly_in_their_logarithm_over_several_epochs(digits: Dataset) -> None:
    found = points(digits, lowest=1e-5, highest=1e-2)
    assert len(found) == 60  # more than the 19 batches of an epoch
    assert found[0].learning_rate == pytest.approx(1e-5)
    assert found[-1].learning_rate == pytest.approx(1e-2)
    ratios = [after.learning_rate / before.learning_rate for before, after in pairwise(found)]
    assert ratios == pytest.approx([1e3 ** (1 / 59)] * 59)


def test_it_ends_when_the_loss_bursts_and_suggests_a_rate_below(digits: Dataset) -> None:
    found = points(digits, lowest=1e-3, highest=1e6)
    assert len(found) < 60
    suggestion = suggest(found)
    assert suggestion is not None
    assert 1e-3 / 10 <= suggestion < found[-1].learning_rate / 10


def test_no_points_no_suggestion() -> None:
    assert suggest([]) is None


def test_the_command_draws_a_chart_or_prints_json(digits_file: Path) -> None:
    command = ["lr-find", "--data", str(digits_file), "--hidden", "16", "--steps", "50", "--threads", "1"]
    drawn = call(*command)
    assert drawn.returncode == 0
    assert "smoothed loss" in drawn.stdout
    assert "try --learning-rate" in drawn.stdout
    assert "\x1b" not in drawn.stdout
    lines = [json.loads(line) for line in call(*command, "--format", "json").stdout.splitlines()]
    assert {line["event"] for line in lines[:-1]} == {"point"}
    assert lines[-1]["event"] == "suggestion"
    assert f"{lines[-1]['learning_rate']:.1g}" in drawn.stdout
    refused = call(*command, "--from", "1", "--to", "0.1")
    assert refused.returncode == 2
    assert refused.stderr == "tui-trainer: --from must be less than --to, and both from 1e-30 to 1e+30, not 1 and 0.1\n"
