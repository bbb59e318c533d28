"""Curves to characters: a canvas of cells, each of them several dots where the terminal's characters are fine enough."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from rich.cells import cell_len

from tui_trainer.history.series import Points

Glyphs = tuple[np.ndarray, np.ndarray]
"""The dots of a cell as bits (down, across), and the character for each sum of bits."""


_DOTS: Glyphs = np.array([[1, 8], [2, 16], [4, 32], [64, 128]], np.uint8), np.array([chr(0x2800 + code) for code in range(256)])
_QUARTERS: Glyphs = np.array([[1, 2], [4, 8]], np.uint8), np.array(list(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"))


def _one_dot(character: str) -> Glyphs:
    """A cell that is one dot, drawn as this character."""
    return np.ones((1, 1), np.uint8), np.array([" ", character])


@dataclass(frozen=True)
class Marks:
    """The characters that tell the curves apart where colours do not."""

    name: str
    line: str
    """What stands for the line in a legend."""
    training: str
    validation: str
    runs: str
    """For the runs that are compared, one each."""
    ghost: str
    """What stands for the line of a ghost."""
    band: str
    """What stands for a band in a legend."""
    alike: str
    """Before the mark of a curve that this one lies on."""
    rule: str
    guess: str
    """For the level of guessing, over and over again."""
    post: str
    glyphs: Glyphs = field(compare=False)
    faint: Glyphs = field(compare=False)
    ghostly: Glyphs = field(compare=False)
    shade: Glyphs = field(compare=False)
    plain: bool = False
    """Whether everything has to be ASCII."""

    @property
    def down(self) -> int:
        """Dots from the foot to the head of a cell."""
        return int(self.glyphs[0].shape[0])

    @property
    def following(self) -> "Marks":
        """The set that a key takes after this one."""
        return MARKS[(MARKS.index(self) + 1) % len(MARKS)]


BRAILLE = Marks("braille", "━", "○", "◆", "▲■▼★●▶", "╌", "▒", "≈", "─", "┄", "┊", _DOTS, _DOTS, _DOTS, _DOTS)
BLOCKS = Marks("blocks", "━", "○", "◆", "▲■▼★●▶", "╌", "▒", "≈", "─", "┄", "┊", _QUARTERS, _QUARTERS, _QUARTERS, _QUARTERS)
PLAIN = Marks(
    "plain", "*", "o", "x", "ABCDEF", "-", "'", "=", "", "- ", ":", _one_dot("*"), _one_dot("."), _one_dot("-"), _one_dot("'"), plain=True
)

MARKS = (BRAILLE, BLOCKS, PLAIN)


DASH = 2
"""Columns of a dash, and of the gap after it."""


class Canvas:
    """Rows and columns of characters, each with the number of the pen that drew it; 0 is bare. The latest to draw in a cell has it.

    Places are shares of the canvas, from 0 at its left or its foot to 1 at its right or its head.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.characters = np.full((rows, columns), " ")
        self.pens = np.zeros((rows, columns), np.uint8)

    def line(self, points: Points, pen: int, glyphs: Glyphs, *, turn: tuple[int, int] = (0, 1), dashed: bool = False) -> None:
        """Draw a line through points given as shares; a point that is not finite leaves a gap.

        `turn` is which of how many columns to draw, where others lie on it.
        """
        down, across = glyphs[0].shape
        x, y = points[0] * (self.columns * across - 1), (1 - points[1]) * (self.rows * down - 1)
        drawn = np.isfinite(x) & np.isfinite(y)
        joined = np.flatnonzero(drawn[:-1] & drawn[1:])
        dx, dy = x[joined + 1] - x[joined], y[joined + 1] - y[joined]
        # So many dots that each touches the next.
        steps = np.ceil(np.maximum(np.abs(dx), np.abs(dy))).astype(np.intp)
        segment = np.repeat(np.arange(len(joined)), steps)
        share = (np.arange(len(segment)) - np.repeat(np.cumsum(steps) - steps, steps)) / steps[segment]
        column, row = x[joined[segment]] + dx[segment] * share, y[joined[segment]] + dy[segment] * share
        if dashed and len(joined):
            length = np.maximum(np.abs(dx), np.abs(dy))
            shown = ((np.cumsum(length) - length)[segment] + length[segment] * share) // (DASH * across) % 2 == 0
            column, row = column[shown], row[shown]
        else:
            column, row = np.concatenate([column, x[drawn]]), np.concatenate([row, y[drawn]])
        # Whole cells, for the latest to draw in one has it.
        mine = np.rint(column) // (DASH * across) % turn[1] == turn[0]
        column, row = column[mine], row[mine]
        dots = np.zeros((self.rows * down, self.columns * across), np.uint8)
        inside = (column > -0.5) & (column < dots.shape[1] - 0.5) & (row > -0.5) & (row < dots.shape[0] - 0.5)
        dots[np.rint(row[inside]).astype(np.intp), np.rint(column[inside]).astype(np.intp)] = 1
        self.stipple(dots, pen, glyphs)

    def band(self, points: Points, upper: np.ndarray, pen: int, glyphs: Glyphs) -> None:
        """Shade what is between a line and another over the same x, both given as shares, with some dots of it."""
        down, across = glyphs[0].shape
        height, width = self.rows * down, self.columns * across
        x, lower = points
        known = np.isfinite(lower) & np.isfinite(upper)
        if not known.any():
            return
        places = np.linspace(0, 1, width)
        low, high = (np.interp(places, x[known], y[known], left=np.nan, right=np.nan) for y in (lower, upper))
        row = np.arange(height)[:, None]
        inside = (row <= np.rint((1 - low) * (height - 1))) & (row >= np.rint((1 - high) * (height - 1)))
        # Where a cell is one dot, every other one; else one in four.
        shaded = (row + np.arange(width)) % 2 == 0 if down == 1 else (row % 2 == 0) & (np.arange(width) % 2 == 0)
        self.stipple((inside & shaded).astype(np.uint8), pen, glyphs)

    def stipple(self, dots: np.ndarray, pen: int, glyphs: Glyphs) -> None:
        """Draw the dots that are 1, of as many rows and columns of dots as these glyphs have on the canvas."""
        bits, characters = glyphs
        down, across = bits.shape
        codes = np.einsum("rdca,da->rc", dots.reshape(self.rows, down, self.columns, across), bits)
        self._put(codes > 0, characters[codes], pen)

    def dots(self, points: Points, pen: int, character: str, down: int) -> None:
        """Put a character at each point, in the cell that a line of `down` dots a row passes through there."""
        x, y = points[0] * (self.columns - 1), (1 - points[1]) * (self.rows * down - 1)
        drawn = np.isfinite(x) & np.isfinite(y) & (x > -0.5) & (x < self.columns - 0.5)
        cells = np.rint(y[drawn]).astype(np.intp) // down, np.rint(x[drawn]).astype(np.intp)
        self.characters[cells], self.pens[cells] = character, pen

    def row_of(self, share: float, down: int) -> int:
        """The row, from the top, of the cell that a line of `down` dots a row passes through at this height."""
        return int(np.rint((1 - share) * (self.rows * down - 1))) // down

    def column_of(self, share: float) -> int:
        """The column at this share of the width."""
        return int(np.rint(share * (self.columns - 1)))

    def rule(self, row: int, pen: int, pattern: str) -> None:
        """Draw a row across, behind what is there."""
        bare = self.pens[row] == 0
        self.characters[row, bare], self.pens[row, bare] = np.resize(list(pattern), self.columns)[bare], pen

    def write(self, text: str, pen: int, rows: Iterable[int], beside: int | None = None) -> bool:
        """Write where nothing is, in the first of these rows that has room, and tell whether any has.

        That is right or left of the column that is given, or else as far to the right as can be, with a bare cell on either side.
        """
        width = cell_len(text)
        for row in (row for row in rows if 0 <= row < self.rows):
            bare = np.concatenate([[True], self.pens[row] == 0, [True]])
            if beside is not None:
                # Nothing needs to be between the words and their own column.
                bare[beside + 1] = True
            room = np.convolve(bare, np.ones(width + 2), "valid") == width + 2 if len(bare) >= width + 2 else np.zeros(0)
            starts = [start for start in np.flatnonzero(room).tolist() if beside is None or start in (beside + 1, beside - width)]
            if starts:
                self._letter(row, starts[-1], text, pen)
                return True
        return False

    def _letter(self, row: int, column: int, text: str, pen: int) -> None:
        """Write a text; the second cell of a wide letter is empty."""
        cells = [cell for letter in text for cell in (letter, *[""] * (cell_len(letter) - 1))]
        self.characters[row, column : column + len(cells)], self.pens[row, column : column + len(cells)] = cells, pen

    def post(self, column: int, pen: int, character: str) -> None:
        """Draw a column from head to foot, behind the curves but over the rules."""
        self.characters[:, column], self.pens[:, column] = character, pen

    def _put(self, where: np.ndarray, characters: np.ndarray, pen: int) -> None:
        self.characters[where], self.pens[where] = characters[where], pen
