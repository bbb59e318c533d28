"""How one layer's values are distributed: at one step as bars, or over the run as a picture, steps across and values upwards."""

from itertools import groupby
from typing import ClassVar, Final, NamedTuple

import numpy as np

from tui_trainer.history.distributions import DistributionHistory, Kind, Picture
from tui_trainer.text.cells import cut
from tui_trainer.text.drawing import Row
from tui_trainer.text.language import N_, _
from tui_trainer.training.events import Histogram
from tui_trainer.ui.chart import heat
from tui_trainer.ui.chart.bars import histogram_rows
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.kit.titles import entitle

TITLES: Final = {
    "activations": (N_("Activations"), N_("Activations of {layer}"), N_("Activations of {layer} over time")),
    "gradients": (N_("Gradients"), N_("Gradients of {layer}"), N_("Gradients of {layer} over time")),
}
"""Without a layer, of one step, and over the run."""

READINGS: Final = {
    "activations": N_("at 0: dead; at the ends: saturated"),
    "gradients": N_("sinks: vanishing; rises: exploding"),
}
"""What is to be seen in a picture, in a line."""

LABELS: Final = 6
"""Columns to the left of a picture."""

HEAD_ROWS, FOOT_ROWS = 1, 1

FAINTEST: Final = 3.0
"""Powers of ten below all values: the share with which the faintest character begins."""


class Course(NamedTuple):
    """One layer over the run, and the step that is pointed at, if one is."""

    history: DistributionHistory
    layer: int
    end: float
    step: float | None


class DistributionPane(Painted):
    """Shows the activations or the gradients of one layer."""

    DEFAULT_CLASSES = "pane"

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "bars--bar",
        "bars--axis",
        "heat--cursor",
        *(f"bars--shade-{level}" for level in range(heat.SHADINGS)),
    }

    def __init__(self, kind: Kind) -> None:
        super().__init__(id=kind)
        self._kind: Kind = kind
        self._ramp = heat.SHADES
        self._over_time = False
        self._course: Course | None = None

    def show(self, course: Course) -> None:
        """Show a layer, as it is known by now."""
        self._course = course
        self._entitle()
        self.repaint()

    def show_ramp(self, ramp: str) -> None:
        """Draw with other characters."""
        self._ramp = ramp
        self.repaint()

    def show_over_time(self, *, over_time: bool) -> None:
        """Show the whole run, or one step."""
        self._over_time = over_time
        self._entitle()
        self.repaint()

    def _entitle(self) -> None:
        without, of_step, of_run = TITLES[self._kind]
        course = self._course
        bucket = course.history.at(course.step) if course else None
        if course is None or bucket is None or course.layer >= len(bucket.layers):
            entitle(self, title=_(without), subtitle="")
            return
        histogram: Histogram = getattr(bucket.layers[course.layer], self._kind)
        if bucket.first == bucket.last:
            step = _("step {step:,.0f}").format(step=bucket.last)
        else:
            step = _("steps {first:,.0f} to {last:,.0f}").format(first=bucket.first, last=bucket.last)
        title = of_run if self._over_time else of_step
        entitle(self, title=_(title).format(layer=bucket.layers[course.layer].name), subtitle=_elsewhere(histogram, self._kind) + step)

    def draw(self, width: int, height: int) -> list[Row]:
        course, is_gradient = self._course, self._kind == "gradients"
        bucket = course.history.at(course.step) if course else None
        if course is None or bucket is None or course.layer >= len(bucket.layers):
            return []
        plain = self._ramp == heat.PLAIN
        if not self._over_time:
            histogram = getattr(bucket.layers[course.layer], self._kind)
            return histogram_rows(histogram, width, height, powers=is_gradient, plain=plain)
        rows, columns = height - HEAD_ROWS - FOOT_ROWS - is_gradient, width - LABELS
        picture = course.history.picture(course.layer, self._kind, course.end, rows, columns)
        if picture is None:
            return []
        reading = [(cut(_(READINGS[self._kind]), width), "bars--axis")]
        at = None if course.step is None else min(int(course.step / max(course.end, 1.0) * columns), columns - 1)
        shares = np.vstack([picture.shares, picture.elsewhere]) if is_gradient else picture.shares
        labels = _labels(picture, rows, powers=is_gradient) + (["0"] if is_gradient else [])
        found = [_row(label, row, at, self._ramp) for label, row in zip(labels, shares, strict=True)]
        return [reading, *found, [(" " * LABELS, ""), (heat.scale_of_steps(course.end, columns), "bars--axis")]]


def _labels(picture: Picture, rows: int, *, powers: bool) -> list[str]:
    """What stands to the left of each row: the scale's ends, and 0 where it lies between."""
    labels = [""] * rows
    low, high = picture.low, picture.high
    for row, value in ((0, high), (rows - 1, low)):
        labels[row] = f"1e{value:.0f}" if powers else f"{value:.2g}"
    if not powers and low < 0 < high:
        labels[rows - 1 - min(int(-low / (high - low) * rows), rows - 1)] = "0"
    return labels


def _row(label: str, shares: np.ndarray, at: int | None, ramp: str) -> Row:
    """A row of a picture; brightness is the logarithm of the share."""
    is_there = np.nan_to_num(shares) > 0
    strength = 1 + np.log10(shares, where=is_there, out=np.full(len(shares), -FAINTEST)) / FAINTEST
    strength = np.clip(strength, 0.0, 1.0)
    glyphs = np.where(is_there, np.minimum((strength * len(ramp)).astype(np.intp), len(ramp) - 1), len(ramp)).tolist()
    shades = np.where(is_there, np.minimum((strength * heat.SHADINGS).astype(np.intp), heat.SHADINGS - 1), -1).tolist()
    styles = ["" if shade < 0 else f"bars--shade-{shade}" for shade in shades]
    if at is not None:
        styles[at] = "heat--cursor"
    characters = f"{ramp} "
    pieces = zip((characters[glyph] for glyph in glyphs), styles, strict=True)
    row: Row = [(f"{label[: LABELS - 1]:>{LABELS - 1}} ", "bars--axis")]
    return [*row, *(("".join(glyph for glyph, _ in group), style) for style, group in groupby(pieces, key=lambda piece: piece[1]))]


def _elsewhere(histogram: Histogram, kind: Kind) -> str:
    """The share that has no place in a histogram, in words, where there is any."""
    total = float(histogram.counts.sum()) + histogram.elsewhere
    if not histogram.elsewhere:
        return ""
    text = _("{share:.0%} are 0") if kind == "gradients" else _("{share:.0%} not finite")
    return f"{text.format(share=histogram.elsewhere / total)}, "
