"""Points in the plane, drawn by chance: data on which the border between classes can be seen."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.reader import Contents
from tui_trainer.datasets.spec import DataSpec

SAMPLES: Final = 1000
"""Points to learn from; half as many are there for the test."""

NOISE: Final = 0.1
"""The standard deviation of what is added to each coordinate, where the shapes reach from -1 to 1."""

ARMS, TURN = 3, 7.0
"""The spiral's arms, and how far each turns, in radians."""

Drawn = tuple[NDArray[np.float64], NDArray[np.intp]]
"""Points (points, 2), and their classes."""


class Shape(NamedTuple):
    """A way to draw points."""

    summary: str
    draw: Callable[[np.random.Generator, int], Drawn]
    classes: tuple[str, ...]


def _circles(rng: np.random.Generator, count: int) -> Drawn:
    labels = np.arange(count) % 2
    angle = rng.uniform(0, 2 * np.pi, count)
    radius = np.where(labels == 0, rng.uniform(0, 0.45, count) ** 0.5 * 0.45**0.5, rng.uniform(0.75, 1.0, count))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels


def _xor(rng: np.random.Generator, count: int) -> Drawn:
    points = rng.uniform(0.1, 1.0, (count, 2)) * rng.choice([-1, 1], (count, 2))
    return points, (points[:, 0] * points[:, 1] < 0).astype(np.intp)


def _spiral(rng: np.random.Generator, count: int) -> Drawn:
    labels = np.arange(count) % ARMS
    radius = np.sqrt(rng.uniform(0.01, 1, count))
    angle = TURN * radius + 2 * np.pi * labels / ARMS
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels


def _gaussians(rng: np.random.Generator, count: int) -> Drawn:
    labels = np.arange(count) % 2
    return rng.normal(0, 0.15, (count, 2)) + np.where(labels == 0, 0.45, -0.45)[:, None], labels


def _moons(rng: np.random.Generator, count: int) -> Drawn:
    labels = np.arange(count) % 2
    angle = rng.uniform(0, np.pi, count)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    return (np.where(labels[:, None] == 0, upper, lower) - [0.5, 0.25]) / 1.5, labels


TWO: Final = ("orange", "blue")

SHAPES: Final[Mapping[str, Shape]] = {
    "circles": Shape("a disc in a ring: no line parts them", _circles, TWO),
    "xor": Shape("two classes in opposite corners: neither feature alone tells anything", _xor, TWO),
    "spiral": Shape("three arms that turn around each other", _spiral, (*TWO, "green")),
    "gaussians": Shape("two clouds, which a line parts", _gaussians, TWO),
    "moons": Shape("two half-moons that reach into each other", _moons, TWO),
}


def read_points(name: str, noise: float = NOISE, samples: int = SAMPLES) -> Contents:
    """The points of this name: always the same ones, whatever a run's seed. Raises KeyError for an unknown name."""
    shape = SHAPES[name]
    rng = np.random.default_rng(0)
    parts = []
    for count in (samples, max(samples // 2, 2)):
        points, labels = shape.draw(rng, count)
        order = rng.permutation(count)
        parts.append(((points + rng.normal(0, noise, points.shape)).astype(np.float32)[order], labels[order]))
    spec = DataSpec((2,), len(shape.classes), shape.classes, feature_names=("x", "y"))
    (x_train, y_train), (x_test, y_test) = parts
    return Contents(spec, x_train, y_train, x_test, y_test)
