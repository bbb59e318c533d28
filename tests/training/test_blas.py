"""The BLAS has one number of threads for the whole process: each run computes with its own, whatever else is begun, ended or left."""

import gc
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits
from waiting import until

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.runs.run import Run
from tui_trainer.trained.estimator import Classifier
from tui_trainer.training import blas, engines
from tui_trainer.training.blas import BlasThreads, most_threads
from tui_trainer.training.control import Control
from tui_trainer.training.events import Event, Progress, Started

Begin = Callable[[str, int], Iterator[Event]]


def now() -> int:
    """What anybody would compute with."""
    blas = (info for info in threadpool_info() if info["user_api"] == "blas")
    # Others bring a BLAS of their own.
    return next((int(info["num_threads"]) for info in blas if "scipy.libs" not in info["filepath"]), 0)


@pytest.fixture(autouse=True)
def _numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy's own products: the engine's have the same bits with any number."""
    monkeypatch.setattr(engines, "service", lambda: engines.Service(None, "numpy"))


@pytest.fixture(autouse=True)
def _two() -> Iterator[None]:
    """Two threads is what the BLAS takes when nobody says how many."""
    with threadpool_limits(limits=2, user_api="blas"):
        if now() != 2:
            pytest.skip("this BLAS has no threads to limit")
        yield
        assert now() == 2


@pytest.fixture
def begin(digits_file: Path, tmp_path: Path) -> Begin:
    """A run of a shape whose products are summed in another order by two threads."""

    def begin(name: str, threads: int) -> Iterator[Event]:
        options = {"data": str(digits_file), "validation": 100, "hidden": "64", "batch_size": 50, "epochs": 3, "threads": threads}
        return Run.create(Config.parse(options), tmp_path / name).events(Control())

    return begin


@pytest.fixture
def alone(begin: Begin, tmp_path: Path) -> dict[int, bytes]:
    """The weights that one thread and two come to."""
    found = {}
    for threads in (1, 2):
        told = [event.threads for event in begin(f"alone {threads}", threads) if isinstance(event, Started)]
        assert told == [threads]
        found[threads] = weights(tmp_path / f"alone {threads}")
    assert found[1] != found[2]
    return found


def weights(run: Path) -> bytes:
    """The tensors of its checkpoint; the header before them tells the options too."""
    content = (run / "checkpoint.safetensors").read_bytes()
    return content[8 + int.from_bytes(content[:8], "little") :]


def take(events: Iterator[Event], batches: int) -> None:
    while batches:
        batches -= isinstance(next(events), Progress)


PAIRS = [(1, 1), (1, 2), (2, 1), (2, 2)]


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("ends", ["first", "second"])
def test_a_run_that_ends_leaves_the_other(
    begin: Begin, alone: dict[int, bytes], tmp_path: Path, first: int, second: int, ends: str
) -> None:
    runs = {"first": begin("first", first), "second": begin("second", second)}
    take(runs["first"], 3)
    take(runs["second"], 4)
    for _ in runs.pop(ends):
        pass
    for _ in next(iter(runs.values())):
        pass
    assert weights(tmp_path / "first") == alone[first]
    assert weights(tmp_path / "second") == alone[second]


def test_a_run_that_is_left_and_collected_changes_no_other(begin: Begin, alone: dict[int, bytes], tmp_path: Path) -> None:
    left: list[Any] = [begin("left", 2)]
    take(left[0], 2)
    goes_on = begin("goes on", 1)
    take(goes_on, 3)
    left.append(left)
    del left
    gc.collect()
    for _ in goes_on:
        pass
    assert weights(tmp_path / "goes on") == alone[1]


@pytest.mark.parametrize("pair", PAIRS)
def test_runs_in_threads_of_their_own(begin: Begin, alone: dict[int, bytes], tmp_path: Path, pair: tuple[int, int]) -> None:
    runs = {str(number): begin(str(number), threads) for number, threads in enumerate(pair)}
    # Both are at work before either goes on.
    ready = threading.Barrier(2)

    def work(events: Iterator[Event]) -> None:
        take(events, 1)
        ready.wait(20)
        for _ in events:
            pass

    threads = [threading.Thread(target=work, args=(events,), daemon=True) for events in runs.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert [weights(tmp_path / name) for name in runs] == [alone[threads] for threads in pair]


def test_whoever_else_sets_the_number_changes_no_run_and_finds_it_so(begin: Begin, alone: dict[int, bytes], tmp_path: Path) -> None:
    events = begin("run", 1)
    take(events, 3)
    assert now() == 2
    with threadpool_limits(limits=2, user_api="blas"):
        take(events, 3)
        assert now() == 2
    with threadpool_limits(limits=1, user_api="blas"):
        take(events, 3)
        assert now() == 1
    for _ in events:
        pass
    assert weights(tmp_path / "run") == alone[1]


def test_a_thread_that_holds_a_limit_for_ever_keeps_no_run_from_its_own(begin: Begin, alone: dict[int, bytes], tmp_path: Path) -> None:
    done = threading.Event()

    def hold() -> None:
        with threadpool_limits(limits=2, user_api="blas"):
            done.wait(60)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    try:
        for _ in begin("run", 1):
            pass
        assert weights(tmp_path / "run") == alone[1]
    finally:
        done.set()
        thread.join()


def test_a_classifier_learns_and_predicts_with_the_threads_that_it_was_given(digits: Dataset) -> None:
    options = {"hidden": "64", "batch_size": 50, "epochs": 2}
    models = {threads: Classifier(**options, threads=threads).fit(*digits.training) for threads in (1, 2)}
    assert now() == 2
    found = {threads: model.predict_proba(digits.test.images).tobytes() for threads, model in models.items() if digits.test}
    assert found[1] != found[2]
    with threadpool_limits(limits=1, user_api="blas"):
        again = Classifier(**options, threads=2).fit(*digits.training)
        assert digits.test
        assert again.predict_proba(digits.test.images).tobytes() == found[2]
    assert Classifier(**options, threads="auto").fit(*digits.training).score(*digits.test) > 0.5


# turns


class Computing(threading.Thread):
    """Somebody who computes until told to stop."""

    def __init__(self, threads: int) -> None:
        super().__init__(daemon=True)
        self._threads = threads
        self.has_begun, self._stopped = threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        with BlasThreads(self._threads):
            self.has_begun.set()
            self._stopped.wait(20)

    def end(self) -> None:
        self._stopped.set()
        self.join(20)
        assert not self.is_alive()


def test_who_wants_the_same_number_computes_at_the_same_time_and_another_number_has_its_turn() -> None:
    one, also_one = Computing(1), Computing(1)
    assert one.has_begun.wait(20)
    assert also_one.has_begun.wait(20)
    assert now() == 1
    other = Computing(2)
    until(lambda: blas.waiting() == 1)
    # Those who come now wait behind it, or it would never have its turn.
    late = Computing(1)
    until(lambda: blas.waiting() == 2)
    one.end()
    assert now() == 1
    assert not other.has_begun.is_set()
    also_one.end()
    assert other.has_begun.wait(20)
    assert now() == 2
    assert not late.has_begun.is_set()
    other.end()
    assert late.has_begun.wait(20)
    assert now() == 1
    late.end()


def test_what_the_blas_would_take_does_not_depend_on_who_computes() -> None:
    one = Computing(1)
    assert one.has_begun.wait(20)
    assert now() == 1
    assert most_threads() == 2
    one.end()
    assert most_threads() == 2


def test_an_interrupt_while_waiting_holds_nobody_up() -> None:
    one = Computing(1)
    assert one.has_begun.wait(20)

    def interrupt() -> None:
        until(blas.waiting)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt), BlasThreads(2):
        pass
    interrupting.join()
    also_one = Computing(1)
    assert also_one.has_begun.wait(20)
    one.end()
    also_one.end()
    with BlasThreads(2):
        assert now() == 2


@pytest.mark.parametrize("order", [1, -1])
def test_the_blas_that_is_told_of_is_numpys_own_in_whatever_order_there_are_others(monkeypatch: pytest.MonkeyPatch, order: int) -> None:
    class Found:
        internal_api = "openblas"

        def __init__(self, path: Path, version: str) -> None:
            self.filepath, self.version = str(path), version

    site = Path(np.__file__).resolve().parents[1]
    found = [Found(site / "a.libs" / "x.so", "1"), Found(site / "numpy.libs" / "x.so", "2"), Found(site / "scipy.libs" / "x.so", "3")]

    class Controller:
        lib_controllers = found[::order]

        def select(self, **_: str) -> "Controller":
            return self

    monkeypatch.setattr(blas, "ThreadpoolController", Controller)
    assert blas.blas_name() == "openblas 2"
    del found[1]
    Controller.lib_controllers = found[::order]
    assert blas.blas_name() == "openblas 1"
