"""Training for the sake of a diagnosis: in memory, with the layers measured from the first step on."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.diagnosis.case import Case, DataFacts, Predictions, borne
from tui_trainer.history.history import History
from tui_trainer.history.measurements import Measurement
from tui_trainer.nn.network import Network
from tui_trainer.training.blas import ONE_THREAD
from tui_trainer.training.control import Control
from tui_trainer.training.events import Event, Progress
from tui_trainer.training.instruments.sharpness import sharpness
from tui_trainer.training.loop import Training

SHARPENED: Final = 200
"""Training samples for which the sharpness is measured."""


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
    case = Case(training.state.options, history, facts)
    return case if history.diverged else look_into(case, training.state.network, split, data.training)


def look_into(case: Case, network: Network, split: Split, training: Split) -> Case:
    """The case with what its network says of `split`, and, where that limits the rate, its sharpness for some training samples."""
    case = replace(case, predictions=Predictions.of(network, split))
    if borne(case.config) is None:
        return case
    some = Split(training.images[:SHARPENED], training.labels[:SHARPENED])
    # The two leading digits decide.
    with ONE_THREAD:
        return replace(case, sharpness=sharpness(network, some, tolerance=0.01).value)
