"""How each figure is drawn over the course of a run: its curves, its axis, and how its values are written."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from tui_trainer.history.history import History
from tui_trainer.history.quantities import BATCHES, FIGURES
from tui_trainer.history.quantity import NATS, SHARE, Quantity
from tui_trainer.history.series import MEAN, Points, Series, envelope, smoothed
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart import axes
from tui_trainer.ui.chart.curve import Curve, Pen, Stroke
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.view import View

MOST_PLACES = 1000
"""At which the curves of several seeds are compared."""


class AxisOf(Protocol):
    """Finds the y axis for curves, on so many rows, up to what is `near`; `whole` tells whether all of the run is shown."""

    def __call__(self, curves: Sequence[Curve], rows: int, *, whole: bool, near: float | None = None) -> axes.Axis: ...


@dataclass(frozen=True)
class Drawing:
    """How a figure is drawn over the course of a run."""

    quantity: Quantity
    curves: Callable[[History, View, Marks], Iterator[Curve]]
    compared: Callable[[History], Series]
    """What stands for a run that is compared."""
    ghost: Callable[[History, View], Points]
    """What a ghost of a run leaves."""
    axis: AxisOf
    figure: Callable[[float], str]
    """A value as it is written in a legend."""
    brief: Callable[[float], str]
    """The same where there is little room."""
    title: str = ""
    """Where it is not the figure's own: a chart may show several layers."""
    always_logarithmic: bool = False
    nothing: float = math.nan
    """What 0 is as a power of ten: nowhere, or below all others."""
    best: Callable[[Sequence[float]], float] | None = None
    """Chooses the best of its values, min or max, where an epoch can be the best by it."""

    def logarithmic(self, view: View) -> bool:
        """Whether y is drawn as powers of ten."""
        return self.always_logarithmic or (view.logarithmic and self.quantity.scale is NATS)

    def heading(self, view: View) -> str:
        """What stands over the chart, with the unit."""
        units = [_(self.quantity.unit)] if self.quantity.unit else []
        units += [_("log scale")] if self.logarithmic(view) else []
        title = _(self.title or self.quantity.title)
        return f"{title} ({', '.join(units)})" if units else title

    def scaled(self, points: Points, view: View) -> Points:
        """The points as they are drawn: percent, or powers of ten; what has none becomes a gap."""
        x, y = points
        if self.quantity.scale is SHARE:
            y = 100 * y
        if self.logarithmic(view):
            with np.errstate(divide="ignore", invalid="ignore"):
                # A gradient of 0 is below all others, a loss of 0 is none.
                y = np.where(y > 0, np.log10(y), np.where(y == 0, self.nothing, np.nan))
        return x, y

    def placed(self, points: Points, view: View) -> Points:
        """The points as they are drawn, over the x axis as it is counted."""
        points = self.scaled(points, view)
        return _over_log10(points) if view.scale.logarithmic else points


def _over_log10(points: Points) -> Points:
    """Over powers of ten; what was there before the first step has no place."""
    x, y = points
    after = x > 0
    return np.log10(x[after]), y[after]


def dotted(points: Points, pen: Pen, names: tuple[str, ...], mark: str) -> Iterator[Curve]:
    """A line and its dots, apart, because a part of a line has ends that are no dots."""
    yield Curve(points, pen, Stroke.BETWEEN_DOTS)
    yield Curve(points, pen, Stroke.DOTS, names, mark)


def _smoothed(batches: Series, view: View) -> Points:
    """Their moving average, or the batches themselves."""
    if not view.smoothing:
        return batches.points(view.scale.place)
    x, y = batches.points(view.scale.place, MEAN)
    # A point that stands for many batches has as much of the past in it.
    return x, smoothed(y, view.smoothing**batches.density)


@lru_cache(4)
def _past(batches: Series, count: int, view: View) -> Points:
    """The moving average of so many batches, reduced: a ghost changes no more, and may have 100,000 points."""
    x, y = _smoothed(batches, view)
    return envelope((x, y), float(x[0]), float(x[-1]), MOST_PLACES) if count else (x, y)


def _trail(batches: Series, epochs: Series, view: View) -> Points:
    """What a ghost leaves: its batches, or its epochs where no batches were kept."""
    if not len(batches):
        return epochs.points(view.scale.place)
    return _past(batches, len(batches), View(scale=view.scale, smoothing=view.smoothing))


def _over_batches(batches: Series, training: Series, validation: Series, view: View, marks: Marks) -> Iterator[Curve]:
    if view.smoothing:
        yield Curve(batches.points(view.scale.place), Pen.BATCHES, Stroke.FAINT)
    yield Curve(
        _smoothed(batches, view),
        Pen.SMOOTH,
        Stroke.LINE,
        (_("recent batches"), _("batches"), _("avg") if view.smoothing else _("batch"), ""),
    )
    means = (_("epoch mean"), _("epoch"), _("epoch"), "")
    yield Curve(training.points(view.scale.place), Pen.TRAINING, Stroke.DOTS, means, marks.training)
    held_out = (_("validation"), _("val"), _("val"), "")
    yield from dotted(validation.points(view.scale.place), Pen.VALIDATION, held_out, marks.validation)


def _loss(history: History, view: View, marks: Marks) -> Iterator[Curve]:
    return _over_batches(history.loss, history.training_loss, history.validation_loss, view, marks)


def _accuracy(history: History, view: View, marks: Marks) -> Iterator[Curve]:
    return _over_batches(history.accuracy, history.training_accuracy, history.validation_accuracy, view, marks)


def _learning_rate(history: History, view: View, marks: Marks) -> Iterator[Curve]:
    yield Curve(history.learning_rate.points(view.scale.place), Pen.SMOOTH, Stroke.LINE, (_("learning rate"), _("rate"), ""))


def _gradient_norms(history: History, view: View, marks: Marks) -> Iterator[Curve]:
    """Of the first, the middle and the last layer, in a band in which all are: between them lies whether gradients vanish or explode."""
    names = list(history.gradient_norms)
    if len(names) > 3:
        every = [series.points(view.scale.place) for series in history.gradient_norms.values()]
        count = min(len(y) for _x, y in every)
        norms = np.stack([y[:count] for _x, y in every])
        words = _("lowest to highest of {count} layers"), _("all {count} layers"), _("all"), ""
        band = every[0][0][:count], np.fmin.reduce(norms, axis=0)
        named = tuple(text.format(count=len(names)) for text in words)
        yield Curve(band, Pen.BATCHES, Stroke.BAND, named, marks.band, upper=np.fmax.reduce(norms, axis=0))
    chosen = sorted({0, len(names) // 2, len(names) - 1}) if names else []
    for index, pen, mark in zip(chosen, (Pen.VALIDATION, Pen.SMOOTH, Pen.TRAINING), (marks.validation, "", marks.training), strict=False):
        points = history.gradient_norms[names[index]].points(view.scale.place)
        number = names[index].removeprefix("dense_")
        words = names[index], number, number, ""
        if mark:
            yield from dotted(points, pen, words, mark)
        else:
            yield Curve(points, pen, Stroke.LINE, words)


def _first_gradients(history: History) -> Series:
    return next(iter(history.gradient_norms.values()), Series(4))


def _first_with_points(*series: Series) -> Series:
    return next((each for each in series if len(each)), series[-1])


DRAWINGS: Mapping[str, Drawing] = {
    "loss": Drawing(
        BATCHES["loss"],
        _loss,
        lambda run: _first_with_points(run.validation_loss, run.training_loss),
        lambda run, view: _trail(run.loss, run.training_loss, view),
        axes.loss,
        lambda value: axes.figure(value, 3 if value < 100 else 0),
        lambda value: axes.figure(value, 2 if value < 10 else 0),
        best=min,
    ),
    "accuracy": Drawing(
        BATCHES["accuracy"],
        _accuracy,
        lambda run: _first_with_points(run.validation_accuracy, run.training_accuracy),
        lambda run, view: _trail(run.accuracy, run.training_accuracy, view),
        axes.fitted_accuracy,
        "{:.1f}%".format,
        "{:.1f}".format,
        best=max,
    ),
    "rate": Drawing(
        BATCHES["learning_rate"],
        _learning_rate,
        lambda run: run.learning_rate,
        lambda run, view: run.learning_rate.points(view.scale.place),
        axes.positive,
        "{:.3g}".format,
        "{:.2g}".format,
    ),
    "gradients": Drawing(
        FIGURES["gradient_norm"],
        _gradient_norms,
        _first_gradients,
        lambda run, view: _first_gradients(run).points(view.scale.place),
        axes.positive,
        lambda value: f"{value:.1e}" if value else "0",
        lambda value: f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e+") if value else "0",
        title=N_("Gradient norms"),
        always_logarithmic=True,
        nothing=-math.inf,
    ),
}
"""By the names of their charts."""
