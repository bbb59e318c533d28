"""Initial weights of Dense layers. They decide whether a deep network learns at all.

With fan_in the inputs of a layer and fan_out its units, good weights keep the variance of activations (forward) and of gradients
(backward) the same from layer to layer. Biases always start at 0.
"""

from abc import ABC, abstractmethod
from math import sqrt
from typing import ClassVar, final

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.registry import Registry


class Initializer(ABC):
    """Draws a weight matrix of shape (fan_in, fan_out)."""

    name: ClassVar[str]
    summary: ClassVar[str]

    @abstractmethod
    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        """Return float64 weights of shape (fan_in, fan_out)."""

    @abstractmethod
    def deviation(self, fan_in: int, fan_out: int) -> float:
        """The standard deviation of the weights."""


@final
class Uniform(Initializer):
    """U(-limit, limit) for every layer, whatever its size. In deep networks the signal vanishes."""

    name = "uniform"
    summary = "U(±limit), the same for every layer: too small for deep networks"

    def __init__(self, limit: float = 0.05) -> None:
        self.limit = limit

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.uniform(-self.limit, self.limit, (fan_in, fan_out))

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return self.limit / sqrt(3)


@final
class GlorotUniform(Initializer):
    """U(±√(6 / (fan_in + fan_out))), of variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010, equation 16)."""

    name = "glorot_uniform"
    summary = "U(±√(6/(fan_in+fan_out))): made for sigmoid and tanh"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        limit = np.sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-limit, limit, (fan_in, fan_out))

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return sqrt(2 / (fan_in + fan_out))


@final
class GlorotNormal(Initializer):
    """N(0, 2 / (fan_in + fan_out)) (Glorot & Bengio 2010)."""

    name = "glorot_normal"
    summary = "N(0, 2/(fan_in+fan_out)): made for sigmoid and tanh"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, np.sqrt(2 / (fan_in + fan_out)), (fan_in, fan_out))

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return sqrt(2 / (fan_in + fan_out))


@final
class HeUniform(Initializer):
    """U(±√(6 / fan_in)), of variance 2 / fan_in (He et al. 2015, equation 10)."""

    name = "he_uniform"
    summary = "U(±√(6/fan_in)): made for ReLU and its kin"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        limit = np.sqrt(6 / fan_in)
        return rng.uniform(-limit, limit, (fan_in, fan_out))

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return sqrt(2 / fan_in)


@final
class HeNormal(Initializer):
    """N(0, 2 / fan_in) (He et al. 2015, equation 10), not truncated as Keras's he_normal is."""

    name = "he_normal"
    summary = "N(0, 2/fan_in): made for ReLU and its kin"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, np.sqrt(2 / fan_in), (fan_in, fan_out))

    def deviation(self, fan_in: int, fan_out: int) -> float:
        return sqrt(2 / fan_in)


INITIALIZERS: Registry[type[Initializer]] = Registry(
    "initializer", {kind.name: kind for kind in (Uniform, GlorotUniform, GlorotNormal, HeUniform, HeNormal)}
)


def initializer(name: str, *, uniform_limit: float = 0.05) -> Initializer:
    """The initializer called `name`; only `uniform` uses `uniform_limit`. Raises KeyError for an unknown name."""
    return Uniform(uniform_limit) if name == Uniform.name else INITIALIZERS[name]()
