"""Processes that train, and what becomes of a run when one of them does not."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from errno import EACCES, EIO, ENOSPC, ESTALE
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs.timeless import timeless
from waiting import until

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import read_run
from tui_trainer.runs.run import Run
from tui_trainer.sweep.shared import SharedData, untested
from tui_trainer.sweep.store import RunStatus
from tui_trainer.sweep.train_run import CutShortError, figures, latest, train_run
from tui_trainer.sweep.workers import DATA, LocalWorkers, Outcome
from tui_trainer.training.control import Control
from tui_trainer.training.events import Progress

Made = Callable[..., Config]


@pytest.fixture
def config(digits: Dataset) -> Made:
    def make(**options: object) -> Config:
        small = {"hidden": (12,), "validation": 100, "batch_size": 20, "epochs": 3, "threads": 1, "data": digits.name}
        return Config.parse({**small, **options})

    return make


@contextmanager
def working(count: int, digits: Dataset, folder: Path) -> Iterator[LocalWorkers]:
    workers = LocalWorkers(count, {digits.name: digits}, folder)
    try:
        yield workers
    finally:
        workers.stop()


def heard(workers: LocalWorkers, future: Future[Outcome]) -> Outcome:
    wait([future], 60)
    assert future.done()
    return workers.outcome_of(future)


def begun(folder: Path, epochs: int = 1) -> bool:
    found = latest(folder)
    return found is not None and found.epochs >= epochs


def test_shared_data_is_what_it_was_and_nobody_can_write_to_it(digits: Dataset, tmp_path: Path) -> None:
    shared = SharedData.write(digits, tmp_path / "data")
    mapped = shared.dataset()
    assert np.array_equal(mapped.training.images, digits.training.images)
    assert np.array_equal(mapped.training.labels, digits.training.labels)
    assert (mapped.classes, mapped.fingerprint, mapped.test) == (digits.classes, digits.fingerprint, None)
    with pytest.raises(ValueError, match="read-only"):
        mapped.training.images[0, 0] = 1
    shared.arrays["images"].write_bytes(b"x")
    with pytest.raises(UserError):
        shared.dataset()
    shared.remove()
    assert list((tmp_path / "data").iterdir()) == []


def test_data_that_cannot_be_shared_is_one_clear_line(digits: Dataset, config: Made, tmp_path: Path) -> None:
    (tmp_path / DATA).write_text("in the way")
    workers = LocalWorkers(1, {digits.name: digits}, tmp_path)
    with pytest.raises(UserError, match="the data cannot be put"):
        workers.submit(config(), tmp_path / "run")
    workers.stop()


def test_a_disk_that_is_full_keeps_no_part_of_the_data(digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(path: Path, array: object) -> None:
        path.write_bytes(b"part")
        if "labels" in path.name:
            raise OSError(ENOSPC, os.strerror(ENOSPC))

    monkeypatch.setattr(np, "save", save)
    with pytest.raises(UserError, match="no space left"):
        SharedData.write(digits, tmp_path / DATA)
    assert list((tmp_path / DATA).iterdir()) == []


def test_where_nothing_is_left_to_train_nothing_is_started(digits: Dataset, tmp_path: Path) -> None:
    LocalWorkers(2, {digits.name: digits}, tmp_path).stop()
    assert list(tmp_path.iterdir()) == []


def test_a_trial_is_the_run_that_one_alone_would_be(digits: Dataset, config: Made, tmp_path: Path) -> None:
    status, found = train_run(config(), tmp_path / "trial", untested(digits, digits.fingerprint), Control())
    list(Run.create(config(), tmp_path / "alone", digits).events(Control()))
    alone = figures(read_run(tmp_path / "alone"), RunStatus.COMPLETED)
    assert status is RunStatus.COMPLETED
    assert (found.validation_loss, found.validation_accuracy, found.digest) == (
        alone.validation_loss,
        alone.validation_accuracy,
        alone.digest,
    )
    assert found.epochs == 3
    # Outside the sweep it can be resumed, beside the test set.
    run = Run.resume(tmp_path / "trial", {"epochs": 4})
    assert run.test is not None
    list(run.events(Control()))


def test_workers_multiply_one_table_of_sparse_images_to_the_same_bytes(config: Made, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(1, 256, (600, 100), dtype=np.uint8) * (rng.random((600, 100)) < 0.2).astype(np.uint8)
    split = Split(images, images[:, :10].argmax(axis=1).astype(np.intp))
    data = Dataset("sparse", split, split, DataSpec((100,)))
    shared = SharedData.write(data, tmp_path / "data").dataset()
    assert shared.sparse is not None
    options = config(data="sparse")
    _, found = train_run(options, tmp_path / "shared", shared, Control())
    _, alone = train_run(options, tmp_path / "alone", untested(data, data.fingerprint), Control())
    assert found.digest == alone.digest
    assert found.validation_loss == alone.validation_loss


def test_with_early_stopping_the_best_epoch_counts_as_its_weights_are_kept(digits: Dataset, config: Made, tmp_path: Path) -> None:
    options = config(epochs=30, early_stopping=2, learning_rate=0.05)
    _, found = train_run(options, tmp_path / "trial", digits, Control())
    record = read_run(tmp_path / "trial")
    assert record.history.best_loss is not None
    assert record.history.best_loss.epoch < record.last_epoch
    assert (found.validation_loss, found.epochs) == (record.history.best_loss.value, record.last_epoch)


def test_a_trial_that_is_stopped_goes_on_to_the_same_bytes(digits: Dataset, config: Made, tmp_path: Path) -> None:
    control = Control()
    run = Run.create(config(), tmp_path / "stopped", digits)
    for event in run.events(control):
        if isinstance(event, Progress) and event.step == 33:
            control.stop("interrupted")
    stopping = Control()
    stopping.stop("interrupted")
    with pytest.raises(CutShortError):
        train_run(config(), tmp_path / "stopped", digits, stopping)
    _, found = train_run(config(), tmp_path / "stopped", digits, Control())
    _, whole = train_run(config(), tmp_path / "whole", digits, Control())
    assert found.digest == whole.digest
    assert timeless(tmp_path / "stopped") == timeless(tmp_path / "whole")
    # Of a run that has ended nothing is trained again.
    before = (tmp_path / "whole" / "metrics.jsonl").stat().st_mtime_ns
    assert train_run(config(), tmp_path / "whole", digits, Control()) == (RunStatus.COMPLETED, whole)
    assert (tmp_path / "whole" / "metrics.jsonl").stat().st_mtime_ns == before


def test_what_is_left_of_a_run_and_of_no_use_is_begun_anew(digits: Dataset, config: Made, tmp_path: Path) -> None:
    _, whole = train_run(config(), tmp_path / "whole", digits, Control())
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.toml").write_text("epochs = 3")
    (tmp_path / "broken" / "checkpoint.safetensors").write_bytes(b"half of a fi")
    _, found = train_run(config(), tmp_path / "broken", digits, Control())
    assert found.digest == whole.digest


@pytest.mark.parametrize("number", [EIO, EACCES, ESTALE], ids=["EIO", "EACCES", "ESTALE"])
@pytest.mark.parametrize("file", ["checkpoint.safetensors", "metrics.jsonl"])
def test_a_run_that_cannot_be_read_for_a_moment_is_not_begun_anew(
    digits: Dataset, config: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, number: int
) -> None:
    events = Run.create(config(checkpoint_every=1e-9), tmp_path / "half", digits).events(Control())
    for event in events:
        if isinstance(event, Progress) and event.step == 33:
            break
    events.close()  # type: ignore[attr-defined]
    before = {path.name: path.read_bytes() for path in (tmp_path / "half").iterdir()}

    def refusing(genuine: Callable[..., Any]) -> Callable[..., Any]:
        def opened(path: Path, *arguments: Any, **keywords: Any) -> Any:
            if Path(path).name == file:
                raise OSError(number, os.strerror(number))
            return genuine(path, *arguments, **keywords)

        return opened

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refusing(Path.open))
        patch.setattr(os, "open", refusing(os.open))
        with pytest.raises(UserError, match=rf"{file}: {os.strerror(number).lower()}"):
            train_run(config(checkpoint_every=1e-9), tmp_path / "half", digits, Control())
    assert {path.name: path.read_bytes() for path in (tmp_path / "half").iterdir()} == before
    _, found = train_run(config(checkpoint_every=1e-9), tmp_path / "half", digits, Control())
    _, whole = train_run(config(), tmp_path / "whole", digits, Control())
    assert found.digest == whole.digest


@pytest.mark.parametrize("left", ["a run that has ended", "one of no use", "nothing"])
def test_a_link_where_a_run_belongs_is_not_followed(digits: Dataset, config: Made, tmp_path: Path, left: str) -> None:
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "key"
    elsewhere.mkdir()
    if left != "nothing":
        train_run(config(), elsewhere, digits, Control())
    if left == "one of no use":
        (elsewhere / "checkpoint.safetensors").write_bytes(b"half of a fi")
        (elsewhere / "metrics.jsonl").write_bytes((elsewhere / "metrics.jsonl").read_bytes().splitlines(keepends=True)[0])
    before = {path.name: path.read_bytes() for path in elsewhere.iterdir()}
    link.symlink_to(elsewhere)
    with working(1, digits, tmp_path) as workers:
        done = heard(workers, workers.submit(config(), link))
    assert (done.status, done.note) == (RunStatus.FAILED, f"{link}: a link is where the run's own folder belongs; remove it")
    assert {path.name: path.read_bytes() for path in elsewhere.iterdir()} == before
    assert link.is_symlink()


def test_a_run_that_somebody_else_trains_is_left_alone(digits: Dataset, config: Made, tmp_path: Path) -> None:
    run = Run.create(config(), tmp_path / "taken", digits)
    events = run.events(Control())
    for event in events:
        if isinstance(event, Progress):
            break
    with pytest.raises(UserError, match="a run is going on there"):
        train_run(config(), tmp_path / "taken", digits, Control())
    events.close()  # type: ignore[attr-defined]


@pytest.mark.long
def test_a_worker_that_is_killed_takes_no_other_run_with_it_and_its_own_goes_on(digits: Dataset, config: Made, tmp_path: Path) -> None:
    long, short = config(epochs=200), config(seed=1, epochs=200)
    with working(2, digits, tmp_path) as workers:
        first, second = workers.submit(long, tmp_path / "first"), workers.submit(short, tmp_path / "second")
        until(lambda: begun(tmp_path / "first") and begun(tmp_path / "second"))
        victim = min(process.pid or 0 for process in active_children())
        os.kill(victim, signal.SIGKILL)
        outcomes = {future: heard(workers, future) for future in (first, second)}
        died = [future for future, done in outcomes.items() if done.status is RunStatus.FAILED]
        assert len(died) == 1
        assert (outcomes[died[0]].note, outcomes[died[0]].again) == (
            "its worker process was killed; the memory of this machine may be too small for so many workers",
            True,
        )
        folder, options = (tmp_path / "first", long) if died == [first] else (tmp_path / "second", short)
        done = heard(workers, workers.submit(options, folder))
        assert done.status is RunStatus.COMPLETED
    _, whole = train_run(options, tmp_path / "whole", digits, Control())
    assert done.figures.digest == whole.digest
    assert not (tmp_path / DATA).exists()


@pytest.mark.long
def test_workers_that_die_between_two_runs_are_replaced(digits: Dataset, config: Made, tmp_path: Path) -> None:
    with working(1, digits, tmp_path) as workers:
        assert heard(workers, workers.submit(config(), tmp_path / "first")).status is RunStatus.COMPLETED
        (worker,) = active_children()
        worker.kill()
        worker.join()
        done = heard(workers, workers.submit(config(seed=1), tmp_path / "second"))
        if done.again:  # it was handed to the one that had just died
            done = heard(workers, workers.submit(config(seed=1), tmp_path / "second"))
        assert done.status is RunStatus.COMPLETED


@pytest.mark.long
def test_stopped_workers_leave_checkpoints_and_cancelling_ends_one_run(digits: Dataset, config: Made, tmp_path: Path) -> None:
    with working(2, digits, tmp_path) as workers:
        endless = [workers.submit(config(seed=seed, epochs=10**6, checkpoint_every=0), tmp_path / str(seed)) for seed in range(2)]
        until(lambda: begun(tmp_path / "0", 2) and begun(tmp_path / "1", 2))
        assert endless[0].cancel()
        until(lambda: not read_run(tmp_path / "0").held)
        at = read_run(tmp_path / "1").last_epoch
        until(lambda: begun(tmp_path / "1", at + 1))
    assert active_children() == []
    for seed in range(2):
        record = read_run(tmp_path / str(seed))
        assert record.has_checkpoint
        assert record.status == "interrupted"


@pytest.mark.long
def test_what_does_not_fit_into_memory_is_told_as_that(digits: Dataset, config: Made, tmp_path: Path) -> None:
    with working(1, digits, tmp_path) as workers:
        done = heard(workers, workers.submit(config(hidden=(65_536,) * 40), tmp_path / "huge"))
        assert done.status is RunStatus.FAILED
        assert "does not fit into the memory" in done.note
        assert heard(workers, workers.submit(config(), tmp_path / "next")).status is RunStatus.COMPLETED
