"""Decision surfaces in the characters that a terminal has: classes as colours or characters, and the points over them."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from tui_trainer.text.drawing import Look, Row, in_runs

Colour = tuple[int, int, int]

COLOURS: Sequence[Colour] = (
    (245, 147, 34), (8, 119, 189), (0, 158, 115), (204, 121, 167), (213, 94, 0), (86, 180, 233), (240, 228, 66), (150, 120, 220),
)  # fmt: skip
"""Of the classes: orange and blue first, and all to be told apart by colour-blind eyes (Okabe & Ito 2008)."""

PENS = ("yellow", "blue", "green", "magenta", "red", "cyan", "bright_yellow", "bright_magenta")
"""The same among sixteen colours."""

STEPS = 4
"""Shades of a class, from a guess to certainty: each change of one is some thirty bytes on the line."""

DARK, LIGHT = (22, 26, 34), (250, 250, 250)
"""What a class that is but guessed fades into, on dark and on light themes."""

AREAS = {Look.BLOCKS: "░▒▓ ", Look.ASCII: ".:+ "}
"""What fills the area of a class where there are no shades."""

NOTHING = -1


class Pixels:
    """What lies in each pixel (rows, columns): a class with how sure it is, and a point or NOTHING."""

    def __init__(self, classes: NDArray[np.integer], probabilities: NDArray[np.floating], points: NDArray[np.intp], count: int) -> None:
        guess = 1 / max(count, 2)
        sure = np.nan_to_num((probabilities - guess) / (1 - guess))
        self.classes = np.where(np.isfinite(probabilities), classes, NOTHING)
        self.steps = np.rint(np.clip(sure, 0, 1) * STEPS).astype(np.intp)
        self.points = points

    def draw(self, look: Look, *, dark: bool = True) -> list[Row]:
        """Rows of text, each of two rows of pixels; of none of a kind the lower one shows in characters."""
        if look is Look.SHADES:
            colours = self._colours()
            return [_halves(above, below, dark=dark) for above, below in zip(colours[::2], colours[1::2], strict=False)]
        return [self._characters(row, look) for row in range(0, len(self.classes) - 1, 2)]

    def _colours(self) -> list[list[tuple[int, int]]]:
        """Of each pixel its class, and its step: that of a point is above all."""
        classes = np.where(self.points == NOTHING, self.classes, self.points)
        steps = np.where(self.points == NOTHING, self.steps, STEPS + 1)
        return [list(zip(*pair, strict=True)) for pair in zip(classes.tolist(), steps.tolist(), strict=True)]

    def _characters(self, row: int, look: Look) -> Row:
        areas = AREAS[look]
        pieces = []
        for column in range(self.classes.shape[1]):
            here = [point for point in self.points[row : row + 2, column].tolist() if point != NOTHING]
            known = int(self.classes[row, column])
            text = str(here[0] % 10) if here else " " if known == NOTHING else areas[known % len(areas)]
            of = here[0] if here else known
            pieces.append((text, "" if of == NOTHING else f"bold {PENS[of % len(PENS)]}" if here else PENS[of % len(PENS)]))
        return [("".join(text for text, _ in same), style) for style, same in groupby(pieces, key=lambda piece: piece[1])]


def evenly(count: int, most: int) -> NDArray[np.intp]:
    """The numbers of at most so many of `count` points, evenly among all: files may be sorted by class."""
    return np.unique(np.linspace(0, count - 1, most).astype(np.intp))


def scatter(
    window_pixels: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]], labels: NDArray[np.integer], shape: tuple[int, int]
) -> NDArray[np.intp]:
    """The class of the last point in each pixel (rows, columns); NOTHING where there is none."""
    found = np.full(shape, NOTHING)
    across, down, inside = window_pixels
    found[down[inside], across[inside]] = labels[inside]
    return found


def signed_pixels(values: NDArray[np.floating]) -> Pixels:
    """What a unit puts out (rows, columns) as two classes: above 0 and below, as sure as it is far from 0."""
    finite = np.isfinite(values)
    most = float(np.abs(values[finite]).max(initial=0)) or 1.0
    sure = np.where(finite, 0.5 + np.abs(np.where(finite, values, 0)) / most / 2, np.nan)
    return Pixels((values < 0).astype(np.intp), sure, np.full(values.shape, NOTHING), 2)


def _halves(above: list[tuple[int, int]], below: list[tuple[int, int]], *, dark: bool) -> Row:
    return in_runs("▀", (_style(*one, *other, dark) for one, other in zip(above, below, strict=True)))


@lru_cache(1 << 14)
def _style(upper: int, upper_step: int, lower: int, lower_step: int, dark: bool) -> str:
    first, second = colour(upper, upper_step, dark=dark), colour(lower, lower_step, dark=dark)
    return f"rgb({first[0]},{first[1]},{first[2]}) on rgb({second[0]},{second[1]},{second[2]})"


def colour(kind: int, step: int, *, dark: bool = True) -> Colour:
    """A class's colour at a step from 0, a guess, to STEPS, certainty; one more is a point's."""
    base = DARK if dark else LIGHT
    if kind == NOTHING:
        return base
    own = COLOURS[kind % len(COLOURS)]
    if step > STEPS:
        return _mixed(own, (255, 255, 255) if dark else (0, 0, 0), 0.55 if dark else 0.35)
    return _mixed(base, own, 0.14 + 0.6 * step / STEPS)


def class_mark(number: int, look: Look, *, dark: bool = True) -> tuple[str, str]:
    """What stands before a class's name, and its style: as its points are drawn."""
    if look is not Look.SHADES:
        return str(number % 10), "bold"
    red, green, blue = colour(number, STEPS + 1, dark=dark)
    return "■", f"rgb({red},{green},{blue})"


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + share * (b - a)) for a, b in zip(one, other, strict=True))
    return red, green, blue
