"""Pictures of any size and format that Pillow reads, made samples of one shape."""

import io
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.limits import MOST_BYTES
from tui_trainer.datasets.png import MOST_PIXELS
from tui_trainer.datasets.spec import COLOURS
from tui_trainer.errors import UserError
from tui_trainer.system.reading import opened

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "PPM", "TIFF")

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".pgm", ".ppm", ".pnm", ".tif", ".tiff"})

LARGEST: Final = 64
"""Pixels on the longer side of a sample; larger pictures are scaled down: each pixel is an input."""

LOOKED_AT: Final = 200
"""Pictures by which the shape of all is chosen."""

MOST_PICTURES: Final = 1_000_000

Source = Path | bytes


class Shape(NamedTuple):
    """What every picture is made."""

    height: int
    width: int
    is_coloured: bool

    @property
    def sample(self) -> tuple[int, ...]:
        """The shape of a sample."""
        return (self.height, self.width, COLOURS) if self.is_coloured else (self.height, self.width)


def common_shape(pictures: Sequence[Source]) -> Shape:
    """The most frequent size, scaled down where it is large, in colours where a picture has some. Raises UserError."""
    looked = [pictures[place] for place in np.linspace(0, len(pictures) - 1, min(len(pictures), LOOKED_AT)).astype(int).tolist()]
    sizes: Counter[tuple[int, int]] = Counter()
    is_coloured = False
    for picture in looked:
        with _opened(picture) as image:
            sizes[image.height, image.width] += 1
            is_coloured = is_coloured or _has_colours(image)
    height, width = sizes.most_common(1)[0][0]
    factor = min(1.0, LARGEST / max(height, width))
    return Shape(max(round(height * factor), 1), max(round(width * factor), 1), is_coloured)


def read_pictures(pictures: Sequence[Source], shape: Shape) -> tuple[NDArray[np.uint8], int]:
    """The pictures as samples (pictures, *shape.sample), bytes, and how many were of another size. Raises UserError."""
    if len(pictures) * int(np.prod(shape.sample)) > MOST_BYTES or len(pictures) > MOST_PICTURES:
        raise UserError(f"there are {len(pictures):,} pictures of {shape.height}×{shape.width} pixels", hint="that is more than is read")
    samples = np.empty((len(pictures), *shape.sample), np.uint8)
    fitted = 0
    for place, picture in enumerate(pictures):
        samples[place], was_fitted = read_picture(picture, shape)
        fitted += was_fitted
    return samples, fitted


def read_picture(picture: Source, shape: Shape) -> tuple[NDArray[np.uint8], bool]:
    """One picture as a sample, and whether it was scaled. One of another size keeps its aspect; what it leaves free is as its border is."""
    from PIL import Image  # noqa: PLC0415 only pictures need it

    with _opened(picture) as image:
        plain = _plain(image, is_coloured=shape.is_coloured)
        if (plain.height, plain.width) == (shape.height, shape.width):
            return np.asarray(plain, np.uint8), False
        factor = min(shape.height / plain.height, shape.width / plain.width)
        size = max(round(plain.width * factor), 1), max(round(plain.height * factor), 1)
        scaled = np.asarray(plain.resize(size, Image.Resampling.BOX if factor < 1 else Image.Resampling.NEAREST), np.uint8)
    border = np.concatenate([scaled[0], scaled[-1], scaled[:, 0], scaled[:, -1]])
    sample: NDArray[np.uint8] = np.empty(shape.sample, np.uint8)
    sample[:] = np.median(border, axis=0)
    top, left = (shape.height - scaled.shape[0]) // 2, (shape.width - scaled.shape[1]) // 2
    sample[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return sample, True


def _has_colours(image: "Image") -> bool:
    if image.mode in ("1", "L", "LA") or image.mode.startswith("I"):
        return False
    colours = np.asarray(_plain(image, is_coloured=True), np.int16)
    return bool((np.ptp(colours, axis=2) > 8).any())


def _plain(image: "Image", *, is_coloured: bool) -> "Image":
    """In colours or gray of 8 bits, upright, over white where it is transparent."""
    from PIL import Image, ImageOps  # noqa: PLC0415 only pictures need it

    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):  # 16 bits, which Pillow would clip
        levels = np.asarray(upright, np.float64)
        most = levels.max(initial=0)
        gray = Image.fromarray((levels * (255 / 65535 if most > 255 else 1)).clip(0, 255).astype(np.uint8))
        return gray.convert("RGB") if is_coloured else gray
    if "A" in upright.mode or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return upright.convert("RGB" if is_coloured else "L")


@contextmanager
def _opened(picture: Source) -> "Iterator[Image]":
    """The picture, decoded; its errors are UserErrors that name the file."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 only pictures need it

    path = picture if isinstance(picture, Path) else None
    try:
        with _bytes_of(picture) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file, formats=FORMATS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise UserError(
                        f"its header announces {image.width:,}×{image.height:,} pixels", hint=f"at most {MOST_PIXELS:,} are read"
                    )
                image.load()
                yield image
    except UserError as error:
        error.path = error.path or path
        raise
    except UnidentifiedImageError:
        raise UserError("not a picture that can be read", path=path, hint=f"formats are {', '.join(FORMATS)}") from None
    except MemoryError:
        raise UserError("does not fit into memory", path=path) from None
    except Image.DecompressionBombError:
        raise UserError("its header announces too many pixels", path=path, hint=f"at most {MOST_PIXELS:,} are read") from None
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError, struct.error, zlib.error) as error:
        raise UserError(f"damaged picture: {' '.join(str(error).split())[:200]}", path=path) from None


@contextmanager
def _bytes_of(picture: Source) -> "Iterator[IO[bytes]]":
    if isinstance(picture, bytes):
        yield io.BytesIO(picture)
    else:
        with opened(picture) as file:
            yield file
