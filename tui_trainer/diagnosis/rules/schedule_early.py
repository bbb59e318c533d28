"""A schedule that brings the rate to nothing while there is much to learn."""

from typing import Final

import numpy as np

from tui_trainer.config.relevance import hindrance
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import first_of
from tui_trainer.text.language import N_

LITTLE: Final = 0.01
"""Of the rate."""

LEARNED: Final = 0.97


def find(case: Case) -> Evidence | None:
    """In the second half of the run the rate is below 1% of what it was, and the training loss is not low."""
    config, epochs = case.config, case.history.epochs
    accuracy = case.train_accuracy
    if config.schedule == "constant" or len(epochs) < 2 or case.diverged or case.skill(accuracy) > LEARNED:
        return None
    rates = np.array([epoch.learning_rate for epoch in epochs])
    low = rates < LITTLE * rates.max()
    if low.mean() < 0.5:
        return None
    first = epochs[int(low.argmax())]
    longer = float(max(config.epochs, len(epochs)))
    slower = {"decay_every": longer} if hindrance("decay_every", dict(config)) is None else {}
    remedies = first_of(config, {"schedule": "cosine"}, {"schedule": "constant"}, slower)
    figures = {"epoch": first.number, "share": float(rates[-1] / config.learning_rate)}
    return Evidence(figures, remedies[:1], step=first.step, further=remedies[1:])


RULE = Rule(
    "schedule_early",
    N_("the schedule ended the training in epoch {epoch}"),
    N_("From epoch {epoch} on the steps are below 1/100 of the rate, while much is left to learn."),
    N_("rate below 1% of its highest in half of the epochs, and less than 97% of the training images learned"),
    N_("too aggressive decay stops short: Karpathy, CS231n; the limits are ours"),
    find,
    waits=True,
    place=250,
)
