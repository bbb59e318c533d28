"""The map: where points are, where lines are cut, and what is drawn where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.descent.landscape import SURFACES, OptimizerPath, Rosenbrock, Surface, Valley
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.relief import MARKS, PLAIN_MARKS, ROUTES, TRAILS, Route, Sheet, mark_of, within

EACH = [raster.BRAILLE, raster.BLOCKS, raster.PLAIN]


def sheet(surface: type[Surface], size: tuple[int, int], marks: Marks) -> Sheet:
    found = Sheet.of(surface, size, marks)
    assert found is not None
    return found


def lines(rows: list[list[tuple[str, str]]]) -> list[str]:
    return ["".join(text for text, _ in row) for row in rows]


def cells(rows: list[list[tuple[str, str]]], pen: str) -> list[tuple[int, int, str]]:
    """Column, row and character of all that a pen drew."""
    found = []
    for y, row in enumerate(rows):
        x = 0
        for text, name in row:
            found += [(x + index, y, character) for index, character in enumerate(text) if name == pen and character != " "]
            x += len(text)
    return found


@pytest.mark.parametrize("marks", EACH, ids=lambda marks: marks.name)
@pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES.keys())
def test_minimum_and_start_are_drawn_where_a_click_finds_them(surface: type[Surface], marks: Marks) -> None:
    map_ = sheet(surface, (61, 31), marks)
    rows = map_.draw([], surface.start)
    assert {len(line) for line in lines(rows)} == {61}
    assert len(rows) == 31
    left, right, bottom, top = surface.extent
    for pen, point in (("relief--minimum", surface.minimum), ("relief--start", surface.start)):
        ((column, row, _),) = cells(rows, pen)
        found = map_.point(column, row)
        assert found is not None
        # Within a cell of it.
        assert abs(found[0] - point[0]) <= (right - left) / (map_.columns - 1)
        assert abs(found[1] - point[1]) <= (top - bottom) / (map_.rows - 1)


def test_beside_the_map_there_is_no_point() -> None:
    map_ = sheet(Valley, (60, 30), raster.BRAILLE)
    left = 60 - map_.columns
    assert map_.point(left - 1, 5) is None
    assert map_.point(60, 5) is None
    assert map_.point(left, map_.rows) is None
    assert map_.point(left, -1) is None
    corner = map_.point(left, 0)
    assert corner is not None
    assert corner[0] == Valley.extent.left
    assert corner[1] == pytest.approx(Valley.extent.top, abs=0.03)


@pytest.mark.parametrize("marks", EACH, ids=lambda marks: marks.name)
def test_contours_go_round_the_minimum(marks: Marks) -> None:
    map_ = sheet(Valley, (81, 41), marks)
    drawn = cells(map_.draw([], Valley.start), "relief--contour")
    # From the minimum to the left the levels are passed at √(2 level), as long as that is on the map.
    passed = np.sqrt(2 * Valley.levels())
    passed = passed[passed < 5]
    row = next(y for _, y, _ in cells(map_.draw([], Valley.start), "relief--minimum"))
    for x in passed[passed > 1]:
        column = 81 - map_.columns + round((-x + 5) / 7 * (map_.columns - 1))
        assert any(abs(at - column) <= 1 and abs(y - row) <= 1 for at, y, _ in drawn)
    assert lines(map_.draw([], Valley.start, contours=False)) != lines(map_.draw([], Valley.start))
    assert cells(map_.draw([], Valley.start, contours=False), "relief--contour") == []


def test_routes_are_told_apart_by_marks_and_pens() -> None:
    map_ = sheet(Valley, (80, 30), raster.BRAILLE)
    routes = [Route(OptimizerPath(Valley, name, Valley.rate(name)).points(40), number) for number, name in enumerate(OPTIMIZERS)]
    for route in routes:
        rows = map_.draw([route], Valley.start, contours=False)
        drawn = {character for _, _, character in cells(rows, f"relief--route-{route.number % ROUTES + 1}")}
        assert MARKS[route.number] in drawn
        assert TRAILS[route.number] in drawn
    assert len(OPTIMIZERS) <= len(set(MARKS + TRAILS)) / 2 == len(set(PLAIN_MARKS))


def test_plain_characters_are_ascii() -> None:
    map_ = sheet(Rosenbrock, (80, 30), raster.PLAIN)
    routes = [Route(OptimizerPath(Rosenbrock, name, Rosenbrock.rate(name)).points(300), number) for number, name in enumerate(OPTIMIZERS)]
    text = "\n".join(lines(map_.draw(routes, Rosenbrock.start)))
    assert text.isascii()
    assert {"A", "H", "x", "o"} <= set(text)


def test_marks_stay_as_a_route_goes_on() -> None:
    map_ = sheet(Valley, (80, 30), raster.BRAILLE)
    path = OptimizerPath(Valley, "momentum", 0.006)

    def trail(steps: int) -> set[tuple[int, int]]:
        drawn = cells(map_.draw([Route(path.points(steps), 1)], Valley.start, contours=False), "relief--route-2")
        return {(x, y) for x, y, character in drawn if character == TRAILS[1]}

    for steps in (5, 10, 20, 30):
        assert len(trail(steps) - trail(steps + 1)) <= 1  # but for the one that the head may cover


def test_a_route_that_left_the_map_is_seen_at_its_edge() -> None:
    map_ = sheet(Valley, (60, 20), raster.BRAILLE)
    for steps in range(1, 12):
        rows = map_.draw([Route(OptimizerPath(Valley, "sgd", 0.03).points(steps), 0)], Valley.start, contours=False)
        ((_, row, _),) = [each for each in cells(rows, "relief--route-1") if each[2] == MARKS[0]]
        assert row in (0, map_.rows - 1)


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (6, 3), (3, 10), (40, 3)])
def test_a_picture_too_small_for_a_map_is_none(size: tuple[int, int]) -> None:
    assert Sheet.of(Valley, size, raster.BRAILLE) is None


@given(
    points=st.lists(st.tuples(*[st.floats(allow_nan=True, allow_infinity=True)] * 2), min_size=1, max_size=30),
    marks=st.sampled_from(EACH),
)
def test_any_points_are_drawn_without_complaint(points: list[tuple[float, float]], marks: Marks) -> None:
    map_ = sheet(Valley, (40, 12), marks)
    rows = map_.draw([Route(np.array(points, np.float64), 0)], Valley.start)
    assert {len(line) for line in lines(rows)} == {40}


def test_lines_are_cut_where_they_leave_the_map() -> None:
    x, y = within((np.array([0.5, 1.5, 0.5, -1.0, 2.0]), np.array([0.5, 0.5, 2.5, 0.5, 0.5])))
    pieces = np.stack([x, y], 1).reshape(-1, 3, 2)
    assert np.isnan(pieces[:, 2]).all()
    # The second and the third lie beside the map, the last goes right through it.
    assert pieces[:, :2].tolist() == [[[0.5, 0.5], [1.0, 0.5]], [[0.0, 0.5], [1.0, 0.5]]]


@given(st.lists(st.tuples(*[st.floats(-3, 4)] * 2), min_size=2, max_size=20))
def test_what_is_inside_is_kept_whole(points: list[tuple[float, float]]) -> None:
    way = np.array(points).T
    x, y = within((way[0], way[1]))
    kept = np.stack([x, y], 1).reshape(-1, 3, 2)[:, :2]
    assert ((kept > -1e-9) & (kept < 1 + 1e-9)).all()
    inside = ((way >= 0) & (way <= 1)).min(axis=0)
    for a, b, both in zip(way.T[:-1], way.T[1:], inside[:-1] & inside[1:], strict=True):
        if both:
            assert any(np.allclose(piece, [a, b]) for piece in kept)


def test_there_is_a_mark_for_an_optimizer_more_than_there_are_marks() -> None:
    assert mark_of(len(MARKS), raster.BRAILLE) == MARKS[0]
