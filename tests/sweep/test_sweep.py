"""The engine: each run once, whatever becomes of the workers, the disk, or the sweep itself."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import read_run
from tui_trainer.sweep.plan import Plan, open_sweep, planned
from tui_trainer.sweep.store import RUNS, RunStatus, Store
from tui_trainer.sweep.sweep import ATTEMPTS, Sweep, SweepNoted, SweepStarted
from tui_trainer.sweep.workers import LocalWorkers, Outcome

from .fake import FakeWorkers, accurate, ended, notes, opened, outcomes


@pytest.fixture
def plan(digits_file: Path) -> Plan:
    """Two configurations with three seeds each."""
    small = {"hidden": "12", "validation": "100", "epochs": "2", "batch_size": "20", "data": f"{digits_file};"}
    return Plan({**small, "activation": "relu,tanh", "seed": "0:3"})


def by_seed(config: Config) -> Outcome:
    return accurate(0.5 + 0.1 * config.seed + (0.05 if config.activation == "tanh" else 0.0))


def test_every_run_is_trained_once_and_the_next_time_none(plan: Plan, tmp_path: Path) -> None:
    workers = FakeWorkers(by_seed)
    events = list(opened(tmp_path / "sweep", plan, workers).events())
    assert isinstance(events[0], SweepStarted)
    assert (events[0].total, events[0].done, events[0].seeds) == (6, 0, 3)
    assert [(config.activation, config.seed) for config in workers.submitted] == [
        (activation, seed) for seed in range(3) for activation in ("relu", "tanh")
    ]
    assert outcomes(events) == [RunStatus.COMPLETED] * 6
    assert workers.stopped
    end = ended(events)
    assert (end.status, end.progress.total, end.progress.done, end.failed) == ("completed", 6, 6, ())

    again = FakeWorkers(by_seed)
    events = list(opened(tmp_path / "sweep", None, again).events())
    assert isinstance(events[0], SweepStarted)
    assert (events[0].total, events[0].done) == (6, 6)
    assert again.submitted == []
    assert [group.mean for group in ended(events).groups] == [group.mean for group in end.groups]


def test_a_sweep_grows_by_what_is_new(plan: Plan, tmp_path: Path) -> None:
    list(opened(tmp_path / "sweep", plan, FakeWorkers(by_seed)).events())
    workers = FakeWorkers(by_seed)
    more = Plan({**plan.options, "activation": "relu,tanh,elu", "seed": "0:4"})
    end = ended(list(opened(tmp_path / "sweep", more, workers).events()))
    assert sorted((config.activation, config.seed) for config in workers.submitted) == [
        *(("elu", seed) for seed in range(4)),
        ("relu", 3),
        ("tanh", 3),
    ]
    assert end.progress.total == end.progress.done == 12


def test_two_ways_to_say_the_same_are_one_run(digits_file: Path, tmp_path: Path) -> None:
    workers = FakeWorkers(by_seed)
    options = {"data": f"{digits_file};", "validation": "100", "initializer": "auto,he_normal", "learning_rate": "0.10,0.1"}
    end = ended(list(opened(tmp_path / "sweep", Plan(options), workers).events()))
    assert len(workers.submitted) == end.progress.total == 1


def test_stopped_it_leaves_the_rest_for_the_next_time(plan: Plan, tmp_path: Path) -> None:
    sweep = opened(tmp_path / "sweep", plan, workers := FakeWorkers(by_seed, count=1))
    events = []
    for event in sweep.events():
        events.append(event)
        if len(outcomes(events)) == 2:
            sweep.stop()
    end = ended(events)
    assert end.status == "stopped"
    assert (end.progress.total, end.best, end.examined) == (6, None, None)
    assert workers.stopped
    done = end.progress.done
    assert 2 <= done <= 3
    rest = FakeWorkers(by_seed)
    assert ended(list(opened(tmp_path / "sweep", None, rest).events())).progress.done == 6
    assert len(rest.submitted) == 6 - done


def test_whoever_stops_consuming_stops_the_workers(plan: Plan, tmp_path: Path) -> None:
    events = opened(tmp_path / "sweep", plan, workers := FakeWorkers(by_seed)).events()
    next(events)
    next(events)
    events.close()
    assert workers.stopped
    with closing(Store(tmp_path / "sweep")) as store:
        assert all(result.status is not RunStatus.RUNNING for result in store.results())
    # The folder is free again.
    Store.hold(tmp_path / "sweep").close()


def test_a_worker_that_dies_costs_nothing_but_time(plan: Plan, tmp_path: Path) -> None:
    died: list[int] = []

    def dying(config: Config) -> Outcome:
        if config.seed == 1 and config.activation == "relu" and len(died) < ATTEMPTS - 1:
            died.append(1)
            return Outcome(RunStatus.FAILED, note="its worker process was killed", again=True)
        return by_seed(config)

    events = list(opened(tmp_path / "sweep", plan, FakeWorkers(dying)).events())
    assert outcomes(events) == [RunStatus.COMPLETED] * 6
    assert [note.partition(": ")[2] for note in notes(events)] == ["its worker process was killed; it is tried again"] * (ATTEMPTS - 1)


def test_a_run_that_kills_its_worker_each_time_is_left_out_and_tried_again_the_next_time(plan: Plan, tmp_path: Path) -> None:
    def deadly(config: Config) -> Outcome:
        if config.activation == "tanh" and config.seed == 0:
            return Outcome(RunStatus.FAILED, note="its worker process was killed", again=True)
        return by_seed(config)

    workers = FakeWorkers(deadly)
    end = ended(events := list(opened(tmp_path / "sweep", plan, workers).events()))
    assert len(workers.submitted) == 5 + ATTEMPTS
    assert [(result.point, result.note) for result in end.failed] == [
        ({"activation": "tanh", "seed": "0"}, "its worker process was killed")
    ]
    assert "activation tanh, seed 0" in notes(events)[-1]
    assert "left out" in notes(events)[-1]
    # What lacks a seed is not chosen, however good the others are.
    assert end.best is not None
    assert end.best.point == {"activation": "relu"}
    again = FakeWorkers(by_seed)
    end = ended(list(opened(tmp_path / "sweep", None, again).events()))
    assert [(config.activation, config.seed) for config in again.submitted] == [("tanh", 0)]
    assert end.best is not None
    assert end.best.point == {"activation": "tanh"}


def test_on_a_full_disk_it_goes_on_says_so_once_and_keeps_all_when_there_is_room_again(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, calls = Store.put, 0

    def full(store: Store, results: object) -> None:
        nonlocal calls
        calls += 1
        if 3 <= calls < 9:
            raise UserError(f"{store.path}: database or disk is full")
        put(store, results)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "put", full)
    events = list(opened(tmp_path / "sweep", plan, FakeWorkers(by_seed)).events())
    assert notes(events) == [f"{tmp_path}/sweep/sweep.sqlite: database or disk is full; the sweep goes on, and this is tried again"]
    assert outcomes(events) == [RunStatus.COMPLETED] * 6
    with closing(Store(tmp_path / "sweep")) as store:
        assert [result.status for result in store.results()] == [RunStatus.COMPLETED] * 6


def test_results_that_can_never_be_kept_are_told_of_in_the_end(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = opened(tmp_path / "sweep", plan, FakeWorkers(by_seed))

    def full(store: Store, results: object) -> None:
        raise UserError(f"{store.path}: database or disk is full")

    monkeypatch.setattr(Store, "put", full)
    with pytest.raises(UserError, match="6 results cannot be kept"):
        list(sweep.events())


def test_a_store_that_is_written_to_by_somebody_else_is_waited_for(plan: Plan, tmp_path: Path) -> None:
    sweep = opened(tmp_path / "sweep", plan, FakeWorkers(by_seed))
    with closing(sqlite3.connect(tmp_path / "sweep" / "sweep.sqlite")) as base:
        base.execute("begin")
        assert base.execute("select count(*) from runs").fetchone() == (0,)
        assert ended(list(sweep.events())).progress.done == 6


def test_without_a_validation_set_nothing_can_be_compared(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--validation"):
        opened(tmp_path / "sweep", Plan({**plan.options, "validation": "0,100"}), FakeWorkers(by_seed))
    assert not (tmp_path / "sweep").exists()


def test_nothing_said_is_no_plan_and_what_contradicts_itself_is_refused() -> None:
    assert planned({}, {}, None, None, None, None) is None
    assert planned({}, {}, None, None, 5, None) == Plan(search="random", samples=5)
    with pytest.raises(UserError, match="--samples"):
        planned({}, {}, None, "grid", 5, None)
    with pytest.raises(UserError, match="--search random"):
        planned({}, {}, None, "random", None, None)
    with pytest.raises(UserError, match="plan"):
        Plan.read({"search": "telepathy"})
    with pytest.raises(UserError, match="plan"):
        Plan.read(None)


@pytest.mark.long
def test_real_workers_give_the_same_bytes_however_many_there_are(plan: Plan, tmp_path: Path) -> None:
    digests = []
    for count in (1, 3):
        folder = tmp_path / str(count)
        sweep = opened_locally(folder, plan, count)
        end = ended(events := list(sweep.events()))
        assert notes(events) == []
        assert end.best is not None
        assert end.examined is not None
        assert len(end.examined.keys) == 3
        assert 0.5 < (end.examined.test_accuracy or 0) <= 1
        with closing(Store(folder)) as store:
            results = store.results()
        assert all(result.status is RunStatus.COMPLETED and result.figures.digest for result in results)
        digests.append([(result.key, result.figures.digest, result.figures.validation_accuracy) for result in results])
        for result in results:
            # Whoever trains does not see the test set.
            record = read_run(folder / RUNS / result.key)
            assert (record.status, record.test_accuracy) == ("completed", None)
        # The data that the workers shared is gone.
        assert {path.name.partition("-")[0] for path in folder.iterdir()} == {"runs", "sweep.lock", "sweep.sqlite"}
    assert digests[0] == digests[1]


@pytest.mark.long
def test_a_run_that_diverges_is_told_of_as_that(plan: Plan, tmp_path: Path) -> None:
    options = {**plan.options, "activation": "relu", "optimizer": "sgd", "learning_rate": "0.01,1e30", "seed": "0:2"}
    end = ended(list(opened_locally(tmp_path / "sweep", Plan(options), 1).events()))
    good, bad = end.groups
    assert [result.status for result in bad.results] == [RunStatus.DIVERGED] * 2
    assert bad.mean == 0.0
    assert bad.results[0].figures.validation_accuracy is None
    assert end.best is good
    assert end.failed == ()


@pytest.mark.long
def test_options_that_do_not_fit_the_data_leave_out_their_runs_alone(plan: Plan, tmp_path: Path) -> None:
    options = {**plan.options, "batch_size": "20,501", "seed": "0"}
    end = ended(events := list(opened_locally(tmp_path / "sweep", Plan(options), 1).events()))
    assert [result.point["batch_size"] for result in end.failed] == ["501", "501"]
    assert all("--batch-size must be at most the 500 training samples" in result.note for result in end.failed)
    assert len(notes(events)) == 2
    assert end.progress.done == 2


def opened_locally(folder: Path, plan: Plan, count: int) -> Sweep:
    return open_sweep(folder, plan, lambda data: LocalWorkers(count, data, folder))


@pytest.mark.long
def test_data_that_a_sweep_was_once_about_is_told_of_when_it_is_gone(plan: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    end = ended(list(opened_locally(folder, Plan({**plan.options, "epochs": "3", "seed": "0"}), 1).events()))
    assert end.best is not None
    # Grown by runs on other data, which do worse: what was chosen is of the first, which the plan does not name any more.
    other = tmp_path / "other.npz"
    other.write_bytes(Path(plan.options["data"].rstrip(";")).read_bytes())
    options = {**plan.options, "data": f"{other};", "epochs": "0", "seed": "0"}
    with closing(Store.hold(folder)) as store:
        store.put(replace(result, key=f"{result.key[:-1]}x") for result in store.results())
    events = list(opened_locally(folder, Plan(options), 1).events())
    assert "is not among the data of this sweep any more" in " ".join(event.text for event in events if isinstance(event, SweepNoted))
    assert ended(events).examined is None
