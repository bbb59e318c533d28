"""A digit drawn by hand: ink on a square of pixels, which `png.fit` makes what the network is shown."""

from typing import Final

import numpy as np

from tui_trainer.datasets import png
from tui_trainer.datasets.png import Gray

SIDE: Final = 40
"""Pixels, of which a terminal shows two in a character: forty columns by twenty rows."""

PEN: Final = 1.6
"""Radius in pixels: a digit that is three quarters of the square high has strokes as thick as MNIST's then."""

ERASER: Final = 3.0

Point = tuple[float, float]
"""Across and down, in pixels from the upper left corner."""


class Sketch:
    """Ink from 0 for none to 255."""

    def __init__(self) -> None:
        self.ink: Gray = np.zeros((SIDE, SIDE), np.float32)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be seen."""
        return float(self.ink.max()) < png.FAINTEST

    def clear(self) -> None:
        """Begin again."""
        self.ink[:] = 0

    def stroke(self, start: Point, end: Point, *, erases: bool = False) -> None:
        """Draw a straight stroke with a round pen, or wipe one away."""
        across, down = np.arange(SIDE) + 0.5, (np.arange(SIDE) + 0.5)[:, None]
        (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
        # The nearest point of the stroke to each pixel's middle.
        share = np.clip(((across - x) * dx + (down - y) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
        distance = np.hypot(across - x - share * dx, down - y - share * dy)
        cover = 255 * np.clip((ERASER if erases else PEN) + 0.5 - distance, 0, 1).astype(np.float32)
        self.ink = np.minimum(self.ink, 255 - cover) if erases else np.maximum(self.ink, cover)
