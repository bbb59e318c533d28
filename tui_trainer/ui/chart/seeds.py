"""Runs that differ in nothing but their seed: they are drawn as one, their mean in a band."""

from collections.abc import Sequence

import numpy as np

from tui_trainer.history.series import Points
from tui_trainer.text.language import _
from tui_trainer.ui.chart.curve import Curve, Pen, Shown, Stroke
from tui_trainer.ui.chart.drawings import MOST_PLACES


def by_seed(runs: Sequence[Shown]) -> list[list[Shown]]:
    """The runs, together those that differ in nothing but their seed, in the order of the first of each."""
    groups: list[tuple[object, list[Shown]]] = []
    for run in runs:
        options = {name: value for name, value in run.history.options.items() if name != "seed"}
        found = next((group for known, group in groups if options and known == options), None)
        if found is None:
            groups.append((options, [run]))
        else:
            found.append(run)
    return [group for _options, group in groups]


def seed_places(runs: Sequence[Shown]) -> list[int]:
    """Which colour and mark each run has: one for those that differ in nothing but their seed."""
    groups = by_seed(runs)
    return [next(place for place, group in enumerate(groups) if any(run is each for each in group)) for run in runs]


def name_of_seeds(group: Sequence[Shown]) -> str:
    """What the names of runs with several seeds have in common, and how many there are."""
    if len(group) == 1:
        return group[0].name
    words = [each.name.split() for each in group]
    common = [word for word in words[0] if all(word in each for each in words) and word != _("seed")]
    return " ".join([*common, _("{count} seeds").format(count=len(group))])


def mean_and_band(every: Sequence[Points]) -> tuple[Points, list[Curve]]:
    """The mean of curves, and the band between the lowest and the highest; of a single one itself, without a band."""
    known = [points for points in every if len(points[0])]
    if len(known) < 2:
        return known[0] if known else every[0], []
    places = np.unique(np.concatenate([x for x, _y in known]))
    places = places if len(places) <= MOST_PLACES else np.linspace(places[0], places[-1], MOST_PLACES)
    values = np.stack([np.interp(places, x, y, left=np.nan, right=np.nan) for x, y in known])
    counts = np.isfinite(values).sum(axis=0)
    sums = np.where(np.isfinite(values), values, 0.0).sum(axis=0)
    mean = np.divide(sums, counts, out=np.full(len(places), np.nan), where=counts > 0)
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    return (places, mean), [Curve((places, low), Pen.PAPER, Stroke.BAND, upper=high)]
