"""Sweeps on many machines: a Dask cluster's workers train the runs and send their files home. No file system is shared.

An event loop in its own thread talks to the scheduler, with a coroutine per run. After a lost connection it reconnects until the sweep is
stopped, and submits the unfinished runs again.
"""

import asyncio
import logging
import pickle
import threading
import warnings
from collections import deque
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from time import monotonic
from typing import Final
from uuid import uuid4

from distributed import Client, KilledWorker
from distributed.versions import VersionMismatchWarning

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.datasets.points import NOISE
from tui_trainer.datasets.scaling import AUTO
from tui_trainer.errors import UserError
from tui_trainer.plugins.loaded import sources
from tui_trainer.sweep.remote import PROGRESS, Call, Delivery, ProgressMessage, put, train, unfit, versions
from tui_trainer.sweep.schedulers import Scheduler
from tui_trainer.sweep.store import Figures, RunStatus
from tui_trainer.sweep.train_run import outcome
from tui_trainer.sweep.workers import Outcome
from tui_trainer.training.environment import environment
from tui_trainer.version import __version__

REACH_WITHIN: Final = 10.0
"""Seconds in which a scheduler must answer at the start."""

LOOK_EVERY: Final = 1.0
"""Seconds between two counts of the workers."""

UNFIT_PAUSE: Final = 10.0
"""Seconds before a refused run is submitted again: otherwise a worker that refuses at once would soon refuse all runs."""

CHECK_WITHIN: Final = 30.0
"""Seconds in which all workers must have loaded the data at the start."""

CLOSE_WITHIN: Final = 0.5
"""Seconds for closing the connection to a scheduler, which may not answer."""


class ClusterWorkers:
    """The workers of a Dask cluster, whose number may change. Raises UserError when no cluster or no fit worker is found."""

    def __init__(self, scheduler: Scheduler, data: Mapping[str, Dataset]) -> None:
        _silence()
        self._scheduler = scheduler
        self._data = {name: dataset.fingerprint for name, dataset in data.items()}
        first = next(iter(data.values()), None)
        self._read_by = (first.label, first.spec.scaler.name, first.noise) if first else (None, AUTO, NOISE)
        """How the data are read: `--label`, `--scale` and `--noise`."""
        self._plugins = sources()
        self._client: Client | None = None
        self._count = 0
        self._notes: deque[str] = deque()
        self._differences: set[str] = set()
        self._runs: set[Future[Outcome]] = set()
        self._latest: dict[str, Figures | None] = {}
        """The figures so far of each submitted run."""
        self._opened: Future[None] = Future()
        self._loop, self._over, self._connecting = asyncio.new_event_loop(), asyncio.Event(), asyncio.Lock()
        self._thread = threading.Thread(target=self._serve, name="cluster", daemon=True)
        self._thread.start()
        try:
            self._opened.result()
        except BaseException:
            self.stop()
            raise

    @property
    def count(self) -> int:
        return self._count

    def submit(self, config: Config, folder: Path) -> Future[Outcome]:
        self._latest[folder.name] = None
        future = asyncio.run_coroutine_threadsafe(self._train(config, folder), self._loop)
        self._runs.add(future)
        future.add_done_callback(self._runs.discard)
        future.add_done_callback(lambda _: self._latest.pop(folder.name, None))
        return future

    def latest(self, folder: Path) -> Figures | None:
        return self._latest.get(folder.name)

    def outcome_of(self, future: Future[Outcome]) -> Outcome:
        return future.result()

    def notes(self) -> list[str]:
        return [self._notes.popleft() for _ in range(len(self._notes))]

    def stop(self) -> None:
        for future in list(self._runs):
            future.cancel()
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(CLOSE_WITHIN + self._scheduler.close_within)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        over = asyncio.create_task(self._over.wait())
        work = asyncio.create_task(self._work())
        try:
            await asyncio.wait({work, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            work.cancel()
            await asyncio.wait({work})
            await self._leave()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._scheduler.close(), self._scheduler.close_within)

    async def _work(self) -> None:
        try:
            self._client = await self._reach()
            with suppress(OSError):
                await self._look()
            await self._refuse_unfit(self._client)
        except Exception as error:  # it is raised where the workers are made
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        seen = monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self._connected()
            with suppress(OSError):
                await self._look()
            if self._count:
                seen = monotonic()
            elif monotonic() - seen >= REACH_WITHIN:
                seen = inf  # told once
                self._notes.append("the cluster has no workers; the sweep waits for them")

    async def _look(self) -> None:
        """Count the threads of all workers. Raises OSError."""
        if self._client:
            self._count = sum((await asyncio.wait_for(self._client.nthreads(), REACH_WITHIN)).values())  # type: ignore[no-untyped-call]

    async def _refuse_unfit(self, client: Client) -> None:
        """Report workers that may not train. Raises UserError where there are no others."""
        call = pickle.dumps(Call(unfit, versions(), self._data, *self._read_by))
        try:
            found = await asyncio.wait_for(client.run(pickle.loads, call, on_error="return"), CHECK_WITHIN)
        except OSError:  # each of them is asked again with each run
            return
        reasons = {worker: _line(reason) for worker, reason in found.items() if reason is not None}
        texts = [f"worker {worker}: {reason}" for worker, reason in reasons.items()]
        if found and len(reasons) == len(found):
            raise UserError(f"none of the {len(found)} workers can train: {texts[0]}", option=self._scheduler.name)
        self._notes.extend(texts)

    async def _train(self, config: Config, folder: Path) -> Outcome:
        if known := await asyncio.to_thread(outcome, folder):
            return Outcome(*known)
        try:
            delivery = await self._delivered(config, folder.name)
        except KilledWorker:
            return Outcome(RunStatus.FAILED, note="the workers that it was given to died, one after the other", again=True)
        except Exception as error:  # whatever the cluster's Python raises that is handed a run
            await asyncio.sleep(UNFIT_PAUSE)
            return Outcome(RunStatus.FAILED, note=f"a worker cannot train it: {_line(error)}", again=True)
        if not delivery.is_fit:
            await asyncio.sleep(UNFIT_PAUSE)
        if delivery.done.status is RunStatus.FAILED:
            return replace(delivery.done, note=f"worker {delivery.worker}: {delivery.done.note}")
        self._compare(delivery)
        try:
            await asyncio.to_thread(put, delivery.files, folder)
        except UserError as error:
            return Outcome(RunStatus.FAILED, note=str(error))
        return delivery.done

    async def _delivered(self, config: Config, name: str) -> Delivery:
        """The run as a worker delivers it; submitted again whenever the scheduler is lost."""
        while True:
            client = await self._connected()
            call = pickle.dumps(Call(train, name, config.to_toml(), self._data[config.data], versions(), self._plugins))
            # A new key: a run that is submitted again must not be taken for the cancelled one.
            future = client.submit(pickle.loads, call, key=f"{name}-{uuid4().hex}", pure=False)
            try:
                delivery: Delivery = await future
            except (CancelledError, OSError):
                if future.status == "error":
                    raise
                await asyncio.sleep(LOOK_EVERY)
            else:
                return delivery
            finally:
                future.release()  # type: ignore[no-untyped-call]

    def _compare(self, delivery: Delivery) -> None:
        """Report an environment that differs from this machine's: results may then differ too."""
        here = environment()
        different = [f"{name} {there} (here {here[name]})" for name, there in delivery.environment.items() if there != here[name]]
        if different and (what := ", ".join(different)) not in self._differences:
            self._differences.add(what)
            self._notes.append(
                f"worker {delivery.worker} has {what}: its numbers may differ in their last digits from those of other machines"
            )

    async def _connected(self) -> Client:
        """The client, or a new one once the scheduler can be reached again."""
        async with self._connecting:
            if self._client and self._client.status == "running":
                return self._client
            self._notes.append(f"{self._scheduler.name}: the scheduler is gone; the sweep waits for it, and submits again what it had")
            await self._leave()
            while True:
                with suppress(UserError):
                    self._client = await self._reach()
                    self._notes.append(f"{self._scheduler.name}: the scheduler is there again")
                    return self._client
                await asyncio.sleep(LOOK_EVERY)

    async def _reach(self) -> Client:
        address = await self._scheduler.address()
        client = Client(address, asynchronous=True, timeout=REACH_WITHIN, set_as_default=False)  # type: ignore[no-untyped-call]
        try:
            await client
        except (OSError, ValueError, ImportError):
            raise UserError(
                "no Dask scheduler answers", option=self._scheduler.name, hint="`dask scheduler` starts one, and `dask worker` its workers"
            ) from None
        finally:
            if client.status != "running":
                await _close(client)
        client.subscribe_topic(PROGRESS, self._hear)  # type: ignore[no-untyped-call]
        return client

    def _hear(self, event: tuple[float, ProgressMessage]) -> None:
        _, progress = event
        # Other sweeps of this scheduler use the same topic.
        if (run := progress["run"]) in self._latest:
            self._latest[run] = Figures(**progress["figures"])

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client:
            await _close(client)


async def _close(client: Client) -> None:
    with suppress(OSError):
        await client.close(timeout=CLOSE_WITHIN)  # type: ignore[no-untyped-call]


def _line(problem: object) -> str:
    if isinstance(problem, ImportError):
        return f"it has no tui-trainer that could train this; install {__version__} there ({problem})"
    text = f"{type(problem).__name__}: {problem}" if isinstance(problem, BaseException) else str(problem)
    return " ".join(text.split())[:300]


def _silence() -> None:
    """Silence Dask's logging and warnings: the sweep owns the terminal, and reports lost machines itself."""
    for name in list(logging.Logger.manager.loggerDict):
        if name.split(".")[0] in {"distributed", "asyncssh"}:
            logging.getLogger(name).setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", category=VersionMismatchWarning)
