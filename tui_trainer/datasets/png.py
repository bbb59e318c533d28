"""Pictures of digits in PNG files, made into what a network was trained on, as MNIST's digits were made."""

import math
import os
import struct
import warnings
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.spec import times
from tui_trainer.errors import UserError
from tui_trainer.system.reading import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

PNG: Final = b"\x89PNG\r\n\x1a\n"
MOST_PIXELS: Final = 36 << 20
"""A page of A4 at 600 dots per inch; in colours, with what is transparent, it takes ten bytes a pixel."""

ENOUGH: Final = 1024
"""Pixels on the longer side; those of larger pictures are averaged."""

MOST_BYTES: Final = 256 << 20
MOST_CHUNKS: Final = 1 << 17

BOX: Final = 20 / 28
"""The share of the side that a digit may fill."""

FAINTEST: Final = 16
"""Levels of gray, of 255, by which ink has to differ from its ground."""

INK: Final = 0.25
"""What is fainter than this share of the darkest ink does not count when the picture is cropped."""

Gray = NDArray[np.float32]


class Digit(NamedTuple):
    """A picture as a network's input."""

    pixels: NDArray[np.uint8]
    """(height, width), light on dark."""
    was_fitted: bool
    """Whether it is not the picture's pixels as they were."""
    is_inverted: bool
    """Whether it was dark on light, and has been turned around."""
    looks_inverted: bool
    """Whether it is dark on light, and was left so."""


def read_digit(path: Path, shape: tuple[int, int], *, invert: bool | None = None) -> Digit:
    """Read a PNG as an image of this height and width. Raises UserError when it is broken, too large, blank or of another shape.

    An opaque one of that size is taken as it is; another is fitted, if the image is to be a square. `invert` tells whether it is dark on
    light; None: by its border.
    """
    with opened(path) as file, _named(path):
        gray, is_opaque = _decode(file)
    ground = _ground(gray)
    is_dark_on_light = ground > (float(gray.min()) + float(gray.max())) / 2
    if is_opaque and gray.shape == shape:
        pixels = np.rint(255 - gray if invert else gray).astype(np.uint8)
        return Digit(pixels, bool(invert), bool(invert), is_dark_on_light and invert is None)
    if shape[0] != shape[1]:
        kind = "pixels" if is_opaque else "pixels with transparent ones"
        needed = f"this network takes opaque images of {times(shape)}, and fits only squares"
        raise UserError(f"its {times(gray.shape)} {kind} (height × width)", path=path, hint=needed)
    turned = is_dark_on_light if invert is None else invert
    ink = np.maximum(ground - gray if turned else gray - ground, 0)
    if float(ink.max()) < FAINTEST:
        known = "" if invert is None else f" with {'--invert' if invert else '--no-invert'}"
        raise UserError(f"there is nothing to see in it{known}: no pixel differs enough from the border", path=path)
    return Digit(fit(ink, shape[0]), True, turned, False)


def fit(ink: Gray, side: int) -> NDArray[np.uint8]:
    """Crop to the ink (0 where there is none), scale it into the box with its aspect kept, and put its centre of mass into the middle."""
    from PIL import Image  # noqa: PLC0415 only pictures need it

    marked = ink >= INK * ink.max()
    rows, columns = (np.flatnonzero(marked.any(axis=axis)) for axis in (1, 0))
    cropped = np.ascontiguousarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    box = max(1, round(side * BOX))
    height, width = (max(1, round(length * box / max(cropped.shape))) for length in cropped.shape)
    scaled = np.asarray(Image.fromarray(cropped).resize((width, height), Image.Resampling.HAMMING))
    scaled = np.clip(scaled * (255 / scaled.max()), 0, 255)
    centred = np.zeros((side, side), np.uint8)
    # MNIST's digits lie around the middle of pixel side / 2, not around its edge. Ink stays within the image, wherever its mass lies.
    top, left = (
        min(max(math.floor(side / 2 + 1 - centre), 0), side - length)
        for centre, length in zip(_centre_of_mass(scaled), scaled.shape, strict=True)
    )
    centred[top : top + height, left : left + width] = np.rint(scaled)
    return centred


def _centre_of_mass(image: Gray) -> tuple[float, float]:
    """In pixels from the upper left corner."""
    total = float(image.sum(dtype=np.float64))
    down, across = (float(image.sum(axis=axis, dtype=np.float64) @ (np.arange(image.shape[1 - axis]) + 0.5)) for axis in (1, 0))
    return down / total, across / total


def _ground(gray: Gray) -> float:
    return float(np.median(np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])))


def _decode(file: IO[bytes]) -> tuple[Gray, bool]:
    """Levels of gray from 0 to 255, of a large picture in fewer pixels, and whether there was no transparent one."""
    from PIL import Image  # noqa: PLC0415 only pictures need it

    _check_chunks(file)
    with warnings.catch_warnings():
        # Of what it passes over, as a broken animation beside the picture, Pillow warns too.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(file, formats=["PNG"]) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise UserError(f"its header announces {width:,}×{height:,} pixels", hint=f"at most {MOST_PIXELS:,} are read")
            image.load()
            gray, is_opaque = _gray(image)
    return np.asarray(gray.reduce(max(1, max(width, height) // ENOUGH)), np.float32), is_opaque


def _check_chunks(file: IO[bytes]) -> None:
    """Refuse a file that stops before the end that every PNG has: what is missing may be anything."""
    size = os.fstat(file.fileno()).st_size
    if size > MOST_BYTES:
        raise UserError(f"it is {size:,} bytes long", hint=f"at most {MOST_BYTES:,} are read")
    file.seek(len(PNG))
    for _ in range(MOST_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            raise UserError("truncated")
        length, kind = struct.unpack(">I4s", header)
        # Four more bytes are its checksum.
        if file.seek(length + 4, os.SEEK_CUR) > size:
            raise UserError("truncated")
        if kind == b"IEND":
            file.seek(0)
            return
    raise UserError(f"it has more than {MOST_CHUNKS:,} chunks")


def _gray(image: "Image") -> tuple["Image", bool]:
    """In 8 bits of gray, transparent pixels over a ground on which the others are seen, and whether there were none."""
    from PIL import Image  # noqa: PLC0415 only pictures need it

    alpha = None
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip
        levels = np.asarray(image)
        if "transparency" in image.info:
            alpha = Image.fromarray(np.where(levels == image.info["transparency"], 0, 255).astype(np.uint8))
        gray = Image.fromarray((levels // 257).astype(np.uint8))
    else:
        coloured = image.convert("RGBA") if "A" not in image.mode and "transparency" in image.info else image
        alpha = coloured.getchannel("A") if "A" in coloured.mode else None
        gray = coloured.convert("L")
    total = int(np.asarray(alpha).sum(dtype=np.uint64)) if alpha else 0
    if alpha is None or total == 255 * gray.width * gray.height:
        return gray, True
    over_black = Image.composite(gray, Image.new("L", gray.size), alpha)
    is_dark = int(np.asarray(over_black).sum(dtype=np.uint64)) < total / 2
    return Image.composite(gray, Image.new("L", gray.size, 255), alpha) if is_dark else over_black, False


@contextmanager
def _named(path: Path) -> "Iterator[None]":
    """A context manager that turns the decoder's errors into a UserError with the file's name."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 only pictures need it

    try:
        yield
    except UserError as error:
        error.path = path
        raise
    except UnidentifiedImageError:
        raise UserError("not a PNG image that can be read", path=path) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError("its header announces too many pixels", path=path, hint=f"at most {MOST_PIXELS:,} are read") from None
    except MemoryError:
        raise UserError("does not fit into memory", path=path) from None
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError, struct.error, zlib.error) as error:
        raise UserError(f"damaged: {_sentence(error)}", path=path) from None


def _sentence(error: Any) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
