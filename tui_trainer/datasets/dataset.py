"""Images and labels to learn from: the bundled MNIST, or what one of the readers reads."""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.reader import SIGNATURE, Contents, Reader
from tui_trainer.datasets.readers import READERS
from tui_trainer.datasets.sparse import SparseRows
from tui_trainer.datasets.spec import MNIST_SPEC, DataSpec, scale_of, times
from tui_trainer.errors import UserError, reason_of
from tui_trainer.nn.arrays import Array, Images, Labels
from tui_trainer.system import folders
from tui_trainer.system.reading import opened

MNIST = "mnist"


class Split(NamedTuple):
    """Images (samples, features), uint8 to be divided by 255 or float32 to be used as they are, and labels (samples,), intp."""

    images: Images
    labels: Labels


@dataclass(frozen=True)
class Dataset:
    """A training set and a test set."""

    name: str
    training: Split
    test: Split | None
    spec: DataSpec
    sparse: SparseRows | None = field(default=None, compare=False)
    """The training images in sparse form, where one is shared; else each run makes its own."""

    def sparse_parts(self, kept: int) -> tuple[SparseRows | None, SparseRows | None]:
        """The shared sparse form of the first `kept` samples, and of the rest; None where there is none."""
        samples = len(self.training.labels)
        return (self.sparse.part(0, kept), self.sparse.part(kept, samples)) if self.sparse and kept < samples else (self.sparse, None)

    @property
    def features(self) -> int:
        """The numbers in a sample."""
        return self.spec.features

    @property
    def classes(self) -> int:
        """The number of classes."""
        return self.spec.classes

    @property
    def missing_classes(self) -> tuple[int, ...]:
        """Classes without a training image."""
        return tuple(np.flatnonzero(np.bincount(self.training.labels, minlength=self.classes) == 0).tolist())

    @cached_property
    def fingerprint(self) -> str:
        """A fingerprint of the contents, which does not protect against forgery."""
        checksum = 0
        for split in filter(None, (self.training, self.test)):
            for array in split:
                checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        return f"{len(self.training.labels)}x{self.features}-{checksum:08x}"

    def hold_out(self, validation: int) -> tuple[Split, Split | None]:
        """Split off the last `validation` training samples. Raises UserError when none would be left for training."""
        samples = len(self.training.labels)
        if validation >= samples:
            raise UserError(
                f"must leave samples to train on: at most {samples - 1} of {samples:,}, not {validation}",
                option="--validation",
                colon=False,
            )
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

    @staticmethod
    def _scale(images: NDArray[Any], inputs: Array) -> None:
        if (scale := scale_of(images.dtype)) != 1:
            np.divide(images, np.float32(scale), out=inputs)
        else:
            np.copyto(inputs, images)


def load(data: str) -> Dataset:
    """Read `mnist`, or what a reader finds at the path. Raises UserError, one line, that names the file and what is wrong."""
    if data == MNIST:
        folder = folders.bundled_mnist()
        _verify_sums(folder)
        return _dataset(data, _reader_of(folder).read(folder))
    with _naming_option(data):
        path = Path(data)
        return _dataset(data, _reader_of(path).read(path))


def peek(data: str) -> DataSpec:
    """What `load` would find, from the heads of the files: nothing is read that takes time. Raises UserError, as `load` does."""
    if data == MNIST:
        return MNIST_SPEC
    with _naming_option(data):
        path = Path(data)
        spec = _reader_of(path).peek(path)
    _require_features(data, spec)
    return spec


def locate(data: str) -> str:
    """The absolute name of data, so that a config.toml finds it from any folder. Raises UserError."""
    try:
        name = data if data == MNIST else str(Path(data).expanduser().absolute())
    except (OSError, RuntimeError, ValueError) as error:  # the current folder is gone; the user of ~user is unknown, or has a NUL
        raise UserError(reason_of(error), option="--data", path=data) from None
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UserError(
            f"lies at {name}, whose name is not UTF-8, as config.toml must be", option="--data", path=data, hint="move or link it"
        ) from None
    return name


@contextmanager
def _naming_option(data: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(reason_of(error), option="--data", path=data) from None
    except (ValueError, MemoryError) as error:  # a path with a NUL, or an honest file larger than the machine
        raise UserError(str(error) or "does not fit into memory", option="--data", path=data) from None


def _reader_of(path: Path) -> Reader:
    kinds = [reader.kind for reader in READERS.values()]
    if not path.exists():
        hint = f"give mnist, {', '.join(kinds[:-1])}, or {kinds[-1]}"
        raise UserError("no such file or folder", option="--data", path=path, hint=hint)
    start = b""
    if not path.is_dir():
        with opened(path) as file:
            start = file.read(SIGNATURE)
    # One that a person has brought is asked before the program's own.
    reader = next((reader for each in [*READERS.values()][::-1] if (reader := each()).claims(path, start)), None)
    if reader is None:
        raise UserError(f"neither {' nor '.join(kinds)}", path=path)
    return reader


def _verify_sums(folder: Path) -> None:
    try:
        for line in (folder / "SHA256SUMS").read_text(encoding="ascii").splitlines():
            expected, name = line.split()
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
                raise UserError("the bundled file is damaged", path=folder / name, hint="install the program again")
    except (OSError, ValueError) as error:
        raise UserError(f"the bundled MNIST cannot be read ({error})", path=folder, hint="install the program again") from None


def _dataset(name: str, contents: Contents) -> Dataset:
    """Raises UserError when the parts do not fit each other."""
    spec = contents.spec
    training = _split(name, "train", contents.x_train, contents.y_train, spec.classes)
    test = _split(name, "test", contents.x_test, contents.y_test, spec.classes)
    shape = contents.x_test.shape[1:]
    if not spec.takes(shape):
        is_number = test.images.shape[1] != spec.features
        own, other = (spec.features, test.images.shape[1]) if is_number else (times(spec.sample_shape), times(shape))
        raise UserError(f"training images have {own} pixels but test images {other}", option="--data", path=name)
    _require_features(name, spec)
    return Dataset(name, training, test, spec)


def _split(name: str, part: str, images: NDArray[Any], labels: Labels, classes: int) -> Split:
    if len(images) != len(labels):
        raise UserError(f"{len(images):,} {part} images but {len(labels):,} {part} labels", option="--data", path=name)
    if not len(images):
        raise UserError(f"the {part} set is empty", option="--data", path=name)
    if int(labels.max()) >= classes or int(labels.min()) < 0:
        wrong = int(np.flatnonzero((labels >= classes) | (labels < 0))[0])
        raise UserError(f"{part} label {wrong} is {labels[wrong]}", option="--data", path=name, hint=f"labels are 0 to {classes - 1}")
    return Split(images.reshape(len(images), -1), labels.astype(np.intp))


def _require_features(name: str, spec: DataSpec) -> None:
    if not spec.features:
        raise UserError("the images have no pixels", option="--data", path=name)
