"""What runs are called, which is the newest, and which fit some words."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tui_trainer.config.options import Config
from tui_trainer.runs.archive import find_runs, read_run, resolve_run
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.listing import ListedRun
from tui_trainer.runs.naming import LONGEST, name_of, said_differences, told_apart
from tui_trainer.runs.rename_delete import rename_run
from tui_trainer.runs.run_filter import RunFilter

DEEP = {"hidden": "100x10", "activation": "sigmoid"}


def make(path: Path, started: str | None = None, **options: Any) -> Path:
    """A run that is begun, at a time unless an earlier version wrote it."""
    path.mkdir(parents=True)
    config = Config.parse(options)
    start = {"event": "start", "version": "0.1.0", "started": started} if started is not None else {"event": "start"}
    (path / "metrics.jsonl").write_text(json.dumps(start | {"config": config.record()}) + "\n")
    (path / "config.toml").write_text(config.to_toml())
    return path


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "relu-256-adam"),
        ({**DEEP, "initializer": "uniform", "optimizer": "sgd"}, "sigmoid-100x10-uniform-sgd"),
        # What follows from others is not said: sigmoid's own initializer, sgd's own learning rate.
        ({**DEEP, "initializer": "glorot_uniform", "optimizer": "sgd", "learning_rate": 0.01}, "sigmoid-100x10-sgd"),
        ({"learning_rate": 0.1, "batch_size": 64, "seed": 3}, "relu-256-adam-lr0.1-batch64-seed3"),
        ({"hidden": "none", "optimizer": "sgd", "epochs": 0}, "softmax-sgd-epochs0"),
        ({"activation": "tanh,relu", "hidden": "32,16", "shuffle": False}, "tanh,relu-32,16-adam-noshuffle"),
        ({"hidden": "9,8,7,6,5,4,3,2,1", "schedule": "cosine", "clip_norm": 1}, "relu-9layers-adam-cosine-clip1"),
        ({"data": "/some where/my digits.npz", "hidden": "16"}, "my_digits-relu-16-adam"),
        # What has no effect, and what changes no figure.
        ({"uniform_limit": 0.2, "rho": 0.5, "threads": 2, "checkpoint_every": 5}, "relu-256-adam"),
        ({"beta1": 0.8, "changes": "100 learning_rate=0.1"}, "relu-256-adam-beta1_0.8-changed100"),
    ],
)
def test_a_run_is_called_what_it_is(options: dict[str, Any], name: str) -> None:
    assert name_of(Config.parse(options)) == name


def test_a_name_is_short_and_can_be_typed() -> None:
    many = {"data": "/x/데이터 of a very long and strange name\n.npz", "hidden": "999,998,997", "initializer": "uniform"}
    name = name_of(Config.parse(many | {"uniform_limit": 0.123, "learning_rate": 0.0001234567, "seed": 12345678901234567890}))
    assert len(name) <= LONGEST
    assert name.isascii()
    assert not set(name) & set(" \n/'\"*?")
    assert not name.startswith((".", "-"))


def test_a_name_is_given_once_by_however_many_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: RunDirectory.create(None, "relu-256-adam").path.name, range(40)))
    assert sorted(made) == sorted(["relu-256-adam", *(f"relu-256-adam-{number}" for number in range(2, 41))])


def test_the_newest_is_the_last_that_began_whatever_it_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    make(folder / "20260102-000000")
    make(folder / "zebra", "2026-01-01T12:00:00.000002+00:00")
    make(folder / "ant", "2026-01-01T12:00:00.000003+00:00")
    make(folder / "bee", "2026-01-03T00:00:00+00:00")
    order = ["bee", "20260102-000000", "ant", "zebra"]
    assert [path.name for path in find_runs(folder)] == order
    # A copy has other times, a new name is no new run, and a resumed one is no newer.
    copied = tmp_path / "copied"
    shutil.copytree(folder, copied, copy_function=shutil.copyfile)
    for path in copied.glob("*/*"):
        os.utime(path, (1e9, 1e9))
    rename_run(copied / "bee", "again")
    assert [path.name for path in find_runs(copied)] == ["again", *order[1:]]
    assert resolve_run("latest", copied).name == "again"
    assert read_run(copied / "again").started == read_run(folder / "bee").started


@pytest.mark.parametrize("started", ["", "yesterday", "9999-99-99", "0001-01-01T00:00:00", "9999-12-31T23:59:59+00:00", "\\", "x" * 1000])
def test_a_time_that_is_none_hurts_nobody(tmp_path: Path, started: str) -> None:
    run = make(tmp_path / "run", started)
    assert read_run(run).started.year >= 1970
    assert find_runs(tmp_path) == [run]


def test_a_log_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    run = make(tmp_path / "run")
    (run / "metrics.jsonl").unlink()
    os.mkfifo(run / "metrics.jsonl")
    assert find_runs(tmp_path) == [run]


def test_runs_beside_one_another_are_called_what_they_differ_in(tmp_path: Path) -> None:
    uniform, glorot, relu = (
        read_run(make(tmp_path / name_of(Config.parse(options)), **options))
        for options in ({**DEEP, "initializer": "uniform"}, DEEP, {"hidden": "100x10", "optimizer": "sgd"})
    )
    assert told_apart([uniform, glorot]) == ["uniform", "glorot_uniform"]
    assert told_apart([uniform]) == ["sigmoid-100x10-uniform-adam"]
    assert told_apart([]) == []
    assert told_apart([uniform, relu]) == ["sigmoid uniform adam", "relu he_normal sgd"]
    # The same options again: only the names tell them apart.
    twin = read_run(make(tmp_path / "sigmoid-100x10-uniform-adam-2", initializer="uniform", **DEEP))
    assert told_apart([uniform, glorot, twin]) == [run.name for run in (uniform, glorot, twin)]
    # Its initializer and its learning rate follow from its activation and its optimizer.
    more = read_run(make(tmp_path / "more", **DEEP))
    assert said_differences([glorot, more, relu]) == [{}, {}, {"activation": "relu", "optimizer": "sgd"}]
    assert said_differences([uniform, glorot]) == [{"initializer": "uniform"}, {"initializer": "glorot_uniform"}]
    assert said_differences([uniform]) == [{}]


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("", True),
        ("sigmoid", True),
        ("Sigmoid ADAM", True),
        ("sigmoid sgd", False),
        ("lr=0.1", True),
        ("lr=.10", True),
        ("lr=0.15", False),
        ("learning-rate=0.1 hidden=100x10", True),
        ("act=sig init=uni", True),
        ("activation=relu", False),
        ("lr0.1", True),
        ("unfin", True),
        ("completed", False),
        ("best", True),
        ("my-favou", True),
        ("seed=", True),
        ("nothing=", False),
    ],
)
def test_words_choose_among_runs(tmp_path: Path, words: str, fits: bool) -> None:
    run = make(tmp_path / "my-favourite", initializer="uniform", learning_rate=0.1, **DEEP)
    (run / "tags.toml").write_text('tags = ["best"]')
    assert RunFilter(words).passes(ListedRun(run, read_run(run))) is fits


def test_of_a_run_that_cannot_be_read_its_name_is_known(tmp_path: Path) -> None:
    broken = ListedRun(tmp_path / "relu-256-adam", problem="broken")
    assert RunFilter("relu").passes(broken)
    assert not RunFilter("act=relu").passes(broken)
