"""How many threads the BLAS computes with. It has one number for the whole process, and the last bits of a product depend on it.

So each batch asserts its run's own number, whatever others have set, and holds it while it computes and no longer: there is nothing that
a run could leave behind, or take from another, at its end.
"""

import ctypes
from collections import deque
from collections.abc import Callable
from functools import cache
from itertools import product
from threading import Condition, RLock, get_ident
from typing import Any, NamedTuple, final

import numpy as np  # noqa: F401 it brings the BLAS that it computes with
from threadpoolctl import ThreadpoolController


@final
class BlasThreads:
    """`with BlasThreads(1):` around what has to be computed with so many threads. Keep no `yield` in it, and no other such block.

    Whoever wants the same number at the same time computes at the same time; whoever wants another one waits for its turn.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def __enter__(self) -> None:
        _turns.begin(self._count)

    def __exit__(self, *_: object) -> None:
        _turns.end()


def most_threads() -> int:
    """As many as the BLAS takes when nobody says how many."""
    return _turns.most()


class _Turns:
    """Who computes, and who waits because those who compute do so with another number: first come, first served."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._changed = Condition(self._lock)
        self._waiting: deque[int] = deque()
        self._computing: set[int] = set()
        """Threads of Python's. One that an interrupt has left in here is no hindrance to itself."""
        self._count = 0
        self._before: list[int] = []
        """Each library's number before anybody computed; empty while nobody does."""

    def begin(self, count: int) -> None:
        me = get_ident()
        with self._lock:
            if self._waiting or not self._admits(me, count):
                self._wait(me, count)
            self._computing.add(me)
            self._count = count
            if not self._before:
                self._before = [library.get() for library in _libraries()]
            for library in _libraries():
                if library.get() != count:
                    library.set(count)

    def end(self) -> None:
        with self._lock:
            self._computing.discard(get_ident())
            self._pass_on()

    def most(self) -> int:
        with self._lock:
            return max(self._before or [library.get() for library in _libraries()], default=1)

    def _admits(self, me: int, count: int) -> bool:
        return self._count == count or not self._computing - {me}

    def _wait(self, me: int, count: int) -> None:
        self._waiting.append(me)
        try:
            while self._waiting[0] != me or not self._admits(me, count):
                self._changed.wait()
        except BaseException:
            self._waiting.remove(me)
            self._pass_on()
            raise
        self._waiting.popleft()
        self._changed.notify_all()

    def _pass_on(self) -> None:
        if self._waiting:
            self._changed.notify_all()
        elif not self._computing:
            for library, count in zip(_libraries(), self._before, strict=False):
                library.set(count)
            self._before = []


_turns = _Turns()


class _Library(NamedTuple):
    """A BLAS that NumPy may compute with: one that is loaded later is another library's."""

    get: Callable[[], int]
    set: Callable[[int], object]


@cache
def _libraries() -> tuple[_Library, ...]:
    return tuple(_library(found) for found in ThreadpoolController().select(user_api="blas").lib_controllers)


def _library(found: Any) -> _Library:
    # What threadpoolctl 3.8 is asked to set for OpenBLAS it sets for one thread of the process alone, and passes over the others in
    # silence. Where OpenMP counts the threads, each has a number of its own.
    if found.internal_api == "openblas" and found.threading_layer != "openmp":
        # A PyDLL keeps Python's lock, which a busy screen would otherwise take for milliseconds, three times a batch.
        library = ctypes.PyDLL(found.filepath)
        for prefix, suffix in product(("", "scipy_"), ("", "64_", "_64")):
            get, put = (getattr(library, f"{prefix}openblas_{verb}_num_threads{suffix}", None) for verb in ("get", "set"))
            if get and put:
                return _Library(get, put)
    return _Library(found.get_num_threads, found.set_num_threads)
