"""Pictures of digits: what is made of them, and every way in which a PNG can lie."""

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tui_trainer import Classifier, UserError, load_data
from tui_trainer.datasets.png import read_digit

SIZE = (28, 28)
DIGIT = np.zeros(SIZE, np.uint8)
DIGIT[4:24, 8:20] = np.random.default_rng(0).integers(120, 256, (20, 12))
"""As wide and as high as MNIST's digits are."""


def saved(path: Path, image: np.ndarray | Image.Image, **options: Any) -> Path:
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(path, "PNG", **options)
    return path


def stroke(height: int = 200, width: int = 300, *, ink: int = 0, paper: int = 255) -> np.ndarray:
    """A thick bar, far from the middle."""
    page = np.full((height, width), paper, np.uint8)
    page[20:120, 30:50] = ink
    return page


def complaint(path: Path, **options: Any) -> str:
    with pytest.raises(UserError) as refused:
        read_digit(path, SIZE, **options)
    said = str(refused.value)
    assert len(said.splitlines()) == 1
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


def test_the_networks_own_size_is_taken_as_it_is(tmp_path: Path) -> None:
    digit = read_digit(saved(tmp_path / "d.png", DIGIT), SIZE)
    np.testing.assert_array_equal(digit.pixels, DIGIT)
    assert digit[1:] == (False, False, False)


def test_dark_on_light_of_that_size_is_told_and_turned_on_request_alone(tmp_path: Path) -> None:
    path = saved(tmp_path / "d.png", 255 - DIGIT)
    np.testing.assert_array_equal(read_digit(path, SIZE).pixels, 255 - DIGIT)
    assert read_digit(path, SIZE).looks_inverted
    np.testing.assert_array_equal(read_digit(path, SIZE, invert=True).pixels, DIGIT)
    assert not read_digit(path, SIZE, invert=False).looks_inverted


@pytest.mark.parametrize("invert", [None, True])
def test_a_page_is_fitted_as_mnist_was_made(tmp_path: Path, invert: bool | None) -> None:
    digit = read_digit(saved(tmp_path / "d.png", stroke()), SIZE, invert=invert)
    rows, columns = (np.flatnonzero(digit.pixels.any(axis=axis)) for axis in (1, 0))
    assert (len(rows), len(columns)) == (20, 4)
    assert digit.pixels.max() == 255
    # The middle of MNIST's digits is that of pixel 14.
    assert rows[0] in {4, 5}
    assert columns[0] in {12, 13}
    assert digit[1:] == (True, True, False)


def test_the_centre_of_mass_decides_not_that_of_the_box(tmp_path: Path) -> None:
    page = np.zeros((100, 100), np.uint8)
    page[10:90, 10:20] = 255
    page[50:52, 10:90] = 255
    columns = np.flatnonzero(read_digit(saved(tmp_path / "d.png", page), SIZE).pixels.any(axis=0))
    assert len(columns) == 20
    assert columns[-1] == 27, "a heavy left side belongs into the middle, but no ink out of the image"


SAME: dict[str, np.ndarray | Image.Image] = {
    "light on dark": stroke(ink=255, paper=0),
    "pale": stroke(ink=100, paper=180),
    "colour": np.stack([stroke(), stroke(), stroke(ink=90)], axis=2),
    "sixteen bits": stroke().astype(np.uint16) * 257,
    "one bit": Image.fromarray(stroke()).convert("1"),
    "palette": Image.fromarray(stroke()).convert("P"),
    "black ink on nothing": np.dstack([np.zeros((200, 300, 3), np.uint8), 255 - stroke()]),
    "white ink on nothing": np.dstack([np.full((200, 300, 3), 255, np.uint8), 255 - stroke()]),
    "gray and alpha": np.dstack([np.zeros((200, 300), np.uint8), 255 - stroke()]),
    "large": np.kron(stroke(), np.ones((15, 15), np.uint8)),
}


@pytest.mark.parametrize("kind", SAME)
def test_every_kind_of_png_gives_the_same(tmp_path: Path, kind: str) -> None:
    expected = read_digit(saved(tmp_path / "plain.png", stroke()), SIZE).pixels.astype(int)
    found = read_digit(saved(tmp_path / "d.png", SAME[kind]), SIZE).pixels.astype(int)
    assert np.abs(found - expected).max() <= 12


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "I;16"])
def test_a_transparent_colour_is_no_ink(tmp_path: Path, mode: str) -> None:
    # Light ink on what would be white if it were seen at all.
    page = stroke(ink=200)
    image = Image.fromarray(page.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(page).convert(mode)
    clear: Any = {"RGB": (255, 255, 255), "I;16": 65_535}.get(mode, 255)
    path = saved(tmp_path / "d.png", image, transparency=clear)
    digit = read_digit(path, SIZE)
    assert not digit.is_inverted
    assert np.count_nonzero(digit.pixels) == 80


@pytest.mark.parametrize("image", [stroke(ink=255), stroke(ink=0, paper=0), np.zeros((1, 1), np.uint8), stroke(ink=250)])
def test_a_blank_page_is_refused(tmp_path: Path, image: np.ndarray) -> None:
    assert "there is nothing to see in it" in complaint(saved(tmp_path / "d.png", image))


def test_the_wrong_way_round_is_refused(tmp_path: Path) -> None:
    assert "nothing to see in it with --no-invert" in complaint(saved(tmp_path / "d.png", stroke()), invert=False)


@pytest.mark.parametrize(("size", "at"), [((1, 300), (0, 150)), ((300, 1), (150, 0)), ((2, 2), (0, 1)), ((5000, 3), (2500, 1))])
def test_odd_shapes_are_fitted(tmp_path: Path, size: tuple[int, int], at: tuple[int, int]) -> None:
    page = np.zeros(size, np.uint8)
    page[at] = 255
    assert read_digit(saved(tmp_path / "d.png", page), SIZE).pixels.max() == 255


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def header(width: int = 28, height: int = 28) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)


PIXELS = (b"IDAT", zlib.compress(bytes(29 * 28)))
END = (b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (png(header(60_000, 60_000), PIXELS, END), "too many pixels"),
        (png(header(2**31 - 1, 2**31 - 1), PIXELS, END), "too many pixels"),
        (png(header(9_000, 9_000), PIXELS, END), "its header announces 9,000×9,000 pixels; at most 37,748,736 are read"),
        (png(header(0, 5), PIXELS, END), "not a PNG image that can be read"),
        (png(header(300, 300), PIXELS, END), "damaged"),
        (png(header(), END), "damaged"),
        (png(header(), (b"IDAT", b"junk" * 20), END), "damaged"),
        (png(header(), PIXELS), "truncated"),
        (png(header(), (b"zTXt", b"a\0\0" + zlib.compress(bytes(16 << 20))), PIXELS, END), "damaged"),
        (png(header(), *[(b"teXt", b"")] * 140_000, PIXELS, END), "it has more than 131,072 chunks"),
        (png((b"IDAT", b""), END), "not a PNG image that can be read"),
    ],
    ids=["bomb", "larger bomb", "too many", "no width", "too few rows", "no rows", "no zlib", "no end", "text bomb", "chunks", "no header"],
)
def test_hostile_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "d.png"
    path.write_bytes(content)
    assert message in complaint(path)


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "d.png", DIGIT)
    content = path.read_bytes()
    for length in range(8, len(content)):
        path.write_bytes(content[:length])
        assert complaint(path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_flipped_bits_are_read_or_refused_in_one_line(tmp_path: Path, data: st.DataObject) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([np.kron(DIGIT, np.ones((2, 2), np.uint8))] * 4)).save(buffer, "PNG")
    content = bytearray(buffer.getvalue())
    for place in data.draw(st.lists(st.integers(8, len(content) - 1), min_size=1, max_size=3)):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path / "d.png"
    path.write_bytes(content)
    said, digit = "", None
    try:
        digit = read_digit(path, SIZE)
    except UserError as error:
        said = str(error)
    assert digit.pixels.shape == (28, 28) if digit else said.startswith(f"{path}: ")
    assert len(said.splitlines()) <= 1


def test_no_pipe_no_folder_no_other_format(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert complaint(tmp_path / "pipe") == "not a regular file"
    assert complaint(tmp_path) == "not a regular file"
    assert complaint(tmp_path / "none") == "no such file or directory"
    Image.fromarray(stroke()).save(tmp_path / "d.jpg")
    assert complaint(tmp_path / "d.jpg")


@pytest.fixture(scope="module")
def model() -> Classifier:
    images, labels = load_data("mnist").training
    return Classifier(hidden="32", epochs=2).fit(images[:10_000], labels[:10_000])


def test_digits_drawn_on_large_pages_are_read_nearly_as_well_as_mnists_own(tmp_path: Path, model: Classifier) -> None:
    test = load_data("mnist").test
    assert test is not None
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(test.labels), 200, replace=False)
    fitted = []
    for number in chosen:
        page = Image.new("L", (280, 280), 255)
        ink = Image.fromarray(255 - test.images[number].reshape(28, 28)).resize((280, 280), Image.Resampling.BICUBIC)
        page.paste(ink, tuple(rng.integers(-40, 41, 2).tolist()))
        fitted.append(read_digit(saved(tmp_path / "d.png", page), SIZE).pixels.reshape(-1))
    original = model.score(test.images[chosen], test.labels[chosen])
    assert original > 0.9
    assert model.score(np.stack(fitted), test.labels[chosen]) > original - 0.1
