"""Pictures in characters: levels of gray, and weights whose sign is seen without colours too."""

import numpy as np
import pytest

from tui_trainer.text.drawing import Look, Row, bar, bar_rows, gray, resized, resized_height, signed


def text(rows: list[Row]) -> list[str]:
    return ["".join(piece for piece, _ in row) for row in rows]


LEVELS = np.array([[0, 255, 0, 255], [0, 0, 255, 255]], np.uint8)


def test_two_pixels_lie_in_a_character() -> None:
    assert text(gray(LEVELS, Look.BLOCKS)) == [" ▀▄█"]
    assert text(gray(LEVELS, Look.ASCII)) == [" ==@"]
    shades = gray(LEVELS, Look.SHADES)[0]
    assert [style for _, style in shades][1] == "rgb(255,255,255) on rgb(0,0,0)"
    assert text([shades]) == ["▀▀▀▀"]


def test_an_odd_row_is_drawn_over_nothing() -> None:
    assert text(gray(np.full((3, 1), 255, np.uint8), Look.BLOCKS)) == ["█", "▀"]


def test_equal_neighbours_are_written_together() -> None:
    assert gray(np.zeros((2, 9), np.uint8), Look.SHADES) == [[("▀▀▀▀▀▀▀▀▀", "rgb(0,0,0) on rgb(0,0,0)")]]


@pytest.mark.parametrize("look", [Look.BLOCKS, Look.ASCII])
def test_the_sign_of_a_weight_is_a_character(look: Look) -> None:
    weights = np.array([[-1.0, -0.5, 0.0, 0.5, 1.0]] * 2)
    assert text(signed(weights, look)) == ["=- +#"]
    assert text(signed(1e-30 * weights, look)) == ["=- +#"]  # each picture has a scale of its own


def brightness(style: str) -> float:
    return sum(map(int, style.partition(" on ")[0][4:-1].split(",")))


def test_colours_tell_the_sign_by_brightness_too() -> None:
    (row,) = signed(np.array([[-1.0, -0.5, 0.0, 0.5, 1.0]] * 2), Look.SHADES)
    found = [brightness(style) for _, style in row]
    assert found == sorted(found)
    assert len(set(found)) == 5


def test_weights_of_nothing_or_no_number_are_drawn_as_none() -> None:
    assert text(signed(np.zeros((2, 2)), Look.ASCII)) == ["  "]
    assert text(signed(np.array([[np.nan, np.inf], [np.nan, np.inf]]), Look.ASCII)) == ["  "]


def test_resizing_repeats_or_averages_pixels() -> None:
    image = np.array([[0, 4], [8, 12]], np.uint8)
    assert resized(image, 5).tolist() == [[0, 0, 4, 4], [0, 0, 4, 4], [8, 8, 12, 12], [8, 8, 12, 12]]
    assert resized(image, 1).tolist() == [[6.0]]
    assert resized(np.ones((29, 29)), 15).shape == (15, 15)
    for size in (100, 56, 28, 19, 7):
        assert resized(np.ones((14, 56)), size).shape[0] == resized_height((14, 56), size)


def test_bars_are_as_long_as_they_say_and_the_likeliest_is_bold() -> None:
    assert bar(0.5, 8, is_ascii=True) == "####"
    assert bar(0.53125, 4, is_ascii=False) == "██▏"
    rows = bar_rows([("0", 0.25), ("10", 0.75)], 4, is_ascii=True)
    assert text(rows) == [" 0 #     25.0%", "10 ###   75.0%"]
    assert [row[0][1] for row in rows] == ["", "bold"]
