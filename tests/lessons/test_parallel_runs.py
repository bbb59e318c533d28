"""Runs side by side: each as if it were alone, all of them stopped together."""

import threading
from pathlib import Path

import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.errors import UserError
from tui_trainer.history.series import STEP
from tui_trainer.lessons.criteria import figures
from tui_trainer.lessons.parallel_runs import ParallelRuns
from tui_trainer.runs.archive import read_run
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, EpochEnded, Progress, Started
from tui_trainer.training.loop import Training

OPTIONS = {"hidden": "16", "validation": 100, "batch_size": 20, "epochs": 2, "threads": 1}


def configs(data: Path, count: int = 3, **others: object) -> dict[str, Config]:
    return {f"run {number}": Config.parse({**OPTIONS, **others, "data": str(data), "seed": number}) for number in range(count)}


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("lesson")]


def test_each_run_gives_the_numbers_that_it_gives_alone(digits_file: Path, digits: Dataset) -> None:
    wanted = configs(digits_file)
    parallel_runs = ParallelRuns(wanted)
    told = list(parallel_runs.events())
    assert parallel_runs.complete
    assert parallel_runs.position == 1
    for name, config in wanted.items():
        mine = [event for run, event in told if run == name]
        assert isinstance(mine[0], Started)
        assert isinstance(mine[-1], Ended)
        alone = list(Training(config, digits).events(Control()))
        losses = [[event.loss for event in events if isinstance(event, Progress)] for events in (mine, alone)]
        assert losses[0] == losses[1]
        last = [next(event for event in reversed(events) if isinstance(event, EpochEnded)) for events in (mine, alone)]
        assert last[0].layers == last[1].layers
        assert parallel_runs.histories[name].loss.points(STEP)[1].tolist() == losses[0]
        assert parallel_runs.histories[name].epochs[-1].validation_accuracy == last[1].validation_accuracy


def test_the_same_seed_gives_the_same_figures(digits_file: Path) -> None:
    told = []
    for _ in range(2):
        parallel_runs = ParallelRuns(configs(digits_file))
        for _ in parallel_runs.events():
            pass
        told.append({name: figures(history) | {"seconds": None} for name, history in parallel_runs.histories.items()})
        measured = [[each.step for each in run.measured] for run in parallel_runs.histories.values()]
        assert measured == [list(range(1, 51))] * 3
    assert told[0] == told[1]


def test_a_part_of_the_images_is_the_first_ones_and_those_held_out(digits_file: Path, digits: Dataset) -> None:
    parallel_runs = ParallelRuns(configs(digits_file, 1), samples=40)
    started = next(event for _, event in parallel_runs.events() if isinstance(event, Started))
    assert (started.training_samples, started.validation_samples) == (40, 100)
    images, labels = digits.training
    part = Dataset("part", Split(images[[*range(40), *range(500, 600)]], labels[[*range(40), *range(500, 600)]]), digits.test, digits.spec)
    alone = list(Training(configs(digits_file, 1)["run 0"], part).events(Control()))
    assert len(parallel_runs.histories["run 0"].loss) == 0
    parallel_runs = ParallelRuns(configs(digits_file, 1), samples=40)
    for _ in parallel_runs.events():
        pass
    assert parallel_runs.histories["run 0"].loss.points(STEP)[1].tolist() == [event.loss for event in alone if isinstance(event, Progress)]


def test_more_images_than_there_are_is_all_of_them(digits_file: Path) -> None:
    parallel_runs = ParallelRuns(configs(digits_file, 1), samples=10_000)
    assert next(event for _, event in parallel_runs.events() if isinstance(event, Started)).training_samples == 500


def test_whoever_stops_listening_stops_the_work(digits_file: Path) -> None:
    parallel_runs = ParallelRuns(configs(digits_file, epochs=100_000))
    events = parallel_runs.events()
    next(events)
    assert threads()
    events.close()
    assert not threads()
    assert not parallel_runs.complete


def test_all_runs_can_be_stopped(digits_file: Path) -> None:
    parallel_runs = ParallelRuns(configs(digits_file, epochs=100_000))
    for name, event in parallel_runs.events():
        if isinstance(event, EpochEnded) and name == "run 1":
            parallel_runs.stop()
    assert not threads()
    assert not parallel_runs.complete
    assert [history.ended is None for history in parallel_runs.histories.values()] == [False, False, True]
    assert 0 < parallel_runs.position < 1


def test_a_run_that_cannot_be_is_named_and_nothing_goes_on(digits_file: Path) -> None:
    wanted = configs(digits_file, epochs=100_000)
    wanted["run 1"] = wanted["run 1"].model_copy(update={"batch_size": 5000})
    with pytest.raises(UserError, match=r"^--batch-size must be at most the 500 training samples, not 5,000 \(run: run 1\)$"):
        list(ParallelRuns(wanted).events())
    assert not threads()


def test_runs_are_kept_where_that_is_asked(digits_file: Path, tmp_path: Path) -> None:
    parallel_runs = ParallelRuns(configs(digits_file, 2), samples=40, folder=tmp_path / "kept")
    for _ in parallel_runs.events():
        pass
    for name, history in parallel_runs.histories.items():
        record = read_run(tmp_path / "kept" / name)
        assert record.status == "completed"
        assert history.ended is not None
        assert record.test_accuracy == history.ended.test_accuracy
