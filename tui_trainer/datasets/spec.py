"""The description of a data set: sizes and scale, known before it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

DIGITS = 10

BYTE_SCALE = 255.0
"""Bytes are trained on as shares of this."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class DataSpec:
    """The sizes and the meaning of a data set's numbers, without the numbers."""

    sample_shape: Shape
    """Of one sample, as its file has it: (28, 28), or (784,) where each is a row of numbers."""
    classes: int = DIGITS
    class_names: tuple[str, ...] = ()
    """One for each class; none where the classes are called by their numbers."""
    scale: float = BYTE_SCALE
    """What the numbers are divided by before they are trained on."""

    @property
    def features(self) -> int:
        """The numbers in a sample, which are a network's inputs."""
        return prod(self.sample_shape)

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width, where a sample is an image in gray. A row of so many numbers as a square has is taken for one."""
        return _image_shape(self.sample_shape)

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
        pixels = f", {times(self.image_shape)} pixels," if self.image_shape else ""
        return f"{self.features:,} numbers{pixels}"

    def record(self) -> Mapping[str, Any]:
        """The description as plain data, for a checkpoint."""
        named = {"labels": list(self.class_names)} if self.class_names else {}
        return {"features": self.features, "classes": self.classes, "sample_shape": list(self.sample_shape), "scale": self.scale, **named}


def scale_of(dtype: DTypeLike) -> float:
    """What images of this type are divided by: bytes are scaled, anything else is used as it is."""
    return BYTE_SCALE if dtype == np.uint8 else 1.0


def times(shape: Shape) -> str:
    """A shape as text: `28×28`."""
    return "×".join(map(str, shape))


def _image_shape(shape: Shape) -> tuple[int, int] | None:
    match shape:
        case (height, width) | (height, width, 1):
            return height, width
        case (numbers,) if isqrt(numbers) ** 2 == numbers:
            return isqrt(numbers), isqrt(numbers)
    return None


MNIST_SPEC = DataSpec((28, 28))
