"""The gradient noise scale: up to about which batch size a larger batch saves steps."""

from math import inf, isfinite, nan
from typing import NamedTuple

import numpy as np

from tui_trainer.datasets.dataset import Batcher, Split
from tui_trainer.nn.network import Network
from tui_trainer.training.instruments.twin import twin_of

SMALL_BATCH = 32
"""Samples in a small batch."""


class NoiseScale(NamedTuple):
    """The simple noise scale tr(Σ) / |G|² and the two estimates that it is made of."""

    value: float
    """In samples. Infinite where the noise hides the gradient, NaN where gradients are not finite."""
    gradient_square: float
    """|G|², the squared norm of the gradient without noise; unbiased, and so negative where noise hides it."""
    noise: float
    """tr(Σ), the variance of one sample's gradient, summed over the parameters."""


@np.errstate(all="ignore")
def noise_scale(network: Network, samples: Split, *, small_batch: int = SMALL_BATCH, seed: int = 0) -> NoiseScale:
    """The simple noise scale B = tr(Σ) / |G|² (McCandlish et al. 2018, section 2.2), in samples.

    A batch of B samples has a gradient as much noise as signal: far smaller batches waste no sample, far larger ones waste most. Estimated
    as in appendix A.1, without bias, from the gradients of small batches and that of all of them together. `samples` are batched in an
    order drawn from `seed`, what fills no batch is left out. Raises ValueError where there are fewer than two batches.
    """
    batches = len(samples.labels) // small_batch
    if batches < 2:
        raise ValueError(f"{len(samples.labels)} samples make fewer than two batches of {small_batch}")
    twin, batcher = twin_of(network, seed), Batcher(samples, small_batch)
    batch = twin.workspace(small_batch, training=True)
    order = np.random.default_rng(seed).permutation(len(samples.labels))
    total, square = np.zeros_like(twin.gradients), 0.0
    for start in range(0, batches * small_batch, small_batch):
        batcher.fill(order[start : start + small_batch], batch.inputs, batch.labels)
        batch.forward()
        batch.loss()
        batch.backward()
        total += twin.gradients
        square += float(twin.gradients @ twin.gradients) / batches
    total /= batches
    return _estimated(square, small_batch, float(total @ total), batches * small_batch)


def _estimated(small_square: float, small: int, big_square: float, big: int) -> NoiseScale:
    """From the squared norms of gradients: E|G_B|² = |G|² + tr(Σ)/B for a batch of B, solved for both unknowns."""
    gradient_square = (big * big_square - small * small_square) / (big - small)
    noise = (small_square - big_square) / (1 / small - 1 / big)
    if not (isfinite(gradient_square) and isfinite(noise)):
        return NoiseScale(nan, gradient_square, noise)
    return NoiseScale(noise / gradient_square if gradient_square > 0 else inf, gradient_square, noise)
