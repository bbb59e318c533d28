"""The pictures of a report: the configurations' means, heat maps of options, and the best configurations' learning curves."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from statistics import fmean, pstdev
from typing import Final

from tui_trainer.sweep.board import Board
from tui_trainer.sweep.document import Picture
from tui_trainer.sweep.heat import heat
from tui_trainer.sweep.phrases import several
from tui_trainer.sweep.pictures import Curve, Dot, curve_chart, dot_plot, heat_map
from tui_trainer.sweep.statistics import Group

MOST_DOTS: Final = 60
MOST_CURVES: Final = 10
MOST_MAPS: Final = 6

MOST_PLACES: Final = 24
"""Most values of an option in a heat map."""


def pictures(board: Board) -> Iterator[Picture]:
    """The pictures of a sweep that has a score."""
    dots = []
    for group in board.ranked[:MOST_DOTS]:
        mean = group.mean or 0.0
        low, high = group.interval or (mean, mean)
        dots.append(Dot(_short(group), mean, low, high, list(group.scores.values())))
    best = f"the best {MOST_DOTS} of " if len(board.ranked) > MOST_DOTS else ""
    which = f"{best}{several(len(board.ranked), 'configuration')} ({_order(board)})"
    yield Picture("accuracy", dot_plot(dots), f"Validation accuracy of {which}: seeds pale, mean and interval strong.")
    yield from _heat_maps(board)
    curves = [Curve(_short(group), points) for group in board.ranked[:MOST_CURVES] if (points := _curve(board, group))]
    if curves:
        caption = f"Validation accuracy over the epochs of the best {len(curves)} ({_order(board)}), mean over seeds."
        yield Picture("curves", curve_chart(curves), caption)


def _heat_maps(board: Board) -> Iterator[Picture]:
    """Heat maps of the options with the largest effects."""
    single = {name: heat(board, name, "") for name in board.options if all(name in result.point for result in board.results)}
    # The standard deviation of the means of an option's values.
    effects = {name: pstdev(cell.mean for cell in one.cells.values()) for name, one in single.items() if 2 <= len(one.rows) <= MOST_PLACES}
    pairs = sorted(combinations(effects, 2), key=lambda pair: -(effects[pair[0]] + effects[pair[1]]))[:MOST_MAPS]
    for number, pair in enumerate(pairs, 1):
        down, across = sorted(pair, key=lambda name: len(single[name].rows))
        shown = heat(board, down, across)
        averaged = " of all configurations that lie there" if any(cell.configurations > 1 for cell in shown.cells.values()) else ""
        caption = f"{_spaced(down)} and {_spaced(across)}: mean validation accuracy in %{averaged}, ± the standard deviation over seeds."
        yield Picture(f"heat-{number}", heat_map(shown), caption)


def _curve(board: Board, group: Group) -> dict[int, float]:
    """By epoch, the mean over the seeds that reached it."""
    values: dict[int, list[float]] = defaultdict(list)
    for result in group.results:
        for epoch in run.epochs if (run := board.run(result)) else ():
            if epoch.validation_accuracy is not None:
                values[epoch.number].append(epoch.validation_accuracy)
    return {number: fmean(found) for number, found in values.items()}


def _order(board: Board) -> str:
    return ", ".join(map(_spaced, board.options)) or "all options alike"


def _short(group: Group) -> str:
    return ", ".join(group.point.values()) or "the only one"


def _spaced(name: str) -> str:
    return name.replace("_", " ")
