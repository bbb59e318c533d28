"""Signals of whether a network learns, layer by layer, in the terms of Glorot & Bengio (2010)."""

import numpy as np

from tui_trainer.nn.activations import Activation
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Dense
from tui_trainer.nn.network import Network, Pass
from tui_trainer.training.events import LayerHealth

PROBE_SAMPLES = 500
"""Training images whose activations are measured, the first in file order: enough to tell a dead unit from a rare one."""


def measure(network: Network, probe: Pass, before: Array) -> tuple[LayerHealth, ...]:
    """The health of every Dense layer at the step that was just taken.

    `before` is the parameter vector as it was before the step; the gradients are still those of the step; `probe` holds the images.
    """
    probe.forward()
    health = []
    after = network.parameters
    stages = probe.stages
    for index, stage in enumerate(stages):
        if not isinstance(stage.layer, Dense):
            continue
        name = stage.layer.name
        weights = network.span(f"{name}.weight")
        weight_norm, before_norm = norm(after[weights]), norm(before[weights])
        follower = stages[index + 1] if index + 1 < len(stages) else stage
        saturated = dead = 0.0
        if isinstance(follower.layer, Activation):
            follower.layer.slope(follower.x, follower.out, follower.scratch)
            flat = np.abs(follower.scratch) <= follower.layer.flat_below
            saturated, dead = float(flat.mean()), float(flat.all(axis=0).mean())
        health.append(
            LayerHealth(
                name=name,
                gradient_norm=norm(network.gradients[weights]),
                weight_norm=weight_norm,
                update_ratio=norm(after[weights] - before[weights]) / before_norm if before_norm else 0.0,
                activation_mean=float(follower.out.mean(dtype=np.float64)),
                activation_std=float(follower.out.std(dtype=np.float64)),
                dead_fraction=dead,
                saturated_fraction=saturated,
            )
        )
    return tuple(health)


def norm(vector: Array) -> float:
    """The Euclidean norm, summed in float64: in float32 the squares of a vanished gradient would underflow to 0."""
    return float(np.linalg.norm(vector.astype(np.float64)))


def first_not_finite(network: Network, batch: Pass | None = None) -> str | None:
    """The first layer, from the input, whose parameters or whose output in `batch` are not all finite; None when all are."""
    stages = {stage.layer.name: stage for stage in batch.stages} if batch else {}
    for layer in network.layers:
        if not all(np.isfinite(network.tensors[f"{layer.name}.{parameter}"]).all() for parameter in layer.shapes()):
            return layer.name
        if layer.name in stages and not np.isfinite(stages[layer.name].out).all():
            return layer.name
    return None
