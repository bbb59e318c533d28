"""NPZ files: a zip of .npy files, each read through the same limits."""

import io
import math
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.limits import CHUNK, naming, read_exactly, size_of
from tui_trainer.datasets.spec import DataSpec, scale_of
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Images, Labels
from tui_trainer.system.reading import opened

ARRAYS = ("x_train", "y_train", "x_test", "y_test")

SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
"""What a zip begins with: its first member, or its end where it is empty."""

MOST_ARRAYS = 1000
LONGEST_HEADER = 10_000


def begins_npz(start: bytes) -> bool:
    """Whether these are the first bytes of an .npz file."""
    return start.startswith(SIGNATURES)


class _Header(NamedTuple):
    shape: tuple[int, ...]
    fortran_order: bool
    dtype: np.dtype[Any]

    @property
    def becomes(self) -> np.dtype[Any]:
        """What its images are in memory: whole numbers are bytes, others and truth values float32."""
        return np.dtype(np.uint8 if self.dtype.kind in "ui" else np.float32)


class Npz:
    """An .npz that is open for reading. Every method raises UserError, which names the file and the array."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive = archive
        self._path = path
        self.names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        if len(self.names) > MOST_ARRAYS:
            raise UserError(f"it holds {len(self.names):,} arrays", path=path, hint=f"at most {MOST_ARRAYS:,} are looked at")

    def shape(self, name: str) -> tuple[int, ...]:
        """What the array's header says."""
        with self._open(name) as member:
            return self._header(member, name).shape

    def spec(self, name: str) -> DataSpec:
        """What images are in this array, by its header."""
        with self._open(name) as member:
            header = self._header(member, name)
        self._require_numbers(name, header)
        _require_images(header.shape, self._path, name)
        return DataSpec(header.shape[1:], scale=scale_of(header.becomes))

    def images(self, name: str) -> Images:
        """An array of shape (samples, …): whole numbers from 0 to 255 as bytes, floating-point ones and truth values as float32."""
        return _images(self._read(name), self._path, name)

    def labels(self, name: str) -> Labels:
        """An array of whole numbers of shape (samples,)."""
        return _labels(self._read(name, np.intp), self._path, name)

    def _open(self, name: str) -> IO[bytes]:
        if self._archive.getinfo(f"{name}.npy").compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UserError(f"{name} is compressed in a way that NumPy does not write", path=self._path)
        return self._archive.open(f"{name}.npy")

    def _header(self, stream: IO[bytes], name: str) -> _Header:
        version = np.lib.format.read_magic(stream)
        readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in readers:
            raise UserError(f"{name} is of npy version {version[0]}.{version[1]}", path=self._path, hint="1.0 and 2.0 are read")
        # NumPy would read it whole, however long it claims to be.
        prefix = stream.read(2 if version == (1, 0) else 4)
        if (length := int.from_bytes(prefix, "little")) > LONGEST_HEADER:
            raise UserError(f"{name} has a header of {length:,} bytes", path=self._path, hint=f"at most {LONGEST_HEADER:,} are read")
        with warnings.catch_warnings():
            # Of what Python 2 wrote NumPy warns, which is read all the same.
            warnings.simplefilter("ignore")
            return _Header(*readers[version](io.BytesIO(prefix + stream.read(length))))

    def _require_numbers(self, name: str, header: _Header) -> None:
        if header.dtype.kind not in "uifb" or header.dtype.itemsize > 8:
            raise UserError(f"{name} holds {str(header.dtype)[:60]}", path=self._path, hint="numbers are expected")
        size_of(self._path, header.shape, header.dtype.itemsize)

    def _read(self, name: str, becomes: type[np.generic] | None = None) -> NDArray[Any]:
        with self._open(name) as member:
            header = self._header(member, name)
            self._require_numbers(name, header)
            dtype = header.dtype
            packed = self._archive.getinfo(f"{name}.npy").compress_size
            weight = np.dtype(becomes or dtype).itemsize // dtype.itemsize
            content = read_exactly(member, self._path, (math.prod(header.shape) * dtype.itemsize,), packed, weight)
        # A truth value that is neither 0 nor 1 is none of NumPy's.
        array = content != 0 if dtype.kind == "b" else np.frombuffer(content, dtype)
        return array.reshape(header.shape, order="F" if header.fortran_order else "C")


@contextmanager
def open_npz(path: Path) -> Iterator[Npz]:
    """Open an .npz file. Raises UserError when it is something else."""
    with opened(path) as raw, naming(path):
        if not begins_npz(raw.read(4)):
            raise UserError("not an .npz file", path=path)
        raw.seek(0)
        with zipfile.ZipFile(cast("IO[bytes]", _Frugal(raw))) as archive:
            yield Npz(archive, path)


class _Frugal:
    """A zip file of which little is read at a time: of its list of contents a hundred times the memory is made."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._read = raw.read
        self.seek, self.tell, self.seekable = raw.seek, raw.tell, raw.seekable

    def read(self, size: int = -1) -> bytes:
        content = self._read(CHUNK + 1 if size < 0 else min(size, CHUNK + 1))
        if len(content) > CHUNK:
            raise zipfile.BadZipFile("its list of contents is too long")
        return content


def _require_images(shape: tuple[int, ...], path: Path, key: str) -> None:
    if len(shape) < 2:
        raise UserError(f"{key} has shape {shape}", path=path, hint="images need (samples, …)")


def _images(array: NDArray[Any], path: Path, key: str) -> Images:
    _require_images(array.shape, path, key)
    array = np.ascontiguousarray(array)
    if array.dtype.kind in "fb":
        with np.errstate(all="ignore"):
            floats = array.astype(np.float32)
            wrong = np.flatnonzero(~np.isfinite(floats.reshape(len(floats), -1).sum(axis=1, dtype=np.float64)))
        if wrong.size:
            raise UserError(f"{key} image {wrong[0]} holds a number that is not finite", path=path)
        return floats
    if array.size and (array.min() < 0 or array.max() > 255):
        raise UserError(f"{key} holds whole numbers from {array.min()} to {array.max()}", path=path, hint="pixels are 0 to 255")
    return array.astype(np.uint8)


def _labels(array: NDArray[Any], path: Path, key: str) -> Labels:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind == "f":
        raise UserError(f"{key} has shape {array.shape} of {array.dtype}", path=path, hint="labels are whole numbers of shape (samples,)")
    return array
