"""Images and labels, from the bundled MNIST, a folder of IDX files or an .npz. A file is believed only as far as its bytes go."""

import gzip
import hashlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from tui_trainer import paths
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Array, Images, Labels

CLASSES = 10
MNIST = "mnist"
IDX_FILES: Mapping[str, str] = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
MOST_BYTES = 4 << 30
"""No array may be larger: what a header claims is allocated only up to here."""


class Split(NamedTuple):
    """Images (samples, features), uint8 to be divided by 255 or float32 to be used as they are, and labels (samples,), intp."""

    images: Images
    labels: Labels


@dataclass(frozen=True)
class Dataset:
    """What to learn from, and what to be examined on."""

    name: str
    training: Split
    test: Split | None
    classes: int = CLASSES

    @property
    def features(self) -> int:
        return int(self.training.images.shape[1])

    @property
    def missing_classes(self) -> tuple[int, ...]:
        """Classes that no training image belongs to."""
        return tuple(np.flatnonzero(np.bincount(self.training.labels, minlength=self.classes) == 0).tolist())

    @cached_property
    def fingerprint(self) -> str:
        """What tells this data from other data, wherever it lies; no proof against forgery."""
        checksum = 0
        for split in filter(None, (self.training, self.test)):
            for array in split:
                checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        return f"{len(self.training.labels)}x{self.features}-{checksum:08x}"

    def hold_out(self, validation: int) -> tuple[Split, Split | None]:
        """Part the last `validation` training samples from the rest. Raises UserError when nothing would be left to train on."""
        samples = len(self.training.labels)
        if validation >= samples:
            raise UserError(f"--validation must leave samples to train on: at most {samples - 1} of {samples:,}, not {validation}")
        if validation == 0:
            return self.training, None
        kept = samples - validation
        images, labels = self.training
        return Split(images[:kept], labels[:kept]), Split(images[kept:], labels[kept:])


class Batcher:
    """Copies samples of a split into the arrays of a pass, at most `rows` at once, allocating nothing."""

    def __init__(self, split: Split, rows: int) -> None:
        self._images, self._labels = split
        self._gathered: NDArray[Any] = np.empty((rows, self._images.shape[1]), self._images.dtype)

    def fill(self, indices: Labels, inputs: Array, labels: Labels) -> None:
        """Write the samples at `indices` into `inputs` (rows, features) and `labels` (rows,)."""
        gathered = self._gathered[: len(indices)]
        # Any mode but "raise" lets take write into `out` without a buffer of its own.
        self._images.take(indices, 0, gathered, "clip")
        self._labels.take(indices, 0, labels, "clip")
        self._scale(gathered, inputs)

    def fill_numbers(self, indices: Labels, numbers: Labels, labels: Labels) -> None:
        """Write the numbers of samples, instead of the samples, and their labels."""
        numbers[:] = indices
        self._labels.take(indices, 0, labels, "clip")

    @staticmethod
    def _scale(images: NDArray[Any], inputs: Array) -> None:
        if images.dtype == np.uint8:
            np.divide(images, np.float32(255), out=inputs)
        else:
            np.copyto(inputs, images)


def load(data: str) -> Dataset:
    """Read `mnist`, a folder of four IDX files or an .npz file. Raises UserError, one line, that names the file and what is wrong."""
    if data == MNIST:
        folder = paths.bundled_mnist()
        _verify_sums(folder)
        return _from_arrays(data, dict(_read_idx_folder(folder)))
    path = Path(data)
    try:
        if path.is_dir():
            return _from_arrays(data, dict(_read_idx_folder(path)))
        if path.exists():
            return _from_arrays(data, dict(_read_npz(path)))
    except OSError as error:
        raise UserError(f"--data {data}: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, MemoryError) as error:  # a path with a NUL, or an honest file larger than the machine
        raise UserError(f"--data {data}: {error or 'does not fit into memory'}") from None
    raise UserError(f"--data {data}: no such file or folder; give mnist, a folder of four IDX files, or an .npz")


def _verify_sums(folder: Path) -> None:
    try:
        for line in (folder / "SHA256SUMS").read_text(encoding="ascii").splitlines():
            expected, name = line.split()
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
                raise UserError(f"{folder / name}: the bundled file is damaged; install the program again")
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: the bundled MNIST cannot be read ({error}); install the program again") from None


def _from_arrays(name: str, arrays: Mapping[str, NDArray[Any]]) -> Dataset:
    splits = []
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if len(images) != len(labels):
            raise UserError(f"--data {name}: {len(images):,} {part} images but {len(labels):,} {part} labels")
        if not len(images):
            raise UserError(f"--data {name}: the {part} set is empty")
        if int(labels.max()) >= CLASSES or int(labels.min()) < 0:
            wrong = int(np.flatnonzero((labels >= CLASSES) | (labels < 0))[0])
            raise UserError(f"--data {name}: {part} label {wrong} is {labels[wrong]}; labels are 0 to {CLASSES - 1}")
        splits.append(Split(images.reshape(len(images), -1), labels.astype(np.intp)))
    training, test = splits
    if training.images.shape[1] != test.images.shape[1]:
        raise UserError(f"--data {name}: training images have {training.images.shape[1]} pixels but test images {test.images.shape[1]}")
    if training.images.shape[1] == 0:
        raise UserError(f"--data {name}: the images have no pixels")
    return Dataset(name, training, test)


# IDX: two zero bytes, a type code, the number of dimensions, each dimension as a big-endian 32-bit number, then the elements.


def _read_idx_folder(folder: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for key, name in IDX_FILES.items():
        candidates = [folder / spelling for plain in (name, name.replace("-idx", ".idx")) for spelling in (plain, f"{plain}.gz")]
        path = next((candidate for candidate in candidates if candidate.exists()), None)
        if path is None:
            raise UserError(f"--data {folder}: {name} is missing, and so is {name}.gz; a folder needs all four IDX files")
        yield key, read_idx(path, dimensions=3 if key.startswith("x") else 1)


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read an IDX file of bytes, plain or gzipped. Raises UserError when anything about it does not hold."""
    with _opened(path) as raw, _named(path):
        stream = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw
        header = stream.read(4 + 4 * dimensions)
        if len(header) < 4 + 4 * dimensions:
            raise UserError(f"{path}: {len(header)} bytes are too few for an IDX header")
        zeros, code, count = struct.unpack_from(">HBB", header)
        if zeros != 0:
            raise UserError(f"{path}: not an IDX file: it begins with {header[:4].hex(' ')}")
        if code != 0x08:
            raise UserError(f"{path}: its type code is 0x{code:02x}; only unsigned bytes (0x08) are read")
        if count != dimensions:
            raise UserError(f"{path}: it has {count} dimensions where {dimensions} are expected")
        shape = struct.unpack_from(f">{dimensions}I", header, 4)
        return _read_exactly(stream, path, shape)


def _read_exactly(stream: IO[bytes], path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The bytes that `shape` announces, no fewer and no more; one byte beyond is read, so a bomb costs nothing."""
    size = _size_of(path, shape, 1)
    chunks = bytearray()
    while len(chunks) <= size:
        # Memory grows with what is there, not with what the header claims.
        chunk = stream.read(min(size + 1 - len(chunks), 8 << 20))
        if not chunk:
            break
        chunks += chunk
    if len(chunks) < size:
        raise UserError(f"{path}: truncated: its header announces {size:,} bytes, and {len(chunks):,} follow")
    if len(chunks) > size:
        raise UserError(f"{path}: more bytes follow than the {size:,} its header announces")
    return np.frombuffer(chunks, np.uint8).reshape(shape)


def _size_of(path: Path, shape: tuple[int, ...], itemsize: int) -> int:
    size = itemsize
    for dimension in shape:
        size *= dimension
    if size > MOST_BYTES:
        raise UserError(f"{path}: its header announces {size:,} bytes; at most {MOST_BYTES:,} are read")
    return size


# NPZ: a zip of .npy files, of which the four that are needed are read through the same limits.


def _read_npz(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    with _opened(path) as raw, _named(path):
        if raw.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            raise UserError(f"--data {path}: neither a folder of IDX files nor an .npz file")
        raw.seek(0)
        with zipfile.ZipFile(raw) as archive:
            for key in IDX_FILES:
                if f"{key}.npy" not in archive.namelist():
                    raise UserError(f"{path}: it has no {key}; an .npz needs x_train, y_train, x_test and y_test")
                with archive.open(f"{key}.npy") as member:
                    array = _read_npy(member, path, key)
                yield key, _images(array, path, key) if key.startswith("x") else _labels(array, path, key)


def _read_npy(stream: IO[bytes], path: Path, key: str) -> NDArray[Any]:
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise UserError(f"{path}: {key} is of npy version {version[0]}.{version[1]}; 1.0 and 2.0 are read")
    shape, fortran_order, dtype = readers[version](stream)
    if dtype.kind not in "uif" or dtype.itemsize > 8:
        raise UserError(f"{path}: {key} holds {dtype}; numbers are expected")
    content = _read_exactly(stream, path, (_size_of(path, shape, dtype.itemsize),))
    array = np.frombuffer(content, dtype)
    return array.reshape(shape, order="F" if fortran_order else "C")


def _images(array: NDArray[Any], path: Path, key: str) -> Images:
    if array.ndim < 2:
        raise UserError(f"{path}: {key} has shape {array.shape}; images need (samples, …)")
    array = np.ascontiguousarray(array)
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            floats = array.astype(np.float32)
        wrong = np.flatnonzero(~np.isfinite(floats.reshape(len(floats), -1).sum(axis=1, dtype=np.float64)))
        if wrong.size:
            raise UserError(f"{path}: {key} image {wrong[0]} holds a number that is not finite")
        return floats
    if array.size and (array.min() < 0 or array.max() > 255):
        raise UserError(f"{path}: {key} holds whole numbers from {array.min()} to {array.max()}; pixels are 0 to 255")
    return array.astype(np.uint8)


def _labels(array: NDArray[Any], path: Path, key: str) -> Labels:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind == "f":
        raise UserError(f"{path}: {key} has shape {array.shape} of {array.dtype}; labels are whole numbers of shape (samples,)")
    return array


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """A regular file, open for reading: a pipe or a device could block for ever."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError(f"{path}: not a regular file")
        file = path.open("rb")
    except OSError as error:
        raise UserError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    with file:
        yield file


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Give the complaints of the decoders the file's name."""
    try:
        yield
    except gzip.BadGzipFile as error:
        raise UserError(f"{path}: damaged gzip: {error}") from None
    except (EOFError, zlib.error) as error:
        raise UserError(f"{path}: damaged or truncated: {error}") from None
    except zipfile.BadZipFile as error:
        raise UserError(f"{path}: damaged zip: {error}") from None
    except (ValueError, TypeError, SyntaxError, RecursionError, NotImplementedError, RuntimeError, struct.error) as error:
        raise UserError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None
    except (OSError, io.UnsupportedOperation) as error:
        raise UserError(f"{path}: {(error.strerror or str(error)).lower()}") from None
