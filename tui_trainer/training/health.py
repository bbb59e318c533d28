"""The layers' health: measurements that show whether a network learns (Glorot & Bengio 2010)."""

from math import log2, sqrt

import numpy as np
from numpy.typing import NDArray

from tui_trainer.nn.arrays import Array
from tui_trainer.nn.network import Network, Workspace
from tui_trainer.training.events import Distributions, Histogram, LayerHealth

PROBE_SAMPLES = 500
"""The first training images, whose activations are measured: many enough to tell a dead unit from a rarely active one."""

COUNTED_SAMPLES = 100
"""Images of the probe whose activations are counted."""

BINS = 40
"""Bins of the activations."""

SMALLEST, GREATEST = -60, 8
"""The bins' lowest and highest power of two of a gradient, about 1e-18 and 256; the outermost bins count what lies beyond."""

DENSE = 64
"""The step up to which a run that is followed is measured twice for each doubling: a measurement costs as much as five steps or more."""

EXPONENT_BIAS = 127
"""What is added to the exponent in the bits of a float32."""


def is_early_moment(step: int) -> bool:
    """Whether a run that is followed is measured at this step: the powers of √2, rounded, up to DENSE, and from there those of 2.

    1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 128, 256 and so on: twenty of the first ten thousand.
    """
    power = log2(step)
    return step == round(2 ** (round(2 * power) / 2)) and (step <= DENSE or power.is_integer())


def next_early_moment(step: int) -> int:
    """The first early moment after this step."""
    return 1 << step.bit_length() if step >= DENSE else next(later for later in range(step + 1, 2 * DENSE) if is_early_moment(later))


def measure(network: Network, probe: Workspace, before: Array, gradients: Array) -> tuple[LayerHealth, ...]:
    """The health of every Dense layer at the last step.

    `before` is the parameter vector before the step, `gradients` the loss's gradient vector there, without clipping and weight decay;
    `probe` holds the images.
    """
    probe.forward()
    health = []
    parameters_before, gradient_tensors = network.named(before), network.named(gradients)
    layers = list(probe.measured())
    # New memory of this size costs more than what is computed in it.
    scratch = np.empty(max(layer.units.out.size for layer in layers))
    for name, weights, units in layers:
        after, earlier = network.tensors[weights], parameters_before[weights]
        earlier_norm = norm(earlier)
        saturated = dead = 0.0
        if units.flat is not None:
            flat = units.flat()
            saturated, dead = _share(flat), _share(np.asarray(flat.all(axis=0)))
        mean, deviation = _spread(units.out, scratch)
        health.append(
            LayerHealth(
                name=name,
                gradient_norm=norm(gradient_tensors[weights]),
                weight_norm=norm(after),
                update_ratio=norm(after - earlier) / earlier_norm if earlier_norm else 0.0,
                activation_mean=mean,
                activation_std=deviation,
                dead_fraction=dead,
                saturated_fraction=saturated,
            )
        )
    return tuple(health)


def distributions(network: Network, probe: Workspace, gradients: Array) -> tuple[Distributions, ...]:
    """The distributions of every Dense layer's activations and gradients. Call it after `measure`, which fills `probe`."""
    found = []
    gradient_tensors = network.named(gradients)
    for name, weights, units in probe.measured():
        activations = evenly(units.out[:COUNTED_SAMPLES], units.layer.bounds)
        found.append(Distributions(name, activations, by_magnitude(gradient_tensors[weights])))
    return tuple(found)


def evenly(values: Array, bounds: tuple[float, float] | None) -> Histogram:
    """Counts in equal bins between the bounds, or else between the lowest and the highest value, 0 included."""
    finite = values[np.isfinite(values)]
    low, high = bounds or (float(finite.min(initial=0)), float(finite.max(initial=0)))
    if low == high:
        low, high = low - 0.5, high + 0.5
    places = ((finite - low) * (BINS / (high - low))).astype(np.intp)
    counts = np.bincount(np.minimum(places, BINS - 1, out=places), minlength=BINS)
    return Histogram(counts, np.linspace(low, high, BINS + 1), values.size - finite.size)


def by_magnitude(values: Array) -> Histogram:
    """Counts between powers of two, read from the exponents in the numbers' bits: logarithms would take many times as long.

    What is not finite lies beyond the highest.
    """
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    exponents = np.bincount(((bits << 1) >> 24).ravel().astype(np.uint8), minlength=1 << 8)
    zeros = values.size - int(np.count_nonzero(values))
    exponents[0] -= zeros
    lowest, highest = SMALLEST + EXPONENT_BIAS, GREATEST + EXPONENT_BIAS - 1
    counts = exponents[lowest : highest + 1].copy()
    counts[0] += exponents[:lowest].sum()
    counts[-1] += exponents[highest + 1 :].sum()
    return Histogram(counts, np.log10(2) * np.arange(SMALLEST, GREATEST + 1), zeros)


def _share(flags: NDArray[np.bool_]) -> float:
    """Of those that are true: the same as their mean, which would make a number of each."""
    return int(np.count_nonzero(flags)) / flags.size


def _spread(values: Array, scratch: NDArray[np.float64]) -> tuple[float, float]:
    """The mean and the standard deviation, both in float64; `scratch` has room for the values."""
    exact = scratch[: values.size]
    np.copyto(exact.reshape(values.shape), values)
    mean = float(exact.mean())
    exact -= mean
    return mean, sqrt(float(exact @ exact) / exact.size)


def norm(tensor: Array) -> float:
    """The Euclidean norm, summed in float64: in float32 the squares of a vanishing gradient would underflow to 0."""
    return float(np.linalg.norm(tensor.astype(np.float64)))


def first_not_finite(network: Network, batch: Workspace | None = None) -> str | None:
    """The first layer, from the input, whose tensors or whose output in `batch` are not all finite; None when all are."""
    outputs = {run.layer.name: run.out for run in batch.runs} if batch else {}
    for layer in network.layers:
        numbers = [*layer.tensors.values(), *([outputs[layer.name]] if layer.name in outputs else [])]
        if not all(np.isfinite(each).all() for each in numbers):
            return layer.name
    return None
