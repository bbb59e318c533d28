"""The threads of an engine. One that has had nothing to do for some milliseconds waits in Python, where it costs nothing."""

import ctypes
from collections.abc import Sequence
from threading import Event, Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_trainer.engine.library import address
from tui_trainer.engine.memory import place_of
from tui_trainer.engine.places import APART, COUNT, DONE, GIVE_WAY, MEETINGS, ORDER, PARKED, TABLES, THREADS

_NUMBER = ctypes.c_int64
_RETURNS = {"work": (_NUMBER, 5), "serve": (_NUMBER, 6), "wait": (None, 3), "order": (None, 2)}


def _function(name: str) -> Any:
    """A function of meeting.py, which leaves Python's lock to others while it runs."""
    returned, count = _RETURNS[name]
    return ctypes.CFUNCTYPE(returned, *[_NUMBER] * count)(address(name))


class Crew:
    """At most `most` threads, the caller's among them. `give_way` is the address of the function that offers the core to others."""

    def __init__(self, most: int, give_way: int) -> None:
        self.most = most
        self._give_way = give_way
        self._counters = np.zeros(THREADS + APART * most, np.int64)
        self._job = np.zeros(TABLES + 2 * most, np.int64)
        self._job[GIVE_WAY] = give_way
        self._steps = [np.zeros(APART, np.int64) for _ in range(most)]
        self._calls: list[Event] = []
        self._ends = False
        self._places = place_of(self._job), place_of(self._counters)
        self._work, self._wait, self._order = (_function(name) for name in ("work", "wait", "order"))

    def run(
        self,
        tables: Sequence[NDArray[np.int64]],
        steps: int,
        rows: int,
        samples: NDArray[np.intp],
        scalars: NDArray[np.float32],
        losses: NDArray[np.float64],
        correct: NDArray[np.int64],
    ) -> int:
        """Train or evaluate `steps` batches of `rows` of the samples, with one thread for each table; return how many were done.

        Writes each batch's summed loss and right predictions, that of a batch which ends the call too early among them.
        """
        threads = len(tables)
        self._hire(threads)
        job = self._job
        job[:GIVE_WAY] = steps, rows, place_of(samples), place_of(scalars), scalars.shape[-1], place_of(losses), place_of(correct)
        for thread, table in enumerate(tables):
            job[TABLES + 2 * thread : TABLES + 2 * thread + 2] = place_of(table), len(table)
        if threads > 1:
            self._call(threads)
        done = self._work(*self._places, place_of(self._steps[0]), 0, threads)
        if threads > 1:
            self._wait(self._places[1], threads - 1, self._give_way)
        return int(done)

    def _call(self, threads: int) -> None:
        counters = self._counters
        counters[DONE] = 0
        counters[THREADS + MEETINGS :: APART] = 0
        self._order(self._places[1], (int(counters[ORDER]) // COUNT + 1) * COUNT + threads)
        for thread in range(1, threads):
            if counters[THREADS + APART * thread + PARKED]:
                self._calls[thread - 1].set()

    def _hire(self, threads: int) -> None:
        while len(self._calls) < threads - 1:
            called = Event()
            number = len(self._calls) + 1
            # The last order before this one's first: what is ordered while the thread starts is not missed.
            seen = int(self._counters[ORDER])
            Thread(target=self._serve, args=(number, called, seen), name=f"engine-{number}", daemon=True).start()
            self._calls.append(called)

    def _serve(self, number: int, called: Event, seen: int) -> None:
        serve = _function("serve")
        while not self._ends:
            seen = serve(*self._places, place_of(self._steps[number]), number, seen, self._give_way)
            called.wait()
            called.clear()
            self._counters[THREADS + APART * number + PARKED] = 0

    def dismiss(self) -> None:
        """End the other threads."""
        self._ends = True
        for called in self._calls:
            called.set()
