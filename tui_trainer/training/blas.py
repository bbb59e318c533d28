"""The number of threads of NumPy's BLAS: one setting for the whole process, on which the last bits of a product depend.

Each batch therefore sets its run's number and holds it only while it computes. A run leaves no setting behind and takes none from
another.
"""

import ctypes
from collections import deque
from collections.abc import Callable
from itertools import product
from pathlib import Path
from threading import Condition, RLock, get_ident
from typing import Any, Final, NamedTuple, final

import numpy as np
from threadpoolctl import ThreadpoolController


@final
class BlasThreads:
    """A context manager in which the BLAS has `count` threads. The block must contain no `yield` and no other such block.

    Blocks with the same number run at the same time; a block with another number waits for its turn.
    """

    def __init__(self, count: int) -> None:
        self._count = count

    def __enter__(self) -> None:
        _turns.begin(self._count)

    def __exit__(self, *_: object) -> None:
        _turns.end()


ONE_THREAD: Final = BlasThreads(1)
"""For who looks at a network: it leaves the cores to training, waits for no other thread, and gives the same bits at any time."""


def most_threads() -> int:
    """The BLAS's own default number of threads."""
    return _turns.most()


def waiting() -> int:
    """How many threads wait until those compute no more who do so with another number."""
    return _turns.waiting


def blas_name() -> str:
    """The BLAS's name, version and target architecture."""
    blas = next(iter(_loaded()), None)
    return f"{blas.internal_api} {blas.version} {getattr(blas, 'architecture', '')}".strip() if blas else "unknown"


def matrix_product() -> tuple[int, int] | None:
    """The address of the BLAS's `cblas_sgemm`, and the bits of its sizes; None where it has none of a known name."""
    for each in _loaded():
        library = ctypes.CDLL(each.filepath)
        for name, bits in _PRODUCTS:
            if found := getattr(library, name, None):
                return ctypes.cast(found, ctypes.c_void_p).value or 0, bits
    return None


_PRODUCTS = (("scipy_cblas_sgemm64_", 64), ("cblas_sgemm64_", 64), ("cblas_sgemm_64", 64), ("cblas_sgemm", 32))


class _Number(NamedTuple):
    """Access to a BLAS's number of threads."""

    get: Callable[[], int]
    set: Callable[[int], object]


class _Turns:
    """A queue, first come, first served, of Python threads that wait because others compute with another number of BLAS threads."""

    def __init__(self, number: _Number) -> None:
        self._get, self._set = number
        self._lock = RLock()
        self._changed = Condition(self._lock)
        self._waiting: deque[int] = deque()
        self._computing: set[int] = set()
        """Python threads by identifier. A thread that an interrupt has left in here does not block itself."""
        self._count = 0
        self._before = 0
        """The number to restore when no thread computes any more; 0 while none does."""

    def begin(self, count: int) -> None:
        me = get_ident()
        with self._lock:
            if self._computing or self._waiting:
                self._wait(me, count)
            if not self._before:
                self._before = self._get()
            self._computing.add(me)
            self._count = count
            self._set(count)

    def end(self) -> None:
        with self._lock:
            self._computing.discard(get_ident())
            self._pass_on()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def most(self) -> int:
        with self._lock:
            return self._before or self._get()

    def _wait(self, me: int, count: int) -> None:
        self._waiting.append(me)
        try:
            while self._waiting[0] != me or (self._count != count and self._computing - {me}):
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
        elif not self._computing and self._before:
            self._set(self._before)
            self._before = 0


def _loaded() -> list[Any]:
    """The BLAS bundled with NumPy, else every BLAS in the process: other libraries may have their own."""
    found = sorted(ThreadpoolController().select(user_api="blas").lib_controllers, key=lambda each: each.filepath)
    package = Path(np.__file__).resolve().parent
    folders = (package, package.with_name("numpy.libs"))
    return [each for each in found if any(Path(each.filepath).is_relative_to(folder) for folder in folders)] or found


def _number(found: Any) -> _Number:
    # threadpoolctl 3.8 sets OpenBLAS's number for the calling thread alone. With OpenMP, each thread has its own number anyway.
    if found.internal_api == "openblas" and found.threading_layer != "openmp":
        # A PyDLL keeps Python's lock, which a busy screen would otherwise hold for milliseconds, three times a batch.
        library = ctypes.PyDLL(found.filepath)
        for prefix, suffix in product(("", "scipy_"), ("", "64_", "_64")):
            get, put = (getattr(library, f"{prefix}openblas_{verb}_num_threads{suffix}", None) for verb in ("get", "set"))
            if get and put:
                return _Number(get, put)
    return _Number(found.get_num_threads, found.set_num_threads)


def _number_of_all(numbers: list[_Number]) -> _Number:
    if len(numbers) == 1:
        return numbers[0]
    return _Number(lambda: max((each.get() for each in numbers), default=1), lambda count: [each.set(count) for each in numbers])


_turns = _Turns(_number_of_all([_number(each) for each in _loaded()]))
