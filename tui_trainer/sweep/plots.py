"""The pictures of a report: each configuration's mean, options against one another, and how the best ones learned."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, pairwise
from math import sqrt
from statistics import fmean, pstdev
from typing import Final

from tui_trainer.sweep.document import Picture
from tui_trainer.sweep.found import Found, names_of, several
from tui_trainer.sweep.pictures import Cell, Curve, Dot, curve_chart, dot_plot, heat_map
from tui_trainer.sweep.space import Interval, Values, value_text
from tui_trainer.sweep.statistics import Group
from tui_trainer.sweep.store import Standing

MOST_DOTS: Final = 60
MOST_CURVES: Final = 10
MOST_MAPS: Final = 6

MOST_PLACES: Final = 24
"""Values of an option that a heat map has room for."""

BINS: Final = 6
"""Parts of an interval, in a heat map."""


def pictures(found: Found) -> Iterator[Picture]:
    """All that there are, of a sweep that has a score."""
    dots = []
    for group in found.ranked[:MOST_DOTS]:
        mean = group.mean or 0.0
        low, high = group.interval or (mean, mean)
        dots.append(Dot(_short(group), mean, low, high, list(group.scores.values())))
    best = f"the best {MOST_DOTS} of " if len(found.ranked) > MOST_DOTS else ""
    which = f"{best}{several(len(found.ranked), 'configuration')} ({_order(found)})"
    yield Picture("accuracy", dot_plot(dots), f"Validation accuracy of {which}: seeds pale, mean and interval strong.")
    yield from _heat_maps(found)
    curves = [Curve(_short(group), points) for group in found.ranked[:MOST_CURVES] if (points := _curve(found, group))]
    if curves:
        caption = f"Validation accuracy over the epochs of the best {len(curves)} ({_order(found)}), mean over seeds."
        yield Picture("curves", curve_chart(curves), caption)


def _heat_maps(found: Found) -> Iterator[Picture]:
    places = {name: placed for name in names_of(found.ranked) if (placed := _places(found, name))}
    effects = {name: _effect(found.ranked, name, place) for name, (_, place) in places.items()}
    pairs = sorted(combinations(places, 2), key=lambda pair: -(effects[pair[0]] + effects[pair[1]]))[:MOST_MAPS]
    for number, pair in enumerate(pairs, 1):
        down, across = sorted(pair, key=lambda name: len(places[name][0]))
        (rows, row), (columns, column) = places[down], places[across]
        cells: dict[tuple[str, str], list[Group]] = defaultdict(list)
        for group in found.ranked:
            cells[row(group.point[down]), column(group.point[across])].append(group)
        averaged = " of all configurations that lie there" if any(len(groups) > 1 for groups in cells.values()) else ""
        made = {place: _cell(f"{down} {place[0]}, {across} {place[1]}", groups) for place, groups in cells.items()}
        shown = [label for label in rows if any(label == place[0] for place in made)]
        yield Picture(
            f"heat-{number}",
            heat_map(_spaced(across), [label for label in columns if any(label == place[1] for place in made)], _spaced(down), shown, made),
            f"{_spaced(down)} and {_spaced(across)}: mean validation accuracy in %{averaged}, ± the standard deviation over seeds.",
        )


def _places(found: Found, name: str) -> tuple[list[str], Callable[[str], str]] | None:
    """The rows or columns of an option, and in which of them a value of it lies; None where a map has no use or no room for it."""
    texts = list(dict.fromkeys(group.point[name] for group in found.ranked if name in group.point))
    if len(texts) < 2 or not all(name in group.point for group in found.ranked):
        return None
    axis = found.axes.get(name)
    if isinstance(axis, Interval):
        ends = [value_text(axis.at(index / BINS)) for index in range(BINS + 1)]
        labels = [f"{low}–{high}" for low, high in pairwise(ends)]
        try:
            bins = {text: labels[min(int(axis.share(float(text)) * BINS), BINS - 1)] for text in texts}
        except ValueError:
            return None
        return labels, bins.__getitem__
    if len(texts) > MOST_PLACES:
        return None
    order = [value_text(value) for value in axis.values] if isinstance(axis, Values) else []
    return sorted(texts, key=lambda text: order.index(text) if text in order else len(order)), str


def _effect(groups: Sequence[Group], name: str, place: Callable[[str], str]) -> float:
    """How far apart the means of an option's values are."""
    means: dict[str, list[float]] = defaultdict(list)
    for group in groups:
        means[place(group.point[name])].append(group.mean or 0.0)
    return pstdev(map(fmean, means.values()))


def _cell(where: str, groups: Sequence[Group]) -> Cell:
    mean = fmean(group.mean or 0.0 for group in groups)
    deviations = [group.deviation for group in groups if group.deviation is not None]
    spread = sqrt(fmean(deviation**2 for deviation in deviations)) if deviations else None
    diverged = sum(group.count(Standing.DIVERGED) for group in groups)
    runs = sum(len(group.scores) for group in groups)
    told = f"{where}: {mean:.2%}, {several(len(groups), 'configuration')}, {several(runs, 'run')}"
    return Cell(mean, spread, f"{told}, {diverged} of them diverged" if diverged else told)


def _curve(found: Found, group: Group) -> dict[int, float]:
    """The mean over the seeds that got so far."""
    values: dict[int, list[float]] = defaultdict(list)
    for result in group.results:
        for epoch in run.epochs if (run := found.run(result)) else ():
            if epoch.validation_accuracy is not None:
                values[epoch.number].append(epoch.validation_accuracy)
    return {number: fmean(found) for number, found in values.items()}


def _order(found: Found) -> str:
    return ", ".join(map(_spaced, names_of(found.ranked))) or "all options alike"


def _short(group: Group) -> str:
    return ", ".join(group.point.values()) or "the only one"


def _spaced(name: str) -> str:
    return name.replace("_", " ")
