"""Options that change while a run goes on: what they do, and that the run reproduces with them."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tui_trainer.config.changes import format_changes, parse_changes
from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.runs.run import Run
from tui_trainer.training.control import Control
from tui_trainer.training.events import Changed, Ended, EpochEnded, Event, Progress
from tui_trainer.training.loop import Training

OPTIONS: dict[str, Any] = {"hidden": "16", "validation": 100, "epochs": 2, "threads": 1, "batch_size": 50}


def run(data: Dataset, changes: str = "none", **options: Any) -> list[Event]:
    return list(Training(Config.parse({**OPTIONS, **options, "changes": changes}), data).events(Control()))


def steps(events: list[Event]) -> list[Progress]:
    return [event for event in events if isinstance(event, Progress)]


def test_changes_read_back_as_they_are_written() -> None:
    text = "0 clip_norm=none, 1200 learning_rate=0.0005 batch_size=64"
    config = Config.parse({"changes": text})
    assert format_changes(config.changes) == text
    assert Config.parse(tomllib.loads(config.to_toml())) == config
    assert config.record()["changes"] == [{"step": 0, "clip_norm": None}, {"step": 1200, "learning_rate": 0.0005, "batch_size": 64}]
    assert parse_changes("none") == ()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ("fast", "must read like"),
        ("12", "must each change something"),
        ("12 hidden=3", "cannot change hidden"),
        ("12 learning_rate=-1", "at step 12: learning_rate must be greater than 0"),
        ("12 batch_size=none", "at step 12: batch_size must be a whole number"),
        ([{"step": -1, "decay": 1}], "the step they are made at"),
        ([{"decay": 1}], "the step they are made at"),
        ([5], "must be tables"),
        (5, "must be a list"),
    ],
)
def test_a_wrong_change_is_refused_in_one_line(changes: Any, named: str) -> None:
    with pytest.raises(UserError, match="--changes ") as refusal:
        Config.parse({"changes": changes})
    assert named in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_learning_rate_changes_at_its_step_and_so_does_its_schedule(digits: Dataset) -> None:
    events = run(digits, "3 learning_rate=0.5, 12 schedule=cosine", optimizer="sgd", learning_rate=0.1)
    rates = [event.learning_rate for event in steps(events)]
    assert rates[:12] == [0.1] * 3 + [0.5] * 9
    assert rates[12:] == pytest.approx([0.5 * f for f in (0.3455, 0.2730, 0.2061, 0.1464, 0.0955, 0.0545, 0.0245, 0.0062)], abs=1e-4)
    assert [(event.epoch, event.batch, event.step) for event in events if isinstance(event, Changed)] == [(1, 3, 3), (2, 2, 12)]


def test_a_change_of_the_batch_size_in_mid_epoch_loses_and_repeats_no_image(digits: Dataset) -> None:
    events = run(digits, "4 batch_size=120", shuffle=False)
    batches = steps(events)
    # 500 images: four batches of 50, then 120, 120 and 60; the next epoch has four of 120 and one of 20.
    assert [event.samples for event in batches] == [50, 100, 150, 200, 320, 440, 500, 120, 240, 360, 480, 500]
    assert [event.batches for event in batches] == [10] * 4 + [7] * 3 + [5] * 5
    assert [event.position for event in batches] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0], rel=1e-12)
    epoch = next(event for event in events if isinstance(event, EpochEnded))
    sizes = [50] * 4 + [120, 120, 60]
    mean = sum(event.loss * size for event, size in zip(batches[:7], sizes, strict=True)) / 500
    assert epoch.train_loss == pytest.approx(mean, rel=1e-12)


def test_clipping_can_be_put_on_and_taken_off(digits: Dataset) -> None:
    # With so small a norm and plain descent, the weights hardly move while it holds.
    events = run(digits, "0 clip_norm=1e-9, 10 clip_norm=none", optimizer="sgd", learning_rate=0.1, shuffle=False)
    losses = [event.loss for event in steps(events)]
    still = [event.loss for event in steps(run(digits, optimizer="sgd", learning_rate=1e-12, shuffle=False))]
    assert losses[:11] == pytest.approx(still[:11], rel=1e-6)
    assert losses[-1] < 0.9 * still[-1]


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_weight_decay_can_be_put_on_and_taken_off(digits: Dataset, optimizer: str) -> None:
    usual = {"optimizer": optimizer, "weight_decay": 0, "learning_rate": 0.01}
    runs = [run(digits, changes, **usual) for changes in ("none", "10 weight_decay=5, 15 weight_decay=0", "10 weight_decay=5")]
    free, for_a_while, to_the_end = ([event.loss for event in steps(events)] for events in runs)
    assert free[:11] == for_a_while[:11] != free
    assert for_a_while[:16] == to_the_end[:16]
    norms = [next(event for event in reversed(events) if isinstance(event, EpochEnded)).layers[0].weight_norm for events in runs]
    assert norms[0] > 1.1 * norms[1] > 1.1 * 1.1 * norms[2]


def test_a_batch_larger_than_the_data_takes_all_of_it(digits: Dataset) -> None:
    events = run(digits, "10 batch_size=5000")
    assert [event.samples for event in steps(events)][10:] == [500]


def test_a_run_that_was_changed_by_hand_reproduces_from_its_folder(digits_file: Path, tmp_path: Path) -> None:
    control = Control(batch_by_batch=True)
    options = {**OPTIONS, "data": str(digits_file), "schedule": "exponential", "dropout": 0.2}
    for event in Run.create(Config.parse(options), tmp_path / "first").events(control):
        if isinstance(event, Progress) and event.step == 4:
            control.change({"learning_rate": 0.003})
            control.change({"batch_size": 32, "clip_norm": 0.5})
        if isinstance(event, Progress) and event.step == 11:
            control.change({"schedule": "constant"})
    written = tomllib.loads((tmp_path / "first" / "config.toml").read_text())
    assert [change["step"] for change in written["changes"]] == [4, 4, 11]
    for _ in Run.create(Config.parse(written), tmp_path / "second").events(Control()):
        pass
    for name in ("checkpoint.safetensors", "best.safetensors", "config.toml"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
    changes = [json.loads(line) for line in (tmp_path / "first" / "metrics.jsonl").read_text().splitlines() if '"change"' in line]
    assert [{key: line[key] for key in ("event", "step", "changes")} for line in changes] == [
        {"event": "change", "step": 4, "changes": {"learning_rate": 0.003}},
        {"event": "change", "step": 4, "changes": {"batch_size": 32, "clip_norm": 0.5}},
        {"event": "change", "step": 11, "changes": {"schedule": "constant"}},
    ]


def test_a_wish_comes_before_what_is_planned_for_later(digits: Dataset) -> None:
    control = Control()
    control.change({"learning_rate": 0.25})
    config = Config.parse({**OPTIONS, "changes": "5 learning_rate=0.5"})
    *events, end = Training(config, digits).events(control)
    assert isinstance(end, Ended)
    last = [event for event in events if isinstance(event, Changed)][-1]
    assert format_changes(last.config.changes) == "0 learning_rate=0.25, 5 learning_rate=0.5"
    assert [event.learning_rate for event in steps(list(events))][3:7] == [0.25, 0.25, 0.5, 0.5]
