"""Normalization of hidden layers, a file each. To add one, write its class in a file here: it is found by itself."""

from typing import ClassVar

from tui_trainer.nn.layers import HiddenLayer
from tui_trainer.nn.parts import Part
from tui_trainer.nn.registry import Parts


class Normalization(HiddenLayer, Part):
    """A layer of as many units as inputs, between a Dense layer and its activation or after the activation.

    `forward` and `backward` are those of a `HiddenLayer`; what is learned is in `shapes`, what is kept beside it in `buffers`.
    """

    centers: ClassVar[bool] = False
    """Whether each unit's mean over the samples goes: a bias before it would be without effect, and one sample has no spread."""

    def __init__(self, units: int, **hyperparameters: float) -> None:
        super().__init__(units, units)
        self.take(hyperparameters)


NORMALIZATIONS: Parts[Normalization] = Parts("normalization", Normalization, __name__)  # type: ignore[type-abstract]
