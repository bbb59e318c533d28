"""The rows of the layer table: what each layer gives, how many parameters it learns, and how that number comes about."""

from typing import NamedTuple

from tui_trainer.config.options import Config
from tui_trainer.datasets.spec import MNIST_SPEC, DataSpec
from tui_trainer.training.model import arithmetic, build_layers, parameters


class LayerRow(NamedTuple):
    """One line of the table."""

    name: str
    kind: str
    units: int
    arithmetic: str
    """How `parameters` is computed, such as `(784 + 1) × 256`; empty where there is nothing to compute."""
    parameters: int


def layer_rows(config: Config, spec: DataSpec = MNIST_SPEC) -> list[LayerRow]:
    """Every step from image to probabilities, for such data."""
    shape = "{} × {} → {}".format(*spec.image_shape, spec.features) if spec.image_shape else ""
    return [
        LayerRow("flatten", "Flatten", spec.features, shape, 0),
        *(
            LayerRow(layer.name, layer.kind, layer.units, arithmetic(layer), parameters(layer))
            for layer in build_layers(config, spec.features, spec.classes)
        ),
        LayerRow("softmax", "Softmax", spec.classes, "", 0),
    ]
