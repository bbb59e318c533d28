"""A decision surface without a screen: a picture in a terminal or a file, or numbers."""

import json
from html import escape
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from tui_trainer.datasets.dataset import Split, load
from tui_trainer.errors import UserError
from tui_trainer.system.files import write_whole
from tui_trainer.system.streams import note, results
from tui_trainer.text.drawing import look_of
from tui_trainer.text.surfaces import NOTHING, STEPS, Pixels, class_mark, colour, evenly, scatter
from tui_trainer.trained.activity import as_inputs
from tui_trainer.trained.estimator import Classifier
from tui_trainer.trained.surface import FEATURES, Surface, Window, surface
from tui_trainer.training.events import plain

POINTS = 400
"""Points in a picture: more would hide what is below them."""

PIXEL = 6
"""Side of a pixel in a file."""


class Picture(NamedTuple):
    """A network, and what it was trained on, if that can be read."""

    model: Classifier
    data: Split | None

    @classmethod
    def of(cls, path: Path) -> "Picture":
        """That of a checkpoint. Raises UserError where its network has other than two inputs."""
        model = Classifier.load(path)
        if model.spec_.features != FEATURES:
            raise UserError(f"a surface is drawn over two features, and this network takes {model.spec_.need.rstrip(',')}", path=path)
        options = model.options_
        try:
            return cls(model, load(options.data, *options.read_by).training)
        except UserError as error:
            note(f"without the points: {error}")
            return cls(model, None)

    @property
    def points(self) -> np.ndarray:
        """As the network takes them; the unit square's corners where there are none."""
        return as_inputs(self.data.images) if self.data else np.array([[0, 0], [1, 1]], np.float32)

    @property
    def some(self) -> NDArray[np.intp]:
        """The numbers of the points that are drawn."""
        return evenly(len(self.points), POINTS)

    @property
    def names(self) -> list[str]:
        """Of the classes."""
        return list(self.model.spec_.names)

    def drawn(self, columns: int, rows: int) -> tuple[Surface, Pixels]:
        """The surface, and its pixels with some of the points."""
        points = self.points
        found = surface(self.model.network_, Window.around(points, columns, rows), columns, rows)
        dots = np.full((rows, columns), NOTHING)
        if self.data:
            dots = scatter(found.window.pixels(points[self.some], columns, rows), self.data.labels[self.some], (rows, columns))
        return found, Pixels(found.classes, found.probabilities, dots, self.model.spec_.classes)


def print_surface(picture: Picture, size: int) -> None:
    """One JSON object."""
    found, _ = picture.drawn(size, size)
    # In the data's own numbers.
    x, y = picture.model.spec_.scaler.numbers(np.stack(found.window.centres(size, size), axis=1)).T
    with results():
        print(  # noqa: T201
            json.dumps(
                plain({"x": x.tolist(), "y": y.tolist(), "class": found.classes.tolist(), "probability": found.probabilities.tolist()}),
                allow_nan=False,
            )
        )


def print_picture(picture: Picture, size: int | None) -> None:
    """The picture in the characters that the terminal has, and the classes below it."""
    console = Console(highlight=False)
    look = look_of(console)
    side = size or max(min(console.width, 2 * (console.height - 3)), 2)
    _, pixels = picture.drawn(side, side + side % 2)
    with results():
        for row in pixels.draw(look):
            console.print(Text.assemble(*row), soft_wrap=True)
        legend = Text()
        for number, name in enumerate(picture.names):
            legend.append(*class_mark(number, look))
            legend.append(f" {name}  ")
        console.print(legend, soft_wrap=True)


def write_picture(picture: Picture, size: int, path: Path) -> None:
    """The picture as an SVG. Raises OSError."""
    found, _ = picture.drawn(size, size)
    steps = Pixels(found.classes, found.probabilities, np.full((size, size), NOTHING), picture.model.spec_.classes)
    side = size * PIXEL
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side + 24}" font-family="sans-serif" font-size="13">']
    lines.append('<g shape-rendering="crispEdges">')
    for row, pairs in enumerate(zip(steps.classes.tolist(), steps.steps.tolist(), strict=True)):
        left = 0
        for (kind, step), same in groupby(zip(*pairs, strict=True)):
            width = len(list(same)) * PIXEL
            lines.append(f'<rect x="{left}" y="{row * PIXEL}" width="{width}" height="{PIXEL}" fill="{_hex(kind, step)}"/>')
            left += width
    lines.append("</g>")
    if picture.data:
        some = picture.some
        across, down, inside = found.window.pixels(picture.points[some], side, side)
        for x, y, label, shown in zip(across.tolist(), down.tolist(), picture.data.labels[some].tolist(), inside.tolist(), strict=True):
            if shown:
                lines.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{_hex(label, STEPS)}" stroke="white"/>')
    left = 6
    for number, name in enumerate(picture.names):
        lines.append(f'<circle cx="{left + 5}" cy="{side + 12}" r="5" fill="{_hex(number, STEPS)}"/>')
        lines.append(f'<text x="{left + 15}" y="{side + 17}" fill="#868e96">{escape(name)}</text>')
        left += 30 + 8 * len(name)
    write_whole(path, "\n".join([*lines, "</svg>\n"]).encode())


def _hex(kind: int, step: int) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour(kind, step))
