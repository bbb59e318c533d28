"""The checks by name, in the order in which a cause comes before what it causes."""

from collections.abc import Iterator

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.diagnosis.preflight.blank_inputs_do_worse import blank_inputs_do_worse
from tui_trainer.diagnosis.preflight.gradients_reach_first_layer import gradients_reach_first_layer
from tui_trainer.diagnosis.preflight.input_scale import input_scale
from tui_trainer.diagnosis.preflight.labels_in_balance import labels_in_balance
from tui_trainer.diagnosis.preflight.loss_at_start import loss_at_start
from tui_trainer.diagnosis.preflight.memorizes_a_batch import memorizes_a_batch
from tui_trainer.diagnosis.preflight.memory import memory
from tui_trainer.diagnosis.preflight.outcome import Check, Outcome
from tui_trainer.diagnosis.preflight.rate_in_range import rate_in_range
from tui_trainer.diagnosis.preflight.subject import Subject
from tui_trainer.diagnosis.preflight.time import time
from tui_trainer.nn.registry import Registry

CHECKS: Registry[Check] = Registry(
    "check",
    {
        check.__name__: check
        for check in (
            memory,
            labels_in_balance,
            input_scale,
            loss_at_start,
            gradients_reach_first_layer,
            rate_in_range,
            memorizes_a_batch,
            blank_inputs_do_worse,
            time,
        )
    },
)


def preflight(config: Config, data: Dataset) -> Iterator[tuple[str, Outcome]]:
    """Make every check of a run that `config`, settled, describes, and yield each one's name and outcome. Raises UserError as a run does.

    Nothing is written. Outcomes but for the time and the memory are the same each time.
    """
    subject = Subject(config, data)
    for name, check in CHECKS.items():
        outcome = check(subject)
        yield name, outcome
        if outcome.ends:
            return
