"""All curves of a chart: those of a run, of the runs beside it, and of a ghost behind them; and how far the x axis goes."""

import math
from collections.abc import Sequence
from dataclasses import replace

from tui_trainer.history.history import History
from tui_trainer.history.series import envelope, some
from tui_trainer.ui.chart import axes
from tui_trainer.ui.chart.curve import RUN_PENS, Curve, Pen, Shown, Stroke
from tui_trainer.ui.chart.drawings import (
    Drawing,
    dotted,
)
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.seeds import by_seed, mean_and_band, name_of_seeds
from tui_trainer.ui.chart.view import Scale, View

MOST_DOTS = 100
"""Of a run that is compared: each of a line's points would be as good as none."""


def curves(drawing: Drawing, run: Shown | None, others: Sequence[Shown], view: View, marks: Marks) -> list[Curve]:
    """All curves of a chart, those in front last, with x and y as they are drawn: powers of ten where an axis is logarithmic."""
    ghosts = [each for each in others if each.faded]
    others = [each for each in others if not each.faded]
    ghostly = (Curve(drawing.ghost(each.history, view), Pen.GHOST, Stroke.GHOST, (each.name,), marks.ghost) for each in ghosts)
    found = [_of(each, curve, view) for each, curve in zip(ghosts, ghostly, strict=True)]
    for group, pen, mark in zip(by_seed(others), RUN_PENS, marks.runs, strict=False):
        points, band = mean_and_band([drawing.compared(each.history).points(view.scale.place) for each in group])
        found += [_of(group[0], replace(curve, pen=pen), view) for curve in band]
        drawn = dotted(points, pen, (name_of_seeds(group),), mark)
        thinned = (replace(curve, points=some(curve.points, MOST_DOTS)) if curve.stroke is Stroke.DOTS else curve for curve in drawn)
        longest = max(group, key=lambda each: trained_to(each.history, view.scale))
        found += [_of(longest, curve, view) for curve in thinned]
    if run is not None:
        found += [_of(run, curve, view) for curve in drawing.curves(run.history, view, marks)]
    return [_placed(drawing, curve, view) for curve in found]


def _placed(drawing: Drawing, curve: Curve, view: View) -> Curve:
    """The curve as it is drawn, with its band."""
    upper = None if curve.upper is None else drawing.placed((curve.points[0], curve.upper), view)[1]
    return replace(curve, points=drawing.placed(curve.points, view), upper=upper)


def _of(shown: Shown, curve: Curve, view: View) -> Curve:
    """A curve of this run."""
    return replace(curve, end=trained_to(shown.history, view.scale), burst=shown.history.diverged)


def trained_to(history: History, scale: Scale) -> float:
    """Where on the x axis a run is by now, or ended."""
    last = 0.0
    for series in (history.loss, history.training_loss):
        x, _y = series.points(scale.place)
        last = max(last, float(x[-1]) if len(x) else 0.0)
    return math.log10(max(last, 1.0)) if scale.logarithmic else last


def reduced_to(curve: Curve, low: float, high: float, columns: int) -> Curve:
    """The curve as so many columns from `low` to `high` show it, with all its spikes."""
    points = envelope(curve.points, low, high, columns)
    upper = None if curve.upper is None else envelope((curve.points[0], curve.upper), low, high, columns)[1]
    return replace(curve, points=points, upper=upper)


def whole_course(run: Shown | None, others: Sequence[Shown], view: View) -> tuple[float, float]:
    """Where the x axis begins and ends when all is shown. It grows in steps, so that a long run's start is not squeezed into a corner.

    A ghost is seen as far as the others go.
    """
    end = 0.0
    solid = [each for each in (*([run] if run else []), *others) if not each.faded]
    for shown in solid or others:
        end = max(end, _end(shown, view.scale))
    if end == 0:
        end = float(max(run.epochs, 1)) if run and view.scale is Scale.EPOCH else 1.0
    return (0.0, max(1.0, math.log10(end))) if view.scale.logarithmic else (0.0, end)


def _end(shown: Shown, scale: Scale) -> float:
    history = shown.history
    last = trained_to(history, Scale.STEP if scale.logarithmic else scale)
    if not last or history.ended:
        return last
    progress = history.progress
    if scale is Scale.EPOCH or progress is None:
        return float(axes.horizon(last, max(shown.epochs, math.ceil(last)) if scale is Scale.EPOCH else math.ceil(last)))
    if scale is Scale.TIME:
        return axes.nice_end(last)
    epochs = axes.horizon(progress.position, shown.epochs)
    return max(last, float(epochs * progress.batches))
