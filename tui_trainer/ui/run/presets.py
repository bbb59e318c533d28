"""Runs worth starting from: each shows one thing that a textbook says."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class Preset(NamedTuple):
    """Options that differ from the defaults, and what is to be seen."""

    summary: str
    values: Mapping[str, Any]


_TEN_LAYERS = {"hidden": "100x10", "optimizer": "sgd", "epochs": 2}

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "Defaults": Preset("One hidden layer of 256 ReLU units, Adam: about 97% in a few epochs.", {}),
        "Softmax regression": Preset("No hidden layer: a straight line between any two digits.", {"hidden": "none"}),
        "Vanishing gradients": Preset(
            "Ten sigmoid layers, small uniform weights: no gradient reaches the first layer, nothing is learned.",
            {**_TEN_LAYERS, "activation": "sigmoid", "initializer": "uniform"},
        ),
        "tanh, naive start": Preset(
            "Ten tanh layers with the same small weights: a symmetric activation alone does not help.",
            {**_TEN_LAYERS, "activation": "tanh", "initializer": "uniform"},
        ),
        "tanh, Glorot's start": Preset(
            "The same ten layers, weights as wide as their inputs and outputs ask for: they learn.",
            {**_TEN_LAYERS, "activation": "tanh", "initializer": "glorot_uniform"},
        ),
        "Thirty ReLU layers, Glorot": Preset(
            "Half of each signal is cut off, and Glorot's weights do not make up for it.",
            {"hidden": "64x30", "optimizer": "sgd", "epochs": 2, "initializer": "glorot_uniform"},
        ),
        "Thirty ReLU layers, He": Preset(
            "Weights √2 wider, as He et al. worked out for ReLU: thirty layers learn.",
            {"hidden": "64x30", "optimizer": "sgd", "epochs": 2},
        ),
        "Fifty layers, He": Preset(
            "Deeper still: the weights let everything through, and most units die all the same.",
            {"hidden": "50x50", "epochs": 2},
        ),
        "Fifty layers, normalized": Preset(
            "Batch normalization alone: the gradient grows a fifth at each layer on its way back, and nothing is learned.",
            {"hidden": "50x50", "epochs": 2, "normalization": "batch"},
        ),
        "Fifty layers, with skips": Preset(
            "Normalization, and a skip around every two layers: what today's deep networks are made of. They learn.",
            {"hidden": "50x50", "epochs": 2, "normalization": "batch", "residual": 2},
        ),
        "Exploding": Preset(
            "Weights far too wide: the numbers grow from layer to layer until they overflow.",
            {**_TEN_LAYERS, "initializer": "uniform", "uniform_limit": 1.0},
        ),
        "Dying ReLU": Preset(
            "A learning rate that is too high: watch the share of dead units in the layer table.",
            {"hidden": "128x4", "learning_rate": 0.02, "epochs": 3},
        ),
        "Learned slopes": Preset(
            "PReLU: every unit learns its own slope below 0.", {"hidden": "128x4", "activation": "prelu", "epochs": 3}
        ),
        "98.5%": Preset(
            "Two layers of 512 with dropout and a cosine schedule, all images: 20 epochs, several minutes.",
            {
                "hidden": "512x2",
                "dropout": 0.2,
                "optimizer": "rmsprop",
                "schedule": "cosine",
                "batch_size": 128,
                "epochs": 20,
                "validation": 0,
            },
        ),
    }
)
