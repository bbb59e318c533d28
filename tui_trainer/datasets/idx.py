"""IDX files, MNIST's own format, plain or gzipped, and folders of four of them.

Two zero bytes, a type code, the number of dimensions, each dimension as a big-endian 32-bit number, then the elements.
"""

import gzip
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.limits import naming, read_exactly, size_of
from tui_trainer.errors import UserError
from tui_trainer.system.reading import opened

FILES: Mapping[str, str] = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}

BYTES = 0x08
"""The type code of unsigned bytes."""

GZIP = b"\x1f\x8b"
"""What a gzipped file begins with, whatever its name: browsers unpack files and leave the `.gz`, and others pack without it."""


def find(folder: Path, name: str) -> Path:
    """The file of this name in a folder, as people's tools spell it. Raises UserError."""
    candidates = [folder / spelling for plain in (name, name.replace("-idx", ".idx")) for spelling in (plain, f"{plain}.gz")]
    # A folder of that name stands beside the file where Kaggle's archive was unpacked. What is no file at all is refused when it is opened.
    found = next((path for path in candidates if path.is_file()), None) or next((path for path in candidates if path.exists()), None)
    if found is None:
        raise UserError(f"{name} is missing, and so is {name}.gz", option="--data", path=folder, hint="a folder needs all four IDX files")
    return found


def begins_idx(start: bytes) -> bool:
    """Whether these are the first bytes of an IDX file."""
    return start.startswith((b"\0\0", GZIP))


def peek_idx(path: Path, dimensions: int) -> tuple[int, ...]:
    """The shape in the header. Raises UserError when `read_idx` would, as far as the header shows it."""
    with opened(path) as raw, naming(path), _unpacked(raw) as stream:
        return _read_header(stream, path, dimensions)


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read an IDX file of bytes, plain or gzipped. Raises UserError when anything about it does not hold."""
    with opened(path) as raw, naming(path), _unpacked(raw) as stream:
        shape = _read_header(stream, path, dimensions)
        # Labels become machine integers.
        return read_exactly(stream, path, shape, os.fstat(raw.fileno()).st_size, 8 if dimensions == 1 else 1)


@contextmanager
def _unpacked(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    is_packed = raw.read(len(GZIP)) == GZIP
    raw.seek(0)
    yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if is_packed else raw


def _read_header(stream: IO[bytes], path: Path, dimensions: int) -> tuple[int, ...]:
    header = stream.read(4 + 4 * dimensions)
    if len(header) < 4 + 4 * dimensions:
        raise UserError(f"{len(header)} bytes are too few for an IDX header", path=path)
    zeros, code, count = struct.unpack_from(">HBB", header)
    if zeros != 0:
        raise UserError(f"not an IDX file: it begins with {header[:4].hex(' ')}", path=path)
    if code != BYTES:
        raise UserError(f"its type code is 0x{code:02x}", path=path, hint="only unsigned bytes (0x08) are read")
    if count != dimensions:
        raise UserError(f"it has {count} dimensions where {dimensions} are expected", path=path)
    shape = struct.unpack_from(f">{dimensions}I", header, 4)
    size_of(path, shape, 1)
    return shape
