"""Training for the sake of a diagnosis: in memory, with the layers measured from the first step on."""

from collections.abc import Callable

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.diagnosis.case import Case, DataFacts, Predictions
from tui_trainer.history.history import History
from tui_trainer.history.measurements import Measurement
from tui_trainer.training.control import Control
from tui_trainer.training.events import Event, Progress
from tui_trainer.training.loop import Training


def first_measurement(config: Config, data: Dataset) -> Measurement | None:
    """The layers' health at the first step, which a run with the same options had too; None where that step is not finite."""
    control, history = Control(), History()
    control.measure_layers()
    for event in Training(config, data).events(control):
        history.add(event)
        if isinstance(event, Progress):
            break
    history.drain()
    return history.measured[0] if history.measured else None


def train(config: Config, data: Dataset, control: Control | None = None, hear: Callable[[Event], object] = lambda _: None) -> Case:
    """Train to the end, and return the case that the run makes. `hear` gets every event; `control` may end it."""
    control, history = control or Control(), History()
    control.measure_layers()
    training = Training(config, data)
    for event in training.events(control):
        history.add(event)
        hear(event)
    history.drain()
    split = training.test or data.hold_out(config.validation)[1] or data.training
    facts = DataFacts.of(data.hold_out(config.validation)[0], data.classes)
    return Case(training.state.options, history, facts, None if history.diverged else Predictions.of(training.state.network, split))
