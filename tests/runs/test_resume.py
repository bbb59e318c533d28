"""A run that was stopped, or killed at any moment, and resumed ends as one that was never stopped."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_trainer.config.options import Config
from tui_trainer.config.source import read_toml
from tui_trainer.errors import UserError
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.runs import checkpoint
from tui_trainer.runs.archive import read_run
from tui_trainer.runs.batches import read_batches
from tui_trainer.runs.run import Run
from tui_trainer.system.locks import is_held
from tui_trainer.training.control import Control
from tui_trainer.training.environment import environment
from tui_trainer.training.events import Changed, Ended, EpochEnded, Progress, Started

from .timeless import timeless

Options = dict[str, Any]
Configure = Callable[..., Config]

STEPS_AN_EPOCH = 10

RULES: list[Options] = [
    {},
    {"dropout": 0.3, "schedule": "cosine", "warmup": 0.5},
    {"activation": "prelu", "hidden": "12,8", "clip_norm": 0.5, "weight_decay": 0.01},
    {"shuffle": False, "schedule": "step", "decay_every": 0.7},
    {"early_stopping": 1, "learning_rate": 0.3, "epochs": 8},
    {"validation": 0, "hidden": "none", "batch_size": 60},
    {"changes": "7 learning_rate=0.01 batch_size=20, 14 weight_decay=0.1, 21 clip_norm=0.1 schedule=exponential, 30 epochs=4"},
]


@pytest.fixture
def configure(digits_file: Path) -> Configure:
    def configured(**options: Any) -> Config:
        usual = {"hidden": "16", "validation": 100, "epochs": 3, "threads": 1, "batch_size": 50, "checkpoint_every": 1e-9}
        return Config.parse({"data": str(digits_file), **usual, **options})

    return configured


def train(run: Run, until: int | None = None) -> Ended | None:
    """Train to the end, or leave it after so many steps as a kill would: nothing more is written."""
    events = run.events(Control(batch_by_batch=True))
    for event in events:
        if isinstance(event, Progress) and event.step == until:
            events.close()  # type: ignore[attr-defined] # it is a generator
            return None
        if isinstance(event, Ended):
            ended = event
    return ended


def same(one: Path, other: Path) -> None:
    assert timeless(one) == timeless(other)
    names = {path.name for path in one.iterdir()}
    assert names == {path.name for path in other.iterdir()}
    for name in names - {"metrics.jsonl", "batches.f32"}:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    with (one / "batches.f32").open("rb") as first, (other / "batches.f32").open("rb") as second:
        np.testing.assert_array_equal(read_batches(first)[:, :-1], read_batches(second)[:, :-1])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_goes_on_to_the_same_bytes(configure: Configure, tmp_path: Path, optimizer: str) -> None:
    config = configure(optimizer=optimizer, dropout=0.2, schedule="exponential")
    train(Run.create(config, tmp_path / "whole"))
    train(Run.create(config, tmp_path / "parts"), 14)
    train(Run.resume(tmp_path / "parts"))
    same(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.parametrize("until", [9, 13, 20])
def test_a_schedule_that_goes_by_the_validation_loss_goes_on_too(configure: Configure, tmp_path: Path, until: int) -> None:
    config = configure(schedule="plateau", patience=0, threshold=0.9, decay=0.5, label_smoothing=0.1)
    train(Run.create(config, tmp_path / "whole"))
    train(Run.create(config, tmp_path / "parts"), until)
    train(Run.resume(tmp_path / "parts"))
    same(tmp_path / "whole", tmp_path / "parts")
    rates = [line["learning_rate"] / config.learning_rate for line in timeless(tmp_path / "whole") if line["event"] == "epoch"]
    assert rates == [1, 1, 0.5]


def test_without_a_validation_set_there_is_no_plateau(configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^--schedule plateau needs a validation set; give --validation"):
        train(Run.create(configure(schedule="plateau", validation=0), tmp_path / "r"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=st.sampled_from(RULES), kills=st.lists(st.integers(1, 60), min_size=1, max_size=4), every=st.sampled_from([0, 1e-9, 0.004]))
def test_killed_at_any_steps_it_ends_as_if_it_had_not_been(
    configure: Configure, tmp_path_factory: pytest.TempPathFactory, rule: Options, kills: list[int], every: float
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    config = configure(checkpoint_every=every, **rule)
    train(Run.create(config, folder / "whole"))
    train(Run.create(config, folder / "parts"), kills[0])
    for step in kills[1:]:
        train(Run.resume(folder / "parts"), step)
    train(Run.resume(folder / "parts"))
    same(folder / "whole", folder / "parts")


def test_a_run_that_was_stopped_goes_on_too(configure: Configure, tmp_path: Path) -> None:
    config = configure()
    train(Run.create(config, tmp_path / "whole"))
    control = Control()
    for event in Run.create(config, tmp_path / "parts").events(control):
        if isinstance(event, Progress) and event.step == 17:
            control.stop()
    assert timeless(tmp_path / "parts")[-1]["status"] == "stopped"
    train(Run.resume(tmp_path / "parts"))
    same(tmp_path / "whole", tmp_path / "parts")


def test_going_on_with_a_complete_run_changes_nothing(configure: Configure, tmp_path: Path) -> None:
    train(Run.create(configure(early_stopping=2), tmp_path / "r"))
    shutil.copytree(tmp_path / "r", tmp_path / "before")
    ended = train(Run.resume(tmp_path / "r"))
    assert ended is not None
    assert (ended.status, ended.epochs) == ("completed", 3)
    same(tmp_path / "before", tmp_path / "r")


def test_the_first_event_tells_where_it_goes_on_and_times_add_up(configure: Configure, tmp_path: Path) -> None:
    train(Run.create(configure(), tmp_path / "r"), 16)
    first = timeless(tmp_path / "r")
    events = list(Run.resume(tmp_path / "r").events(Control()))
    assert isinstance(events[0], Started)
    assert events[0].step in (15, 16)
    assert [line["event"] for line in first] == ["start", "epoch"]
    epochs = [json.loads(line)["seconds"] for line in (tmp_path / "r" / "metrics.jsonl").read_text().splitlines()[1:-1]]
    assert isinstance(events[-1], Ended)
    assert events[-1].seconds == pytest.approx(sum(epochs))
    second = next(event for event in events if isinstance(event, EpochEnded))
    own = [event.seconds for event in events if isinstance(event, Progress) and event.epoch == second.epoch]
    assert second.seconds > own[-1] > own[0]
    with (tmp_path / "r" / "batches.f32").open("rb") as file:
        in_epoch = read_batches(file)[STEPS_AN_EPOCH : 2 * STEPS_AN_EPOCH, -1]
    assert (np.diff(in_epoch) >= 0).all()


def change_after(run: Run, step: int, kill: int, **values: Any) -> None:
    control = Control(batch_by_batch=True)
    events = run.events(control)
    for event in events:
        if isinstance(event, Progress) and event.step == step:
            control.change(values)
        if isinstance(event, Progress) and event.step == kill:
            events.close()  # type: ignore[attr-defined]
            return


@pytest.mark.parametrize("every", [0, 1e-9], ids=["after the last checkpoint", "before it"])
def test_what_somebody_changed_is_not_lost_with_the_process(configure: Configure, tmp_path: Path, every: float) -> None:
    config = configure(checkpoint_every=every)
    change_after(Run.create(config, tmp_path / "r"), 13, 16, learning_rate=0.05, batch_size=25)
    made = train(Run.resume(tmp_path / "r"))
    assert made is not None
    assert [line["step"] for line in timeless(tmp_path / "r") if line["event"] == "change"] == [13]
    again = Config.parse(read_toml(tmp_path / "r" / "config.toml"))
    assert again.changes[0].record() == {"step": 13, "learning_rate": 0.05, "batch_size": 25}
    train(Run.create(again, tmp_path / "again"))
    assert timeless(tmp_path / "r")[1:] == timeless(tmp_path / "again")[1:]
    for name in ("checkpoint.safetensors", "best.safetensors", "config.toml"):
        assert (tmp_path / "r" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_more_epochs_go_on_where_it_ended_and_reproduce(configure: Configure, tmp_path: Path) -> None:
    train(Run.create(configure(schedule="cosine"), tmp_path / "r"))
    ended = train(Run.resume(tmp_path / "r", {"epochs": "5", "learning_rate": "0.002"}))
    assert ended is not None
    assert ended.epochs == 5
    again = Config.parse(read_toml(tmp_path / "r" / "config.toml"))
    assert [change.record() for change in again.changes] == [{"step": 30, "epochs": 5, "learning_rate": 0.002}]
    train(Run.create(again, tmp_path / "again"))
    assert timeless(tmp_path / "r")[1:] == timeless(tmp_path / "again")[1:]
    assert (tmp_path / "r" / "checkpoint.safetensors").read_bytes() == (tmp_path / "again" / "checkpoint.safetensors").read_bytes()


def test_the_same_options_again_are_no_change(configure: Configure, tmp_path: Path, digits_file: Path) -> None:
    train(Run.create(configure(), tmp_path / "r"), 12)
    given = {"data": str(digits_file), "hidden": "16", "epochs": "3", "batch_size": "50", "optimizer": "adam", "seed": "0"}
    assert Run.resume(tmp_path / "r", given).config == configure()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"hidden": "32"}, "--hidden"),
        ({"optimizer": "sgd"}, "--optimizer"),
        ({"seed": "3"}, "--seed"),
        ({"dropout": "0.5", "learning_rate": "1"}, "--dropout"),
        ({"learning_rate": "fast"}, "--learning-rate"),
        ({"data": "nowhere"}, "nowhere"),
    ],
)
def test_what_may_not_change_is_refused_and_nothing_is_touched(configure: Configure, tmp_path: Path, given: Options, named: str) -> None:
    train(Run.create(configure(), tmp_path / "r"), 12)
    before = {path.name: path.read_bytes() for path in (tmp_path / "r").iterdir()}
    with pytest.raises(UserError, match=named) as refusal:
        Run.resume(tmp_path / "r", given)
    assert "\n" not in str(refusal.value)
    assert {path.name: path.read_bytes() for path in (tmp_path / "r").iterdir()} == before
    train(Run.resume(tmp_path / "r"))


def test_other_data_is_refused_and_the_same_in_another_place_is_taken(configure: Configure, tmp_path: Path, digits_file: Path) -> None:
    copy = tmp_path / "copy.npz"
    shutil.copy(digits_file, copy)
    train(Run.create(configure(data=str(copy)), tmp_path / "r"), 12)
    found = Run.resume(tmp_path / "r", {"data": str(digits_file)})
    assert found.config.data == str(digits_file)
    found.close()
    with np.load(digits_file) as arrays:
        np.savez(copy, **{**arrays, "y_train": arrays["y_train"][::-1]})
    with pytest.raises(UserError, match="the data is not what the run was trained on"):
        Run.resume(tmp_path / "r")


def test_two_never_write_into_one_folder(configure: Configure, tmp_path: Path) -> None:
    first = Run.create(configure(), tmp_path / "r")
    events = first.events(Control(batch_by_batch=True))
    next(events)
    assert is_held(tmp_path / "r" / "metrics.jsonl")
    with pytest.raises(UserError, match=r"--resume .*: a run is going on there"):
        Run.resume(tmp_path / "r")
    list(events)
    assert not is_held(tmp_path / "r" / "metrics.jsonl")
    train(Run.resume(tmp_path / "r"))


@pytest.mark.parametrize(
    "tail", [b'{"event": "epo', b"\x00" * 50, b'{"event": "end", "status": "stopped", "test_loss": null, "test_accuracy": null}\n']
)
def test_what_stands_behind_the_checkpoint_is_cut_off(configure: Configure, tmp_path: Path, tail: bytes) -> None:
    config = configure()
    train(Run.create(config, tmp_path / "whole"))
    train(Run.create(config, tmp_path / "r"), 14)
    with (tmp_path / "r" / "metrics.jsonl").open("ab") as file:
        file.write(tail)
    with (tmp_path / "r" / "batches.f32").open("ab") as file:
        file.write(b"abc")
    train(Run.resume(tmp_path / "r"))
    same(tmp_path / "whole", tmp_path / "r")


def test_lost_lines_are_told_of_and_lost_batches_are_gaps(configure: Configure, tmp_path: Path) -> None:
    train(Run.create(configure(), tmp_path / "r"), 25)
    metrics, batches = tmp_path / "r" / "metrics.jsonl", tmp_path / "r" / "batches.f32"
    metrics.write_bytes(b"".join(metrics.read_bytes().splitlines(keepends=True)[:2]))
    batches.write_bytes(batches.read_bytes()[:100])
    resumed = Run.resume(tmp_path / "r")
    assert any("1 of 2 epochs are missing" in warning for warning in resumed.warnings)
    train(resumed)
    assert [line.get("epoch") for line in timeless(tmp_path / "r")] == [None, 1, 3, None]
    with batches.open("rb") as file:
        rows = read_batches(file)
    assert len(rows) == 30
    assert not rows[6:23].any()
    assert rows[26:].all(axis=1).all()


@pytest.mark.parametrize(
    ("missing", "named"), [("checkpoint.safetensors", "checkpoint.safetensors"), ("metrics.jsonl", "not a run that can be resumed")]
)
def test_without_its_files_there_is_nothing_to_resume(configure: Configure, tmp_path: Path, missing: str, named: str) -> None:
    train(Run.create(configure(), tmp_path / "r"), 14)
    (tmp_path / "r" / missing).unlink()
    with pytest.raises(UserError, match=named):
        Run.resume(tmp_path / "r")
    assert not (tmp_path / "r" / missing).exists()


def test_another_environment_is_warned_of_and_recorded_once(configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(Run.create(configure(), tmp_path / "r"), 14)
    genuine = environment()
    monkeypatch.setattr("tui_trainer.runs.run.environment", lambda: {**genuine, "numpy": "9.9"})
    monkeypatch.setattr("tui_trainer.runs.run.has_engine", lambda: False)  # whose bits depend on the threads
    resumed = Run.resume(tmp_path / "r", {"threads": 2})
    (warning,) = resumed.warnings
    assert f"numpy was {genuine['numpy']}, and is 9.9; threads was 1, and is 2" in warning
    train(resumed, 22)
    resumed = Run.resume(tmp_path / "r")
    assert resumed.warnings == ()
    train(resumed)
    lines = timeless(tmp_path / "r")
    assert [line["event"] for line in lines] == ["start", "epoch", "resume", "epoch", "epoch", "end"]
    assert (lines[2]["environment"]["numpy"], lines[2]["environment"]["threads"]) == ("9.9", "2")
    assert 10 < lines[2]["step"] <= 14


def test_a_run_killed_before_its_first_step_starts_anew(configure: Configure, tmp_path: Path) -> None:
    config = configure()
    train(Run.create(config, tmp_path / "whole"))
    events = Run.create(config, tmp_path / "r").events(Control(batch_by_batch=True))
    next(events)
    events.close()  # type: ignore[attr-defined]
    train(Run.resume(tmp_path / "r"))
    same(tmp_path / "whole", tmp_path / "r")


def test_changes_made_while_paused_between_epochs_count_once(configure: Configure, tmp_path: Path) -> None:
    control = Control(batch_by_batch=True)
    made = []
    for event in Run.create(configure(), tmp_path / "r").events(control):
        if isinstance(event, EpochEnded) and event.epoch == 2:
            control.change({"epochs": 2})
        if isinstance(event, Changed):
            made.append(event)
    assert [(event.epoch, event.batch, event.step) for event in made] == [(3, 0, 20)]
    assert timeless(tmp_path / "r")[-1]["status"] == "completed"
    assert checkpoint.read(tmp_path / "r" / "checkpoint.safetensors").scalars["changes"] == 1
    ended = train(Run.resume(tmp_path / "r", {"epochs": 3}))
    assert ended is not None
    assert ended.epochs == 3
    assert [line["event"] for line in timeless(tmp_path / "r")] == ["start", "epoch", "epoch", "change", "change", "epoch", "end"]


def test_a_run_keeps_its_date(configure: Configure, tmp_path: Path) -> None:
    train(Run.create(configure(), tmp_path / "r"), 14)
    started, log = read_run(tmp_path / "r").started, tmp_path / "r" / "metrics.jsonl"
    train(Run.resume(tmp_path / "r", {"epochs": 4}), 14)
    assert read_run(tmp_path / "r").started == started
    # An earlier version did not write it down.
    log.write_text(re.sub('"started": "[^"]*", ', "", log.read_text(), count=1))
    os.utime(tmp_path / "r" / "config.toml", (1e9, 1e9))
    train(Run.resume(tmp_path / "r", {"epochs": 4}))
    assert read_run(tmp_path / "r").started.timestamp() == 1e9
