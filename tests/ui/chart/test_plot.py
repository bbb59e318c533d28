import unicodedata
from itertools import pairwise

import numpy as np
import pytest

from tui_trainer.text.drawing import Row
from tui_trainer.ui.chart import axes, plot
from tui_trainer.ui.chart.axes import Axis
from tui_trainer.ui.chart.curve import Curve, Pen, Stroke
from tui_trainer.ui.chart.raster import BLOCKS, BRAILLE, PLAIN, Marks

X = axes.of_window(0, 2, 40)


def batches(y: object) -> list[Curve]:
    values = np.asarray(y, np.float64)
    points = np.linspace(0.01, 2, len(values)), values
    return [Curve(points, Pen.BATCHES, Stroke.FAINT), Curve(points, Pen.SMOOTH, Stroke.LINE, ("recent batches",))]


def epochs(marks: Marks) -> list[Curve]:
    at = np.array([1.0, 2.0])
    validation = at, np.array([0.5, 0.3])
    return [
        Curve((at, np.array([1.5, 0.9])), Pen.TRAINING, Stroke.DOTS, ("epoch mean",), marks.training),
        Curve(validation, Pen.VALIDATION, Stroke.BETWEEN_DOTS),
        Curve(validation, Pen.VALIDATION, Stroke.DOTS, ("validation",), marks.validation),
    ]


def text(rows: list[Row]) -> list[str]:
    return ["".join(part for part, _ in row) for row in rows]


def picture(curves: list[Curve], size: tuple[int, int], marks: Marks = BRAILLE, posts: tuple[tuple[float, Pen], ...] = ()) -> list[Row]:
    return plot.draw(curves, X, axes.loss(curves, size[1], whole=True), size, marks, posts)


@pytest.mark.parametrize("marks", [BRAILLE, BLOCKS, PLAIN])
@pytest.mark.parametrize("size", [(80, 20), (37, 12), (200, 50), (12, 4), (5, 3), (5, 2), (2, 2), (1, 1)])
def test_the_picture_has_the_size_asked_for(size: tuple[int, int], marks: Marks) -> None:
    rows = text(picture([*batches([2.3, np.nan, 1.0, 0.4, 0.1]), *epochs(marks)], size, marks))
    assert len(rows) == size[1]
    assert {len(row) for row in rows} == {size[0]}


@pytest.mark.parametrize("y", [[np.nan], [np.nan] * 50, [1e38, 0.1], [0.0, 0.0], [1e-30], [3.4e38] * 3, []])
def test_no_data_is_too_odd_to_draw(y: list[float]) -> None:
    curves = batches(y)
    with np.errstate(divide="ignore"):
        powers = batches(np.log10(np.array(y)))
    for axis, drawn in (
        (axes.loss(curves, 10, whole=True), curves),
        (axes.loss(curves, 10, whole=False), curves),
        (axes.accuracy(curves, 10, whole=True), curves),
        (axes.accuracy(curves, 10, whole=False), curves),
        (axes.positive(curves, 10, whole=True), curves),
        (axes.logarithmic(powers, 10), powers),
    ):
        rows = text(plot.draw(drawn, X, axis, (60, 10), BRAILLE))
        assert len(rows) == 10


def test_the_curves_can_be_told_apart_without_colours() -> None:
    for marks, training, validation in ((BRAILLE, "○", "◆"), (PLAIN, "o", "x")):
        whole = "".join(text(picture([*batches([2.0, 1.0, 0.5]), *epochs(marks)], (60, 18), marks)))
        assert whole.count(training) == 2
        assert whole.count(validation) == 2
        assert whole.isascii() == marks.plain


def test_each_part_has_its_pen() -> None:
    rows = picture([*batches([2.0, 1.0, 0.5]), *epochs(BRAILLE)], (60, 18), posts=((0.5, Pen.CHANGE), (1.5, Pen.CURSOR)))
    pens = {mark: pen for row in rows for part, pen in row for mark in "○◆" if mark in part}
    assert pens == {"○": Pen.TRAINING.style, "◆": Pen.VALIDATION.style}
    used = {pen for row in rows for _, pen in row}
    assert used == {pen.style for pen in (Pen.PAPER, Pen.AXIS, Pen.GRID, Pen.SMOOTH, Pen.TRAINING, Pen.VALIDATION, Pen.CHANGE, Pen.CURSOR)}


def test_neighbours_of_one_pen_are_one_text() -> None:
    for row in picture([*batches([2.0, 1.0, 0.5]), *epochs(BRAILLE)], (60, 18)):
        assert all(pen is not other for (_, pen), (_, other) in pairwise(row))


def test_the_curve_is_where_the_ticks_say() -> None:
    y = Axis(0.0, 4.0, (0.0, 2.0, 4.0), ("0", "2", "4"))
    line = Curve((np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 4.0])), Pen.TRAINING, Stroke.DOTS, mark="o")
    assert text(plot.draw([line], Axis(0.0, 2.0, (0.0, 1.0, 2.0), ("a", "b", "c")), y, (13, 7), PLAIN)) == [
        "4+          o",
        " |           ",
        "2+     o     ",
        " |           ",
        "0+o          ",
        " ++----+----+",
        "  a    b    c",
    ]


def test_a_post_stands_at_its_place_and_behind_the_curves() -> None:
    line = Curve((np.array([0.0, 2.0]), np.array([0.0, 0.0])), Pen.SMOOTH, Stroke.LINE)
    posts = ((1.0, Pen.CURSOR), (7.0, Pen.CHANGE), (float("nan"), Pen.CHANGE))
    rows = plot.draw([line], Axis(0.0, 2.0, (), ()), Axis(0.0, 4.0, (0.0,), ("0",)), (13, 7), PLAIN, posts)
    assert [row[7] for row in text(rows)[:5]] == [":", ":", ":", ":", "*"]
    assert "".join(text(rows)).count(":") == 4


@pytest.mark.parametrize("marks", [BRAILLE, BLOCKS, PLAIN])
def test_a_ghost_is_dashed_behind_the_curves(marks: Marks) -> None:
    at = np.array([0.0, 2.0])
    ghost = Curve((at, np.array([2.0, 2.0])), Pen.GHOST, Stroke.GHOST, ("before",), marks.ghost)
    line = Curve((at, np.array([0.0, 4.0])), Pen.SMOOTH, Stroke.LINE)
    rows = plot.draw([ghost, line], Axis(0.0, 2.0, (), ()), Axis(0.0, 4.0, (), ()), (22, 9), marks)
    dashes = [piece for piece, style in rows[3] if style == Pen.GHOST.style]
    assert dashes
    assert "".join(dashes).strip(" ").count("  ")
    assert sum(style == Pen.SMOOTH.style for row in rows[:7] for _, style in row) >= 7


def test_a_spike_beyond_the_axis_runs_along_its_edge() -> None:
    y = np.full(1000, 0.1)
    y[500] = 1e30
    rows = picture(batches(y), (60, 18))
    assert any(style in (Pen.BATCHES.style, Pen.SMOOTH.style) for _, style in rows[0])


def test_drawing_twice_gives_the_same_picture() -> None:
    curves, other = batches(np.log10([2.0, 0.2, 0.02])), batches([3.0, 1.0])
    axis = axes.logarithmic(curves, 15)
    first = plot.draw(curves, X, axis, (50, 15), BRAILLE)
    picture(other, (50, 15))
    assert plot.draw(curves, X, axis, (50, 15), BRAILLE) == first
    assert "0.1" in axis.labels
    assert any("0.1┤" in row for row in text(first))


@pytest.mark.parametrize("size", [(width, height) for width in range(4, 40, 3) for height in range(3, 20, 4)])
def test_the_axes_frame_the_canvas_at_every_size(size: tuple[int, int]) -> None:
    curves = batches([2.0, 1.0, 0.5])
    y = axes.loss(curves, size[1], whole=True)
    columns, rows = plot.canvas_size(y, size)
    if columns < 1:
        return
    lines = text(plot.draw(curves, X, y, size, BRAILLE))
    assert {line[size[0] - columns - 1] for line in lines[:rows]} <= set("│┤")
    assert set(lines[rows][size[0] - columns :]) <= set("─┬")
    for row, line in enumerate(lines[:rows]):
        assert (line[: size[0] - columns - 1].strip() != "") == (line[size[0] - columns - 1] == "┤"), (row, line)


def test_every_character_is_one_column_wide() -> None:
    for marks in (BRAILLE, BLOCKS, PLAIN):
        characters = marks.line + marks.training + marks.validation + marks.runs + marks.rule + marks.post + "".join(marks.glyphs[1])
        assert {unicodedata.east_asian_width(character) for character in characters} <= {"N", "Na", "A"}
