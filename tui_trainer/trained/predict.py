"""Predictions for the images in a file."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.idx import begins_idx, read_idx
from tui_trainer.datasets.npz import Npz, begins_npz, open_npz
from tui_trainer.datasets.pictures import Shape, read_picture
from tui_trainer.datasets.png import PNG, read_digit
from tui_trainer.datasets.readers.table_folder import begins_table, read_any_table
from tui_trainer.datasets.samples import as_samples
from tui_trainer.datasets.spec import DataSpec, times
from tui_trainer.datasets.table import features_of
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Array, Images, Labels
from tui_trainer.system.reading import opened
from tui_trainer.trained.estimator import Classifier

PICTURES = (b"\xff\xd8", b"GIF8", b"BM", b"RIFF")
"""What JPEG, GIF, BMP and WebP files begin with."""

LABELS = {"x": "y", "x_test": "y_test"}
"""What an array of images in an .npz may be called, and its labels."""


class Samples(NamedTuple):
    """The images of one file."""

    images: Images
    """(samples, features)."""
    labels: Labels | None = None
    is_picture: bool = False
    """Whether the file is one image, not a list of them."""
    note: str = ""
    """What was done to it, if anything was."""
    hint: str = ""
    """What may be wrong with it."""


class Prediction(NamedTuple):
    """The prediction for one image."""

    label: str | float
    probability: float
    probabilities: list[float]
    """In the order of the network's classes."""
    next_label: str | float | None
    """The second most likely class; None for a network of one class."""
    next_probability: float
    truth: int | None
    """The file's own label."""
    is_right: bool | None


def read_samples(path: Path, spec: DataSpec, *, invert: bool | None = None) -> Samples:
    """The images in a PNG, IDX or .npz file, as a network that was trained on such data takes them. Raises UserError.

    `invert` tells whether a PNG is dark on light; None: look at it.
    """
    with opened(path) as file:
        start = file.read(len(PNG))
    if start == PNG:
        return _read_coloured(path, spec) if spec.is_coloured else _read_png(path, spec, invert)
    try:
        if begins_npz(start):
            samples = _read_npz(path, spec)
        elif begins_idx(start):
            images = as_samples(read_idx(path, 3, 4) if len(spec.sample_shape) == 3 else read_idx(path, 3), path, "its")
            samples = Samples(_flat(images, path, "its images have shape", spec))
        elif begins_table(path, start):
            samples = Samples(features_of(spec, read_any_table(path), path))
        elif spec.is_coloured and spec.image_shape and start.startswith(PICTURES):
            samples = _read_coloured(path, spec)
        else:
            kind = "; save the picture as PNG" if start.startswith(PICTURES) else ""
            raise UserError(f"neither a PNG image, an IDX file of images nor an .npz{kind}", path=path)
    except MemoryError:
        raise UserError("does not fit into memory", path=path) from None
    if not len(samples.images):
        raise UserError("there are no images in it", path=path)
    return samples


def predict(model: Classifier, samples: Samples) -> Iterator[Prediction]:
    """A prediction for each sample. Raises UserError before the first when the network gives numbers that are not finite."""
    probabilities = model.predict_proba(samples.images)
    if not np.isfinite(probabilities).all():
        raise UserError("it gives numbers that are not finite, as a network does whose training diverged")
    return _told(model.classes_, probabilities, samples.labels)


def _told(classes: NDArray[Any], probabilities: Array, labels: Labels | None) -> Iterator[Prediction]:
    names = classes.tolist()
    truths = labels.astype(str) if labels is not None and classes.dtype.kind == "U" else labels
    for index, row in enumerate(probabilities):
        # As argmax does, the first of equal ones.
        first, *others = np.argsort(-row, kind="stable")[:2].tolist()
        second = others[0] if others else None
        yield Prediction(
            label=names[first],
            probability=float(row[first]),
            probabilities=row.tolist(),
            next_label=None if second is None else names[second],
            next_probability=0.0 if second is None else float(row[second]),
            truth=None if labels is None else int(labels[index]),
            is_right=None if truths is None else bool(classes[first] == truths[index]),
        )


def _read_png(path: Path, spec: DataSpec, invert: bool | None) -> Samples:
    if spec.image_shape is None:
        kind = "no image in gray: give an IDX file or an .npz of such"
        raise UserError(f"this network takes {spec.features:,} numbers, which are {kind}", path=path)
    digit = read_digit(path, spec.image_shape, invert=invert)
    note = ""
    if digit.was_fitted:
        turned = "turned to light on dark, " if digit.is_inverted else ""
        made = f"{turned}cropped to its ink, scaled and centred by its mass in {times(spec.image_shape)} pixels"
        note = f"made gray, {made}, as MNIST's digits were"
    elif digit.is_inverted:
        note = "turned to light on dark"
    hint = "taken as it is, dark on light; MNIST's digits are light on dark, and --invert turns it" if digit.looks_inverted else ""
    return Samples(digit.pixels.reshape(1, -1), is_picture=True, note=note, hint=hint)


def _read_coloured(path: Path, spec: DataSpec) -> Samples:
    height, width = spec.image_shape or (1, 1)
    pixels, was_fitted = read_picture(path, Shape(height, width, True))
    note = f"scaled to {times((height, width))} pixels, its aspect kept" if was_fitted else ""
    return Samples(pixels.reshape(1, -1), is_picture=True, note=note)


def _read_npz(path: Path, spec: DataSpec) -> Samples:
    with open_npz(path) as npz:
        name = next((name for name in LABELS if name in npz.names), None) or _only_images(npz, path, spec)
        images = _flat(npz.images(name), path, f"{name} has shape", spec)
        label_name = next((label for label in (LABELS[name],) if label in npz.names), None) if name in LABELS else None
        labels = npz.labels(label_name) if label_name else None
    if labels is not None and len(labels) != len(images):
        raise UserError(f"{len(images):,} images in {name} but {len(labels):,} labels in {label_name}", path=path)
    return Samples(images, labels)


def _only_images(npz: Npz, path: Path, spec: DataSpec) -> str:
    fitting = [name for name in npz.names if len(shape := npz.shape(name)) >= 2 and math.prod(shape[1:]) == spec.features]
    if len(fitting) != 1:
        found = "none" if not fitting else f"{len(fitting)} arrays"
        raise UserError(
            f"images are looked for in x, x_test or the only array of {spec.features:,} numbers a sample",
            path=path,
            hint=f"{found} is such",
        )
    return fitting[0]


def _flat(images: NDArray[Any], path: Path, what: str, spec: DataSpec) -> Images:
    if not spec.takes(images.shape[1:]):
        raise UserError(f"{what} {images.shape}", path=path, hint=f"this network takes {spec.need} a sample")
    return images.reshape(len(images), spec.features)
