"""The BLAS has one number of threads for the whole process, and each run the number that it was promised."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tui_trainer.config import Config
from tui_trainer.runs.run import Run
from tui_trainer.threads import blas_threads
from tui_trainer.training.control import Control
from tui_trainer.training.events import Event


def now() -> int:
    return max(int(info["num_threads"]) for info in threadpool_info() if info["user_api"] == "blas")


@pytest.fixture(autouse=True)
def _three() -> Iterator[None]:
    with threadpool_limits(limits=3, user_api="blas"):
        if now() != 3:
            pytest.skip("this BLAS has no threads to limit")
        yield


def test_what_ends_gives_the_limit_back_to_what_goes_on() -> None:
    one, two = blas_threads(1), blas_threads(2)
    one.__enter__()
    two.__enter__()
    assert now() == 2
    two.__exit__(None, None, None)
    assert now() == 1
    one.__exit__(None, None, None)
    assert now() == 3


def test_the_first_may_end_before_the_second() -> None:
    one, two = blas_threads(1), blas_threads(2)
    one.__enter__()
    two.__enter__()
    one.__exit__(None, None, None)
    assert now() == 2
    two.__exit__(None, None, None)
    assert now() == 3


def test_a_run_that_is_collected_changes_no_other(digits_file: Path, tmp_path: Path) -> None:
    def begin(name: str) -> Iterator[Event]:
        config = Config.parse({"data": str(digits_file), "validation": 100, "hidden": "8", "epochs": 1, "threads": 1})
        stream = Run.create(config, tmp_path / name).events(Control())
        for _ in range(3):
            next(stream)
        return stream

    left = begin("left")
    goes_on = begin("goes on")
    del left
    gc.collect()
    assert now() == 1
    assert len(list(goes_on)) > 3
    assert now() == 3


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_run_may_be_collected_while_another_begins(monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    def collecting(**limits: Any) -> threadpool_limits:
        if at == "before":
            gc.collect()
        made = threadpool_limits(**limits)
        gc.collect()
        return made

    def run(count: int) -> Iterator[None]:
        with blas_threads(count):
            while True:
                yield

    left = run(2)
    next(left)
    cycle: list[object] = [left]
    cycle.append(cycle)
    monkeypatch.setattr("tui_trainer.threads.threadpool_limits", collecting)
    del left, cycle
    with blas_threads(1):
        assert now() == 1
    assert now() == 3
