"""What a network says about every point of a plane."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from program import call

from tui_trainer import Classifier, UserError
from tui_trainer.text.drawing import Look
from tui_trainer.text.surfaces import COLOURS, NOTHING, STEPS, Pixels, colour, scatter, signed_pixels
from tui_trainer.trained.surface import Surface, Window, surface


def halves(samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes on either side of the y axis."""
    points = np.random.default_rng(0).uniform(-1, 1, (samples, 2)).astype(np.float32)
    return points, (points[:, 0] > 0).astype(np.intp)


@pytest.fixture(scope="module")
def model() -> Classifier:
    points, labels = halves(400)
    return Classifier(hidden="8,6", activation="tanh", epochs=30, learning_rate=0.02).fit(points, labels)


def test_a_surface_is_what_the_network_predicts_at_each_pixel(model: Classifier) -> None:
    found = surface(model.network_, Window(-1, 1, -2, 2), 9, 7, units=True)
    x, y = found.window.centres(9, 7)
    assert x[0] < 0 < x[-1]
    assert y[0] > 0 > y[-1]
    points = np.array([(a, b) for b in y for a in x], np.float32)
    np.testing.assert_array_equal(found.classes.ravel(), model.predict(points))
    np.testing.assert_allclose(found.probabilities.ravel(), model.predict_proba(points).max(axis=1), rtol=1e-5)
    # The classes are on their sides.
    assert not found.classes[:, :3].any()
    assert found.classes[:, -3:].all()
    assert [units.shape for units in found.units] == [(8, 7, 9), (6, 7, 9)]
    first = np.tanh(points @ model.network_.tensors["dense_1.weight"] + model.network_.tensors["dense_1.bias"])
    np.testing.assert_allclose(found.units[0].reshape(8, -1).T, first, rtol=1e-4, atol=1e-5)


def test_it_takes_two_features() -> None:
    three = Classifier(hidden="4", epochs=1).fit(np.zeros((20, 3), np.float32), np.arange(20) % 2)
    with pytest.raises(UserError, match="over two features"):
        surface(three.network_, Window(0, 1, 0, 1), 4, 4)


def test_a_window_holds_all_points_and_keeps_circles_round() -> None:
    points = np.array([[0, 0], [4, 2], [np.nan, 1]], np.float32)
    window = Window.around(points, 60, 20)
    assert (window.right - window.left) / 60 == pytest.approx((window.top - window.bottom) / 20)
    across, down, inside = window.pixels(points, 60, 20)
    assert inside.tolist() == [True, True, False]
    assert across[0] < across[1]
    assert down[0] > down[1]
    # Features of other kinds each fill the picture.
    unlike = Window.around(np.array([[0, 0], [1, 1000]], np.float32), 60, 20)
    assert unlike.right - unlike.left == pytest.approx(1.2)
    assert unlike.top - unlike.bottom == pytest.approx(1200)


def test_one_point_is_a_window_too() -> None:
    window = Window.around(np.array([[3, 3]], np.float32), 10, 10)
    assert window.left < 3 < window.right
    assert Window.around(np.empty((0, 2), np.float32), 10, 10).right > 0


def test_points_stand_out_of_their_area_in_every_look() -> None:
    classes = np.zeros((4, 6), np.intp)
    classes[:, 3:] = 1
    dots = scatter((np.array([1, 4, 5]), np.array([0, 0, 3]), np.array([True, True, False])), np.array([0, 0, 1]), (4, 6))
    pixels = Pixels(classes, np.full((4, 6), 0.9), dots, 2)
    for look in (Look.BLOCKS, Look.ASCII):
        first, second = ("".join(text for text, _ in row) for row in pixels.draw(look))
        assert first[1] == first[4] == "0"
        assert first[0] == second[0] != second[5] == first[5]
    shades = [piece for row in pixels.draw(Look.SHADES) for piece in row]
    assert {"".join(text for text, _ in row) for row in pixels.draw(Look.SHADES)} == {"▀" * 6}
    point = "rgb({},{},{})".format(*colour(0, STEPS + 1))
    assert sum(style.startswith(point) for _, style in shades) == 2


def test_what_diverged_has_no_colour_of_a_class() -> None:
    pixels = Pixels(np.ones((2, 2), np.intp), np.full((2, 2), np.nan), np.full((2, 2), NOTHING), 2)
    assert pixels.draw(Look.ASCII) == [[("  ", "")]]
    (row,) = pixels.draw(Look.SHADES)
    assert row[0][1] == "rgb({0},{1},{2}) on rgb({0},{1},{2})".format(*colour(NOTHING, 0))


@pytest.mark.parametrize("dark", [True, False])
def test_certainty_is_nearer_to_the_classs_colour_than_a_guess(dark: bool) -> None:
    for kind, own in enumerate(COLOURS):
        away = [sum(abs(a - b) for a, b in zip(colour(kind, step, dark=dark), own, strict=True)) for step in range(STEPS + 1)]
        assert away == sorted(away, reverse=True)


def test_a_units_sign_is_its_colour() -> None:
    pixels = signed_pixels(np.array([[2.0, -1.0, 0.0], [np.inf, np.nan, 0.1]], np.float32))
    assert pixels.classes.tolist() == [[0, 1, 0], [NOTHING, NOTHING, 0]]
    assert pixels.steps[0].tolist() == [STEPS, STEPS // 2, 0]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plane")
    points, labels = halves(300)
    np.savez(folder / "halves.npz", x_train=points, y_train=labels, x_test=points[:50], y_test=labels[:50])
    options = ("--hidden", "6", "--validation", "0", "--epochs", "20", "--learning-rate", "0.02", "--format", "quiet")
    assert call("--no-ui", "--data", "halves.npz", "--output", "run", *options, cwd=folder).returncode == 0
    return folder


def test_the_command_tells_the_surface_as_numbers(home: Path) -> None:
    told = call("surface", "run", "--format", "json", "--size", "6", cwd=home)
    document = json.loads(told.stdout)
    assert told.returncode == 0
    assert document.keys() == {"x", "y", "class", "probability"}
    assert (len(document["x"]), len(document["y"])) == (6, 6)
    assert [row[0] for row in document["class"]] == [0] * 6
    assert [row[-1] for row in document["class"]] == [1] * 6
    assert all(0.5 < value <= 1 for value in (document["probability"][2][0], document["probability"][2][-1]))


def test_the_command_draws_it_here_or_into_a_file(home: Path) -> None:
    drawn = call("surface", "run", "--size", "20", cwd=home)
    lines = drawn.stdout.splitlines()
    assert len(lines) == 11
    assert "0" in lines[5][:10]
    assert "1" in lines[5][10:]
    assert call("surface", "run", "--output", "run.svg", cwd=home).returncode == 0
    picture = (home / "run.svg").read_text(encoding="utf-8")
    assert picture.count("<circle") > 100
    assert not re.search(r"<(script|image)", picture)
    again = call("surface", "run", "--output", "run.svg", cwd=home)
    assert again.returncode == 2
    assert again.stderr == "tui-trainer: --output run.svg: the file exists; give another\n"


def test_a_surface_without_its_data_has_no_points(home: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "alone.safetensors"
    checkpoint.write_bytes((home / "run" / "checkpoint.safetensors").read_bytes())
    (home / "halves.npz").rename(home / "elsewhere.npz")
    try:
        told = call("surface", str(checkpoint), "--size", "8", cwd=tmp_path)
    finally:
        (home / "elsewhere.npz").rename(home / "halves.npz")
    assert told.returncode == 0
    assert "without the points" in told.stderr


def test_a_run_on_images_has_none(home: Path, digits_file: Path) -> None:
    options = ("--epochs", "0", "--validation", "0", "--format", "quiet")
    assert call("--no-ui", "--data", str(digits_file), "--output", "digits", *options, cwd=home).returncode == 0
    refused = call("surface", "digits", cwd=home)
    assert refused.returncode == 2
    assert "a surface is drawn over two features, and this network takes 784 numbers" in refused.stderr


def test_a_surface_is_whole_where_it_takes_many_passes(model: Classifier) -> None:
    window = Window(-1, 1, -1, 1)
    large: Surface = surface(model.network_, window, 130, 70)
    assert not large.classes[:, :50].any()
    assert large.classes[:, -50:].all()
    assert large.classes.shape == (70, 130)
