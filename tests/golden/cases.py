"""What is compared with PyTorch, in closed formulas: a test builds the same cases again without a random generator that may change."""

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float32]

FILE = Path(__file__).with_name("pytorch.npz")

ACTIVATIONS = {"leaky_relu": {"alpha": 0.01}, "prelu": {"alpha": 0.25}, "elu": {"alpha": 1.0}}

INPUTS = np.concatenate(
    [np.linspace(-8, 8, 97), [0.0], *(sign * np.array([1e-30, 1e-12, 1e-6, 1e-3, 20, 88, 90, 104, 1e4, 1e30]) for sign in (1, -1))]
).astype(np.float32)
"""Where the activations are compared: around 0, where they bend, and where a careless exponential overflows."""

FAN_IN, FAN_OUT = 500, 300
QUANTILES = (0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1)

LOGITS = np.array(
    [[0, 0, 0], [1, 2, 3], [-5, 0.5, 4], [1e30, 0, -1e30], [-1e30, 1e30, 1e30], [88, 89, 90], [1e-6, 0, -1e-6], [-200, -100, 0]], np.float32
)
LABELS = np.array([2, 0, 1, 0, 1, 2, 0, 0])

STEPS = (1, 2, 3, 10, 100, 300)
"""When the optimizers are looked at; the last is past a sweep for subnormal numbers."""

RULES: Mapping[str, Mapping[str, Any]] = {
    "sgd": {},
    "momentum": {},
    "nesterov": {},
    "adagrad": {},
    "rmsprop": {},
    "adam": {},
    "adamw": {},
    "nadam": {},
    "sgd, L2": {"weight_decay": 0.1},
    "momentum, L2": {"weight_decay": 0.1},
    "adam, L2": {"weight_decay": 0.1},
    "nadam, L2": {"weight_decay": 0.1},
    "adamw, more": {"weight_decay": 0.3},
    "adam, other": {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
    "rmsprop, other": {"rho": 0.5, "epsilon": 1e-3},
    "nesterov, other": {"momentum": 0.5},
    "adadelta": {},
    "amsgrad": {},
    "radam": {},
    "lion": {},
    "adadelta, other": {"rho": 0.5, "epsilon": 1e-3, "weight_decay": 0.1},
    "amsgrad, L2": {"weight_decay": 0.1},
    "radam, other": {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
    "lion, decay": {"weight_decay": 0.1},
    "sgd, clipped": {"clip_norm": 0.5},
}
"""Options by the optimizer's name, which is what stands before a comma."""

RATE = 0.01

MUON_SHAPES = ((6, 8), (8, 12), (12, 8), (8, 4))
"""Of matrices, from the first to the last, for the one that tells them apart."""

SMOOTHING = 0.1

SCHEDULED: Mapping[str, Mapping[str, Any]] = {
    "one_cycle": {},
    "one_cycle, other": {"pct_start": 0.5, "div_factor": 4.0, "final_div_factor": 100.0},
    "polynomial": {},
    "polynomial, other": {"power": 2.0},
    "plateau, patience 0": {"patience": 0},
    "plateau, other": {"decay": 0.5, "patience": 1, "threshold": 0.1},
}
"""Options by the schedule's name."""

EPOCHS_OF_SCHEDULES = 20
BATCHES = 1000
"""In all of these epochs."""
EVERY = 25
"""Batches from one factor that is kept to the next."""

LOSSES = (1.0, 0.9, 0.89995, 0.5, 0.6, 0.49, 0.48, 0.47, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3, 0.29, 0.28, 0.1, 0.2, 0.3)
"""Validation losses, for the one that goes by them."""

HIDDEN = (32, 16)
BATCH, EPOCHS = 50, 2
RUNS: Mapping[str, Mapping[str, Any]] = {
    "relu": {"optimizer": "adam", "learning_rate": 0.001},
    "tanh": {"optimizer": "momentum", "learning_rate": 0.01},
    "elu": {"optimizer": "nadam", "learning_rate": 0.001},
    "sigmoid": {"optimizer": "rmsprop", "learning_rate": 0.001},
}
"""Whole runs over the first of the real training images in file order, by activation."""

SKIPPING = (24, 24, 16)
"""Hidden layers with a skip around each after the first: past one of its own size, and past one of another."""

NORMALIZED: Mapping[str, Mapping[str, Any]] = {
    "batch": {"activation": "relu", "normalization": "batch", "optimizer": "momentum", "learning_rate": 0.003},
    "batch, after": {
        "activation": "tanh",
        "normalization": "batch",
        "normalization_place": "after",
        "optimizer": "adam",
        "learning_rate": 0.001,
    },
    "layer": {"activation": "relu", "normalization": "layer", "optimizer": "momentum", "learning_rate": 0.003},
    "layer, after": {
        "activation": "elu",
        "normalization": "layer",
        "normalization_place": "after",
        "optimizer": "adam",
        "learning_rate": 0.001,
    },
}
"""The same with normalization and skips."""

PROJECTION = 5
"""The skip's own weights are first_weights of this number."""

IMAGES = 20_000


def upstream() -> Numbers:
    """What stands before f' in the chain rule."""
    slopes: Numbers = np.cos(np.arange(INPUTS.size) * 1.3).astype(np.float32)
    return slopes


def start() -> Numbers:
    """The parameters that the optimizers begin with."""
    parameters: Numbers = np.sin(np.arange(40) * 0.7 + 0.3).astype(np.float32)
    return parameters


def gradient(step: int) -> Numbers:
    """The gradients at a step counted from 1: from 1 down to 1e-13, and some that are 0."""
    numbers = np.arange(40)
    scale = 10.0 ** -(numbers // 3)
    gradients: Numbers = np.where(numbers == 39, 0.0, scale * np.sin(numbers * 1.7 + step * 0.9)).astype(np.float32)
    return gradients


def matrix(number: int, shape: tuple[int, ...]) -> Numbers:
    """A matrix of waves, another for each number."""
    rows, columns = np.indices(shape)
    waves: Numbers = (np.sin(rows * (1.3 + 0.1 * (number % 7)) + columns * 0.7 + number) / (1 + 0.3 * ((rows + columns) % 3))).astype(
        np.float32
    )
    return waves


def first_weights(index: int, fan_in: int, fan_out: int) -> Numbers:
    """Glorot's bounds, filled evenly by multiples of the golden ratio."""
    limit = np.sqrt(6 / (fan_in + fan_out))
    shares = (np.arange(1, fan_in * fan_out + 1) * (np.sqrt(5) - 1) / 2 + index / 3) % 1
    weights: Numbers = ((2 * shares - 1) * limit).reshape(fan_in, fan_out).astype(np.float32)
    return weights


def pixels() -> tuple[Numbers, NDArray[np.int64]]:
    """The training images as shares of white, and their labels."""
    data = FILE.parents[2] / "data"
    images = np.frombuffer(gzip.decompress((data / "train-images-idx3-ubyte.gz").read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress((data / "train-labels-idx1-ubyte.gz").read_bytes()), np.uint8, offset=8)
    return (images.reshape(-1, 784)[:IMAGES] / 255).astype(np.float32), labels[:IMAGES].astype(np.int64)
