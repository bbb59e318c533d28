"""Images and labels to learn from: the bundled MNIST, a folder of IDX files or an .npz."""

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.formats import open_npz, read_idx
from tui_trainer.errors import UserError, reason_of
from tui_trainer.nn.arrays import Array, Images, Labels
from tui_trainer.nn.compiled import SparseRows
from tui_trainer.system import folders

CLASSES = 10
MNIST = "mnist"
IDX_FILES: Mapping[str, str] = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


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
    sparse: SparseRows | None = field(default=None, compare=False)
    """The training images as a sparse table, where one is shared; else each run makes its own."""

    def sparse_parts(self, kept: int) -> tuple[SparseRows | None, SparseRows | None]:
        """The shared table's first `kept` samples, and the rest of them; None where there is no table, or no rest."""
        samples = len(self.training.labels)
        return (self.sparse.part(0, kept), self.sparse.part(kept, samples)) if self.sparse and kept < samples else (self.sparse, None)

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
        folder = folders.bundled_mnist()
        _verify_sums(folder)
        return _from_arrays(data, dict(_read_idx_folder(folder)))
    path = Path(data)
    try:
        if path.is_dir():
            return _from_arrays(data, dict(_read_idx_folder(path)))
        if path.exists():
            return _from_arrays(data, dict(_read_npz(path)))
    except OSError as error:
        raise UserError(reason_of(error), option="--data", path=data) from None
    except (ValueError, MemoryError) as error:  # a path with a NUL, or an honest file larger than the machine
        raise UserError(str(error) or "does not fit into memory", option="--data", path=data) from None
    raise UserError("no such file or folder", option="--data", path=data, hint="give mnist, a folder of four IDX files, or an .npz")


def _verify_sums(folder: Path) -> None:
    try:
        for line in (folder / "SHA256SUMS").read_text(encoding="ascii").splitlines():
            expected, name = line.split()
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
                raise UserError("the bundled file is damaged", path=folder / name, hint="install the program again")
    except (OSError, ValueError) as error:
        raise UserError(f"the bundled MNIST cannot be read ({error})", path=folder, hint="install the program again") from None


def _from_arrays(name: str, arrays: Mapping[str, NDArray[Any]]) -> Dataset:
    splits = []
    for part in ("train", "test"):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if len(images) != len(labels):
            raise UserError(f"{len(images):,} {part} images but {len(labels):,} {part} labels", option="--data", path=name)
        if not len(images):
            raise UserError(f"the {part} set is empty", option="--data", path=name)
        if int(labels.max()) >= CLASSES or int(labels.min()) < 0:
            wrong = int(np.flatnonzero((labels >= CLASSES) | (labels < 0))[0])
            raise UserError(f"{part} label {wrong} is {labels[wrong]}", option="--data", path=name, hint=f"labels are 0 to {CLASSES - 1}")
        splits.append(Split(images.reshape(len(images), -1), labels.astype(np.intp)))
    training, test = splits
    if training.images.shape[1] != test.images.shape[1]:
        raise UserError(
            f"training images have {training.images.shape[1]} pixels but test images {test.images.shape[1]}", option="--data", path=name
        )
    if training.images.shape[1] == 0:
        raise UserError("the images have no pixels", option="--data", path=name)
    return Dataset(name, training, test)


def _read_idx_folder(folder: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for key, name in IDX_FILES.items():
        candidates = [folder / spelling for plain in (name, name.replace("-idx", ".idx")) for spelling in (plain, f"{plain}.gz")]
        path = next((candidate for candidate in candidates if candidate.exists()), None)
        if path is None:
            raise UserError(
                f"{name} is missing, and so is {name}.gz", option="--data", path=folder, hint="a folder needs all four IDX files"
            )
        yield key, read_idx(path, dimensions=3 if key.startswith("x") else 1)


def _read_npz(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    with open_npz(path, "neither a folder of IDX files nor an .npz file") as npz:
        for key in IDX_FILES:
            if key not in npz.names:
                raise UserError(f"it has no {key}", path=path, hint="an .npz needs x_train, y_train, x_test and y_test")
            yield key, npz.images(key) if key.startswith("x") else npz.labels(key)
