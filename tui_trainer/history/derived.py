"""Figures that are worked out from others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tui_trainer.history.health import Measured
    from tui_trainer.history.history import History


def gradient_ratio(layers: Measured) -> float | None:
    """How much of the output layer's gradient is left in the first layer."""
    norms = layers.figure("gradient_norm")
    return norms[0] / norms[-1] if norms[-1] else None


def spread_ratio(layers: Measured) -> float | None:
    """How much further the last hidden layer's activations spread than the first one's."""
    spreads = layers.figure("activation_std")
    return spreads[-2] / spreads[0] if len(spreads) > 1 and spreads[0] else None


def dead_share(layers: Measured) -> float | None:
    """The share of dead units, averaged over the hidden layers."""
    hidden = layers.figure("dead_fraction")[:-1]
    return sum(hidden) / len(hidden) if hidden else None


def loss_noise(run: History) -> float | None:
    """The standard deviation of a batch's loss around its neighbours', over the last half of the run.

    From second differences, in which a trend cancels out and whose variance is six times that of the values (von Neumann 1941). Every
    loss counts, up to as many as a Series keeps.
    """
    losses = run.loss.points(0)[1]
    half = losses[len(losses) // 2 :]
    return float(np.sqrt(np.mean(np.diff(half, 2) ** 2) / 6)) if len(half) >= 3 else None


def slope_change(run: History) -> float | None:
    """How far the layer whose mean slope was learned furthest has come."""
    if not run.slopes:
        return None
    return max((abs(last - first) for first, last in zip(run.slopes[0], run.slopes[-1], strict=True)), default=None)
