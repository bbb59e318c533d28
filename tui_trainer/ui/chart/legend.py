"""What stands over a chart: which curve is whose, and its value, in as many words as there is room for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.cells import cell_len

from tui_trainer.history.series import Points
from tui_trainer.text.cells import shorten
from tui_trainer.text.drawing import Row
from tui_trainer.ui.chart.curve import Pen


@dataclass(frozen=True)
class Entry:
    """A curve in a legend."""

    mark: str
    pen: Pen
    names: tuple[str, ...]
    """From the longest to the shortest."""
    value: str = ""
    brief: str = ""
    """The value where there is little room."""
    alike: str = ""
    """The mark of a curve that it lies on."""

    def named(self, brevity: int) -> str:
        """Its name, the shorter the higher the brevity."""
        return self.names[min(brevity, len(self.names) - 1)]


def value_at(points: Points, cursor: float | None) -> float | None:
    """The value at the cursor, or the last one without a cursor; None in a gap, and where the curve has not begun."""
    x, y = points
    index = len(x) - 1 if cursor is None else int(np.searchsorted(x, cursor, "right")) - 1
    return float(y[index]) if index >= 0 and not np.isnan(y[index]) else None


def of_curves(entries: Sequence[Entry], before: Row, width: int) -> Row:
    """A row with each curve's name and value, in fewer and fewer words until it fits."""
    return _fitting(([*before, *wording] for wording in _wordings(entries)), width)


def _wordings(entries: Sequence[Entry]) -> Iterator[Row]:
    briefest = max((len(entry.names) for entry in entries), default=1) - 1
    for brevity in range(briefest):
        yield _row(entries, brevity)
    for values in ([entry.value for entry in entries], [entry.brief for entry in entries]):
        yield _tight(entries, max(briefest - 1, 0), values)
    yield _row(entries, briefest)


def _fitting(rows: Iterable[Row], width: int) -> Row:
    """The first of these rows that fits into so many columns, else the last."""
    found: Row = []
    for row in rows:
        found = row
        if _width(row) <= width:
            break
    return found


def of_runs(entries: Sequence[Entry], before: Row, width: int, most: int) -> list[Row]:
    """At most `most` rows with the names of all runs, and their values where there is room: which run is which matters more.

    How many rows depends on the names alone, so that a chart does not change its height as values do, unless there is something `before`:
    then values are what is asked for.
    """
    brief = max((len(entry.names) for entry in entries), default=1) - 1
    count = min(len(_flowing([before, *(_row([entry], brief, values=bool(before)) for entry in entries)], width)), most)
    for brevity, values in ((0, True), (brief, True), (0, False), (brief, False)):
        rows = _flowing([before, *(_row([entry], brevity, values=values) for entry in entries)], width)
        if len(rows) <= count:
            return rows
    in_a_row = -(-(len(entries) + bool(before)) // count)
    room = max((width + 1) // in_a_row - 4 - max(cell_len(entry.alike) + bool(entry.alike) for entry in entries), 1)
    cut = [replace(entry, names=(shorten(entry.named(brief), room),)) for entry in entries]
    return _flowing([before, *(_row([entry], 0, values=False) for entry in cut)], width)[:count]


def telling(names: Sequence[str]) -> list[str]:
    """What tells names apart: without the words that all have, or divided by hyphens all begin with."""
    words = [name.split() for name in names]
    common = set.intersection(*(set(each) for each in words)) if len(names) > 1 else set()
    apart = [" ".join(word for word in each if word not in common) for each in words]
    if len(names) < 2 or not all(apart):
        apart = list(names)
    parts = [name.split("-") for name in apart]
    same = 0
    while all(len(each) > same + 1 for each in parts) and len({each[same] for each in parts}) == 1:
        same += 1
    return ["-".join(each[same:]) for each in parts]


def _row(entries: Sequence[Entry], brevity: int, *, values: bool = True) -> Row:
    row: Row = []
    for entry in entries:
        name = entry.named(brevity)
        row += [(f" {entry.mark} ", entry.pen.style), (f"{name} " if name else "", Pen.AXIS.style)]
        row += [(f"{text} ", entry.pen.style) for text in (entry.value if values else "", entry.alike) if text]
    return row


def _tight(entries: Sequence[Entry], brevity: int, values: Sequence[str]) -> Row:
    """The same without a column to spare."""
    row: Row = []
    for place, (entry, value) in enumerate(zip(entries, values, strict=True)):
        name = entry.named(brevity)
        row += [(f"{' ' if place else ''}{entry.mark}", entry.pen.style), (f" {name}" if name else "", Pen.AXIS.style)]
        row += [(f" {value}", entry.pen.style)] if value else []
    return row


def _flowing(pieces: Sequence[Row], width: int) -> list[Row]:
    """As many rows as these pieces, which stay whole, take."""
    rows: list[Row] = [[]]
    for piece in pieces:
        if rows[-1] and _width([*rows[-1], *piece]) > width:
            rows.append([])
        rows[-1] += piece
    return rows


def _width(row: Row) -> int:
    """The columns that it takes, but for blanks at its end."""
    return cell_len("".join(text for text, _ in row).rstrip())
