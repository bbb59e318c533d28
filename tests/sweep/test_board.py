"""What can be seen of a sweep while it goes on, when it was left, and when it is over."""

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tui_trainer.errors import UserError
from tui_trainer.sweep.board import CUT_SHORT, Board, BoardReader, find_sweeps, resolve_sweep
from tui_trainer.sweep.heat import BINS, Heat, heat
from tui_trainer.sweep.store import FILE, Figures, Result, RunStatus
from tui_trainer.sweep.table import Table, TableRow, table_of_groups, table_of_runs

from .story import Story


def board(**story: object) -> Board:
    return Board(Path("sweep"), tuple(Story(**story).results()), total=12, seeds=2)  # type: ignore[arg-type]


def column(rows: list[TableRow], table: Table, head: str) -> list[str]:
    return [row.cells[table.heads.index(head)] for row in rows]


# A sweep as it goes on


def test_a_sweep_is_seen_as_it_grows_and_ends(tmp_path: Path) -> None:
    story = Story(others={("relu", "0.01", 0): RunStatus.RUNNING, ("tanh", "0.1", 1): RunStatus.FAILED})
    store = story.write(tmp_path / "sweep", total=20)
    with closing(BoardReader(tmp_path / "sweep")) as onlooker:
        first = onlooker.look()
        assert onlooker.look() is first, "nothing has changed"
        assert first.is_running
        assert not first.is_complete
        progress = first.progress
        assert (progress.total, progress.done, progress.failed, progress.running) == (20, 10, 1, 1)
        store.put([replace(result, status=RunStatus.COMPLETED) for result in first.results])
        second = onlooker.look()
        assert second.progress.done == 12
        assert second.progress.trained == 1, "eleven had ended when it was first seen"
        store.put_facts(total=12)
        store.close()
        last = onlooker.look()
        assert (last.is_running, last.is_complete) == (False, True)


def test_a_sweep_that_was_killed_has_runs_that_were_cut_short(tmp_path: Path) -> None:
    Story(others={("relu", "0.01", 0): RunStatus.RUNNING}).write(tmp_path).close()
    with closing(BoardReader(tmp_path)) as onlooker:
        seen = onlooker.look()
    assert [seen.status(result) for result in seen.results].count(CUT_SHORT) == 1
    assert not seen.is_complete
    assert seen.progress.running == 0


def test_a_sweep_is_found_by_its_folder_its_name_and_as_the_latest(tmp_path: Path) -> None:
    for name in ("first", "second"):
        Story().write(tmp_path / name).close()
    assert resolve_sweep(str(tmp_path / "first"), Path("elsewhere")) == tmp_path / "first"
    assert resolve_sweep("first", tmp_path) == tmp_path / "first"
    assert resolve_sweep("latest", tmp_path) == tmp_path / "second"
    with pytest.raises(UserError, match="third: no such sweep"):
        resolve_sweep("third", tmp_path)
    with pytest.raises(UserError, match="there is no sweep in"):
        resolve_sweep("latest", tmp_path / "first")


def test_what_is_no_sweep_is_refused_until_it_is_one(tmp_path: Path) -> None:
    with closing(BoardReader(tmp_path)) as onlooker:
        with pytest.raises(UserError, match="not a sweep"):
            onlooker.look()
        Story().write(tmp_path).close()
        assert len(onlooker.look().results) == 12


@pytest.mark.parametrize("total", ["many", None, [3], -4, 1e400])
def test_facts_that_are_none(tmp_path: Path, total: object) -> None:
    Story().write(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as base, base:
        base.execute("update sweep set value = ? where name = 'total'", (json.dumps(total),))
    with closing(BoardReader(tmp_path)) as onlooker:
        assert onlooker.look().progress.total == 12


@pytest.mark.parametrize(
    "change", ["config = json_set(config, '$.seed', json('[1]'))", "validation_accuracy = 9e999", "point = json_set(point, '$.seed', 3)"]
)
def test_runs_that_cannot_be_computed_with_are_refused(tmp_path: Path, change: str) -> None:
    Story().write(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as base, base:
        base.execute(f"update runs set {change} where place = 3")
    with closing(BoardReader(tmp_path)) as onlooker, pytest.raises(UserError, match="cannot read"):
        onlooker.look()


def test_sweeps_are_found_the_one_that_last_went_on_first(tmp_path: Path) -> None:
    for age, name in enumerate(("20260102-000000", "20260101-000000", "depth")):
        Story().write(tmp_path / name).close()
        os.utime(tmp_path / name / FILE, (1e9 - age, 1e9 - age))
    (tmp_path / "else").mkdir()
    assert [path.name for path in find_sweeps(tmp_path)] == ["20260102-000000", "20260101-000000", "depth"]
    assert find_sweeps(tmp_path / "nowhere") == []


def test_the_best_lacks_no_seed_where_any_has_them_all() -> None:
    without = {("tanh", "0.01", 1): RunStatus.FAILED}
    best = board(others=without).best
    assert best is not None
    assert best.point == {"activation": "relu", "learning_rate": "0.01"}
    run = board(others=without).best_run
    assert run is not None
    assert run.point == {"activation": "tanh", "learning_rate": "0.01", "seed": "0"}


def test_the_best_so_far_is_one_that_has_ended() -> None:
    begun = {(activation, rate, 1): RunStatus.RUNNING for activation in ("relu", "tanh") for rate in ("0.001", "0.01", "0.1")}
    others = {("relu", "0.001", 0): RunStatus.RUNNING, **begun}
    best = board(others=others).best
    assert best is not None
    assert best.point == {"activation": "tanh", "learning_rate": "0.01"}
    assert board(others=dict.fromkeys([*begun, *((a, r, 0) for a, r, _ in begun)], RunStatus.RUNNING)).best is None


# Rows


def test_runs_are_sorted_by_any_column_and_what_is_not_known_is_last() -> None:
    table = table_of_runs(board(others={("relu", "0.001", 0): RunStatus.FAILED, ("tanh", "0.1", 1): RunStatus.DIVERGED}))
    best = table.view("accuracy", descending=True)
    assert best[0].is_best
    accuracies = column(best, table, "accuracy")
    assert accuracies[:2] == ["91.40%", "91.00%"]
    assert accuracies[-2:] == ["", ""]
    assert column(table.view("accuracy"), table, "accuracy")[-2:] == ["", ""]
    rates = column(table.view("learning_rate", descending=True), table, "learning_rate")
    assert rates == ["0.1"] * 4 + ["0.01"] * 4 + ["0.001"] * 4
    assert column(table.view("activation"), table, "activation") == ["relu"] * 6 + ["tanh"] * 6
    assert column(table.view("status"), table, "status")[-2:] == ["diverged", "failed"]


def test_numbers_and_names_in_one_column_have_an_order() -> None:
    results = [replace(result, point={"alpha": value}) for result, value in zip(board().results, ("b", "2", "a", "10"), strict=False)]
    table = table_of_runs(Board(Path(), tuple(results)))
    assert column(table.view("alpha"), table, "alpha") == ["2", "10", "a", "b"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 12),
        ("relu", 12),
        ("activation=relu", 6),
        ("activation=relu learning_rate=0.01", 2),
        ("--lr=0.01", 4),
        ("LR=0.01 seed=1", 2),
        ("leaky completed", 6),
        ("act=relu lr=1e-2", 2),
        ("act=lea", 6),
        ("status=diverged", 1),
        ("diver leaky_", 0),
        ("nonsense=1", 0),
    ],
)
def test_a_filter_takes_words_that_occur_and_values_that_are_so(query: str, count: int) -> None:
    seen = board(activations=("relu", "leaky_relu"), others={("relu", "0.1", 0): RunStatus.DIVERGED})
    assert len(table_of_runs(seen).view("accuracy", query)) == count


def test_configurations_have_seeds_in_one_row() -> None:
    table = table_of_groups(board(others={("relu", "0.1", 0): RunStatus.DIVERGED, ("relu", "0.001", 1): RunStatus.FAILED}))
    assert "seed" not in table.heads
    rows = {row.cells[:2]: dict(zip(table.heads, row.cells, strict=True)) for row in table.rows}
    assert len(rows) == 6
    assert rows["tanh", "0.01"] | {"seconds": ""} == {
        "activation": "tanh", "learning_rate": "0.01", "runs": "2/2", "accuracy": "91.20%", "sd": "0.28", "interval": "", "diverged": "",
        "failed": "", "seconds": "",
    }  # fmt: skip
    assert rows["relu", "0.1"]["diverged"] == "1"
    assert rows["relu", "0.1"]["accuracy"] == f"{(0 + 0.854) / 2:.2%}"
    assert (rows["relu", "0.001"]["runs"], rows["relu", "0.001"]["failed"]) == ("1/2", "1")


def test_what_a_terminal_obeys_is_spelled_out() -> None:
    ill = "\x1b]0;owned\x07"
    results = tuple(replace(result, point={ill: ill, "seed": "0"}) for result in board().results)
    seen = Board(Path(), results)
    for table in (table_of_runs(seen), table_of_groups(seen)):
        assert all(text.isprintable() for text in (*table.heads, *(cell for row in table.rows for cell in row.cells)))
    shown = heat(seen, ill, "seed")
    assert all(text.isprintable() for text in (shown.down, *shown.rows, *shown.columns))


# The map


def mapped(down: str = "activation", across: str = "learning_rate", *, of_best: bool = False, **story: object) -> Heat:
    return heat(board(**story), down, across, of_best=of_best)


def test_a_cell_is_the_mean_over_seeds_and_their_spread() -> None:
    shown = mapped()
    assert (shown.rows, shown.columns) == (("relu", "tanh"), ("0.001", "0.01", "0.1"))
    cell = shown.cells[1, 1]
    assert cell.mean == pytest.approx(0.912)
    assert cell.spread == pytest.approx(0.004 / 2**0.5)
    assert (cell.runs, cell.configurations, cell.diverged) == (2, 1, 0)
    assert shown.best == (1, 1)


def test_a_cell_over_a_third_option_is_the_mean_of_its_configurations_or_the_best_of_them() -> None:
    mean, best = mapped(across="").cells[0, 0], mapped(across="", of_best=True).cells[0, 0]
    assert mean.mean == pytest.approx((0.85 + 0.9 + 0.85) / 3 + 0.002)
    assert mean.spread == pytest.approx(0.004 / 2**0.5), "of the seeds, not of the rates"
    assert (mean.runs, mean.configurations) == (6, 3)
    assert best.mean == pytest.approx(0.902)
    assert best.configurations == 1


def test_diverged_runs_count_and_those_that_failed_do_not() -> None:
    shown = mapped(
        others={("relu", "0.1", 0): RunStatus.DIVERGED, ("tanh", "0.1", 0): RunStatus.FAILED, ("tanh", "0.1", 1): RunStatus.RUNNING}
    )
    assert shown.cells[0, 2].diverged == 1
    assert shown.cells[0, 2].mean == pytest.approx(0.854 / 2)
    assert (1, 2) not in shown.cells


def test_seeds_may_be_an_axis() -> None:
    shown = mapped(across="seed")
    assert shown.columns == ("0", "1")
    assert shown.cells[0, 0].runs == 3
    assert shown.cells[0, 0].spread is None


def test_many_drawn_numbers_stand_together() -> None:
    template = board().results[0]

    def drawn(place: int) -> Result:
        rate = 10 ** (-4 + 4 * place / 99)
        config = {**template.config, "learning_rate": rate}
        return replace(
            template, key=str(place), config=config, point={"learning_rate": f"{rate:.4g}"}, figures=Figures(validation_accuracy=0.5)
        )

    shown = heat(Board(Path(), tuple(drawn(place) for place in range(100))), "learning_rate", "")
    assert len(shown.rows) == BINS
    assert shown.rows[0].startswith("0.0001–")
    assert sum(cell.runs for cell in shown.cells.values()) == 100
