"""IDX files, MNIST's own format, plain or gzipped, and folders of them as they circulate.

Two zero bytes, a type code, the number of dimensions, each dimension as a big-endian 32-bit number, then the elements.
"""

import gzip
import os
import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final, cast

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

TYPES: Final[Mapping[int, str]] = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""What the elements are, by the type code."""

BYTES = 0x08
"""The type code of unsigned bytes."""

GZIP = b"\x1f\x8b"
"""What a gzipped file begins with, whatever its name: browsers unpack files and leave the `.gz`, and others pack without it."""

SPELLING: Final = re.compile(
    r"(?P<set>.*?)[-_.]?(?P<part>train|t10k|test|val|valid|validation)[-_.](?P<kind>images|labels)[-_.]idx\d[-_.](?:ubyte|u?int)(?P<packed>\.gz)?",
    re.IGNORECASE,
)
"""MNIST's names, `emnist-letters-train-images-idx3-ubyte.gz`, `qmnist-test-labels-idx2-int`, and with a dot for a hyphen."""

DEEPEST: Final = 3
"""Folders within the folder that are looked through: torchvision puts the files into MNIST/raw, Kaggle each into one of its own name."""

MOST_ENTRIES: Final = 20_000

QMNIST_COLUMNS: Final = 8
"""Of QMNIST's labels: the class, and where the digit is from."""


def find_sets(folder: Path) -> dict[str, dict[str, Path]]:
    """The IDX files in a folder, by the name of their set, which is empty for MNIST's, and by what they hold: `x_train`, `y_test`, …"""
    found: dict[str, dict[str, tuple[tuple[bool, int, bool], Path]]] = {}
    for path, depth in _walk(folder):
        if match := SPELLING.fullmatch(path.name):
            part = {"t10k": "test", "val": "validation", "valid": "validation"}.get(match["part"].lower(), match["part"].lower())
            key = f"{'x' if match['kind'].lower() == 'images' else 'y'}_{part}"
            # A folder of that name stands beside the file where Kaggle's archive was unpacked; what is no file at all is refused when
            # it is opened. Plain comes before packed.
            rank = not _is_file(path), depth, bool(match["packed"])
            files = found.setdefault(match["set"].lower(), {})
            files[key] = min(files.get(key, (rank, path)), (rank, path))
    return {name: {key: path for key, (_, path) in files.items()} for name, files in found.items()}


def _walk(folder: Path) -> Iterator[tuple[Path, int]]:
    """What lies in a folder and those within it, and how deep. Raises OSError where the folder itself cannot be read."""
    folders, seen = [(folder, 0)], 0
    for each, depth in folders:
        with suppress(OSError) if depth else _nothing(), os.scandir(each) as entries:
            for entry in entries:
                seen += 1
                if seen > MOST_ENTRIES:
                    return
                yield Path(entry.path), depth
                if depth < DEEPEST and entry.is_dir(follow_symlinks=False):
                    folders.append((Path(entry.path), depth + 1))


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def begins_idx(start: bytes) -> bool:
    """Whether these are the first bytes of an IDX file."""
    return start.startswith((b"\0\0", GZIP))


def peek_idx(path: Path, *dimensions: int) -> tuple[int, ...]:
    """The shape in the header. Raises UserError when `read_idx` would, as far as the header shows it."""
    with opened(path) as raw, naming(path), _unpacked(raw) as stream:
        return _read_header(stream, path, dimensions)[0]


def read_idx(path: Path, *dimensions: int) -> NDArray[Any]:
    """Read an IDX file of so many dimensions, plain or gzipped. Raises UserError when anything about it does not hold.

    Bytes stay bytes, other numbers are of the machine's byte order.
    """
    with opened(path) as raw, naming(path), _unpacked(raw) as stream:
        shape, dtype = _read_header(stream, path, dimensions)
        # Labels become machine integers.
        weight = 8 // dtype.itemsize if len(shape) == 1 else 1
        content = read_exactly(stream, path, (*shape, dtype.itemsize), os.fstat(raw.fileno()).st_size, weight)
        return content.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def read_idx_labels(path: Path) -> NDArray[Any]:
    """The labels in an IDX file: a number each, or a row; of QMNIST's rows the class alone."""
    labels = read_idx(path, 1, 2)
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == QMNIST_COLUMNS and labels.dtype.itemsize > 1 else labels


@contextmanager
def _unpacked(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    is_packed = raw.read(len(GZIP)) == GZIP
    raw.seek(0)
    yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if is_packed else raw


def _read_header(stream: IO[bytes], path: Path, dimensions: tuple[int, ...]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    least = 4 + 4 * min(dimensions)
    header = stream.read(least)
    if len(header) < least:
        raise UserError(f"{len(header)} bytes are too few for an IDX header", path=path)
    zeros, code, count = struct.unpack_from(">HBB", header)
    if zeros != 0:
        raise UserError(f"not an IDX file: it begins with {header[:4].hex(' ')}", path=path)
    if code not in TYPES:
        known = ", ".join(f"0x{each:02x}" for each in TYPES)
        raise UserError(f"its type code is 0x{code:02x}", path=path, hint=f"an IDX file has one of {known}")
    if count not in dimensions:
        expected = " or ".join(map(str, dimensions))
        raise UserError(f"it has {count} dimensions where {expected} are expected", path=path)
    header += stream.read(4 * (count - min(dimensions)))
    if len(header) < 4 + 4 * count:
        raise UserError(f"{len(header)} bytes are too few for an IDX header", path=path)
    shape = struct.unpack_from(f">{count}I", header, 4)
    dtype = np.dtype(TYPES[code])
    size_of(path, shape, dtype.itemsize)
    return shape, dtype
