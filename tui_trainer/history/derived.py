"""Figures computed from other figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tui_trainer.history.history import History
    from tui_trainer.history.measurements import Measurement


def gradient_ratio(layers: Measurement) -> float | None:
    """The first layer's gradient norm over the output layer's."""
    norms = layers.figure("gradient_norm")
    return norms[0] / norms[-1] if norms[-1] else None


def spread_ratio(layers: Measurement) -> float | None:
    """The standard deviation of the last hidden layer's activations over that of the first layer's."""
    spreads = layers.figure("activation_std")
    return spreads[-2] / spreads[0] if len(spreads) > 1 and spreads[0] else None


def dead_share(layers: Measurement) -> float | None:
    """The mean share of dead units over the hidden layers."""
    hidden = layers.figure("dead_fraction")[:-1]
    return sum(hidden) / len(hidden) if hidden else None


def loss_noise(run: History) -> float | None:
    """The standard deviation of the batches' losses around their trend, over the last half of the run.

    Computed from second differences, in which a trend cancels out and whose variance is six times that of the values (von Neumann 1941).
    """
    losses = run.loss.points(0)[1]
    half = losses[len(losses) // 2 :]
    return float(np.sqrt(np.mean(np.diff(half, 2) ** 2) / 6)) if len(half) >= 3 else None


def slope_change(run: History) -> float | None:
    """The largest change of a PReLU layer's mean slope."""
    if not run.slopes:
        return None
    return max((abs(last - first) for first, last in zip(run.slopes[0], run.slopes[-1], strict=True)), default=None)
