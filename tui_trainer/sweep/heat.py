"""Mean validation accuracy, and spread over seeds, for each pair of values of two swept options."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from statistics import fmean, variance
from typing import Final, NamedTuple

from tui_trainer.sweep.board import Board
from tui_trainer.sweep.statistics import score_of
from tui_trainer.sweep.store import Result, RunStatus
from tui_trainer.sweep.table import number_of
from tui_trainer.system.folders import printable

MOST_VALUES: Final = 16
"""Most values on an axis; more, as of a drawn number, are grouped into this many bins:"""
BINS: Final = 8


class Cell(NamedTuple):
    """The runs at a pair of values."""

    mean: float
    spread: float | None
    """Standard deviation over the seeds of a configuration, pooled where there are several; None where each has one."""
    runs: int
    configurations: int
    diverged: int


@dataclass(frozen=True, eq=False)
class Heat:
    """Cells by the indices of their values, (down, across)."""

    down: str
    across: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[int, int], Cell]

    @property
    def best(self) -> tuple[int, int] | None:
        """The cell with the highest mean."""
        return max(self.cells, key=lambda place: self.cells[place].mean, default=None)

    @cached_property
    def ranks(self) -> Mapping[tuple[int, int], float]:
        """The rank of each cell's mean, up to 1. A diverged run does not compress the ranks of the others."""
        means = sorted({cell.mean for cell in self.cells.values()})
        return {place: (bisect_left(means, cell.mean) + 1) / len(means) for place, cell in self.cells.items()}


def heat(board: Board, down: str, across: str, *, of_best: bool = False) -> Heat:
    """The cells of two options; an option that is not swept has one value.

    Where further options are swept a cell is the mean over them, or with `of_best` the best configuration in it.
    """
    rows, row_of = _axis([result.point.get(down, "") for result in board.results])
    columns, column_of = _axis([result.point.get(across, "") for result in board.results])
    found: dict[tuple[int, int], list[list[Result]]] = {}
    for group in board.groups:
        places: dict[tuple[int, int], list[Result]] = {}
        for result in group.results:
            if score_of(result) is not None:
                place = row_of[result.point.get(down, "")], column_of[result.point.get(across, "")]
                places.setdefault(place, []).append(result)
        for place, results in places.items():
            found.setdefault(place, []).append(results)
    cells = {place: _cell(_best_alone(groups) if of_best else groups) for place, groups in found.items()}
    return Heat(printable(down), printable(across), rows, columns, cells)


def _best_alone(groups: Sequence[Sequence[Result]]) -> Sequence[Sequence[Result]]:
    return [max(groups, key=lambda results: fmean(_scores(results)))]


def _cell(groups: Sequence[Sequence[Result]]) -> Cell:
    scores = [_scores(results) for results in groups]
    variances = [variance(each) for each in scores if len(each) > 1]
    return Cell(
        mean=fmean(map(fmean, scores)),
        spread=sqrt(fmean(variances)) if variances else None,
        runs=sum(map(len, scores)),
        configurations=len(groups),
        diverged=sum(result.status is RunStatus.DIVERGED for results in groups for result in results),
    )


def _scores(results: Iterable[Result]) -> list[float]:
    return [score for result in results if (score := score_of(result)) is not None]


def _axis(values: Iterable[str]) -> tuple[tuple[str, ...], Mapping[str, int]]:
    """An axis's labels, and each value's index: numbers in ascending order, names in the sweep's order."""
    distinct = list(dict.fromkeys(values))
    numbers = {value: number for value in distinct if (number := number_of(value)) is not None}
    if len(numbers) < len(distinct):
        return tuple(map(printable, distinct)), {value: place for place, value in enumerate(distinct)}
    distinct.sort(key=numbers.__getitem__)
    if len(distinct) <= MOST_VALUES:
        return tuple(distinct), {value: place for place, value in enumerate(distinct)}
    size = -(-len(distinct) // BINS)
    bins = [distinct[start : start + size] for start in range(0, len(distinct), size)]
    labels = tuple(f"{numbers[part[0]]:.2g}–{numbers[part[-1]]:.2g}" for part in bins)
    return labels, {value: place for place, part in enumerate(bins) for value in part}
