"""The rows of the layer table: what each layer gives, how many parameters it learns, and how that number comes about."""

import math
from typing import NamedTuple

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import CLASSES
from tui_trainer.training.model import arithmetic, build_layers, parameters

MNIST_FEATURES = 28 * 28


class LayerRow(NamedTuple):
    """One line of the table."""

    name: str
    kind: str
    units: int
    arithmetic: str
    """How `parameters` is computed, such as `(784 + 1) × 256`; empty where there is nothing to compute."""
    parameters: int


def layer_rows(config: Config, features: int = MNIST_FEATURES) -> list[LayerRow]:
    """Every step from image to probabilities, for images of so many numbers."""
    side = math.isqrt(features)
    shape = f"{side} × {side} → {features}" if side * side == features else ""
    return [
        LayerRow("flatten", "Flatten", features, shape, 0),
        *(
            LayerRow(layer.name, layer.kind, layer.units, arithmetic(layer), parameters(layer))
            for layer in build_layers(config, features, CLASSES)
        ),
        LayerRow("softmax", "Softmax", CLASSES, "", 0),
    ]
