"""A lesson's runs in parallel threads, as one stream of events."""

import threading
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from tui_trainer.config.options import AUTO, Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.errors import UserError
from tui_trainer.history.history import History
from tui_trainer.runs.run import Run, settle
from tui_trainer.system.machine import cores
from tui_trainer.training.control import Control
from tui_trainer.training.events import Event, Progress
from tui_trainer.training.loop import Training

MEASUREMENTS = 20
"""Measurements of the layers in an epoch, at fixed steps, so that the same seed gives the same verdict in the app and without it."""

AT_ONCE = 2
"""Runs trained at the same time; more of them wait for Python's lock."""


class ParallelRuns:
    """Named runs in parallel. Consume `events` to its end; `histories` grow meanwhile.

    With `folder`, each run is saved there in a folder of its name; without, nothing is written.
    """

    def __init__(self, configs: Mapping[str, Config], samples: int | None = None, folder: Path | None = None) -> None:
        self._histories = {name: History(config) for name, config in configs.items()}
        # One BLAS thread per run: the other runs need the other cores.
        self._configs = {
            name: config if config.threads != AUTO else config.model_copy(update={"threads": 1}) for name, config in configs.items()
        }
        self._samples = samples
        self._folder = folder
        self._controls = {name: Control() for name in configs}
        self.stopped = False
        """Whether `stop` was called, or the work ended."""

    @property
    def histories(self) -> Mapping[str, History]:
        """Each run's history so far."""
        for history in self._histories.values():
            history.drain()
        return self._histories

    def stop(self) -> None:
        """End all runs before their next batch. May be called from any thread, and a signal handler."""
        self.stopped = True
        for control in self._controls.values():
            control.stop("interrupted")

    @property
    def complete(self) -> bool:
        """Whether every run completed or diverged, so that the claim can be judged."""
        return all(history.complete for history in self.histories.values())

    @property
    def position(self) -> float:
        """The share of the work done, from 0 to 1."""
        shares = []
        for name, history in self.histories.items():
            epochs = history.progress.position if history.progress else 0.0
            shares.append(1.0 if history.ended else epochs / max(self._configs[name].epochs, 1))
        return sum(shares) / len(shares)

    def events(self) -> Generator[tuple[str, Event], None, None]:
        """Train, yielding every event with its run's name. Closing the generator stops the runs. Raises what a run raises."""
        queue: SimpleQueue[tuple[str, Event] | BaseException | None] = SimpleQueue()
        waiting = deque(self._configs)
        config, data = settle(next(iter(self._configs.values())))
        data = _part(data, self._samples, config.validation)
        self._configs = {name: each.model_copy(update={"data": config.data}) for name, each in self._configs.items()}

        def work() -> None:
            try:
                while waiting and not self.stopped:
                    # Another thread may have taken the last one.
                    try:
                        name = waiting.popleft()
                    except IndexError:
                        break
                    for event in self._run(name, data):
                        queue.put((name, event))
            except BaseException as error:
                queue.put(error)
            finally:
                queue.put(None)

        count = min(AT_ONCE, len(waiting), cores())
        threads = [threading.Thread(target=work, name=f"lesson-{number}", daemon=True) for number in range(1, count + 1)]
        for thread in threads:
            thread.start()
        try:
            while count:
                item = queue.get()
                if item is None:
                    count -= 1
                elif isinstance(item, BaseException):
                    raise item
                else:
                    name, event = item
                    self._histories[name].add(event)
                    yield item
        finally:
            self.stop()
            for thread in threads:
                thread.join()

    def _run(self, name: str, data: Dataset) -> Iterator[Event]:
        config, control = self._configs[name], self._controls[name]
        control.measure_layers()
        try:
            if self._folder:
                events = Run.create(config, self._folder / name.replace("/", "-"), data).events(control)
            else:
                events = Training(config, data).events(control)
            for event in events:
                yield event
                if isinstance(event, Progress) and event.step % max(1, event.batches // MEASUREMENTS) == 0:
                    control.measure_layers()
        except UserError as error:
            error.context = f"run: {name}"
            raise
        except MemoryError:
            raise UserError(
                "out of memory: free some, or take a smaller --batch-size or fewer or smaller layers", context=f"run: {name}"
            ) from None


def _part(data: Dataset, samples: int | None, validation: int) -> Dataset:
    """The data with its first `samples` training images, and the held-out ones."""
    images, labels = data.training
    kept = len(data.hold_out(validation)[0].labels)
    if samples is None or samples >= kept:
        return data
    chosen = np.r_[:samples, kept : len(labels)]
    return replace(data, training=Split(images[chosen], labels[chosen]), sparse=None)
