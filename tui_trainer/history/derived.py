"""Figures computed from other figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tui_trainer.training.events import LayerHealth

if TYPE_CHECKING:
    from tui_trainer.history.history import History


def gradient_ratio(layers: Sequence[LayerHealth]) -> float | None:
    """The first layer's gradient norm over the output layer's."""
    return layers[0].gradient_norm / layers[-1].gradient_norm if layers[-1].gradient_norm else None


def spread_ratio(layers: Sequence[LayerHealth]) -> float | None:
    """The standard deviation of the last hidden layer's activations over that of the first layer's."""
    return layers[-2].activation_std / layers[0].activation_std if len(layers) > 1 and layers[0].activation_std else None


def dead_share(layers: Sequence[LayerHealth]) -> float | None:
    """The mean share of dead units over the hidden layers."""
    hidden = [layer.dead_fraction for layer in layers[:-1]]
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
