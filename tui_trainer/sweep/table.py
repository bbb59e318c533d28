"""A sweep's runs, or its configurations, as rows that can be sorted and filtered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Final

from rich.cells import cell_len

from tui_trainer.sweep.board import Board
from tui_trainer.sweep.statistics import Group
from tui_trainer.sweep.store import Result, Standing
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _

Value = float | str | None
"""What a cell is sorted by; None is last, whichever way."""

STATUS: Final = N_("status")
ACCURACY: Final = N_("accuracy")
SECONDS: Final = N_("seconds")

SHORT: Final[Mapping[str, str]] = {"learning_rate": N_("lr")}
"""What may stand for a head, where people say less."""


@dataclass(frozen=True)
class Row:
    """A run, or a configuration."""

    keys: tuple[str, ...]
    """Of the runs that are behind it."""
    cells: tuple[str, ...]
    values: tuple[Value, ...]
    is_best: bool = False
    is_bad: bool = False
    """Whether some of it diverged or failed."""
    is_open: bool = False
    """Whether some of it is being trained."""

    @cached_property
    def words(self) -> str:
        """What a filter looks through."""
        return " ".join(self.cells).lower()


@dataclass(frozen=True)
class Table:
    """Rows under heads, the first of which are the names of swept options; heads are translated where they are shown."""

    heads: tuple[str, ...]
    rows: tuple[Row, ...]

    def widths(self, most: int) -> tuple[int, ...]:
        """Of the columns: as wide as what is in them, up to `most` columns of the terminal."""
        columns = zip(*(row.cells for row in self.rows), strict=True) if self.rows else ((),) * len(self.heads)
        pairs = zip(self.heads, columns, strict=True)
        return tuple(min(max((cell_len(cell) for cell in column), default=0), most) if column else cell_len(head) for head, column in pairs)

    def is_number(self, column: int) -> bool:
        """Whether a column holds numbers."""
        return not any(isinstance(row.values[column], str) for row in self.rows)

    def view(self, head: str, query: str = "", *, descending: bool = False) -> list[Row]:
        """The rows that a query leaves, sorted by the column under a head."""
        rows = [row for row in self.rows if self._matches(row, query.lower().split())]
        if head not in self.heads:
            return rows
        column = self.heads.index(head)
        known = [row for row in rows if row.values[column] is not None]
        known.sort(key=lambda row: _order(row.values[column]), reverse=descending)
        return known + [row for row in rows if row.values[column] is None]

    def _matches(self, row: Row, words: Iterable[str]) -> bool:
        """Whether each word occurs, and each `option=value` is so."""
        for word in words:
            name, equals, wanted = word.partition("=")
            name = name.strip("-").replace("-", "_")
            name = next((long for long, short in SHORT.items() if short == name), name)
            if equals and name in self.heads:
                column = self.heads.index(name)
                # A status by its name in any language as well as by what is shown.
                if wanted not in {row.cells[column].lower(), str(row.values[column]).lower()}:
                    return False
            elif word not in row.words:
                return False
        return True


def table_of_runs(board: Board) -> Table:
    """A row for each run that there is something to tell of."""
    names = [printable(name) for name in board.names]
    best = board.best_run.key if board.best_run else None
    heads = (*names, ACCURACY, N_("loss"), STATUS, N_("epochs"), SECONDS)
    return Table(heads, tuple(_row_of_run(board, result, is_best=result.key == best) for result in board.results))


def _row_of_run(board: Board, result: Result, *, is_best: bool) -> Row:
    figures, status = result.figures, board.status(result)
    options = [result.point.get(name) for name in board.names]
    accuracy, loss = figures.validation_accuracy, figures.validation_loss
    measured = percent(accuracy), "" if loss is None else f"{loss:.4f}"
    cells = (*_texts(options), *measured, _(status), str(figures.epochs), f"{figures.seconds:.1f}")
    values = (*map(_value, options), accuracy, loss, status, float(figures.epochs), figures.seconds)
    is_bad = result.status in {Standing.DIVERGED, Standing.FAILED}
    return Row((result.key,), cells, values, is_best, is_bad, result.status is Standing.RUNNING and board.going_on)


def table_of_groups(board: Board) -> Table:
    """A row for each configuration, whose seeds are one."""
    heads = (*map(printable, board.options), N_("runs"), ACCURACY, N_("sd"), N_("interval"), N_("diverged"), N_("failed"), SECONDS)
    best = board.best.key if board.best else None
    return Table(heads, tuple(_row_of_group(board, group, is_best=group.key == best) for group in board.groups))


def _row_of_group(board: Board, group: Group, *, is_best: bool) -> Row:
    options = [group.point.get(name) for name in board.options]
    interval = board.intervals.get(group.key)
    diverged, failed = group.count(Standing.DIVERGED), group.count(Standing.FAILED)
    cells = (
        *_texts(options),
        f"{len(group.scores)}/{board.seeds}",
        percent(group.mean),
        "" if group.deviation is None else f"{100 * group.deviation:.2f}",
        "" if interval is None else f"{100 * interval.low:.2f}–{100 * interval.high:.2f}",
        str(diverged or ""),
        str(failed or ""),
        f"{group.seconds:.1f}",
    )
    computed = float(len(group.scores)), group.mean, group.deviation, interval.low if interval else None
    values = (*map(_value, options), *computed, float(diverged), float(failed), group.seconds)
    is_open = board.going_on and bool(group.count(Standing.RUNNING))
    return Row(tuple(result.key for result in group.results), cells, values, is_best, bool(diverged or failed), is_open)


def percent(share: float | None) -> str:
    """An accuracy; nothing where there is none."""
    return "" if share is None else f"{share:.2%}"


def number_of(text: str) -> float | None:
    """The number that an option's value is, if it is one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _texts(options: Iterable[str | None]) -> list[str]:
    return ["" if value is None else printable(str(value)) for value in options]


def _value(option: str | None) -> Value:
    if option is None:
        return None
    number = number_of(str(option))
    return str(option) if number is None else number


def _order(value: Value) -> tuple[bool, float | str]:
    return isinstance(value, str), value if value is not None else 0.0
