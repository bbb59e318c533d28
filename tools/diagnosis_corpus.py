"""Runs whose fault is known, and healthy ones, on several data sets: what the diagnosis is measured on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split, load
from tui_trainer.datasets.spec import DataSpec

HEALTHY: Final = ""


@dataclass(frozen=True)
class Example:
    """A run, and the name of the finding that should come first; none for a healthy run."""

    finding: str
    data: str
    options: Mapping[str, Any]
    also: tuple[str, ...] = ()
    """Names that are as right."""

    def config(self, seed: int) -> Config:
        """The run's options."""
        return Config.parse({"epochs": 4, "threads": 1, "seed": seed, **VALIDATION.get(self.data, {}), **self.options})


VALIDATION: Final[Mapping[str, Mapping[str, Any]]] = {
    "mnist": {"validation": 1000},
    "few": {"validation": 1000},
    "bytes": {"validation": 1000},
    "random": {"validation": 1000},
    "rare": {"validation": 500},
    "rings": {"validation": 400, "batch_size": 16},
    "spirals": {"validation": 400, "batch_size": 16},
    "blobs": {"validation": 400},
}


@cache
def data(name: str) -> Dataset:
    """A data set by its name."""
    makers = {"rings": _rings, "spirals": _spirals, "blobs": _blobs}
    if name in makers:
        return _made(name, *makers[name](np.random.default_rng(17), 3000))
    whole = load("mnist")
    assert whole.test
    (images, labels), (test_images, test_labels) = whole.training, whole.test
    test = Split(test_images[:2000], test_labels[:2000])
    match name:
        case "few":
            return Dataset(name, Split(images[:1300], labels[:1300]), test, whole.spec)
        case "bytes":
            return Dataset(
                name, Split(images[:5000].astype(np.float32), labels[:5000]), Split(test[0].astype(np.float32), test[1]), whole.spec
            )
        case "random":
            rng = np.random.default_rng(3)
            return Dataset(name, Split(images[:4000], rng.permutation(labels[:4000])), Split(test[0], rng.permutation(test[1])), whole.spec)
        case "rare":
            kept = np.flatnonzero((labels[:5000] != 7) | (np.arange(5000) < 100))
            return Dataset(name, Split(images[kept], labels[kept]), test, whole.spec)
    return Dataset(name, Split(images[:5000], labels[:5000]), test, whole.spec)


def _made(name: str, points: NDArray[np.float64], labels: NDArray[np.intp]) -> Dataset:
    inputs = points.astype(np.float32)
    spec = DataSpec((inputs.shape[1],), int(labels.max()) + 1, scale=1.0)
    return Dataset(name, Split(inputs[:2400], labels[:2400]), Split(inputs[2400:], labels[2400:]), spec)


def _rings(rng: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    labels = rng.integers(0, 2, count)
    angle, radius = rng.uniform(0, 2 * np.pi, count), 0.5 + labels + rng.normal(0, 0.1, count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels


def _spirals(rng: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    labels = rng.integers(0, 3, count)
    along = rng.uniform(0.2, 1, count)
    angle = 4 * along + labels * 2 * np.pi / 3 + rng.normal(0, 0.1, count)
    return 2 * np.stack([along * np.cos(angle), along * np.sin(angle)], axis=1), labels


def _blobs(rng: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    centres = rng.normal(0, 1, (6, 20))
    labels = rng.integers(0, 6, count)
    return centres[labels] + rng.normal(0, 0.7, (count, 20)), labels


NAIVE: Final = {"initializer": "uniform"}
WIDE: Final = {"initializer": "uniform", "uniform_limit": 1.0}

EXAMPLES: Final = (
    # Healthy ones, on every data set
    Example(HEALTHY, "mnist", {"hidden": "64x4", "normalization": "batch"}),
    Example(HEALTHY, "mnist", {"hidden": "64x3", "normalization": "layer", "normalization_place": "after"}),
    Example(HEALTHY, "mnist", {"hidden": "40x40", "normalization": "batch", "residual": 2, "epochs": 2}),
    Example(HEALTHY, "mnist", {"hidden": "64x5", "activation": "tanh", "residual": 2}),
    Example(HEALTHY, "mnist", {}),
    Example(HEALTHY, "mnist", {"hidden": "64x3"}),
    Example(HEALTHY, "mnist", {"hidden": "50x10"}),
    Example(HEALTHY, "mnist", {"hidden": "64x3", "activation": "tanh"}),
    Example(HEALTHY, "mnist", {"hidden": "128", "activation": "sigmoid"}),
    Example(HEALTHY, "mnist", {"hidden": "64,64", "activation": "elu", "optimizer": "nadam"}),
    Example(HEALTHY, "mnist", {"hidden": "64,64", "activation": "prelu", "optimizer": "momentum"}),
    Example(HEALTHY, "mnist", {"hidden": "64,64", "activation": "leaky_relu", "optimizer": "rmsprop"}),
    Example(HEALTHY, "mnist", {"hidden": "128", "optimizer": "sgd", "learning_rate": 0.1}),
    Example(HEALTHY, "mnist", {"hidden": "128", "optimizer": "sgd", "epochs": 8}),
    Example(HEALTHY, "mnist", {"hidden": "128", "optimizer": "adagrad"}),
    Example(HEALTHY, "mnist", {"hidden": "128", "dropout": 0.3, "epochs": 6}),
    Example(HEALTHY, "mnist", {"hidden": "128", "schedule": "cosine", "warmup": 0.5}),
    Example(HEALTHY, "mnist", {"hidden": "128", "optimizer": "adamw", "batch_size": 128}),
    Example(HEALTHY, "mnist", {"hidden": "128", "early_stopping": 3, "epochs": 8}),
    Example(HEALTHY, "mnist", {"hidden": "none"}),
    Example(HEALTHY, "mnist", {"hidden": "128", "batch_size": 4, "optimizer": "sgd"}),
    Example(HEALTHY, "mnist", {"hidden": "64", "weight_decay": 1e-4}),
    Example(HEALTHY, "rings", {"hidden": "16,16", "epochs": 10}),
    Example(HEALTHY, "rings", {"hidden": "16", "activation": "tanh", "epochs": 20, "learning_rate": 0.003}),
    Example(HEALTHY, "spirals", {"hidden": "32,32", "epochs": 30, "learning_rate": 0.003}),
    Example(HEALTHY, "blobs", {"hidden": "32", "epochs": 6}),
    Example(HEALTHY, "blobs", {"hidden": "none", "epochs": 10}),
    Example(HEALTHY, "blobs", {"hidden": "32", "activation": "sigmoid", "epochs": 15}),
    # Planted faults
    Example("vanishing_gradients", "mnist", {"hidden": "50x10", "activation": "sigmoid", **NAIVE}),
    Example("vanishing_gradients", "mnist", {"hidden": "50x8", "activation": "sigmoid", "optimizer": "sgd"}),
    Example("vanishing_gradients", "mnist", {"hidden": "50x10", **NAIVE}),
    Example("vanishing_gradients", "blobs", {"hidden": "32x8", "activation": "sigmoid"}),
    Example("vanishing_gradients", "mnist", {"hidden": "50x10", "activation": "tanh", **NAIVE, "optimizer": "sgd"}),
    Example("vanishing_gradients", "spirals", {"hidden": "20x10", "activation": "sigmoid", "epochs": 8}),
    Example("exploding_gradients", "mnist", {"hidden": "50x10", **WIDE}),
    Example("exploding_gradients", "mnist", {"hidden": "50x10", **WIDE, "optimizer": "sgd"}),
    Example("exploding_gradients", "mnist", {"hidden": "50x5", "activation": "tanh", "initializer": "uniform", "uniform_limit": 3.0}),
    Example("exploding_gradients", "blobs", {"hidden": "32x8", "initializer": "uniform", "uniform_limit": 2.0}),
    Example("exploding_gradients", "mnist", {"hidden": "50x8", "activation": "elu", **WIDE, "optimizer": "momentum"}),
    Example("exploding_gradients", "mnist", {"hidden": "40x40", "normalization": "batch", "epochs": 2}),
    Example("symmetric_units", "mnist", {"hidden": "50,50", "initializer": "uniform", "uniform_limit": 1e-9, "optimizer": "sgd"}),
    Example("symmetric_units", "mnist", {"hidden": "50,50,50", "activation": "tanh", "initializer": "uniform", "uniform_limit": 1e-8}),
    Example("symmetric_units", "blobs", {"hidden": "32x3", "activation": "sigmoid", "initializer": "uniform", "uniform_limit": 1e-12}),
    Example("bad_start", "mnist", {"hidden": "64", "initializer": "uniform", "uniform_limit": 0.5}, also=("exploding_gradients",)),
    Example("bad_start", "blobs", {"hidden": "64", "initializer": "uniform", "uniform_limit": 1.0}, also=("exploding_gradients",)),
    Example("bad_start", "mnist", {"hidden": "none", "initializer": "uniform", "uniform_limit": 1.0}),
    Example("learning_rate_high", "mnist", {"hidden": "64", "learning_rate": 1.0}),
    Example("learning_rate_high", "mnist", {"hidden": "64x3", "learning_rate": 0.1}),
    Example("learning_rate_high", "mnist", {"hidden": "64", "optimizer": "sgd", "learning_rate": 10.0}),
    Example("learning_rate_high", "mnist", {"hidden": "50x3", "activation": "leaky_relu", "optimizer": "sgd", "learning_rate": 30.0}),
    Example("learning_rate_high", "mnist", {"hidden": "64,64", "activation": "tanh", "optimizer": "momentum", "learning_rate": 3.0}),
    Example("learning_rate_high", "spirals", {"hidden": "32", "optimizer": "rmsprop", "learning_rate": 3.0}),
    Example("learning_rate_high", "rings", {"hidden": "16,16", "learning_rate": 1.0}),
    Example("learning_rate_high", "mnist", {"hidden": "50x3", "activation": "elu", "learning_rate": 0.3}),
    Example("learning_rate_low", "mnist", {"hidden": "64", "learning_rate": 1e-7}),
    Example("learning_rate_low", "mnist", {"hidden": "64", "optimizer": "sgd", "learning_rate": 1e-5}),
    Example("learning_rate_low", "blobs", {"hidden": "32", "learning_rate": 1e-6}),
    Example("learning_rate_low", "mnist", {"hidden": "64,64", "activation": "tanh", "optimizer": "momentum", "learning_rate": 1e-6}),
    Example("learning_rate_low", "rings", {"hidden": "16,16", "learning_rate": 1e-6}),
    Example("dead_units", "mnist", {"hidden": "10x20"}, also=("vanishing_gradients",)),
    Example("dead_units", "mnist", {"hidden": "64", "optimizer": "sgd", "learning_rate": 2.0}, also=("learning_rate_high",)),
    Example("saturated_units", "mnist", {"hidden": "64,64", "activation": "tanh", "learning_rate": 0.1}, also=("learning_rate_high",)),
    Example("decay_too_strong", "mnist", {"hidden": "64", "weight_decay": 1.0}),
    Example("decay_too_strong", "mnist", {"hidden": "64", "optimizer": "sgd", "weight_decay": 1.0}),
    Example("decay_too_strong", "mnist", {"hidden": "64", "optimizer": "adamw", "weight_decay": 300.0}),
    Example("decay_too_strong", "mnist", {"hidden": "50", "optimizer": "sgd", "weight_decay": 1000.0}),
    Example("noisy", "mnist", {"hidden": "64", "batch_size": 1, "learning_rate": 0.01}, also=("learning_rate_high",)),
    Example("noisy", "mnist", {"hidden": "64", "batch_size": 1, "optimizer": "sgd", "learning_rate": 0.1}, also=("learning_rate_high",)),
    Example("schedule_early", "mnist", {"hidden": "64", "schedule": "exponential", "decay": 0.1, "decay_every": 0.2, "optimizer": "sgd"}),
    Example(
        "schedule_early", "mnist", {"hidden": "64", "schedule": "step", "decay": 0.001, "decay_every": 0.5, "epochs": 8, "optimizer": "sgd"}
    ),
    Example("early_stopping_early", "mnist", {"hidden": "64", "early_stopping": 1, "epochs": 20, "dropout": 0.5, "optimizer": "rmsprop"}),
    Example("early_stopping_early", "mnist", {"hidden": "32", "early_stopping": 1, "epochs": 30, "dropout": 0.5}),
    Example("overfitting", "few", {"hidden": "256", "epochs": 60}),
    Example("overfitting", "few", {"hidden": "128,128", "epochs": 60, "learning_rate": 0.002}),
    Example("underfitting", "mnist", {"hidden": "2", "epochs": 6}),
    Example("underfitting", "mnist", {"hidden": "64,2,64", "epochs": 6}),
    Example("underfitting", "spirals", {"hidden": "none", "epochs": 10, "learning_rate": 0.01}),
    Example("no_learning", "random", {"hidden": "128"}),
    Example("no_learning", "random", {"hidden": "256", "epochs": 20}),
    Example("no_learning", "random", {"hidden": "64x3", "activation": "tanh", "epochs": 10}),
    Example("bad_scale", "bytes", {"hidden": "64,64", "activation": "tanh"}),
    Example("bad_scale", "bytes", {"hidden": "64", "optimizer": "sgd"}),
    Example("missing_class", "rare", {"hidden": "64", "optimizer": "sgd", "epochs": 2}),
)
