"""Figures computed from other figures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def gradient_ratio(norms: Sequence[float]) -> float | None:
    """The first layer's gradient norm over the output layer's."""
    return norms[0] / norms[-1] if norms[-1] else None


def spread_ratio(spreads: Sequence[float]) -> float | None:
    """The standard deviation of the last hidden layer's activations over that of the first layer's; the output layer's comes last."""
    return spreads[-2] / spreads[0] if len(spreads) > 1 and spreads[0] else None


def dead_share(shares: Sequence[float]) -> float | None:
    """The mean share of dead units over the hidden layers; the output layer's comes last."""
    hidden = shares[:-1]
    return sum(hidden) / len(hidden) if hidden else None


def loss_noise(losses: NDArray[np.float64]) -> float | None:
    """The standard deviation of the batches' losses around their trend, over the last half of the run.

    Computed from second differences, in which a trend cancels out and whose variance is six times that of the values (von Neumann 1941).
    """
    half = losses[len(losses) // 2 :]
    return float(np.sqrt(np.mean(np.diff(half, 2) ** 2) / 6)) if len(half) >= 3 else None


def slope_change(slopes: Sequence[tuple[float, ...]]) -> float | None:
    """The largest change of a PReLU layer's mean slope, from the first of several moments to the last."""
    if not slopes:
        return None
    return max((abs(last - first) for first, last in zip(slopes[0], slopes[-1], strict=True)), default=None)
