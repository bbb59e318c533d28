"""What is kept of a sweep, and what is refused of files that come from elsewhere."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.sweep.store import FILE, Figures, FinalScore, Result, RunStatus, Store, run_key

FIGURES = Figures(0.3, 0.9, 0.4, 0.91, 2, 1.5, "ab" * 32)


def result(place: int, status: RunStatus = RunStatus.COMPLETED, figures: Figures = FIGURES) -> Result:
    config = Config.parse({"seed": place})
    return Result(run_key(config, "data"), place, config.record(), {"seed": str(place)}, status, figures, "")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.hold(tmp_path / "sweep")) as store:
        yield store


def test_what_was_put_is_there_in_the_order_of_the_sweep(store: Store) -> None:
    failed = replace(result(1, RunStatus.FAILED, Figures()), note="the disk was full")
    store.put([result(2), failed, result(0)])
    expected = [result(0), failed, result(2)]
    assert store.results() == expected
    with closing(Store(store.folder)) as reader:
        assert reader.results() == expected
        store.put([result(1)])
        assert reader.results() == [result(0), result(1), result(2)]


def test_facts_and_examinations_are_kept(store: Store) -> None:
    store.put_facts(plan={"search": "grid"}, seeds=3)
    store.put_facts(seeds=4)
    store.put_examined("abc", FinalScore(("a", "b"), 0.1, 0.97))
    store.put_examined("abc", FinalScore(("a", "b", "c"), None, 0.98))
    with closing(Store(store.folder)) as reader:
        assert reader.facts() == {"plan": {"search": "grid"}, "seeds": 4}
        assert reader.examined() == {"abc": FinalScore(("a", "b", "c"), None, 0.98)}


def test_what_was_running_is_forgotten_when_nobody_trains_it(store: Store) -> None:
    store.put([result(0), result(1, RunStatus.RUNNING)])
    store.forget_running()
    assert store.results() == [result(0)]


def test_one_sweep_at_a_time(store: Store) -> None:
    with pytest.raises(UserError, match="this sweep is going on in another"):
        Store.hold(store.folder)
    store.close()
    Store.hold(store.folder).close()


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(UserError, match="the folder is not empty"):
        Store.hold(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thesis.tex"]
    with pytest.raises(UserError, match="not a sweep"):
        Store(tmp_path)
    with pytest.raises(UserError, match=r"not a directory|file exists"):
        Store.hold(tmp_path / "thesis.tex")


def test_a_key_is_of_what_the_numbers_depend_on() -> None:
    config = Config.parse({})
    assert run_key(config, "data") == run_key(Config.parse({"checkpoint_every": 5, "data": "elsewhere"}), "data")
    others: list[dict[str, Any]] = [
        {"seed": 1},
        {"threads": 2},
        {"learning_rate": 0.01},
        {"shuffle": False},
        {"changes": "3 learning_rate=0.1"},
    ]
    keys = {run_key(Config.parse(values), "data") for values in others} | {run_key(config, "other data"), run_key(config, "data")}
    assert len(keys) == len(others) + 2


def test_an_option_that_is_new_counts_where_it_changes_something() -> None:
    # What the first sweeps called the run of the defaults.
    assert run_key(Config.parse({}), "data") == "b314e24c90674053"
    same: list[dict[str, Any]] = [{}, {"patience": 3}, {"label_smoothing": 0}]
    keys = {run_key(Config.parse(values), "data") for values in same}
    assert keys == {"b314e24c90674053"}
    plateaus: list[dict[str, Any]] = [{"schedule": "plateau"}, {"schedule": "plateau", "patience": 3}, {"label_smoothing": 0.1}]
    assert len({run_key(Config.parse(values), "data") for values in plateaus} | keys) == 4


def test_a_sweep_in_a_folder_that_nobody_may_write_to_can_be_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put([result(0)])
    store.close()
    monkeypatch.setattr(os, "access", lambda *_: False)
    connect = sqlite3.connect

    def refusing(base: str, **keywords: object) -> sqlite3.Connection:
        if "immutable" not in base:
            raise sqlite3.OperationalError("unable to open database file")
        return connect(base, **keywords)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", refusing)
    with closing(Store(store.folder)) as reader:
        assert reader.results() == [result(0)]


@pytest.mark.parametrize(
    "change",
    [
        "update runs set validation_accuracy = 'high'",
        "update runs set status = 'excellent'",
        "update runs set config = '[]'",
        "update runs set config = '{'",
        "update runs set config = '{\"seed\": [3]}'",
        "update runs set validation_loss = 9e999",
        "update runs set point = '{\"seed\": 3}'",
        "update runs set place = 'first'",
        "alter table runs drop column digest",
        "drop table runs",
        "pragma user_version = 2",
    ],
)
def test_a_file_that_somebody_changed_is_one_clear_line(store: Store, change: str) -> None:
    store.put([result(0)])
    store.close()
    with closing(sqlite3.connect(store.path)) as base, base:
        base.execute(change)
    with pytest.raises(UserError) as error, closing(Store(store.folder)) as reader:
        reader.results()
    assert str(error.value).startswith(f"{store.path}: ")
    assert "\n" not in str(error.value)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(at=st.integers(0, 40_000), bit=st.integers(0, 7), cut=st.booleans())
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, at: int, bit: int, cut: bool) -> None:
    whole = tmp_path / "whole"
    if not whole.exists():
        with closing(Store.hold(whole)) as store:
            store.put([result(place) for place in range(5)])
            store.put_facts(plan={"search": "grid"}, seeds=1)
    content = bytearray((whole / FILE).read_bytes())
    at %= len(content)
    if cut:
        del content[at:]
    else:
        content[at] ^= 1 << bit
    damaged = tmp_path / "damaged"
    damaged.mkdir(exist_ok=True)
    (damaged / FILE).write_bytes(content)
    try:
        with closing(Store(damaged)) as store:
            assert all(isinstance(each, Result) for each in store.results())
            store.facts()
            store.examined()
    except UserError as error:
        assert "\n" not in str(error)  # noqa: PT017 success is as good
