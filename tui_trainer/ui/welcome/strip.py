"""A strip of images with what a network takes them for."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.dataset import Split
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.nn.arrays import Labels
from tui_trainer.text.cells import cut
from tui_trainer.text.drawing import Look, Row
from tui_trainer.text.language import _
from tui_trainer.trained.activity import in_turn
from tui_trainer.trained.inspection import Examination
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.inside.gallery import picture

SIDE = 14
"""Columns of a picture: half as many pixels across as MNIST's images have."""

GAP = 2

CAPTIONS = 2
"""Lines below a picture."""

HEIGHT = SIDE // 2 + CAPTIONS

MOST = 40
"""Images that are examined; as many are shown as there is room for."""


def chosen(test: Split) -> Split:
    """MOST test images: the first of each class, then the second of each, and so on."""
    indices = in_turn(test.labels)[:MOST]
    return Split(test.images[indices], test.labels[indices])


class Strip(Painted):
    """Shows as many images as there is room for."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"strip--right", "strip--wrong", "strip--waiting"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._levels: list[NDArray[np.uint8]] = []
        self._labels: Labels = np.empty(0, np.intp)
        self._examination: Examination | None = None

    def show(self, images: Split, spec: DataSpec, examination: Examination | None) -> None:
        """Show images of such data, and what a network said about them."""
        self._levels = [spec.levels(image) for image in images.images]
        self._labels, self._examination = images.labels, examination
        self.repaint()

    @property
    def _across(self) -> int:
        return max((self.size.width + GAP) // (SIDE + GAP), 1)

    @property
    def shown(self) -> int:
        """How many images there is room for."""
        return min(self._across * max(self.size.height // HEIGHT, 1), len(self._levels))

    @property
    def right(self) -> int:
        """How many of these the network reads right."""
        found = self._examination
        return int((found.predicted == found.labels)[: self.shown].sum()) if found else 0

    def draw(self, width: int, height: int) -> list[Row]:
        rows: list[Row] = []
        for first in range(0, self.shown, self._across):
            numbers = range(first, min(first + self._across, self.shown))
            left = max(width - min(self._across, self.shown) * (SIDE + GAP) + GAP, 0) // 2
            line: list[Row] = [[(" " * left, "")] for _ in range(HEIGHT)]
            for number in numbers:
                tile = [*picture(self._levels[number], SIDE, self.look)[: SIDE // 2], *self._captions(number)]
                for row, piece in zip(line, tile, strict=False):
                    row += [*piece, (" " * GAP, "")]
            rows += line
        return rows[:height]

    def _captions(self, number: int) -> list[Row]:
        label, found = self._labels[number], self._examination
        if found is None:
            return [[(cut("?", SIDE), "strip--waiting")], [(" " * SIDE, "")]]
        said, surely = found.predicted[number], found.probabilities[number, found.predicted[number]]
        is_right, plain = said == label, self.look is Look.ASCII
        mark = ("ok" if is_right else "no") if plain else ("✓" if is_right else "✗")
        style = "strip--right" if is_right else "strip--wrong"
        below = "" if is_right else _("it is {label}").format(label=label)
        return [[(cut(f"{mark} {said}  {surely:.0%}", SIDE), style)], [(cut(below, SIDE), "strip--waiting")]]
