"""What is on the screen as files: pictures of it, the curves as CSV, the layer table as CSV or Markdown."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.segment import Segments
from textual.widget import Widget

from tui_trainer.history.history import History
from tui_trainer.history.quantities import EXPORTED
from tui_trainer.history.quantity import SHARE
from tui_trainer.history.series import Series
from tui_trainer.history.traces import curve
from tui_trainer.system.files import write_whole

_FONT = re.compile(r"\s*@font-face \{[^}]*\}")
_LINE_CLIP = re.compile(r'<clipPath id="[^"]*-line-\d+">.*?</clipPath>\s*| clip-path="url\(#[^"]*-line-\d+\)"', re.DOTALL)
_GROUND = re.compile(r'<rect fill="([^"]*)" x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)" shape-rendering="crispEdges"/>')
_GROUNDS = re.compile(f"(?:{_GROUND.pattern})+")
_UNIQUE = re.compile(r"\.(terminal-\d+)-matrix")

TOUCHING = 0.05
"""Pixels by which a rectangle's end and the next one's start may differ, both rounded."""


def svg(widgets: Sequence[Widget], title: str) -> str:
    """The widgets as they are drawn now, one below the other."""
    width = max(widget.size.width for widget in widgets)
    console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor", record=True, legacy_windows=False)
    for widget in widgets:
        if len(widgets) > 1:
            console.print(str(widget.border_title), markup=False, highlight=False)
        for y in range(widget.size.height):
            console.print(Segments(widget.render_line(y)), end="")
            console.print()
    return self_contained(console.export_svg(title=title))


def self_contained(picture: str) -> str:
    """The SVG without fonts that a viewer would fetch from elsewhere, drawn in one that is there; and less than half as long."""
    picture = _LINE_CLIP.sub("", _FONT.sub("", picture))
    # One rectangle for each colour of a line, not one for each piece of text.
    picture = _GROUNDS.sub(lambda found: "".join(_joined(_GROUND.findall(found[0]))), picture)
    # Names that are unique among all pictures on a page cost more than the pictures' texts.
    unique = _UNIQUE.search(picture)
    return picture.replace(unique[1], _short(unique[1])) if unique else picture


def _joined(grounds: Sequence[tuple[str, str, str, str, str]]) -> Iterator[str]:
    """Rectangles (fill, x, y, width, height) that stand beside each other, those of one colour as one."""
    for (fill, y, height), pieces in groupby(grounds, key=lambda ground: (ground[0], ground[2], ground[4])):
        start = end = None
        for _fill, x, _y, width, _height in pieces:
            left, right = float(x), float(x) + float(width)
            if end is not None and abs(left - end) > TOUCHING:
                yield _ground(fill, start or 0.0, y, end, height)
                end = None
            start, end = (start if end is not None else left), right
        if end is not None:
            yield _ground(fill, start or 0.0, y, end, height)


def _ground(fill: str, start: float, y: str, end: float, height: str) -> str:
    return f'<rect fill="{fill}" x="{start:g}" y="{y}" width="{round(end - start, 2):g}" height="{height}" shape-rendering="crispEdges"/>'


def _short(name: str) -> str:
    """A name for `terminal-1234567890` that is as unique as a few letters can be."""
    return f"t{int(name.rpartition('-')[2]) % 46656:x}"


def curves_csv(history: History) -> str:
    """Every kept point of every curve, one to a line: the first curve is that of the batches, the others those of whole epochs."""
    return table_csv([["curve", "step", "epoch", "seconds", "value"], *_points(history)])


def _points(history: History) -> Iterator[list[str]]:
    for name, figure in EXPORTED.items():
        percent = figure.scale is SHARE
        yield from _lines(f"{name}, %" if percent else name, curve(history, figure), 100 if percent else 1)
    for name, series in history.gradient_norms.items():
        yield from _lines(f"gradient norm of {name}", series)


def _lines(name: str, series: Series, unit: int = 1) -> Iterator[list[str]]:
    for step, epoch, seconds, value in series.rows():
        yield [name, f"{step:g}", f"{epoch:.6g}", f"{seconds:.4g}", f"{unit * value:.7g}"]


def table_csv(cells: Sequence[Sequence[str]]) -> str:
    """Rows of cells, heads first."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(cells)
    return text.getvalue()


def table_markdown(cells: Sequence[Sequence[str]]) -> str:
    """Rows of cells, heads first."""
    heads, *rows = ([cell.replace("|", "\\|") for cell in row] for row in cells)
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def save(folder: Path, name: str, text: str) -> Path:
    """Write `text` under a name that is not taken: `name`, or with a number before its suffix. Raises OSError."""
    path, number = folder / name, 1
    while True:
        try:
            write_whole(path, text.encode(), over=False)
        except FileExistsError:
            number += 1
            path = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
        else:
            return path
