"""Train a NumPy multilayer perceptron on MNIST, and see why deep networks do or do not learn.

    from tui_trainer import Classifier

What is named here is loaded when it is first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tui_trainer.version import __version__

if TYPE_CHECKING:
    from tui_trainer.config.options import Config
    from tui_trainer.datasets.dataset import load as load_data
    from tui_trainer.errors import UserError
    from tui_trainer.runs.run import Run
    from tui_trainer.trained.estimator import Classifier
    from tui_trainer.training.control import Control

__all__ = ["Classifier", "Config", "Control", "Run", "UserError", "__version__", "load_data"]

_HOMES = {
    "Classifier": ("tui_trainer.trained.estimator", "Classifier"),
    "Config": ("tui_trainer.config.options", "Config"),
    "Control": ("tui_trainer.training.control", "Control"),
    "Run": ("tui_trainer.runs.run", "Run"),
    "UserError": ("tui_trainer.errors", "UserError"),
    "load_data": ("tui_trainer.datasets.dataset", "load"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
