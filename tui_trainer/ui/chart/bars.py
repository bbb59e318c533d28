"""A histogram as rows of text."""

import numpy as np

from tui_trainer.text.drawing import HEIGHTS, Row
from tui_trainer.training.events import Histogram
from tui_trainer.ui.chart import axes


def histogram_rows(histogram: Histogram, width: int, height: int, *, powers: bool = False, plain: bool = False) -> list[Row]:
    """Bars over an axis, the tallest as high as there is room; a bin that holds anything can be seen. Edges may be powers of ten."""
    if width < 1 or height < 2:
        return []
    # As if the values of a bin lay evenly in it.
    bins = len(histogram.counts)
    below = np.concatenate([[0], np.cumsum(histogram.counts)])
    counts = np.diff(np.interp(np.linspace(0, bins, width + 1), np.arange(bins + 1), below))
    full = 8 * (height - 1)
    eighths = np.ceil(counts / max(float(counts.max()), 1e-9) * full - 1e-9).astype(np.intp)
    found: list[Row] = []
    for row in range(height - 1):
        parts = np.clip(eighths - 8 * (height - 2 - row), 0, 8).tolist()
        found.append([("".join((("#" if part else " ") if plain else HEIGHTS[part]) for part in parts), "bars--bar")])
    return [*found, [(_scale(histogram.edges, width, powers=powers), "bars--axis")]]


def _scale(edges: np.ndarray, columns: int, *, powers: bool) -> str:
    low, high = float(edges[0]), float(edges[-1])
    text = [" "] * columns
    ticks = list(zip((axis := axes.of_window(low, high, columns)).ticks, axis.labels, strict=True))
    if powers:
        ticks = [
            (float(power), f"1e{power}")
            for power in range(-100, 100, max(2, -(-round(high - low) * 7 // columns // 2) * 2))
            if low <= power < high
        ]
    for tick, label in ticks:
        start = round((tick - low) / (high - low) * columns) - len(label) // 2
        start = min(max(start, 0), columns - len(label))
        if start >= 0 and not "".join(text[max(start - 1, 0) : start + len(label) + 1]).strip():
            text[start : start + len(label)] = label
    return "".join(text)
