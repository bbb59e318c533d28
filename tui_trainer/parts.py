"""What a plugin derives from, by one name: `from tui_trainer.parts import Optimizer`."""

from tui_trainer.datasets.reader import Contents, Reader
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import DiagnosisRule, Evidence
from tui_trainer.errors import UserError
from tui_trainer.history.figure import LayerFigure
from tui_trainer.nn.activations import Activation
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import Initializer
from tui_trainer.nn.normalization import Normalization
from tui_trainer.nn.optimizers import Optimizer
from tui_trainer.nn.parts import Hyperparameter
from tui_trainer.nn.schedules import Schedule

__all__ = [
    "Activation",
    "Array",
    "Case",
    "Contents",
    "DataSpec",
    "DiagnosisRule",
    "Evidence",
    "Hyperparameter",
    "Initializer",
    "LayerFigure",
    "Normalization",
    "Optimizer",
    "Reader",
    "Schedule",
    "UserError",
]
