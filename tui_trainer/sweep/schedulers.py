"""Dask schedulers for a sweep: an existing one, or one started for the sweep by SSH or Slurm and ended with it."""

import asyncio
import json
import shutil
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

from tui_trainer.errors import UserError, reason_of
from tui_trainer.system.signals import interrupts_kept

START_WITHIN: Final = 60
"""Seconds in which hosts must have started."""

DEFAULT_PORT: Final = 8786

FORLORN: Final = 600
"""Idle seconds after which remote processes end by themselves: the sweep may have been killed."""


class Scheduler(Protocol):
    """Access to a scheduler. The coroutines run in one event loop."""

    name: str
    """The option that names it."""
    close_within: float
    """Seconds for closing it."""

    async def address(self) -> str:
        """The scheduler's address, asked for at every connection. Raises UserError."""

    async def close(self) -> None:
        """End the processes started for the sweep."""


class ExistingScheduler:
    """An existing scheduler, by its address or its --scheduler-file. Raises UserError."""

    close_within = 0.0

    def __init__(self, given: str) -> None:
        _require("--scheduler", "distributed")
        self.name = f"--scheduler {given}"
        self._given = given

    async def address(self) -> str:
        from distributed.comm.addressing import parse_host_port, unparse_host_port  # noqa: PLC0415 an extra
        from distributed.comm.registry import get_backend  # noqa: PLC0415

        scheme, separator, place = self._given.rpartition("://")
        path = Path(self._given)
        if separator or not path.is_file():
            try:
                get_backend(scheme or "tcp")
                host, port = parse_host_port(place, DEFAULT_PORT)
            except (ValueError, RuntimeError):
                raise UserError(f"neither a file nor an address such as tcp://host:{DEFAULT_PORT}", option=self.name) from None
            return f"{scheme or 'tcp'}://{unparse_host_port(host, port)}"
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["address"])
        except (OSError, ValueError, KeyError, TypeError):
            raise UserError("neither an address nor a file that `dask scheduler --scheduler-file` wrote", option=self.name) from None

    async def close(self) -> None:
        """Leave the scheduler running."""


class OverSSH:
    """A scheduler on the first host of a file, and `each` workers on every host, or one per core with None. Raises UserError."""

    close_within = 1.0

    def __init__(self, file: Path, each: int | None) -> None:
        _require("--ssh", "distributed", "asyncssh")
        self.name = f"--ssh {file}"
        self._hosts = _hosts(file)
        self._each = each
        self._cluster: Any = None

    async def address(self) -> str:
        if not self._cluster:
            try:
                self._cluster = await asyncio.wait_for(self._start(), START_WITHIN)
            except Exception as error:  # Dask raises no other kind where a process does not start
                reason = " ".join(str(error).split()) or f"not at work within {START_WITHIN} s"
                raise UserError(f"the hosts cannot be put to work: {reason[:200]}", option=self.name) from None
        return str(self._cluster.scheduler_address)

    async def _start(self) -> Any:
        from distributed import SSHCluster  # noqa: PLC0415 an extra

        login = [{"connect_timeout": 10, **({"username": user} if user else {})} for user, _ in self._hosts]
        names = [name for _, name in self._hosts]
        counts = [self._each or await _cores(name, options) for name, options in zip(names, login, strict=True)]
        cluster = SSHCluster(
            [names[0], *names],
            connect_options=[login[0], *login],
            worker_options={"nthreads": 1, "death_timeout": FORLORN},
            scheduler_options={"port": 0, "dashboard_address": ":0", "idle_timeout": f"{FORLORN} s"},
            asynchronous=True,
        )
        for worker, count in zip(cluster.worker_spec.values(), counts, strict=True):
            worker["options"]["kwargs"] = {**worker["options"]["kwargs"], "n_workers": count}
        return await cluster

    async def close(self) -> None:
        if self._cluster:
            from distributed import rpc  # noqa: PLC0415

            # Dask's own close kills the SSH processes but leaves their children; the scheduler's terminate ends all of them.
            with suppress(OSError):
                async with rpc(self._cluster.scheduler_address) as scheduler:  # type: ignore[no-untyped-call]
                    await scheduler.terminate()
                await asyncio.wait({asyncio.ensure_future(worker.proc.wait()) for worker in self._cluster.workers.values()}, timeout=0.6)
            await self._cluster.close()


class BySlurm:
    """A scheduler in this process, and workers in jobs, as ~/.config/dask/jobqueue.yaml describes them. Raises UserError."""

    close_within = 1.0

    def __init__(self, workers: int) -> None:
        _require("--slurm", "distributed", "dask_jobqueue")
        self.name = "--slurm"
        if not shutil.which("sbatch"):
            raise UserError("there is no sbatch here", option="--slurm", hint="start the sweep where jobs are submitted")
        with interrupts_kept():  # the import replaces signal handlers
            from dask_jobqueue.slurm import SLURMCluster  # noqa: PLC0415 an extra

        self._make = SLURMCluster
        self._workers = workers
        self._cluster: Any = None

    async def address(self) -> str:
        if not self._cluster:
            try:
                self._cluster = await self._make(asynchronous=True, scheduler_options={"dashboard_address": ":0"})
            except (OSError, ValueError) as error:
                reason = " ".join(str(error).split())[:200]
                raise UserError(reason, option="--slurm", hint="~/.config/dask/jobqueue.yaml describes a job") from None
            self._cluster.scale(self._workers)
        return str(self._cluster.scheduler_address)

    async def close(self) -> None:
        if self._cluster:
            await self._cluster.close()


def _require(name: str, *modules: str) -> None:
    if not all(find_spec(module) for module in modules):
        raise UserError("needs Dask: pip install 'tui-trainer[cluster]'", option=name, colon=False)


def _hosts(file: Path) -> list[tuple[str, str]]:
    """User and name of each host; the user may be empty."""
    try:
        lines = [text.partition("#")[0].strip() for text in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise UserError(reason_of(error), option="--ssh", path=file) from None
    found = [(user, name) for text in lines if text for user, _, name in (text.rpartition("@"),)]
    if not found:
        raise UserError("it names no host", option="--ssh", path=file, hint="give one a line, name or user@name")
    return found


async def _cores(name: str, options: dict[str, Any]) -> int:
    import asyncssh  # noqa: PLC0415 an extra

    async with asyncssh.connect(name, **options) as connection:
        return int(str((await connection.run("nproc", check=True)).stdout))
