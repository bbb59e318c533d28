"""Which curves a chart of one quantity shows: from the history of a run, and of those it is compared with, to points and axes."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Protocol

import numpy as np

from tui_trainer.history.history import History
from tui_trainer.history.quantities import BATCHES, FIGURES
from tui_trainer.history.quantity import NATS, SHARE, Quantity
from tui_trainer.history.series import MEAN, Points, Series, envelope, smoothed, some
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart import axes
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.view import Scale, View


class Pen(IntEnum):
    """What a run of characters belongs to; the numbers are plotext's colour codes."""

    PAPER = 0
    AXIS = 1
    GRID = 2
    BATCHES = 3
    SMOOTH = 4
    TRAINING = 5
    VALIDATION = 6
    CHANGE = 7
    CURSOR = 8
    RUN_1 = 9
    RUN_2 = 10
    RUN_3 = 11
    RUN_4 = 12
    RUN_5 = 13
    RUN_6 = 14
    GHOST = 15
    GUESS = 16
    DANGER = 17

    @property
    def style(self) -> str:
        """The component class that gives it its colour."""
        return f"chart--{self.name.lower().replace('_', '-')}"


MOST_PLACES = 1000
"""At which the curves of several seeds are compared."""

MOST_DOTS = 100
"""Of a run that is compared: each of a line's points would be as good as none."""

RUN_PENS = (Pen.RUN_1, Pen.RUN_2, Pen.RUN_3, Pen.RUN_4, Pen.RUN_5, Pen.RUN_6)

BESIDE = frozenset((*RUN_PENS, Pen.GHOST))
"""Of other runs than the one that a chart is about."""


class Stroke(Enum):
    """How a curve is drawn."""

    FAINT = "faint"
    LINE = "line"
    BETWEEN_DOTS = "between dots"
    DOTS = "dots"
    BAND = "band"
    """Between its points and those above them."""
    GHOST = "ghost"
    """Behind all others, in dashes."""


@dataclass(frozen=True)
class Curve:
    """Points to draw, and what they are called."""

    points: Points
    pen: Pen
    stroke: Stroke
    names: tuple[str, ...] = ()
    """From the longest to the shortest; none for what needs no legend."""
    mark: str = ""
    """The character for its points where it has any."""
    upper: np.ndarray | None = None
    """The upper edge of a band, of which `points` are the lower one."""
    turn: tuple[int, int] = (0, 1)
    """Which of how many dashes of its line are drawn, where others lie on it."""
    end: float = math.inf
    """Where on the x axis its run was trained to; there is nothing to read beyond."""
    burst: bool = False
    """Whether its run ended because its numbers were not finite."""

    @property
    def rough(self) -> bool:
        """Whether a few of its points may stick out of the chart."""
        return self.stroke in (Stroke.FAINT, Stroke.LINE, Stroke.GHOST)

    @property
    def leading(self) -> bool:
        """Whether its end has to be in the chart."""
        return self.stroke is Stroke.LINE and not self.burst

    @property
    def beside(self) -> bool:
        """Whether it is of another run than the one that the chart is about."""
        return self.pen in BESIDE


@dataclass(frozen=True)
class Shown:
    """A run on the charts: the one that is followed, or one that it is compared with."""

    name: str
    history: History
    epochs: int
    """How many it is to last, as far as that is known."""
    faded: bool = False
    """Whether it is a ghost: dimmed behind the others, without readings; its name is its title, such as `before: uniform`."""


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


def _dotted(points: Points, pen: Pen, names: tuple[str, ...], mark: str) -> Iterator[Curve]:
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
    yield from _dotted(validation.points(view.scale.place), Pen.VALIDATION, held_out, marks.validation)


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
            yield from _dotted(points, pen, words, mark)
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


def curves(drawing: Drawing, run: Shown | None, others: Sequence[Shown], view: View, marks: Marks) -> list[Curve]:
    """All curves of a chart, those in front last, with x and y as they are drawn: powers of ten where an axis is logarithmic."""
    ghosts = [each for each in others if each.faded]
    others = [each for each in others if not each.faded]
    ghostly = (Curve(drawing.ghost(each.history, view), Pen.GHOST, Stroke.GHOST, (each.name,), marks.ghost) for each in ghosts)
    found = [_of(each, curve, view) for each, curve in zip(ghosts, ghostly, strict=True)]
    for group, pen, mark in zip(by_seed(others), RUN_PENS, marks.runs, strict=False):
        points, band = _seeds([drawing.compared(each.history).points(view.scale.place) for each in group])
        found += [_of(group[0], replace(curve, pen=pen), view) for curve in band]
        drawn = _dotted(points, pen, (_name(group),), mark)
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


def _name(group: Sequence[Shown]) -> str:
    """What the names of runs with several seeds have in common, and how many there are."""
    if len(group) == 1:
        return group[0].name
    words = [each.name.split() for each in group]
    common = [word for word in words[0] if all(word in each for each in words) and word != _("seed")]
    return " ".join([*common, _("{count} seeds").format(count=len(group))])


def _seeds(every: Sequence[Points]) -> tuple[Points, list[Curve]]:
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


def _over_log10(points: Points) -> Points:
    """Over powers of ten; what was there before the first step has no place."""
    x, y = points
    after = x > 0
    return np.log10(x[after]), y[after]


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
