"""Samples and labels to learn from: the bundled MNIST, one of scikit-learn's sets, or what one of the readers reads."""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets import findings
from tui_trainer.datasets.division import divide
from tui_trainer.datasets.labels import encode
from tui_trainer.datasets.notice import Notice
from tui_trainer.datasets.points import NOISE, SHAPES, read_points
from tui_trainer.datasets.reader import SIGNATURE, Contents, Reader
from tui_trainer.datasets.readers import READERS
from tui_trainer.datasets.scaling import AUTO, BYTE_SCALE, PLAIN, choose
from tui_trainer.datasets.sklearn_sets import PREFIX, read_sklearn
from tui_trainer.datasets.sparse import SparseRows
from tui_trainer.datasets.spec import MNIST_SPEC, DataSpec, scale_of, times
from tui_trainer.errors import UserError, reason_of
from tui_trainer.nn.arrays import Array, Images, Labels
from tui_trainer.system import folders
from tui_trainer.system.reading import opened

MNIST = "mnist"


USUAL_VALIDATION = 5000
"""What is held out where nothing is said; of data with fewer samples a share."""

SHARE = 5
"""One of so many samples is held out of small data: for the test where there is none, and to validate on."""


class Split(NamedTuple):
    """Samples (samples, features), uint8 to be divided by 255 or float32 to be used as they are, and labels (samples,), intp."""

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
    validation: Split | None = None
    """What the data itself holds out; None where the last training samples are taken."""
    is_divided: bool = False
    """Whether the test set was taken out of the training samples."""
    label: str | None = None
    """The column of the labels, where `--label` said it."""
    noise: float = NOISE
    """How far points are off that are drawn here."""
    reader: str = ""
    """The name of what read it."""
    notices: tuple[Notice, ...] = ()
    """What is worth knowing of it."""

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

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may spoil a training, a line each."""
        return tuple(notice.text for notice in self.notices if notice.warns)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen in reading it, a line each, but for a scale that is as ever."""
        is_usual = self.name in SHAPES or (self.spec.scaler.name == "255" and self.spec.scaler.high == BYTE_SCALE)
        return tuple(notice.text for notice in self.notices if not (notice.warns or (notice.name == "scale" and is_usual)))

    @cached_property
    def fingerprint(self) -> str:
        """A fingerprint of the contents, which does not protect against forgery."""
        checksum = 0
        for split in filter(None, (self.training, self.test, self.validation)):
            for array in split:
                checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        return f"{len(self.training.labels)}x{self.features}-{checksum:08x}"

    def held_out(self, validation: int) -> int:
        """How many training samples are held out where the option says so many: of small data a fifth, instead of the usual 5,000."""
        samples = len(self.training.labels)
        if validation == USUAL_VALIDATION and samples <= (2 * USUAL_VALIDATION if self.is_divided else USUAL_VALIDATION):
            return samples // SHARE
        return validation

    def hold_out(self, validation: int) -> tuple[Split, Split | None]:
        """The training samples, and those to validate on: the data's own, or the last `held_out` ones; none for 0.

        Raises UserError when none would be left for training.
        """
        samples, validation = len(self.training.labels), self.held_out(validation)
        if validation == 0:
            return self.training, None
        if self.validation is not None:
            return self.training, self.validation
        if validation >= samples:
            raise UserError(
                f"must leave samples to train on: at most {samples - 1} of {samples:,}, not {validation}",
                option="--validation",
                colon=False,
            )
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


def load(data: str, label: str | None = None, scale: str = AUTO, noise: float = NOISE) -> Dataset:
    """Read `mnist`, `sklearn:NAME`, or what a reader finds at the path. Raises UserError, one line, that names the file and what is wrong.

    `label` is the column of the labels, by name or number, where there are columns; `scale` how numbers become inputs; `noise` how far
    points are off that are drawn here.
    """
    if data in SHAPES:
        return replace(_dataset(data, None, read_points(data, noise), PLAIN.name if scale == AUTO else scale), noise=noise)
    if data == MNIST:
        if label is not None:
            raise UserError("names a column, and mnist has none", option="--label", value=label, colon=False)
        folder = folders.bundled_mnist()
        _verify_sums(folder)
        reader = _reader_of(folder, None)
        return _dataset(data, reader, reader.read(folder), scale)
    with _naming_option(data):
        if data.startswith(PREFIX):
            return _dataset(data, None, read_sklearn(data), scale)
        path = Path(data)
        reader = _reader_of(path, label)
        return _dataset(data, reader, reader.read(path), scale)


def peek(data: str, label: str | None = None) -> DataSpec:
    """What `load` would find, but for the scale, from the heads of the files where these tell. Raises UserError, as `load` does."""
    if data == MNIST:
        return MNIST_SPEC
    if data in SHAPES:
        return load(data).spec
    with _naming_option(data):
        if data.startswith(PREFIX):
            return load(data).spec
        path = Path(data)
        spec = _reader_of(path, label).peek(path)
    if spec is None:
        return load(data, label).spec
    _require_features(data, spec)
    return spec


def locate(data: str) -> str:
    """The absolute name of data, so that a config.toml finds it from any folder. Raises UserError."""
    try:
        name = data if data == MNIST or data in SHAPES or data.startswith(PREFIX) else str(Path(data).expanduser().absolute())
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
    except UserError as error:
        if error.path is None and not error.option:
            error.option, error.path = "--data", data
        raise
    except OSError as error:
        raise UserError(reason_of(error), option="--data", path=data) from None
    except (ValueError, MemoryError) as error:  # a path with a NUL, or an honest file larger than the machine
        raise UserError(str(error) or "does not fit into memory", option="--data", path=data) from None


def _reader_of(path: Path, label: str | None) -> Reader:
    kinds = [reader.kind for reader in READERS.values()]
    start = b""
    if path.exists() and not path.is_dir():
        with opened(path) as file:
            start = file.read(SIGNATURE)
    # One that a person has brought is asked before the program's own.
    reader = next((reader for each in [*READERS.values()][::-1] if (reader := each()).claims(path, start)), None)
    if reader is None and not path.exists():
        hint = f"give mnist, {', '.join(SHAPES)}, {PREFIX}NAME, {', '.join(kinds[:-1])}, or {kinds[-1]}"
        raise UserError("no such file or folder", option="--data", path=path, hint=hint)
    if reader is None:
        raise UserError(f"neither {' nor '.join(kinds)}", path=path)
    if label is not None and not reader.has_columns:
        raise UserError(f"names a column, and {reader.kind} has none", option="--label", value=label, colon=False)
    reader.label = label
    return reader


def _verify_sums(folder: Path) -> None:
    try:
        for line in (folder / "SHA256SUMS").read_text(encoding="ascii").splitlines():
            expected, name = line.split()
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
                raise UserError("the bundled file is damaged", path=folder / name, hint="install the program again")
    except (OSError, ValueError) as error:
        raise UserError(f"the bundled MNIST cannot be read ({error})", path=folder, hint="install the program again") from None


def _dataset(name: str, reader: Reader | None, contents: Contents, scale: str) -> Dataset:
    """Raises UserError when the parts do not fit each other."""
    spec, notices = contents.spec, contents.notices
    found = [("train", contents.x_train, contents.y_train)]
    found += [("test", contents.x_test, contents.y_test)] if contents.x_test is not None and contents.y_test is not None else []
    own = contents.x_validation is not None and contents.y_validation is not None
    found += [("validation", contents.x_validation, contents.y_validation)] if own else []  # type: ignore[list-item]
    for part, images, labels in found:
        if len(images) != len(labels):
            raise UserError(f"{len(images):,} {part} images but {len(labels):,} {part} labels", option="--data", path=name)
        if not len(images):
            raise UserError(f"the {part} set is empty", option="--data", path=name)
        _require_shape(name, spec, part, images.shape[1:])
    _require_features(name, spec)
    spec, encoded = _with_classes(spec, [(f"y_{part}", labels) for part, _, labels in found])
    if spec.classes < 2:
        raise UserError(f"every label is {spec.names[0]}: there is nothing to tell apart", option="--data", path=name)
    samples = {part: images.reshape(len(images), -1) for part, images, _ in found}
    labels_of = dict(zip(samples, encoded, strict=True))
    notices += findings.between_parts(name, spec, samples)
    if is_divided := "test" not in samples:
        kept, tested = divide(labels_of["train"], SHARE)
        told = "no test set: one sample of five, drawn by chance and always the same ones, is held out for the test"
        notices += (Notice("no_test_set", f"{told} ({len(tested):,} of {len(kept) + len(tested):,})", warns=False),)
        samples |= {"train": samples["train"][kept], "test": samples["train"][tested]}
        labels_of |= {"train": labels_of["train"][kept], "test": labels_of["train"][tested]}
    if len({images.dtype for images in samples.values()}) > 1:
        samples = {part: images.astype(np.float32, copy=False) for part, images in samples.items()}
    choice = choose(scale, samples["train"], is_table=spec.is_table)
    scaling = choice.scaling
    notices += (Notice("scale", f"scale {scaling.name}: {choice.reason}", warns=False),)
    divisor = scaling.divisor[0] if len(scaling.divisor) == 1 and scaling.offset == (0.0,) else 1.0
    spec = replace(spec, scaling=scaling, scale=divisor)
    if name != MNIST:
        notices += findings.of_samples(spec, samples, labels_of)
    splits = {part: Split(scaling.inputs(samples.pop(part)), labels_of[part]) for part in list(samples)}
    return Dataset(
        name,
        splits["train"],
        splits["test"],
        spec,
        validation=splits.get("validation"),
        is_divided=is_divided,
        label=reader.label if reader else None,
        reader=reader.name if reader else "points" if name in SHAPES else PREFIX.removesuffix(":"),
        notices=notices,
    )


def _with_classes(spec: DataSpec, parts: list[tuple[str, NDArray[Any]]]) -> tuple[DataSpec, list[Labels]]:
    """The description with the classes that labels tell, and the labels as classes."""
    if spec.classes:
        # A reader that knows its classes has numbered the labels.
        for part, labels in parts:
            wrong = np.flatnonzero((labels >= spec.classes) | (labels < 0))
            if wrong.size:
                told = f"{part.removeprefix('y_')} label {wrong[0]} is {labels[wrong[0]]}"
                raise UserError(told, hint=f"labels are 0 to {spec.classes - 1}")
        return spec, [labels.astype(np.intp) for _, labels in parts]
    classes, names, encoded = encode(parts)
    called = spec.class_names if len(spec.class_names) == classes and not names else names
    return replace(spec, classes=classes, class_names=called), encoded


def _require_shape(name: str, spec: DataSpec, part: str, shape: tuple[int, ...]) -> None:
    if not spec.takes(shape):
        features = int(np.prod(shape))
        is_number = features != spec.features
        own, other = (spec.features, features) if is_number else (times(spec.sample_shape), times(shape))
        raise UserError(f"training images have {own} pixels but {part} images {other}", option="--data", path=name)


def _require_features(name: str, spec: DataSpec) -> None:
    if not spec.features:
        raise UserError("the images have no pixels", option="--data", path=name)
