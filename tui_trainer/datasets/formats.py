"""Arrays from IDX and npz files. A file is believed only as far as its bytes go."""

import gzip
import io
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from tui_trainer.errors import UserError, reason_of
from tui_trainer.nn.arrays import Images, Labels
from tui_trainer.system.reading import opened

MOST_BYTES = 4 << 30
"""No array may be larger: what a header claims is allocated only up to here."""

CHUNK = 8 << 20
"""Bytes that are read at a time; of an .npz, the list of its contents too."""

UNSUSPECTED = 64 << 20
MOST_RATIO = 200
"""What unpacks to more than these bytes and this many times its size is a bomb: images never do, and deflate can go to 1,030 times."""

MOST_ARRAYS = 1000
LONGEST_HEADER = 10_000

LONGEST_COMPLAINT = 200
"""Characters: it may quote the file."""

# IDX: two zero bytes, a type code, the number of dimensions, each dimension as a big-endian 32-bit number, then the elements.


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read an IDX file of bytes, plain or gzipped. Raises UserError when anything about it does not hold."""
    with opened(path) as raw, _named(path):
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw
        header = stream.read(4 + 4 * dimensions)
        if len(header) < 4 + 4 * dimensions:
            raise UserError(f"{len(header)} bytes are too few for an IDX header", path=path)
        zeros, code, count = struct.unpack_from(">HBB", header)
        if zeros != 0:
            raise UserError(f"not an IDX file: it begins with {header[:4].hex(' ')}", path=path)
        if code != 0x08:
            raise UserError(f"its type code is 0x{code:02x}", path=path, hint="only unsigned bytes (0x08) are read")
        if count != dimensions:
            raise UserError(f"it has {count} dimensions where {dimensions} are expected", path=path)
        shape = struct.unpack_from(f">{dimensions}I", header, 4)
        return _read_exactly(stream, path, shape, os.fstat(raw.fileno()).st_size, 8 if dimensions == 1 else 1)


def _read_exactly(stream: IO[bytes], path: Path, shape: tuple[int, ...], packed: int, weight: int = 1) -> NDArray[np.uint8]:
    """The bytes that `shape` announces, no fewer and no more; one byte beyond is read, so a bomb costs nothing.

    `packed` is how many they are in the file, `weight` how many become of each: labels become machine integers.
    """
    size = _size_of(path, shape, 1)
    chunks = bytearray()
    while len(chunks) <= size:
        # Memory grows with what is there, not with what the header claims.
        chunk = stream.read(min(size + 1 - len(chunks), CHUNK))
        if not chunk:
            break
        chunks += chunk
        if len(chunks) * weight > UNSUSPECTED and size > MOST_RATIO * packed:
            raise UserError(f"its header announces {size:,} bytes, more than {MOST_RATIO} times what they are packed in", path=path)
    if len(chunks) < size:
        raise UserError(f"truncated: its header announces {size:,} bytes, and {len(chunks):,} follow", path=path)
    if len(chunks) > size:
        raise UserError(f"more bytes follow than the {size:,} its header announces", path=path)
    return np.frombuffer(chunks, np.uint8).reshape(shape)


def _size_of(path: Path, shape: tuple[int, ...], itemsize: int) -> int:
    size = itemsize
    for dimension in shape:
        if not 0 <= dimension < 1 << 63:
            raise UserError("its header announces a dimension that no array has", path=path)
        size *= dimension
    if size > MOST_BYTES:
        raise UserError(f"its header announces {size:,} bytes", path=path, hint=f"at most {MOST_BYTES:,} are read")
    return size


# NPZ: a zip of .npy files, each read through the same limits.


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
            return self._header(member, name)[0]

    def images(self, name: str) -> Images:
        """An array of shape (samples, …): whole numbers from 0 to 255 as bytes, floating-point ones as float32."""
        return _images(self._read(name), self._path, name)

    def labels(self, name: str) -> Labels:
        """An array of whole numbers of shape (samples,)."""
        return _labels(self._read(name, np.intp), self._path, name)

    def _open(self, name: str) -> IO[bytes]:
        if self._archive.getinfo(f"{name}.npy").compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UserError(f"{name} is compressed in a way that NumPy does not write", path=self._path)
        return self._archive.open(f"{name}.npy")

    def _header(self, stream: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
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
            shape, fortran_order, dtype = readers[version](io.BytesIO(prefix + stream.read(length)))
        return shape, fortran_order, dtype

    def _read(self, name: str, becomes: type[np.generic] | None = None) -> NDArray[Any]:
        with self._open(name) as member:
            shape, fortran_order, dtype = self._header(member, name)
            if dtype.kind not in "uif" or dtype.itemsize > 8:
                raise UserError(f"{name} holds {str(dtype)[:60]}", path=self._path, hint="numbers are expected")
            packed = self._archive.getinfo(f"{name}.npy").compress_size
            weight = np.dtype(becomes or dtype).itemsize // dtype.itemsize
            content = _read_exactly(member, self._path, (_size_of(self._path, shape, dtype.itemsize),), packed, weight)
        return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran_order else "C")


@contextmanager
def open_npz(path: Path, otherwise: str = "not an .npz file") -> Iterator[Npz]:
    """Open an .npz file. Raises UserError, which says `otherwise` when it is something else."""
    with opened(path) as raw, _named(path):
        if raw.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            raise UserError(otherwise, path=path)
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


def _images(array: NDArray[Any], path: Path, key: str) -> Images:
    if array.ndim < 2:
        raise UserError(f"{key} has shape {array.shape}", path=path, hint="images need (samples, …)")
    array = np.ascontiguousarray(array)
    if array.dtype.kind == "f":
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


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Give the complaints of the decoders the file's name."""
    try:
        yield
    except gzip.BadGzipFile as error:
        raise UserError(f"damaged gzip: {error}", path=path) from None
    except (EOFError, zlib.error) as error:
        raise UserError(f"damaged or truncated: {error}", path=path) from None
    except zipfile.BadZipFile as error:
        raise UserError(f"damaged zip: {error}", path=path) from None
    # TokenError: NumPy takes the header of an array for Python's.
    except (ValueError, TypeError, SyntaxError, TokenError, OverflowError, RuntimeError, struct.error) as error:
        raise UserError(f"cannot be read: {' '.join(str(error).split())[:LONGEST_COMPLAINT]}", path=path) from None
    except (OSError, io.UnsupportedOperation) as error:
        raise UserError(reason_of(error), path=path) from None
