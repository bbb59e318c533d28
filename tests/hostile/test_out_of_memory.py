"""Whatever there is no memory for in the middle of a run: one line, and a checkpoint that leads to the same end."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tui_trainer.config.options import Config
from tui_trainer.config.source import option
from tui_trainer.engine.engine import Engine
from tui_trainer.errors import UserError
from tui_trainer.lessons.parallel_runs import ParallelRuns
from tui_trainer.runs import checkpoint
from tui_trainer.runs.run import Run
from tui_trainer.training import health
from tui_trainer.training.control import Control
from tui_trainer.training.events import Progress
from tui_trainer.training.training_state import TrainingState

from .outcome import Outcome, is_one_line, is_refusal, outcome

CALLS: list[tuple[Any, str, int]] = [
    (Engine, "train", 5),
    (health, "measure", 2),
    (Engine, "evaluate", 2),
    (TrainingState, "_copies", 9),
    (checkpoint, "save", 4),
]
"""Of a network that learns, is measured and examined; of the copies of a snapshot, and of the checkpoint that is made of it."""


@pytest.fixture
def config(digits_file: Path) -> dict[str, Any]:
    options = {"hidden": "8", "validation": 100, "epochs": 3, "threads": 1, "batch_size": 100, "checkpoint_every": 1e-9}
    return {"data": str(digits_file), **options}


@pytest.fixture
def options(config: dict[str, Any]) -> list[str]:
    return [f"{option(name)}={value}" for name, value in config.items()]


def run_out(patch: pytest.MonkeyPatch, owner: Any, call: str, at: Callable[..., bool] | int) -> None:
    """From a call on, or whenever it is made so, there is no memory for it."""
    genuine = getattr(owner, call)
    calls = 0

    def sometimes(*arguments: Any, **keywords: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= at if isinstance(at, int) else at(*arguments):
            raise MemoryError
        return genuine(*arguments, **keywords)

    patch.setattr(owner, call, sometimes)


def network(run: Path) -> bytes:
    return (run / "checkpoint.safetensors").read_bytes()


@pytest.mark.parametrize(("owner", "call", "at"), CALLS, ids=[call for _, call, _ in CALLS])
def test_a_run_ends_with_what_it_has_kept(tmp_path: Path, options: list[str], owner: Any, call: str, at: int) -> None:
    whole, run = tmp_path / "whole", tmp_path / "run"
    assert outcome("--no-ui", *options, "--output", str(whole)).status == 0
    with pytest.MonkeyPatch.context() as patch:
        run_out(patch, owner, call, at)
        found = outcome("--no-ui", *options, "--output", str(run))
    assert_tells_of_checkpoint(found, run)
    assert 0 < checkpoint.read(run / "checkpoint.safetensors").scalars["step"] < 15
    assert outcome("--no-ui", "--resume", str(run)).status == 0
    assert network(run) == network(whole)


def assert_tells_of_checkpoint(found: Outcome, run: Path) -> None:
    assert is_refusal(found)
    assert found.stderr.startswith("tui-trainer: out of memory after step ")
    assert f"; {run / 'checkpoint.safetensors'} is whole, and --resume {run} continues from there" in found.stderr


def test_batches_of_another_size_that_do_not_fit_are_not_asked_for_again(tmp_path: Path, options: list[str]) -> None:
    run = tmp_path / "run"
    assert outcome("--no-ui", *options, "--output", str(run), "--epochs", "1").status == 0
    control = Control(batch_by_batch=True)
    with pytest.MonkeyPatch.context() as patch:
        run_out(patch, Engine, "prepare", lambda _engine, _samples, rows, _clip_norm: rows == 250)
        events = Run.resume(run, {"epochs": 3}).events(control)
        while not (isinstance(event := next(events), Progress) and event.step == 7):
            pass
        control.change({"batch_size": 250})
        with pytest.raises(UserError, match=r"^out of memory after step 7: ") as refusal:
            next(events)
    assert is_one_line(str(refusal.value))
    told = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["changes"] for line in told if line["event"] == "change"] == [{"epochs": 3}]
    assert outcome("--no-ui", "--resume", str(run)).status == 0
    assert checkpoint.read(run / "checkpoint.safetensors").scalars["step"] == 15


def test_planned_batches_that_do_not_fit(tmp_path: Path, options: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        run_out(patch, Engine, "prepare", lambda _engine, _samples, rows, _clip_norm: rows == 250)
        found = outcome("--no-ui", *options, "--output", str(tmp_path / "run"), "--changes", "7 batch_size=250")
    assert_tells_of_checkpoint(found, tmp_path / "run")


def test_before_there_is_a_checkpoint_none_is_told_of(tmp_path: Path, options: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        run_out(patch, TrainingState, "_copies", 1)
        found = outcome("--no-ui", *options, "--output", str(tmp_path / "run"))
    assert is_refusal(found)
    assert found.stderr.startswith("tui-trainer: out of memory after step 0: free some, or take a smaller --batch-size")
    assert "checkpoint" not in found.stderr


def test_a_range_test(options: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        run_out(patch, Engine, "train", 5)
        found = outcome("lr-find", *options)
    assert is_refusal(found)
    assert "out of memory" in found.stderr


@pytest.mark.parametrize("kept", [False, True])
def test_the_runs_of_a_lesson(tmp_path: Path, config: dict[str, Any], kept: bool) -> None:
    configs = {name: Config.parse({**config, "seed": seed}) for seed, name in enumerate(["one", "two"])}
    with pytest.MonkeyPatch.context() as patch:
        run_out(patch, Engine, "train", 5)
        with pytest.raises(UserError, match=r"^out of memory.* \(run: (one|two)\)$") as refusal:
            list(ParallelRuns(configs, folder=tmp_path / "kept" if kept else None).events())
    assert is_one_line(str(refusal.value))
