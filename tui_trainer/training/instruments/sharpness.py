"""Sharpness: how steeply the loss curves in the direction in which it curves most, which limits the learning rate."""

from math import isfinite, nan
from typing import NamedTuple

import numpy as np

from tui_trainer.datasets.dataset import Batcher, Split
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.network import Network
from tui_trainer.training.instruments.twin import twin_of

TOLERANCE = 1e-3
"""The share of the result within which an eigenvalue is certain to lie."""

MOST_PRODUCTS = 100
"""Products with the Hessian after which the search ends, certain or not."""

STEP = 1e-8
"""How far beside the parameters gradients are compared, along a unit vector. In float64 the gradients' rounding then costs some 1e-7 of the
product. A larger step would lose less to rounding, but step over more kinks of rectifiers, at which there is no Hessian."""


class Sharpness(NamedTuple):
    """The largest eigenvalue of the Hessian, in nats per squared unit of the parameters."""

    value: float
    """NaN where the gradient is not finite."""
    error: float
    """An eigenvalue lies no farther than this from `value`."""
    products: int
    """Products with the Hessian that it took, of two gradients each."""


@np.errstate(all="ignore")
def sharpness(
    network: Network, samples: Split, *, tolerance: float = TOLERANCE, most_products: int = MOST_PRODUCTS, seed: int = 0
) -> Sharpness:
    """The sharpness of the mean loss over `samples`, all of them in one batch, as training sees it; dropout's masks are held fixed.

    By Lanczos's iteration (1950): a power iteration that remembers how its vectors overlap, and so finds the largest eigenvalue, not the
    one of largest magnitude, with a bound on its error, in fewer products and with three vectors in memory. The first vector is drawn
    from `seed`: the same call gives the same bits.
    """
    loss = _Loss(network, samples, seed)
    direction: Array = np.random.default_rng(seed).standard_normal(loss.parameters.size)
    direction /= np.linalg.norm(direction)
    before, beside = np.zeros_like(direction), 0.0
    diagonal: list[float] = []
    off_diagonal: list[float] = []
    while True:
        product = loss.hessian_times(direction)
        along = float(direction @ product)
        if not isfinite(along):
            return Sharpness(nan, nan, len(diagonal) + 1)
        product -= along * direction + beside * before
        diagonal.append(along)
        beside = float(np.linalg.norm(product))
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(off_diagonal, 1) + np.diag(off_diagonal, -1))
        value, error = float(values[-1]), beside * abs(float(vectors[-1, -1]))
        if error <= tolerance * abs(value) or len(diagonal) == most_products:
            return Sharpness(value, error, len(diagonal))
        off_diagonal.append(beside)
        before, direction = direction, product / beside


def stability(learning_rate: float, sharpness: float) -> float:
    """Learning rate × sharpness ÷ 2: above 1, plain gradient descent crosses the valley at each step and climbs (LeCun et al. 1998).

    Full batches push the sharpness up to where this is 1, the edge of stability, and hold it there (Cohen et al. 2021). Momentum μ allows
    1 + μ; optimizers that scale each parameter have a threshold of their own.
    """
    return learning_rate * sharpness / 2


class _Loss:
    """The mean loss over some samples as a function of the parameters."""

    def __init__(self, network: Network, samples: Split, seed: int) -> None:
        self._twin = twin_of(network)
        self._seed = seed
        rows = len(samples.labels)
        self._batch = self._twin.workspace(rows, training=True)
        Batcher(samples, rows).fill(np.arange(rows), self._batch.inputs, self._batch.labels)
        self.parameters = self._twin.parameters.copy()
        self._gradient = self._gradient_at(self.parameters)

    def _gradient_at(self, parameters: Array) -> Array:
        np.copyto(self._twin.parameters, parameters)
        self._twin.draw_from(np.random.default_rng(self._seed))  # the same masks each time
        self._batch.forward()
        self._batch.loss()
        self._batch.backward()
        return self._twin.gradients.copy()

    def hessian_times(self, direction: Array) -> Array:
        """The Hessian times a unit vector, by differences of gradients.

        Where a rectifier's kink lies within the step its jump, divided by the step, would drown everything else: of the differences ahead
        and behind, which are equal but for that, the smaller is taken.
        """
        step = STEP * direction
        ahead = (self._gradient_at(self.parameters + step) - self._gradient) / STEP
        behind = (self._gradient - self._gradient_at(self.parameters - step)) / STEP
        return min(ahead, behind, key=lambda product: float(np.linalg.norm(product)))
