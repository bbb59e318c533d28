"""A run's folder: what is in it, that it reproduces the run, and that nothing of the user's is overwritten."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.config.source import read_toml
from tui_trainer.errors import UserError
from tui_trainer.runs import checkpoint
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.run import Run
from tui_trainer.system import folders
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, EpochEnded, Noted

from .timeless import timeless


def tui_trainer(*arguments: str, cwd: Path) -> None:
    subprocess.run([sys.executable, "-m", "tui_trainer", "--no-ui", *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.mark.parametrize(
    "options",
    [
        ["--hidden", "16,8", "--activation", "prelu", "--optimizer", "nadam"],
        ["--hidden", "none", "--no-shuffle", "--alpha", "0.5", "--batch-size", "7"],
        ["--hidden", "8x3", "--dropout", "0.2", "--schedule", "cosine", "--clip-norm", "1", "--threads", "1"],
    ],
)
def test_config_toml_reproduces_the_run_to_the_byte(digits_file: Path, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "elsewhere").mkdir()
    data = os.path.relpath(digits_file, tmp_path)
    tui_trainer("--data", data, "--epochs", "3", "--validation", "100", *options, "--output", "first", cwd=tmp_path)
    tui_trainer("--config", "../first/config.toml", "--output", "../second", cwd=tmp_path / "elsewhere")
    first, second = tmp_path / "first", tmp_path / "second"
    files = ["batches.f32", "best.safetensors", "checkpoint.safetensors", "config.toml", "metrics.jsonl"]
    assert sorted(path.name for path in first.iterdir()) == files
    for name in ("best.safetensors", "checkpoint.safetensors", "config.toml"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert timeless(first) == timeless(second)


def run(digits_file: Path, output: Path, **options: Any) -> tuple[Run, list[Any]]:
    made = Run.create(Config.parse({"data": str(digits_file), "validation": 100, "threads": 1, **options}), output)
    return made, list(made.events(Control()))


def test_tensor_names_and_shapes(digits_file: Path, tmp_path: Path) -> None:
    run(digits_file, tmp_path / "r", hidden="16,8", activation="prelu", optimizer="momentum", epochs=1)
    tensors = checkpoint.read(tmp_path / "r" / "checkpoint.safetensors").tensors
    shapes = {
        "dense_1.weight": (784, 16), "dense_1.bias": (16,), "prelu_1.alpha": (16,), "dense_2.weight": (16, 8), "dense_2.bias": (8,),
        "prelu_2.alpha": (8,), "dense_3.weight": (8, 10), "dense_3.bias": (10,),
    }  # fmt: skip
    expected = shapes | {f"optimizer.velocity.{name}": shape for name, shape in shapes.items()}
    assert {name: tensor.shape for name, tensor in tensors.items()} == expected
    assert all(tensor.dtype == np.float32 for tensor in tensors.values())


def test_best_is_the_epoch_of_the_lowest_validation_loss(digits_file: Path, tmp_path: Path) -> None:
    _, events = run(digits_file, tmp_path / "r", hidden="64", optimizer="sgd", learning_rate=0.5, batch_size=10, epochs=30)
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    lowest = min(epochs, key=lambda event: event.validation_loss or 0)
    assert lowest.epoch < 30
    assert checkpoint.read(tmp_path / "r" / "best.safetensors").scalars["epochs"] == lowest.epoch
    assert checkpoint.read(tmp_path / "r" / "checkpoint.safetensors").scalars["epochs"] == 30


def test_zero_epochs_write_the_first_weights(digits_file: Path, tmp_path: Path) -> None:
    _, events = run(digits_file, tmp_path / "r", epochs=0)
    assert isinstance(events[-1], Ended)
    assert checkpoint.read(tmp_path / "r" / "checkpoint.safetensors").scalars["step"] == 0
    assert [event["event"] for event in timeless(tmp_path / "r")] == ["start", "end"]


def test_without_validation_there_is_no_best(digits_file: Path, tmp_path: Path) -> None:
    _, events = run(digits_file, tmp_path / "r", epochs=1, validation=0)
    assert not any(event.best for event in events if isinstance(event, EpochEnded))
    assert not (tmp_path / "r" / "best.safetensors").exists()
    (epoch,) = (event for event in timeless(tmp_path / "r") if event["event"] == "epoch")
    assert epoch["validation_loss"] is None
    assert epoch["validation_accuracy"] is None


@pytest.mark.parametrize("name", ['a "quoted" name', "back\\slash", "größe ✓", "tab\tand\nline"])
def test_config_toml_finds_data_of_any_name(digits_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / f"{name}.npz").symlink_to(digits_file)
    monkeypatch.chdir(tmp_path)
    made = Run.create(Config.parse({"data": f"{name}.npz", "validation": 100, "threads": 1, "epochs": 0}), Path("first"))
    list(made.events(Control()))
    again = Config.parse(read_toml(tmp_path / "first" / "config.toml"))
    assert again == made.config
    assert again.data == str(tmp_path / f"{name}.npz")


def test_an_unknown_home_is_a_mistake_and_no_fault() -> None:
    with pytest.raises(UserError, match=r"^--data ~no-such-user/digits\.npz: "):
        Run.create(Config.parse({"data": "~no-such-user/digits.npz"}))


def test_a_folder_that_vanishes_ends_no_run(digits_file: Path, tmp_path: Path) -> None:
    made = Run.create(Config.parse({"data": str(digits_file), "validation": 100, "threads": 1, "epochs": 3}), tmp_path / "r")
    events = made.events(Control())
    next(events)
    shutil.rmtree(tmp_path / "r")
    rest = list(events)
    trouble = f"{tmp_path / 'r'}: the run cannot be saved (no such file or directory)"
    assert [event.text for event in rest if isinstance(event, Noted)] == [f"{trouble}; training continues, and this is tried again"]
    assert str(made.save_error) == trouble
    assert isinstance(rest[-1], Ended)
    assert rest[-1].status == "completed"
    assert not (tmp_path / "r").exists()


def test_what_could_not_be_written_is_written_when_it_can_be(digits_file: Path, tmp_path: Path) -> None:
    options = {"data": str(digits_file), "validation": 100, "threads": 1, "epochs": 6}
    list(Run.create(Config.parse(options), tmp_path / "calm").events(Control()))
    made = Run.create(Config.parse(options), tmp_path / "r")
    noted = []
    with pytest.MonkeyPatch.context() as broken:
        for event in made.events(Control()):
            if isinstance(event, EpochEnded) and event.epoch == 2:
                broken.setattr(os, "fsync", refuse)
            elif isinstance(event, EpochEnded) and event.epoch == 4:
                broken.undo()
            elif isinstance(event, Noted):
                noted.append(event.text)
    assert noted == [
        f"{tmp_path / 'r'}: the run cannot be saved (no space left on device); training continues, and this is tried again",
        f"{tmp_path / 'r'}: the run is kept again, and whole",
    ]
    assert not made.save_error
    assert timeless(tmp_path / "r") == timeless(tmp_path / "calm")
    for name in ("best.safetensors", "checkpoint.safetensors", "config.toml"):
        assert (tmp_path / "r" / name).read_bytes() == (tmp_path / "calm" / name).read_bytes(), name


def refuse(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def test_an_empty_folder_is_taken_and_a_missing_one_made(digits_file: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run(digits_file, tmp_path / "empty", epochs=0)
    run(digits_file, tmp_path / "deep" / "er", epochs=0)
    assert (tmp_path / "deep" / "er" / "config.toml").exists()


@pytest.mark.parametrize("kind", ["full folder", "file"])
def test_what_is_there_is_not_touched(digits_file: Path, tmp_path: Path, kind: str) -> None:
    output = tmp_path / "taken"
    precious = output / "thesis.txt" if kind == "full folder" else output
    precious.parent.mkdir(exist_ok=True)
    precious.write_text("years of work")
    with pytest.raises(UserError, match="--output"):
        run(digits_file, output, epochs=0)
    assert precious.read_text() == "years of work"
    assert len(list(tmp_path.rglob("*"))) == (2 if kind == "full folder" else 1)


def test_a_refused_run_leaves_no_folder(digits_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        run(digits_file, tmp_path / "r", batch_size=501)
    assert not (tmp_path / "r").exists()


def test_folders_of_the_same_second_do_not_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = {RunDirectory.create(None).path for _ in range(5)}
    assert len(made) == 5
    assert {path.parent for path in made} == {folders.runs()}


def test_runs_started_together_take_folders_of_their_own(digits_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui_trainer", "--no-ui", "--data", str(digits_file), "--validation", "100", "--hidden", "none"]
    processes = [subprocess.Popen([*command, "--epochs", "0", "--threads", "1", "--format", "quiet"], cwd=tmp_path) for _ in range(4)]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    folders = list((tmp_path / "runs").iterdir())
    assert len(folders) == 4
    contents = {(folder / "checkpoint.safetensors").read_bytes() for folder in folders}
    assert len(contents) == 1  # same options and seed


@pytest.mark.parametrize("runs", ["file", "nowhere"])
def test_a_runs_folder_that_cannot_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: str) -> None:
    monkeypatch.chdir(tmp_path)
    if runs == "file":
        folders.runs().touch()
    else:
        folders.runs().symlink_to("unmounted/scratch")
    with pytest.raises(
        UserError, match=r"^runs: cannot make the run's folder here \(a file of that name exists\); give one with --output$"
    ):
        RunDirectory.create(None)


def test_threads_of_numpy_are_measured_once_and_then_remembered(digits_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui_trainer.training import engines, threads

    monkeypatch.setattr(engines, "service", lambda: engines.Service(None, "numpy"))
    monkeypatch.setattr(folders, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(threads, "most_threads", lambda: 4)
    answers = iter([4, 1])
    monkeypatch.setattr(threads, "measure", lambda *_: next(answers))
    config = Config.parse({"data": str(digits_file), "validation": 100, "epochs": 0})
    assert [Run.create(config, tmp_path / name).config.threads for name in "ab"] == [4, 4]
    other = Config.parse({"data": str(digits_file), "validation": 100, "epochs": 0, "hidden": "9"})
    assert Run.create(other, tmp_path / "c").config.threads == 1
    (tmp_path / "cache" / "threads.json").write_text("{broken")
    answers = iter([4])
    assert Run.create(config, tmp_path / "d").config.threads == 4
