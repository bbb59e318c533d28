"""Initial weights of Dense layers, a file each. They decide whether a deep network learns at all.

With fan_in the inputs of a layer and fan_out its units, good weights keep the variance of activations (forward) and of gradients
(backward) the same from layer to layer. Biases always start at 0.
"""

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any

import numpy as np

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.parts import Hyperparameter, Part
from tui_trainer.nn.registry import Parts


class Initializer(Part, ABC):
    """Draws a weight matrix.

    One is written with a single method; what it draws comes from `rng` alone, so that a seed gives the same weights again:

        class Sparse(Initializer):
            \"\"\"Normal weights, most of them 0 (Martens 2010).\"\"\"

            share = Hyperparameter(0.1, "share of the weights that are not 0", above=0, most=1)

            def draw(self, rng, fan_in, fan_out):
                return rng.normal(size=(fan_in, fan_out)) * (rng.random((fan_in, fan_out)) < self.share)
    """

    def __init__(self, **hyperparameters: float) -> None:
        self.take(hyperparameters)

    @abstractmethod
    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        """Return float64 weights of shape (fan_in, fan_out)."""

    def deviation(self, fan_in: int, fan_out: int) -> float:
        """The standard deviation of the weights, around 0; that of weights that are drawn where a subclass does not say."""
        values = tuple(zip(self.hyperparameters, self.values(), strict=True))
        return _measured(type(self), values, fan_in, fan_out)


@lru_cache(1 << 10)
def _measured(kind: type[Initializer], values: tuple[tuple[str, Any], ...], fan_in: int, fan_out: int) -> float:
    weights = kind(**dict(values)).draw(np.random.default_rng(0), fan_in, fan_out)
    return float(np.sqrt(np.mean(np.square(weights))))


INITIALIZERS = Parts("initializer", Initializer, __name__)  # type: ignore[type-abstract] # its subclasses are asked for


def initializer(name: str, **hyperparameters: float) -> Initializer:
    """The initializer called `name`. Raises KeyError for an unknown name, TypeError for a hyperparameter that it lacks."""
    return INITIALIZERS[name](**hyperparameters)


__all__ = ["INITIALIZERS", "Hyperparameter", "Initializer", "initializer"]
