"""The description of a data set: sizes, classes and scale, known before it is read as far as the heads of its files tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isqrt, prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tui_trainer.datasets.scaling import BYTE_SCALE, PLAIN, Scaling
from tui_trainer.nn.arrays import Images

DIGITS = 10

COLOURS = 3
"""Channels of a picture in colours: red, green, blue."""

LEAST_IMAGE = 36
"""Pixels of the smallest image that a row of numbers is taken for, unless they are bytes."""

LUMINANCE = np.array([0.299, 0.587, 0.114])
"""Shares of red, green and blue in gray (ITU-R BT.601)."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class DataSpec:
    """The sizes and the meaning of a data set's numbers, without the numbers."""

    sample_shape: Shape
    """Of one sample, as its file has it: (28, 28), or (784,) where each is a row of numbers."""
    classes: int = DIGITS
    """The number of classes; a reader that gives 0 leaves it to the labels."""
    class_names: tuple[str | int, ...] = ()
    """What the data calls each class; empty where they are called by their numbers from 0."""
    scale: float = field(default=BYTE_SCALE, compare=False)
    """What all numbers are divided by before they are trained on; 1 where that is nothing, or another thing for each feature."""
    scaling: Scaling | None = field(default=None, compare=False)
    """How numbers become inputs; None before they have been looked at."""
    feature_names: tuple[str, ...] = ()
    """What the columns of a table are called; empty where features have no names."""
    is_table: bool = False
    """Whether the features are no pixels, however many they are."""

    @property
    def features(self) -> int:
        """The numbers in a sample, which are a network's inputs."""
        return prod(self.sample_shape)

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width, where a sample is an image. A row of so many numbers as a square has is taken for one, unless of a table."""
        return None if self.is_table else _image_shape(self.sample_shape)

    @property
    def is_coloured(self) -> bool:
        """Whether a sample is an image in red, green and blue."""
        return self.image_shape is not None and len(self.sample_shape) == 3 and self.sample_shape[-1] == COLOURS

    @property
    def names(self) -> tuple[str, ...]:
        """What the classes are called, each."""
        return tuple(map(str, self.class_names or range(self.classes)))

    def gray(self, sample: NDArray[Any]) -> NDArray[Any]:
        """A sample of an image, or what belongs to each of its numbers, as (height, width): of colours their sum, as the eye takes it."""
        shape = self.image_shape
        assert shape, "no image"
        if not self.is_coloured:
            return sample.reshape(shape)
        mixed = sample.reshape(*shape, COLOURS) @ LUMINANCE
        grayed: NDArray[Any] = np.rint(mixed).astype(np.uint8) if sample.dtype == np.uint8 else mixed.astype(sample.dtype)
        return grayed

    def levels(self, inputs: NDArray[Any]) -> NDArray[np.uint8]:
        """A sample of an image, as it is trained on, in levels of gray (height, width)."""
        return self.gray(self.scaler.levels(inputs))

    def of_levels(self, levels: NDArray[np.uint8]) -> Images:
        """Levels of gray (height, width), of a drawing or a picture, as a sample that is trained on (features,)."""
        return self.scaler.of_levels((levels[..., None].repeat(COLOURS, -1) if self.is_coloured else levels).reshape(-1))

    def inputs(self, numbers: NDArray[Any]) -> Images:
        """Samples (samples, features) from anywhere, bytes or float32, as they are trained on.

        Pixels may come in another scale than the training images had: bytes, or shares of 1. They are told by what is beyond the range.
        """
        scaler = self.scaler
        most = float(numbers.max(initial=0))
        if self.image_shape and 1.5 * scaler.high + 1 < most <= BYTE_SCALE and _are_levels(numbers):
            return scaler.of_levels(numbers.astype(np.uint8, copy=False))
        if numbers.dtype != np.uint8 and scaler.name == "255" and most <= 1:
            return np.ascontiguousarray(numbers, np.float32)
        return scaler.inputs(numbers)

    @property
    def scaler(self) -> Scaling:
        """How numbers become inputs; before they have been looked at, as the scale says."""
        return self.scaling or (Scaling() if self.scale == BYTE_SCALE else PLAIN)

    def takes(self, shape: Shape) -> bool:
        """Whether samples of this shape mean the same, number for number."""
        if prod(shape) != self.features:
            return False
        if len(shape) == 1 or shape == self.sample_shape:
            return True
        image, other = self.image_shape, _image_shape(shape)
        return len(self.sample_shape) == 1 if image is None or other is None else image == other

    @property
    def need(self) -> str:
        """What a network that was trained on it takes, in words: `784 numbers, 28×28 pixels,`."""
        pixels = f", {times(self.image_shape)} pixels{' in colours' if self.is_coloured else ''}," if self.image_shape else ""
        return f"{self.features:,} numbers{pixels}"

    def record(self) -> Mapping[str, Any]:
        """The description as plain data, for a checkpoint."""
        kept: dict[str, Any] = {"labels": list(self.class_names)} if self.class_names else {}
        if self.scaling:
            kept["scaling"] = self.scaling.record()
        if self.is_table:
            kept |= {"is_table": True, "feature_names": list(self.feature_names)}
        return {"features": self.features, "classes": self.classes, "sample_shape": list(self.sample_shape), "scale": self.scale, **kept}


def is_row_of_measurements(shape: Shape, dtype: DTypeLike) -> bool:
    """Whether samples of this shape and type are rather the rows of a table than images: no bytes, and no square, or hardly one."""
    return len(shape) == 1 and dtype != np.uint8 and (shape[0] < LEAST_IMAGE or _image_shape(shape) is None)


def _are_levels(numbers: NDArray[Any]) -> bool:
    """Whether all numbers are whole and not negative, as bytes are."""
    return numbers.dtype == np.uint8 or bool(numbers.min(initial=0) >= 0 and (numbers == np.rint(numbers)).all())


def scale_of(dtype: DTypeLike) -> float:
    """What inputs of this type are divided by in a batch: bytes are, anything else is scaled already."""
    return BYTE_SCALE if dtype == np.uint8 else 1.0


def times(shape: Shape) -> str:
    """A shape as text: `28×28`."""
    return "×".join(map(str, shape))


def _image_shape(shape: Shape) -> tuple[int, int] | None:
    match shape:
        case (height, width) | (height, width, 1) | (height, width, 3):
            return height, width
        case (numbers,) if isqrt(numbers) ** 2 == numbers:
            return isqrt(numbers), isqrt(numbers)
    return None


MNIST_SPEC = DataSpec((28, 28))
