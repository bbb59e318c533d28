"""PNG files that mean harm. What else may be wrong with one is in tests/test_digits.py."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from tui_trainer.datasets.png import read_digit
from tui_trainer.errors import UserError
from tui_trainer.system.folders import printable

from .outcome import ESCAPES, is_harmless, is_one_line, is_refusal, measured, outcome

pytestmark = pytest.mark.long

FUZZ = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

START = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes, *, length: int | None = None, checksum: int | None = None) -> bytes:
    made = zlib.crc32(kind + content) if checksum is None else checksum
    return struct.pack(">I", len(content) if length is None else length) + kind + content + struct.pack(">I", made)


def header(width: int = 28, height: int = 28, depth: int = 8, colour: int = 0, rest: tuple[int, int, int] = (0, 0, 0)) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, *rest))


def picture() -> bytes:
    pixels = np.zeros((28, 28), np.uint8)
    pixels[5:23, 12:16] = 255
    file = io.BytesIO()
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Title", ESCAPES, zip=True)
    Image.fromarray(pixels).save(file, "PNG", pnginfo=notes)
    return file.getvalue()


def complaint(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    try:
        digit = read_digit(path, (28, 28))
    except UserError as error:
        assert is_one_line(printable(str(error)))  # noqa: PT017 it may be no error
        assert str(path) in str(error)  # noqa: PT017
        return str(error)
    assert digit.pixels.shape == (28, 28)
    return ""


def test_a_picture_cut_at_every_boundary_is_refused(tmp_path: Path) -> None:
    whole = picture()
    assert complaint(tmp_path / "p.png", whole) == ""
    for length in range(len(whole)):
        assert complaint(tmp_path / "p.png", whole[:length])


@FUZZ
@given(data=st.data())
def test_flipped_bits(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(picture())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    complaint(tmp_path / "p.png", bytes(content))


KINDS = [
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"iCCP",
    b"zTXt",
    b"iTXt",
    b"tEXt",
    b"eXIf",
    b"acTL",
    b"fcTL",
    b"fdAT",
    b"gAMA",
    b"cHRM",
    b"pHYs",
    b"\x1b[2J",
    b"\0\0\0\0",
]


@FUZZ
@given(
    chunks=st.lists(st.tuples(st.sampled_from(KINDS), st.binary(max_size=40)), max_size=5),
    colour=st.sampled_from([0, 2, 3, 4, 6, 7]),
    depth=st.sampled_from([0, 1, 8, 16, 255]),
    size=st.sampled_from([(28, 28), (0, 0), (1, 1), (1, 2**31), (2**32 - 1, 2**32 - 1), (5, 900)]),
)
def test_any_chunks(tmp_path: Path, chunks: list[tuple[bytes, bytes]], colour: int, depth: int, size: tuple[int, int]) -> None:
    content = START + header(*size, depth, colour) + b"".join(chunk(*each) for each in chunks)
    for end in (b"", chunk(b"IDAT", zlib.compress(bytes(900))) + chunk(b"IEND", b"")):
        complaint(tmp_path / "p.png", content + end)


def claims(side: int) -> bytes:
    return START + header(side, side) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def bomb(side: int, kind: int) -> bytes:
    """As many zeros as its header announces."""
    return (
        START
        + header(side, side, 8, kind)
        + chunk(b"IDAT", zlib.compress(bytes(side * (side * (4 if kind == 6 else 1) + 1))))
        + chunk(b"IEND", b"")
    )


def text_bomb() -> bytes:
    texts = chunk(b"zTXt", b"Title\0\0" + zlib.compress(bytes(1 << 26))) * 8
    return START + header() + texts + chunk(b"IDAT", zlib.compress(bytes(28 * 29))) + chunk(b"IEND", b"")


def profile_bomb() -> bytes:
    profile = chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(1 << 28)))
    return START + header() + profile + chunk(b"IDAT", zlib.compress(bytes(28 * 29))) + chunk(b"IEND", b"")


def chunks_without_end() -> bytes:
    return START + header() + chunk(b"tEXt", b"a\0b") * 200_000 + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [lambda: claims(8000), lambda: claims(60_000), lambda: claims(2**32 - 1), text_bomb, profile_bomb, chunks_without_end],
    ids=["64 Mpx", "3.6 Gpx", "2^64 px", "texts", "profile", "chunks"],
)
def test_what_claims_much_is_refused_and_costs_little(tmp_path: Path, stopped_run: Path, content: Callable[[], bytes]) -> None:
    (tmp_path / "p.png").write_bytes(content())
    found = measured(tmp_path, "predict", str(stopped_run), str(tmp_path / "p.png"))
    assert is_refusal(found), found.stderr
    assert 20 < found.megabytes < 500


@pytest.mark.parametrize("kind", [0, 6], ids=["gray", "RGBA"])
def test_the_largest_picture_that_is_read(tmp_path: Path, stopped_run: Path, kind: int) -> None:
    (tmp_path / "p.png").write_bytes(bomb(6100, kind))
    found = measured(tmp_path, "predict", str(stopped_run), str(tmp_path / "p.png"))
    assert is_refusal(found), found.stderr
    assert found.megabytes < 500


def test_names_and_texts_of_pictures(tmp_path: Path, stopped_run: Path) -> None:
    path = tmp_path / (ESCAPES.replace("\0", "").replace("/", "") + "\udcff.png")
    for content in (picture(), picture()[:50], b"GIF89a", b""):
        path.write_bytes(content)
        for further in ([], ["--show"], ["--format", "json"], ["--invert"]):
            found: Any = outcome("predict", str(stopped_run), str(path), *further)
            assert found.status in (0, 2)
            assert is_harmless(found.stdout)
            assert is_harmless(found.stderr)
