"""The search that learns: it finds what is good, gives up what is not, never trains twice, and comes to an end."""

import sys
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from math import log10
from pathlib import Path

import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.sweep.plan import Plan, open_sweep, planned
from tui_trainer.sweep.store import Result, RunStatus, Store
from tui_trainer.sweep.sweep import RunChanged, SweepEnded, SweepEvent
from tui_trainer.sweep.workers import LocalWorkers

from .fake import FakeWorkers, ended, opened
from .paced import Objective, PacedWorkers, given, looked_at

Run = Callable[..., tuple[FakeWorkers, SweepEnded]]

SMALL = {"hidden": "8", "epochs": "4", "validation": "100", "batch_size": "50"}


def valley(config: Config) -> float:
    """Best, at 1, with tanh at a rate of 0.03; a seed is worth a thousandth."""
    off = abs(log10(config.learning_rate / 0.03)) / 3 + (0 if config.activation == "tanh" else 0.3)
    return max(1 - off, 0.01) - config.seed / 1000


@pytest.fixture
def sweep(tmp_path: Path, digits_file: Path) -> Run:
    """Runs a sweep to its end, or until so many runs began, got on or ended."""

    def run(
        folder: str,
        search: str = "tpe",
        samples: int = 10,
        objective: Objective = valley,
        *,
        search_seed: int = 0,
        paced: bool = False,
        stop_after: int | None = None,
        **options: str,
    ) -> tuple[FakeWorkers, SweepEnded]:
        workers = PacedWorkers(objective) if paced else FakeWorkers(given(objective))
        plan = Plan({**SMALL, "data": f"{digits_file};", **options}, {}, None, search, samples, search_seed)
        made = opened(tmp_path / folder, plan, workers)
        events: list[SweepEvent] = []
        with looked_at() if paced else nullcontext():
            for event in made.events():
                events.append(event)
                if sum(isinstance(each, RunChanged) for each in events) == stop_after:
                    made.stop()
        return workers, ended(events)

    return run


def results(folder: Path) -> list[Result]:
    store = Store(folder)
    try:
        return store.results()
    finally:
        store.close()


WIDE = {"learning_rate": "log:1e-5:10", "activation": "sigmoid,tanh,relu,elu"}


def test_it_finds_better_than_chance_does(sweep: Run) -> None:
    def found(search: str, seed: int) -> float:
        workers, _ = sweep(f"{search}-{seed}", search, 40, search_seed=seed, **WIDE)
        assert len(workers.submitted) == 40
        # All of the last half, not the luckiest: what was learned shows in where it looks.
        return sum(valley(config) for config in workers.submitted[20:]) / 20

    better = [found("tpe", seed) > found("random", seed) + 0.1 for seed in range(5)]
    assert sum(better) >= 4


def test_each_configuration_is_trained_with_every_seed_and_none_twice(sweep: Run) -> None:
    workers, end = sweep("sweep", samples=12, **WIDE, seed="3:6")
    assert len(workers.submitted) == 36
    assert len({config.model_dump_json() for config in workers.submitted}) == 36
    assert [sorted(group.scores) for group in end.groups] == [[3, 4, 5]] * 12
    assert end.progress.total == end.progress.done == 36


def test_a_hopeless_run_is_given_up_and_its_other_seeds_are_not_trained(sweep: Run, tmp_path: Path) -> None:
    workers, end = sweep("sweep", samples=16, paced=True, **WIDE, seed="0:8")
    pruned = [group for group in end.groups if group.count(RunStatus.PRUNED)]
    assert pruned
    assert len(workers.submitted) < 128
    # Some of the others were being trained already, and ended with it.
    assert any(len(group.results) < 8 for group in pruned)
    assert not any(group.is_whole(8) for group in pruned)
    best = max((group for group in end.groups if group.is_whole(8)), key=lambda group: group.mean or 0)
    assert end.best is best
    kept = [group.mean for group in end.groups if group.is_whole(8) and group.mean is not None]
    first = [workers_value(group.results[0]) for group in pruned]
    assert max(first) < max(kept)
    assert end.progress.total == end.progress.done == len(results(tmp_path / "sweep"))


def workers_value(result: Result) -> float:
    return valley(Config.parse({name: value for name, value in result.config.items() if value is not None}))


def test_a_stopped_search_goes_on_with_what_it_knows(sweep: Run, tmp_path: Path) -> None:
    _, stopped = sweep("sweep", samples=30, stop_after=80, **WIDE, seed="0,1")
    assert stopped.status == "stopped"
    known = {result.key for result in results(tmp_path / "sweep")}
    after, end = sweep("sweep", samples=30, **WIDE, seed="0,1")
    assert end.status == "completed"
    assert end.progress.total == end.progress.done == 60
    assert known <= {result.key for group in end.groups for result in group.results}
    assert len(known) + len(after.submitted) == 60
    # Random ones have a mean of 0.31.
    assert sum(valley(config) for config in after.submitted) / len(after.submitted) > 0.45
    assert len(end.groups) == 30


def test_a_run_that_had_given_nothing_when_it_was_stopped_is_gone_on_with(sweep: Run, tmp_path: Path) -> None:
    before, stopped = sweep("sweep", samples=8, stop_after=4, paced=True, **WIDE)
    assert stopped.progress.done == 0
    assert results(tmp_path / "sweep") == []
    after, end = sweep("sweep", samples=8, **WIDE)
    assert after.submitted[:3] == before.submitted
    assert len(before.submitted) == 3
    assert len(end.groups) == 8


def test_what_was_found_with_other_options_is_not_taken_for_this(sweep: Run) -> None:
    before, _ = sweep("sweep", samples=5, **WIDE)
    after, end = sweep("sweep", samples=5, **WIDE, hidden="9")
    assert len(after.submitted) == 5
    assert not {config.learning_rate for config in before.submitted} & {config.learning_rate for config in after.submitted}
    assert len(end.groups) == 10


def test_more_samples_than_there_are_configurations_are_all_of_them(sweep: Run) -> None:
    workers, end = sweep("sweep", samples=50, activation="sigmoid,tanh,relu,elu", learning_rate="0.1,0.01,0.001")
    assert Counter(config.activation for config in workers.submitted) == dict.fromkeys(("sigmoid", "tanh", "relu", "elu"), 3)
    assert end.progress.total == end.progress.done == 12


def test_options_that_do_not_fit_are_passed_over(sweep: Run) -> None:
    workers, end = sweep("sweep", samples=20, activation="relu,tanh;relu,tanh,relu", hidden="8x2;8x3", learning_rate="0.1;0.2")
    assert {(len(config.hidden), config.activation.count(",") + 1) for config in workers.submitted} == {(2, 1), (2, 2), (3, 1), (3, 3)} - {
        (2, 1),
        (3, 1),
    }
    assert end.progress.total == end.progress.done == 4


def test_where_nothing_fits_it_says_so_before_anything_is_written(sweep: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="activation"):
        sweep("sweep", activation="relu,tanh;tanh,relu", hidden="8x3;8x4")
    assert not (tmp_path / "sweep").exists()


def test_what_diverged_counts_as_nothing_right(sweep: Run) -> None:
    def objective(config: Config) -> float:
        return -1 if config.learning_rate > 0.01 else 0.5

    workers, end = sweep("sweep", samples=40, objective=objective, learning_rate="log:1e-5:10")
    assert end.best
    assert end.best.mean == 0.5
    # Half of the scale diverges, and is left alone once that is known.
    assert sum(config.learning_rate > 0.01 for config in workers.submitted[20:]) < 5


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, digits_file: Path, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "tui_trainer.sweep.tpe", raising=False)
    plan = Plan({"data": str(digits_file), "learning_rate": "log:1e-3:1"}, {}, None, "tpe", 3)
    with pytest.raises(UserError, match=r"pip install 'tui-trainer\[sweep\]'"):
        open_sweep(tmp_path / "sweep", plan, lambda _data: FakeWorkers(given(valley)))


def test_it_needs_to_know_how_many() -> None:
    with pytest.raises(UserError, match="--search tpe needs --samples"):
        planned({"learning_rate": "log:1e-3:1"}, {}, None, "tpe", None, None)


def test_real_runs(tmp_path: Path, digits: Dataset, digits_file: Path) -> None:
    options = {**SMALL, "data": str(digits_file), "epochs": "1", "optimizer": "sgd", "learning_rate": "log:1e-5:1", "seed": "0,1"}
    folder = tmp_path / "sweep"
    sweep = open_sweep(folder, Plan(options, {}, None, "tpe", 3), lambda data: LocalWorkers(2, data, folder))
    *_, end = sweep.events()
    assert isinstance(end, SweepEnded)
    assert [group.is_whole(2) for group in end.groups] == [True] * 3
    assert end.best
    assert end.examined
    assert end.examined.test_accuracy is not None
