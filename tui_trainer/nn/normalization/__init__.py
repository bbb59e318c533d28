"""The normalizations of hidden layers."""

from tui_trainer.nn.normalization.batch import BatchNorm
from tui_trainer.nn.normalization.layer import LayerNorm
from tui_trainer.nn.normalization.normalization import Normalization
from tui_trainer.nn.registry import Registry

NORMALIZATIONS: Registry[type[Normalization]] = Registry("normalization", {kind.choice: kind for kind in (BatchNorm, LayerNorm)})
