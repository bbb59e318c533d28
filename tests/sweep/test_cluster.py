"""Sweeps on a Dask cluster: the same runs as here, and none lost or done twice, whatever dies."""

import asyncio
import json
import os
import signal
from collections.abc import Generator, Iterator
from errno import ENOSPC
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pytest
from runs.timeless import timeless

from tui_trainer.commands.sweep import sweep_command
from tui_trainer.config import Config
from tui_trainer.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.runs import files
from tui_trainer.runs.batches import read_batches
from tui_trainer.runs.checkpoint import read
from tui_trainer.sweep import cluster as home
from tui_trainer.sweep import remote, schedulers
from tui_trainer.sweep.cluster import ClusterWorkers
from tui_trainer.sweep.remote import put, unfit, versions
from tui_trainer.sweep.schedulers import Given, OverSSH
from tui_trainer.sweep.store import RUNS, Result, Standing, Store
from tui_trainer.sweep.trial import outcome, run_trial
from tui_trainer.training.control import Control

from .cluster import after_runs, cluster, kill, rest, swept, until

RUNS_OF_A_SWEEP = 6


def options(data: Path, *further: str) -> list[str]:
    """Six runs of a fraction of a second each."""
    small = ["--data", str(data), "--hidden", "32", "--validation", "100", "--batch-size", "20", "--optimizer", "adam,momentum"]
    return [*small, "--seed", "0:3", *further]


def short_run(digits: Dataset) -> Config:
    return Config.parse({"data": digits.name, "hidden": "12", "validation": 100, "epochs": 2, "threads": 1})


def results(folder: Path) -> list[Result]:
    store = Store(folder)
    try:
        return store.results()
    finally:
        store.close()


def all_done_once(folder: Path) -> None:
    """Every run is in the store with what its own folder tells, and nothing else is there."""
    found = results(folder)
    assert [result.status for result in found] == [Standing.COMPLETED] * RUNS_OF_A_SWEEP
    assert {path.name for path in (folder / RUNS).iterdir()} == {result.key for result in found}
    for result in found:
        assert outcome(folder / RUNS / result.key) == (result.status, result.figures)


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
def test_an_interrupt_ends_the_sweep_at_once_and_its_runs_soon(digits_file: Path, tmp_path: Path) -> None:
    endless = options(digits_file, "--epochs", "1000000", "--output", str(tmp_path / "sweep"))
    with cluster(tmp_path / "dask") as dask, swept(*endless, "--scheduler", dask.address) as process:
        until(lambda: len(dask.run_folders) == 2)
        began = monotonic()
        process.send_signal(signal.SIGINT)
        rest(process)
        assert monotonic() - began < 2
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
        assert monotonic() - began < 2
        assert (process.returncode, errors) == (130, "")


@pytest.mark.long
def test_a_worker_without_the_program_is_told_of_and_left_alone(digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "UNFIT_PAUSE", 0.1)
    with cluster(tmp_path / "dask", 0) as dask:
        workers = ClusterWorkers(Given(dask.address), {digits.name: digits})
        try:
            stranger = dask.start_worker(with_program=False)
            until(lambda: workers.count == 1)
            done = workers.submit(short_run(digits), tmp_path / "run").result(60)
            assert (done.status, done.again) == (Standing.FAILED, True)
            assert "it has no tui-trainer that could train this" in done.note
            assert stranger.poll() is None
        finally:
            workers.stop()
        with pytest.raises(UserError, match=r"none of the 1 workers can train: worker tcp:.* it has no tui-trainer"):
            ClusterWorkers(Given(dask.address), {digits.name: digits})


@pytest.mark.parametrize("given", ["127.0.0.1:1", "tcp://127.0.0.1:1"])
def test_without_a_scheduler_there_is_one_clear_line(digits: Dataset, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "REACH_WITHIN", 0.3)
    with pytest.raises(UserError, match=rf"^--scheduler {given}: no Dask scheduler answers"):
        ClusterWorkers(Given(given), {digits.name: digits})


@pytest.mark.parametrize("given", ["foo://127.0.0.1:1", "127.0.0.1:x", __file__])
def test_what_is_no_address_is_one_clear_line(digits: Dataset, given: str) -> None:
    with pytest.raises(UserError, match=rf"^--scheduler {given}: neither"):
        ClusterWorkers(Given(given), {digits.name: digits})


def test_other_versions_and_other_data_are_refused(digits: Dataset, tmp_path: Path) -> None:
    assert unfit(versions(), {digits.name: digits.fingerprint}) is None
    assert "tui-trainer" in str(unfit({**versions(), "tui-trainer": "0.0"}, {}))
    assert "NumPy" in str(unfit({**versions(), "NumPy": "1.0"}, {}))
    assert "other data than at home" in str(unfit(versions(), {digits.name: "600x784-00000000"}))
    assert "no such file" in str(unfit(versions(), {str(tmp_path / "none.npz"): digits.fingerprint}))


def test_a_run_that_comes_home_in_part_has_not_ended(digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    ended = run_trial(short_run(digits), there, digits, Control())
    delivered = remote._files(there)
    for whole in range(len(set(delivered.values()))):
        left = iter(range(whole))

        def replace(path: Path, content: bytes, also: Path | None = None, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise OSError(ENOSPC, os.strerror(ENOSPC))
            files.replace(path, content, also)

        monkeypatch.setattr(remote, "replace", replace)
        with pytest.raises(UserError, match=rf"^{here}: cannot keep the run .no space left on device.$"):
            put(delivered, here)
        assert outcome(here) is None
    monkeypatch.setattr(remote, "replace", files.replace)
    put(delivered, here)
    assert outcome(here) == ended
    same_but_for_times(here, there)
    lines = [json.loads(line) for line in (here / "metrics.jsonl").read_text().splitlines()]
    assert {line["run_directory"] for line in lines if "run_directory" in line} == {str(here)}


@pytest.mark.parametrize("text", ["", "# nobody\n\n", None])
def test_a_file_without_hosts_is_one_clear_line(text: str | None, tmp_path: Path) -> None:
    pytest.importorskip("asyncssh")
    hosts = tmp_path / "hosts.txt"
    if text is not None:
        hosts.write_text(text)
    with pytest.raises(UserError, match=rf"^--ssh {hosts}: (it names no host|no such file)"):
        OverSSH(hosts, None)


def test_each_host_of_a_file_has_its_workers_and_the_first_the_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("asyncssh")
    made = []

    class FakeCluster:
        scheduler_address = "tcp://node1:1"

        def __init__(self, hosts: list[str], **options: Any) -> None:
            self.hosts, self.options = hosts, options
            self.worker_spec = {name: {"options": {"kwargs": options["worker_options"]}} for name in range(len(hosts) - 1)}
            made.append(self)

        def __await__(self) -> Generator[None, None, Any]:
            yield from ()
            return self

    monkeypatch.setattr("distributed.SSHCluster", FakeCluster)
    (tmp_path / "hosts").write_text("node1  # the fast one\n\nme@node2\n")
    assert asyncio.run(OverSSH(tmp_path / "hosts", 3).address()) == "tcp://node1:1"
    assert made[0].hosts == ["node1", "node1", "node2"]
    assert [login.get("username") for login in made[0].options["connect_options"]] == [None, None, "me"]
    workers = [worker["options"]["kwargs"] for worker in made[0].worker_spec.values()]
    assert [(worker["nthreads"], worker["n_workers"]) for worker in workers] == [(1, 3), (1, 3)]


SBATCH = """#!/bin/sh
setsid sh "$1" >/dev/null 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
echo "$1" >>"$(dirname "$0")/cancelled"
kill -- "-$1"
"""
JOBQUEUE = "jobqueue: {{slurm: {{cores: 1, processes: 1, memory: 1GB, interface: lo, local-directory: {folder}}}}}"


@pytest.mark.long
def test_slurm_jobs_train_and_end_with_the_sweep(digits_file: Path, tmp_path: Path) -> None:
    for name, script in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "jobqueue.yaml").write_text(JOBQUEUE.format(folder=tmp_path))
    there = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DASK_CONFIG": str(tmp_path / "jobqueue.yaml")}
    short = options(digits_file, "--epochs", "2", "--output", str(tmp_path / "sweep"))
    with swept(*short, "--slurm", "--workers", "2", **there) as process:
        _, errors = rest(process)
    assert (process.returncode, errors) == (0, "")
    all_done_once(tmp_path / "sweep")
    until(lambda: len((tmp_path / "cancelled").read_text().split()) == 2)
    jobs = [Path("/proc", number) for number in (tmp_path / "cancelled").read_text().split()]
    until(lambda: not any(job.exists() for job in jobs))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--slurm"], "--slurm: how many workers"),
        (["--slurm", "--workers", "2"], "--slurm: there is no sbatch here"),
        (["--scheduler", "h", "--workers", "2"], "--workers: a scheduler's workers are as many as were started"),
        (["--ssh", "hosts", "--scheduler", "h"], "a sweep runs in one place"),
    ],
)
def test_options_that_do_not_fit_are_one_clear_line(given: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=says):
        sweep_command.main(["--output", str(tmp_path / "sweep"), *given], standalone_mode=False)
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize("given", [["--scheduler", "h"], ["--ssh", "hosts"], ["--slurm", "--workers", "2"]])
def test_without_dask_it_is_said_what_to_install(given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedulers, "find_spec", lambda _name: None)
    with pytest.raises(UserError, match=rf"^{given[0]} needs Dask: pip install 'tui-trainer\[cluster\]'$"):
        sweep_command.main(["--output", str(tmp_path / "sweep"), *given], standalone_mode=False)
