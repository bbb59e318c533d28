"""A sweep's runs, or its configurations, as rows that can be sorted and filtered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Final, Generic, NamedTuple, TypeVar

from rich.cells import cell_len

from tui_trainer.sweep.board import Board
from tui_trainer.sweep.statistics import Group
from tui_trainer.sweep.store import Result, RunStatus
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _

Value = float | str | None
"""The value that a cell is sorted by; None is last in both directions."""

STATUS: Final = N_("status")
ACCURACY: Final = N_("accuracy")
SECONDS: Final = N_("seconds")

SHORT: Final[Mapping[str, str]] = {"learning_rate": N_("lr")}
"""Short forms of heads in queries."""


@dataclass(frozen=True)
class TableRow:
    """A run, or a configuration."""

    keys: tuple[str, ...]
    """The keys of its runs."""
    cells: tuple[str, ...]
    values: tuple[Value, ...]
    is_best: bool = False
    is_bad: bool = False
    """Whether a run of it diverged or failed."""
    is_open: bool = False
    """Whether a run of it is being trained."""

    @cached_property
    def words(self) -> str:
        """The text that a filter searches."""
        return " ".join(self.cells).lower()


@dataclass(frozen=True)
class Table:
    """Rows under heads, of which the swept options are the first. Heads are translated on display."""

    heads: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def widths(self, most: int) -> tuple[int, ...]:
        """The columns' widths in terminal columns: those of their contents, up to `most`."""
        columns = zip(*(row.cells for row in self.rows), strict=True) if self.rows else ((),) * len(self.heads)
        pairs = zip(self.heads, columns, strict=True)
        return tuple(min(max((cell_len(cell) for cell in column), default=0), most) if column else cell_len(head) for head, column in pairs)

    def is_number(self, column: int) -> bool:
        """Whether a column holds numbers."""
        return not any(isinstance(row.values[column], str) for row in self.rows)

    def view(self, head: str, query: str = "", *, descending: bool = False) -> list[TableRow]:
        """The rows that match a query, sorted by the column under `head`."""
        tests = [self._test(word) for word in query.lower().split()]
        rows = [row for row in self.rows if all(fits(row) for fits in tests)]
        if head not in self.heads:
            return rows
        column = self.heads.index(head)
        known = [row for row in rows if row.values[column] is not None]
        known.sort(key=lambda row: _order(row.values[column]), reverse=descending)
        return known + [row for row in rows if row.values[column] is None]

    def _test(self, word: str) -> Callable[[TableRow], bool]:
        """Whether a word occurs in a row, or `option=value` holds; while no row has the value, whether a row's begins with it."""
        name, equals, wanted = word.partition("=")
        name = name.strip("-").replace("-", "_")
        name = next((long for long, short in SHORT.items() if short == name), name)
        head = name if name in self.heads else next((head for head in self.heads if name and head.startswith(name)), None)
        if not equals or head is None:
            return lambda row: word in row.words
        column = self.heads.index(head)
        number = number_of(wanted)

        def texts(row: TableRow) -> set[str]:
            # A status by its name in any language as well as by what is shown.
            return {row.cells[column].lower(), str(row.values[column]).lower()}

        def is_it(row: TableRow) -> bool:
            return wanted in texts(row) or (number is not None and number == row.values[column])

        if any(is_it(row) for row in self.rows):
            return is_it
        return lambda row: any(text.startswith(wanted) for text in texts(row))


Item = TypeVar("Item", Result, Group)


class Column(NamedTuple, Generic[Item]):
    """A figure of a run or a configuration: its head, the value to sort by, and the text."""

    head: str
    value: Callable[[Board, Item], Value]
    text: Callable[[Board, Item], str]


def table_of_runs(board: Board) -> Table:
    """A row for each known run."""
    best = board.best_run.key if board.best_run else None
    rows = []
    for run in board.results:
        is_open = run.status is RunStatus.RUNNING and board.is_running
        cells, values = _row(board, run, [run.point.get(name) for name in board.names], RUN_COLUMNS)
        rows.append(TableRow((run.key,), cells, values, run.key == best, run.status in {RunStatus.DIVERGED, RunStatus.FAILED}, is_open))
    return Table((*map(printable, board.names), *(column.head for column in RUN_COLUMNS)), tuple(rows))


def table_of_groups(board: Board) -> Table:
    """A row for each configuration."""
    best = board.best.key if board.best else None
    rows = []
    for group in board.groups:
        keys = tuple(result.key for result in group.results)
        is_open = board.is_running and bool(group.count(RunStatus.RUNNING))
        is_bad = bool(group.count(RunStatus.DIVERGED) or group.count(RunStatus.FAILED))
        cells, values = _row(board, group, [group.point.get(name) for name in board.options], GROUP_COLUMNS)
        rows.append(TableRow(keys, cells, values, group.key == best, is_bad, is_open))
    return Table((*map(printable, board.options), *(column.head for column in GROUP_COLUMNS)), tuple(rows))


def _row(
    board: Board, item: Item, options: Sequence[str | None], columns: Sequence[Column[Item]]
) -> tuple[tuple[str, ...], tuple[Value, ...]]:
    """The cells of a row and their values, the swept options first."""
    cells = (*_texts(options), *(column.text(board, item) for column in columns))
    return cells, (*map(_value, options), *(column.value(board, item) for column in columns))


def percent(share: float | None) -> str:
    """An accuracy; empty where there is none."""
    return "" if share is None else f"{share:.2%}"


def number_of(text: str) -> float | None:
    """An option's value as a number, if it is one."""
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


def _interval(board: Board, group: Group) -> str:
    interval = board.intervals.get(group.key)
    return "" if interval is None else f"{100 * interval.low:.2f}–{100 * interval.high:.2f}"


def _interval_begins(board: Board, group: Group) -> float | None:
    interval = board.intervals.get(group.key)
    return interval.low if interval else None


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _counted(head: str, standing: RunStatus) -> Column[Group]:
    """A column that counts a configuration's runs with a status."""
    return Column(head, lambda _board, group: float(group.count(standing)), lambda _board, group: str(group.count(standing) or ""))


RUN_COLUMNS: Final[tuple[Column[Result], ...]] = (
    Column(ACCURACY, lambda _board, run: run.figures.validation_accuracy, lambda _board, run: percent(run.figures.validation_accuracy)),
    Column(N_("loss"), lambda _board, run: run.figures.validation_loss, lambda _board, run: _number(run.figures.validation_loss, ".4f")),
    Column(STATUS, lambda board, run: board.status(run), lambda board, run: _(board.status(run))),
    Column(N_("epochs"), lambda _board, run: float(run.figures.epochs), lambda _board, run: str(run.figures.epochs)),
    Column(SECONDS, lambda _board, run: run.figures.seconds, lambda _board, run: f"{run.figures.seconds:.1f}"),
)
"""The figures of a run: another column is another entry."""

GROUP_COLUMNS: Final[tuple[Column[Group], ...]] = (
    Column(N_("runs"), lambda _board, group: float(len(group.scores)), lambda board, group: f"{len(group.scores)}/{board.seeds}"),
    Column(ACCURACY, lambda _board, group: group.mean, lambda _board, group: percent(group.mean)),
    Column(
        N_("sd"),
        lambda _board, group: group.deviation,
        lambda _board, group: "" if group.deviation is None else f"{100 * group.deviation:.2f}",
    ),
    Column(N_("interval"), _interval_begins, _interval),
    _counted(N_("diverged"), RunStatus.DIVERGED),
    _counted(N_("failed"), RunStatus.FAILED),
    Column(SECONDS, lambda _board, group: group.seconds, lambda _board, group: f"{group.seconds:.1f}"),
)
"""The figures of a configuration, over its seeds."""
