"""Sweeps on a Dask cluster: the same runs as here, and none lost or done twice, whatever dies."""

import json
import os
import signal
from collections.abc import Iterator
from errno import ENOSPC
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from plugins.files import text_of
from runs.timeless import timeless
from waiting import until

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.plugins.loaded import load, unload
from tui_trainer.runs.batches import read_batches
from tui_trainer.runs.checkpoint import read
from tui_trainer.sweep import cluster as home
from tui_trainer.sweep import remote
from tui_trainer.sweep.cluster import ClusterWorkers
from tui_trainer.sweep.remote import put, unfit, versions
from tui_trainer.sweep.schedulers import ExistingScheduler
from tui_trainer.sweep.shared import untested
from tui_trainer.sweep.store import RUNS, RunStatus
from tui_trainer.sweep.train_run import outcome, train_run
from tui_trainer.system import files
from tui_trainer.training.control import Control

from .cluster import LEAVING, RUNS_OF_A_SWEEP, after_runs, all_done_once, cluster, kill, options, rest, results, swept


def short_run(digits: Dataset) -> Config:
    return Config.parse({"data": digits.name, "hidden": "12", "validation": 100, "epochs": 2, "threads": 1})


@pytest.mark.long
def test_a_cluster_gives_the_runs_that_this_machine_gives(digits_file: Path, tmp_path: Path) -> None:
    far, near = tmp_path / "far", tmp_path / "near"
    with (
        cluster(tmp_path / "dask") as dask,
        swept(*options(digits_file, "--epochs", "2", "--output", str(far)), "--scheduler", dask.address) as there,
    ):
        events, errors = rest(there)
        assert (there.returncode, errors) == (0, "")
        assert not dask.run_folders
    with swept(*options(digits_file, "--epochs", "2", "--output", str(near)), "--workers", "2") as here:
        assert rest(here)[1] == ""
    all_done_once(far)
    assert {result.key: result.figures.digest for result in results(far)} == {result.key: result.figures.digest for result in results(near)}
    for result in results(far):
        same_but_for_times(far / RUNS / result.key, near / RUNS / result.key)
    # The best network of the sweep is examined at home, with what came there.
    assert events[-1]["chosen"]["test_accuracy"] is not None


def same_but_for_times(one: Path, other: Path) -> None:
    assert {path.name for path in one.iterdir()} == {path.name for path in other.iterdir()}
    assert (one / "config.toml").read_bytes() == (other / "config.toml").read_bytes()
    assert timeless(one) == timeless(other)
    for name in ("checkpoint.safetensors", "best.safetensors"):
        ours, theirs = read(one / name), read(other / name)
        assert all(np.array_equal(ours.tensors[tensor], theirs.tensors[tensor]) for tensor in {**ours.tensors, **theirs.tensors})
    with (one / "batches.f32").open("rb") as ours_file, (other / "batches.f32").open("rb") as theirs_file:
        assert np.array_equal(read_batches(ours_file)[:, :3], read_batches(theirs_file)[:, :3])


@pytest.mark.long
@pytest.mark.parametrize("allowed", ["3", "0"], ids=["by-dask", "by-the-sweep"])
def test_what_a_killed_worker_had_is_done_by_another(
    digits_file: Path, tmp_path: Path, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", allowed)
    long = options(digits_file, "--epochs", "40", "--output", str(tmp_path / "sweep"))
    with cluster(tmp_path / "dask") as dask, swept(*long, "--scheduler", dask.address) as process:
        after_runs(process, 1)
        until(lambda: len(dask.run_folders) == 2)
        kill(dask.workers[0])
        events, errors = rest(process)
    assert process.returncode == 0
    assert ("died" in errors, "it is tried again" in errors) == (allowed == "0",) * 2
    assert events[-1]["done"] == RUNS_OF_A_SWEEP
    all_done_once(tmp_path / "sweep")


@pytest.mark.long
def test_a_scheduler_that_comes_back_is_given_again_what_it_had(digits_file: Path, tmp_path: Path) -> None:
    long = options(digits_file, "--epochs", "40", "--output", str(tmp_path / "sweep"))
    with cluster(tmp_path / "dask") as dask, swept(*long, "--scheduler", dask.address) as process:
        after_runs(process, 1)
        until(lambda: len(dask.run_folders) == 2)
        kill(dask.scheduler)
        dask.start()
        events, errors = rest(process)
    assert process.returncode == 0
    assert ["gone" in errors, "there again" in errors] == [True, True]
    assert sum(event["event"] == "run" for event in events) == RUNS_OF_A_SWEEP - 1
    all_done_once(tmp_path / "sweep")


@pytest.mark.long
def test_plugins_go_along_and_a_worker_takes_the_one_that_is_sent(digits: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "rms.py"
    with cluster(tmp_path / "dask", 1) as dask:
        for number, text in enumerate((text_of("rms"), text_of("rms") + "# another\n")):
            path.write_text(text)
            plugin = load(path)
            config = Config.parse({**short_run(digits).record(), "optimizer": "rms", "keep": 0.5})
            # The worker has no such file.
            path.unlink()
            workers = ClusterWorkers(ExistingScheduler(dask.address), {digits.name: digits})
            try:
                done = workers.submit(config, tmp_path / f"far-{number}").result(60)
            finally:
                workers.stop()
            assert (done.status, done.note) == (RunStatus.COMPLETED, "")
            train_run(config, tmp_path / f"near-{number}", untested(digits, digits.fingerprint), Control())
            same_but_for_times(tmp_path / f"far-{number}", tmp_path / f"near-{number}")
            assert (tmp_path / f"far-{number}" / "rms.plugin.py").read_text() == text
            unload(plugin)


@pytest.mark.long
def test_an_interrupt_ends_the_sweep_at_once_and_its_runs_soon(digits_file: Path, tmp_path: Path) -> None:
    endless = options(digits_file, "--epochs", "1000000", "--output", str(tmp_path / "sweep"))
    with cluster(tmp_path / "dask") as dask, swept(*endless, "--scheduler", dask.address) as process:
        until(lambda: len(dask.run_folders) == 2)
        began = monotonic()
        process.send_signal(signal.SIGINT)
        rest(process)
        assert monotonic() - began < LEAVING
        assert process.returncode == 130
        until(lambda: not dask.run_folders)
        assert [worker.poll() for worker in (dask.scheduler, *dask.workers)] == [None] * 3
    assert results(tmp_path / "sweep") == []


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["gone", "silent"])
def test_an_interrupt_need_not_wait_for_the_scheduler(digits_file: Path, tmp_path: Path, number: signal.Signals) -> None:
    endless = options(digits_file, "--epochs", "1000000", "--output", str(tmp_path / "sweep"))
    with cluster(tmp_path / "dask", 1) as dask, swept(*endless, "--scheduler", dask.address) as process:
        assert process.stderr is not None
        until(lambda: dask.run_folders)
        dask.scheduler.send_signal(number)
        if number is signal.SIGKILL:
            assert "the scheduler is gone" in process.stderr.readline()
        began = monotonic()
        process.send_signal(signal.SIGINT)
        _, errors = rest(process)
        assert monotonic() - began < LEAVING
        assert (process.returncode, errors) == (130, "")


@pytest.mark.long
def test_a_worker_without_the_program_is_told_of_and_left_alone(digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "UNFIT_PAUSE", 0.1)
    with cluster(tmp_path / "dask", 0) as dask:
        workers = ClusterWorkers(ExistingScheduler(dask.address), {digits.name: digits})
        try:
            stranger = dask.start_worker(with_program=False)
            until(lambda: workers.count == 1)
            done = workers.submit(short_run(digits), tmp_path / "run").result(60)
            assert (done.status, done.again) == (RunStatus.FAILED, True)
            assert "it has no tui-trainer that could train this" in done.note
            assert stranger.poll() is None
        finally:
            workers.stop()
        with pytest.raises(UserError, match=r"none of the 1 workers can train: worker tcp:.* it has no tui-trainer"):
            ClusterWorkers(ExistingScheduler(dask.address), {digits.name: digits})


@pytest.mark.long
def test_a_run_is_heard_of_while_it_is_trained_and_can_be_given_up(digits: Dataset, tmp_path: Path) -> None:
    endless = Config.parse({**short_run(digits).record(), "epochs": 1_000_000})
    with cluster(tmp_path / "dask", 1) as dask:
        workers = ClusterWorkers(ExistingScheduler(dask.address), {digits.name: digits})
        try:
            future = workers.submit(endless, tmp_path / "run")
            assert workers.latest(tmp_path / "run") is None
            until(lambda: workers.latest(tmp_path / "run"))
            first = workers.latest(tmp_path / "run")
            assert first
            assert first.validation_accuracy is not None
            until(lambda: (heard := workers.latest(tmp_path / "run")) and heard.epochs > first.epochs)
            assert future.cancel()
            until(lambda: not dask.run_folders)
            # The worker is free for what is worth more.
            assert workers.submit(short_run(digits), tmp_path / "other").result(60).status is RunStatus.COMPLETED
        finally:
            workers.stop()


@pytest.mark.parametrize("given", ["127.0.0.1:1", "tcp://127.0.0.1:1"])
def test_without_a_scheduler_there_is_one_clear_line(digits: Dataset, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "REACH_WITHIN", 0.3)
    with pytest.raises(UserError, match=rf"^--scheduler {given}: no Dask scheduler answers"):
        ClusterWorkers(ExistingScheduler(given), {digits.name: digits})


def test_other_versions_and_other_data_are_refused(digits: Dataset, tmp_path: Path) -> None:
    assert unfit(versions(), {digits.name: digits.fingerprint}) is None
    assert "tui-trainer" in str(unfit({**versions(), "tui-trainer": "0.0"}, {}))
    assert "NumPy" in str(unfit({**versions(), "NumPy": "1.0"}, {}))
    assert "other data than at home" in str(unfit(versions(), {digits.name: "600x784-00000000"}))
    assert "no such file" in str(unfit(versions(), {str(tmp_path / "none.npz"): digits.fingerprint}))


def test_a_run_that_comes_home_in_part_has_not_ended(digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    ended = train_run(short_run(digits), there, digits, Control())
    delivered = remote.files_of(there)
    for whole in range(len(set(delivered.values()))):
        left = iter(range(whole))

        def replace(path: Path, content: bytes, also: Path | None = None, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise OSError(ENOSPC, os.strerror(ENOSPC))
            files.replace(path, content, also)

        monkeypatch.setattr(remote, "replace", replace)
        with pytest.raises(UserError, match=rf"^{here}: the run cannot be saved .no space left on device.$"):
            put(delivered, here)
        assert outcome(here) is None
    monkeypatch.setattr(remote, "replace", files.replace)
    put(delivered, here)
    assert outcome(here) == ended
    same_but_for_times(here, there)
    (tmp_path / "link").symlink_to(there)
    with pytest.raises(UserError, match="a link is where the run's own folder belongs"):
        put(delivered, tmp_path / "link")
    assert outcome(there) == ended
    lines = [json.loads(line) for line in (here / "metrics.jsonl").read_text().splitlines()]
    assert {line["run_directory"] for line in lines if "run_directory" in line} == {str(here)}
