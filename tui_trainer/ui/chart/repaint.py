"""Which part of a picture has to be written again: every column that is not costs a slow line nothing."""

from collections.abc import Sequence
from itertools import takewhile

from rich.cells import cell_len
from textual.geometry import Region

Piece = tuple[str, object]
"""A text, and what decides its style."""


def changed_parts(before: Sequence[Sequence[Piece]], after: Sequence[Sequence[Piece]]) -> list[Region]:
    """One region for each row that reads otherwise now; both pictures have the same number of rows."""
    parts = (_changed_part(y, old, new) for y, (old, new) in enumerate(zip(before, after, strict=True)) if old != new)
    return [part for part in parts if part.width]


def _changed_part(y: int, old: Sequence[Piece], new: Sequence[Piece]) -> Region:
    old_width, new_width = _width(old), _width(new)
    start = _same_width(old, new)
    end = max(old_width, new_width)
    if old_width == new_width:
        end = max(start, end - _same_width(old[::-1], new[::-1]))
    return Region(start, y, end - start, 1)


def _same_width(old: Sequence[Piece], new: Sequence[Piece]) -> int:
    """Columns of the pieces that both begin with."""
    return _width([piece for piece, _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))])


def _width(pieces: Sequence[Piece]) -> int:
    return sum(cell_len(text) for text, _ in pieces)
