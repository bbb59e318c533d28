"""The ways to a Dask scheduler: an address, hosts over SSH, Slurm's jobs."""

import asyncio
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from waiting import until

from tui_trainer.commands.sweep import sweep_command
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.sweep import schedulers
from tui_trainer.sweep.cluster import ClusterWorkers
from tui_trainer.sweep.schedulers import ExistingScheduler, OverSSH

from .cluster import all_done_once, options, rest, swept


@pytest.mark.parametrize("given", ["foo://127.0.0.1:1", "127.0.0.1:x", __file__])
def test_what_is_no_address_is_one_clear_line(digits: Dataset, given: str) -> None:
    with pytest.raises(UserError, match=rf"^--scheduler {given}: neither"):
        ClusterWorkers(ExistingScheduler(given), {digits.name: digits})


@pytest.mark.parametrize("text", ["", "# nobody\n\n", None])
def test_a_file_without_hosts_is_one_clear_line(text: str | None, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.txt"
    if text is not None:
        hosts.write_text(text)
    with pytest.raises(UserError, match=rf"^--ssh {hosts}: (it names no host|no such file)"):
        OverSSH(hosts, None)


def test_each_host_of_a_file_has_its_workers_and_the_first_the_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
