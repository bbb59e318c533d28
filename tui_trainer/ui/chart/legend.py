"""What stands over a chart: which curve is whose, and its value, in as many words as there is room for."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from rich.cells import cell_len

from tui_trainer.history.series import Points
from tui_trainer.text.drawing import Row
from tui_trainer.ui.chart.curves import RUN_PENS, Curve, Pen


def value_at(points: Points, cursor: float | None) -> float | None:
    """The value at the cursor, or the last one without a cursor; None in a gap, and where the curve has not begun."""
    x, y = points
    index = len(x) - 1 if cursor is None else int(np.searchsorted(x, cursor, "right")) - 1
    return float(y[index]) if index >= 0 and np.isfinite(y[index]) else None


def fitting(rows: Iterable[Row], width: int) -> Row:
    """The first of these rows that fits into so many columns, else the last."""
    found: Row = []
    for row in rows:
        found = row
        if sum(cell_len(text) for text, _ in row) - 1 <= width:
            break
    return found


def wordings(curves: Sequence[Curve], values: Sequence[str], line: str) -> Iterator[Row]:
    """Each curve's mark, or `line` where it has none, its name and its value, in fewer and fewer words.

    Which run is which matters more than its value: the values of runs that are compared are left out before the names.
    """
    briefest = max((len(curve.names) for curve in curves), default=1) - 1
    brevities = [(brevity, True) for brevity in range(briefest + 1)]
    if any(curve.pen in RUN_PENS for curve in curves):
        brevities.insert(briefest, (briefest - 1, False))
    for brevity, with_values in brevities:
        row: Row = []
        for curve, value in zip(curves, values, strict=True):
            name = curve.names[min(brevity, len(curve.names) - 1)]
            row += [(f" {curve.mark or line} ", curve.pen.style), (f"{name} " if name else "", Pen.AXIS.style)]
            row += [(f"{value} ", curve.pen.style)] if value and with_values else []
        yield row
