"""A digit drawn by hand, and what the network is shown of it."""

import numpy as np
import pytest

from tui_trainer.datasets.png import fit
from tui_trainer.ui.inside.sketch import SIDE, Sketch


def test_a_stroke_is_as_thick_as_the_pen_and_ends_where_it_does() -> None:
    sketch = Sketch()
    assert sketch.is_empty
    sketch.stroke((10, 20), (30, 20))
    assert not sketch.is_empty
    marked = sketch.ink > 127
    assert np.flatnonzero(marked[:, 20]).tolist() == [18, 19, 20, 21]
    assert np.flatnonzero(marked.any(axis=0))[[0, -1]].tolist() == [8, 31]
    assert sketch.ink.max() == 255


def test_strokes_beyond_the_paper_leave_what_is_on_it() -> None:
    sketch = Sketch()
    sketch.stroke((-50, 20), (200, 20))
    assert (sketch.ink[20] == 255).all()
    sketch.stroke((-9, -9), (-9, -9))
    assert sketch.ink.shape == (SIDE, SIDE)


def test_the_eraser_takes_ink_away_and_clearing_all_of_it() -> None:
    sketch = Sketch()
    sketch.stroke((5, 20), (35, 20))
    sketch.stroke((20, 20), (20, 20), erases=True)
    assert sketch.ink[20, 20] == 0
    assert sketch.ink[20, 8] == 255
    sketch.clear()
    assert sketch.is_empty


@pytest.mark.parametrize("side", [28, 8, 1, 63])
def test_what_is_shown_is_in_the_middle_whatever_the_size(side: int) -> None:
    sketch = Sketch()
    sketch.stroke((4, 3), (4, 20))
    shown = fit(sketch.ink, side)
    assert shown.shape == (side, side)
    assert shown.max() == 255
    if side == 28:
        rows, columns = np.nonzero(shown > 127)
        assert rows.max() - rows.min() in range(17, 21)
        assert 12 < columns.mean() < 16
