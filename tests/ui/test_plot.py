import numpy as np
import pytest

from tui_trainer.ui import plot
from tui_trainer.ui.history import Curves
from tui_trainer.ui.plot import Pen

NONE = (np.empty(0), np.empty(0))


def curves(y: np.ndarray, **others: tuple[np.ndarray, np.ndarray]) -> Curves:
    points = (np.linspace(0.01, 2, len(y)), y)
    return Curves(**({"batches": points, "smooth": points, "training": NONE, "validation": NONE} | others))


def text(rows: list[plot.Row]) -> list[str]:
    return ["".join(part for part, _ in row) for row in rows]


@pytest.mark.parametrize("marks", [plot.BRAILLE, plot.BLOCKS, plot.PLAIN])
@pytest.mark.parametrize("size", [(80, 20), (37, 12), (200, 50), (12, 4), (5, 2), (1, 1)])
def test_the_picture_has_the_size_asked_for(size: tuple[int, int], marks: plot.Marks) -> None:
    data = curves(np.array([2.3, np.nan, 1.0, 0.4, 0.1]))
    rows = text(plot.draw(data, plot.loss_axis(data, size[1]), 5, size, marks))
    assert len(rows) == size[1]
    assert {len(row) for row in rows} == {size[0]}


@pytest.mark.parametrize("y", [[np.nan], [np.nan] * 50, [1e38, 0.1], [0.0, 0.0], [1e-30], [3.4e38] * 3, []])
def test_no_data_is_too_odd_to_draw(y: list[float]) -> None:
    data = curves(np.array(y, np.float32))
    for axis, drawn in (
        (plot.loss_axis(data, 10), data),
        (plot.accuracy_axis(data, 10), data),
        (plot.log_axis(plot.logarithm(data), 10), plot.logarithm(data)),
    ):
        rows = text(plot.draw(drawn, axis, 3, (60, 10), plot.BRAILLE))
        assert len(rows) == 10


def test_the_curves_can_be_told_apart_without_colours() -> None:
    epochs = np.array([1.0, 2.0])
    data = curves(np.array([2.0, 1.0, 0.5]), training=(epochs, np.array([1.5, 0.9])), validation=(epochs, np.array([0.5, 0.3])))
    picture = "".join(text(plot.draw(data, plot.loss_axis(data, 18), 2, (60, 18), plot.BRAILLE)))
    assert picture.count("○") == 2
    assert picture.count("◆") == 2
    plain = "".join(text(plot.draw(data, plot.loss_axis(data, 18), 2, (60, 18), plot.PLAIN)))
    assert plain.isascii()
    assert plain.count("o") == 2
    assert plain.count("x") == 2


def test_each_part_has_its_pen() -> None:
    epochs = np.array([1.0, 2.0])
    data = curves(np.array([2.0, 1.0, 0.5]), training=(epochs, np.array([1.5, 0.9])), validation=(epochs, np.array([0.5, 0.3])))
    rows = plot.draw(data, plot.loss_axis(data, 18), 2, (60, 18), plot.BRAILLE)
    pens = {mark: pen for row in rows for part, pen in row for mark in "○◆" if mark in part}
    assert pens == {"○": Pen.TRAINING, "◆": Pen.VALIDATION}
    assert {Pen.AXIS, Pen.GRID, Pen.SMOOTH} <= {pen for row in rows for _, pen in row}


def test_drawing_twice_gives_the_same_picture() -> None:
    data = plot.logarithm(curves(np.array([2.0, 0.2, 0.02])))
    axis = plot.log_axis(data, 15)
    assert plot.draw(data, axis, 2, (50, 15), plot.BRAILLE) == plot.draw(data, axis, 2, (50, 15), plot.BRAILLE)
    assert "0.1" in axis.labels


def test_first_batches_do_not_squeeze_the_rest() -> None:
    y = np.full(1000, 0.1)
    y[:10] = 2.3
    assert plot.loss_axis(curves(y), 20).high < 0.3


def test_the_loss_axis_reaches_what_the_epochs_say() -> None:
    data = curves(np.full(100, 0.1), validation=(np.array([1.0]), np.array([4.0])))
    assert plot.loss_axis(data, 20).high > 4


@pytest.mark.parametrize(("x", "epochs", "end"), [(0.1, 100, 1), (1.01, 100, 2), (3, 100, 5), (7, 8, 8), (60, 70, 70), (0, 0, 1)])
def test_the_x_axis_grows_in_steps(x: float, epochs: int, end: int) -> None:
    assert plot.horizon(x, epochs) == end


@pytest.mark.parametrize(("last", "most", "ticks"), [(5, 5, [0, 1, 2, 3, 4, 5]), (10, 5, [0, 2, 4, 6, 8, 10]), (1, 9, [0, 1])])
def test_x_ticks_are_whole_epochs(last: int, most: int, ticks: list[int]) -> None:
    assert plot.whole_ticks(last, most) == ticks


def test_enormous_numbers_stay_short() -> None:
    assert plot.figure(1.23456e35, 2) == "1.2e+35"
    assert plot.figure(0.12345, 2) == "0.12"
