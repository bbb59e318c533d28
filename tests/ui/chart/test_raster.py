import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.raster import BLOCKS, BRAILLE, PLAIN, Canvas, Marks


def points(*pairs: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    x, y = zip(*pairs, strict=True)
    return np.array(x, np.float64), np.array(y, np.float64)


def text(canvas: Canvas) -> list[str]:
    return ["".join(row) for row in canvas.characters]


@pytest.mark.parametrize(
    ("marks", "rows"),
    [
        (PLAIN, ["  *", " * ", "*  "]),
        (BLOCKS, ["  ▞", " ▞ ", "▞  "]),
        (BRAILLE, ["⠀⠀⡜", "⠀⡜⠀", "⡜⠀⠀"]),
    ],
)
def test_a_line_goes_from_corner_to_corner(marks: Marks, rows: list[str]) -> None:
    canvas = Canvas(3, 3)
    canvas.line(points((0, 0), (1, 1)), 3, marks.glyphs)
    assert [row.replace(" ", "⠀") for row in text(canvas)] == [row.replace(" ", "⠀") for row in rows]
    np.testing.assert_array_equal(canvas.pens, [[0, 0, 3], [0, 3, 0], [3, 0, 0]])


@pytest.mark.parametrize("marks", [PLAIN, BLOCKS, BRAILLE])
def test_a_steep_line_has_no_holes(marks: Marks) -> None:
    canvas = Canvas(20, 12)
    canvas.line(points((0, 0), (0.1, 1), (0.2, 0.3), (1, 0.9)), 1, marks.glyphs)
    assert (canvas.pens > 0).any(axis=0).all()
    assert (canvas.pens > 0).any(axis=1).all()


def test_a_gap_is_left_and_a_lone_point_is_drawn() -> None:
    canvas = Canvas(9, 1)
    nan = np.nan
    canvas.line(points((0, 0), (0.25, 0), (0.375, nan), (0.5, 0), (0.625, nan), (0.75, 0), (1, 0)), 1, PLAIN.glyphs)
    assert text(canvas) == ["*** * ***"]


def test_what_is_outside_is_cut_off() -> None:
    canvas = Canvas(5, 5)
    canvas.line(points((-1, 0.5), (2, 0.5)), 1, PLAIN.glyphs)
    assert text(canvas) == ["     ", "     ", "*****", "     ", "     "]
    canvas.dots(points((-1, 0.5), (2, 0.5)), 2, "o", PLAIN.down)
    assert "o" not in "".join(text(canvas))


@pytest.mark.parametrize("marks", [PLAIN, BLOCKS, BRAILLE])
@given(heights=st.lists(st.floats(0, 1), min_size=1, max_size=30), rows=st.integers(1, 30))
def test_dots_and_rules_are_in_the_rows_that_the_line_passes_through(marks: Marks, heights: list[float], rows: int) -> None:
    for height in heights:
        line, dots = Canvas(4, rows), Canvas(4, rows)
        line.line(points((0, height), (1, height)), 1, marks.glyphs)
        dots.dots(points((0, height), (1, height)), 1, "o", marks.down)
        assert np.flatnonzero(line.pens[:, 0]).tolist() == np.flatnonzero(dots.pens[:, 0]).tolist() == [line.row_of(height, marks.down)]


def test_the_latest_curve_has_the_cell_and_rules_stay_behind_all() -> None:
    canvas = Canvas(5, 1)
    canvas.post(1, 7, "|")
    canvas.line(points((0.5, 0), (1, 0)), 1, PLAIN.glyphs)
    canvas.line(points((0.75, 0), (1, 0)), 2, PLAIN.faint)
    canvas.dots(points((1, 0)), 3, "o", PLAIN.down)
    canvas.rule(0, 9, "-")
    assert text(canvas) == ["-|*.o"]
    assert canvas.pens.tolist() == [[9, 7, 1, 2, 3]]


def test_a_post_stands_from_head_to_foot_at_its_share() -> None:
    canvas = Canvas(11, 4)
    canvas.post(canvas.column_of(0.5), 8, "|")
    assert text(canvas) == ["     |     "] * 4


@given(
    st.lists(st.tuples(st.floats(0, 1) | st.just(np.nan), st.floats(0, 1) | st.just(np.nan)), min_size=1, max_size=50),
    st.integers(1, 40),
    st.integers(1, 20),
    st.sampled_from([raster.PLAIN, raster.BLOCKS, raster.BRAILLE]),
)
def test_every_point_of_a_line_is_drawn(pairs: list[tuple[float, float]], columns: int, rows: int, marks: Marks) -> None:
    line = Canvas(columns, rows)
    line.line(points(*pairs), 1, marks.glyphs)
    down, across = marks.glyphs[0].shape
    for x, y in pairs:
        if np.isfinite(x) and np.isfinite(y):
            assert line.pens[int(np.rint((1 - y) * (rows * down - 1))) // down, int(np.rint(x * (columns * across - 1))) // across] == 1
    assert (line.pens > 0).any() == any(np.isfinite(x) and np.isfinite(y) for x, y in pairs)


def test_plain_marks_are_ascii() -> None:
    characters = "".join([PLAIN.line, PLAIN.training, PLAIN.validation, PLAIN.runs, PLAIN.rule, PLAIN.post])
    assert (characters + "".join(PLAIN.glyphs[1]) + "".join(PLAIN.faint[1])).isascii()
