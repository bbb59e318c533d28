"""The network as a small picture: a bar for each layer, as high as it is wide on a logarithmic scale, and the sizes below."""

import math
from collections.abc import Sequence
from itertools import groupby

from textual.content import Content
from textual.widgets import Static

from tui_trainer.text.drawing import HEIGHTS

MOST_BARS = 8
"""Bars for equal layers in a row; more are told by the number below."""


def diagram(sizes: Sequence[int], width: int, rows: int = 2, *, plain: bool = False) -> list[str]:
    """Rows of bars and a row of labels, at most `width` characters; what does not fit is left out in the middle."""
    groups = [(size, len(list(same))) for size, same in groupby(sizes)]
    for most in (MOST_BARS, 3, 1):
        columns = [_group(size, times, rows, most, max(sizes), plain=plain) for size, times in groups]
        if sum(len(column[-1]) + 1 for column in columns) <= width:
            break
    whole = len(columns)
    while len(columns) > 2 and sum(len(column[-1]) + 1 for column in columns) + 2 > width:
        del columns[len(columns) // 2]
    if len(columns) < whole:
        columns.insert((len(columns) + 1) // 2, [" "] * rows + ["~" if plain else "…"])
    return [" ".join(line) for line in zip(*columns, strict=True)]


def _group(size: int, times: int, rows: int, most: int, widest: int, *, plain: bool) -> list[str]:
    """The bars of equal layers, row by row from the top, and their label, all of one width."""
    label = str(size) if times == 1 else f"{size}{'x' if plain else '×'}{times}"
    bars = min(times, most)
    width = max(len(label), bars)
    # One unit is still a bar.
    eighths = max(1, round(rows * 8 * math.log2(size + 1) / math.log2(widest + 1)))
    lines = []
    for row in reversed(range(rows)):
        filled = min(max(eighths - 8 * row, 0), 8)
        character = ("#" if filled >= 4 or (row == 0 and filled) else " ") if plain else HEIGHTS[filled]
        lines.append((character * bars).center(width))
    return [*lines, label.center(width)]


class Diagram(Static):
    """Draws itself anew for the width it has."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._sizes: Sequence[int] = ()

    def show(self, sizes: Sequence[int]) -> None:
        """Show a network of these sizes, from the image to the classes; of none, nothing."""
        self._sizes = sizes
        self._draw()

    def on_resize(self) -> None:
        """Use the room there is."""
        self._draw()

    def _draw(self) -> None:
        lines = diagram(self._sizes, self.size.width, plain=self.app.has_class("-plain")) if self._sizes else [""]
        self.update(Content("\n".join(lines)), layout=False)
