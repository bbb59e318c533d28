"""Curves that lie on each other: each is drawn in its turn, dash by dash, for else the last would hide all others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tui_trainer.history.series import Points
from tui_trainer.ui.chart.axes import Axis
from tui_trainer.ui.chart.curve import Curve, Pen, Stroke

SAME = 0.95
"""Of the columns, in which curves that coincide are at most a dot apart."""

LEAST = 0.5
"""Of the longer curve's width that both have: what has hardly begun lies on everything."""


def twins(curves: Sequence[Curve], x: Axis, y: Axis, columns: int, dots: int) -> Mapping[Pen, Sequence[Pen]]:
    """For each line that lies on another all those together, the first one first; `dots` is how many an axis is high."""
    lines = [curve for curve in curves if curve.stroke in (Stroke.BETWEEN_DOTS, Stroke.LINE, Stroke.GHOST)]
    places = np.linspace(0.0, 1.0, max(columns, 2))
    heights = [_heights((x.share(curve.points[0]), y.share(curve.points[1])), places) for curve in lines]
    groups: list[list[int]] = []
    for place, height in enumerate(heights):
        found = next((group for group in groups if _coincide(heights[group[0]], height, dots)), None)
        if found:
            found.append(place)
        else:
            groups.append([place])
    together = ([lines[place].pen for place in group] for group in groups if len(group) > 1)
    return {pen: pens for pens in together for pen in pens}


def in_turn(curves: Sequence[Curve], found: Mapping[Pen, Sequence[Pen]]) -> Iterator[Curve]:
    """The curves as they are drawn where these coincide: the dashes and the dots of each between those of the others."""
    for curve in curves:
        pens = found.get(curve.pen, ())
        place = pens.index(curve.pen) if pens else 0
        x, y = curve.points
        if pens and curve.stroke is Stroke.DOTS and len(x) >= len(pens):
            yield replace(curve, points=(x[place :: len(pens)], y[place :: len(pens)]))
        else:
            # The first is whole beneath the others.
            yield replace(curve, turn=(place, len(pens))) if place else curve


def _heights(points: Points, places: np.ndarray) -> np.ndarray:
    """The height at each place, NaN where the curve is not."""
    x, y = points
    known = np.isfinite(y)
    if not known.any():
        return np.full(len(places), np.nan)
    heights: np.ndarray = np.interp(places, x[known], np.clip(y[known], 0, 1), left=np.nan, right=np.nan)
    return heights


def _coincide(one: np.ndarray, other: np.ndarray, dots: int) -> bool:
    both = np.isfinite(one) & np.isfinite(other)
    count = int(both.sum())
    if count < 2 or count < LEAST * max(np.isfinite(one).sum(), np.isfinite(other).sum()):
        return False
    return float((np.abs(one[both] - other[both]) * (dots - 1) <= 1).mean()) >= SAME
