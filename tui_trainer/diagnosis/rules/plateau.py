"""A loss that stands still far above what the network could learn."""

from typing import Final

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import TEXTBOOK, first_of
from tui_trainer.text.language import N_

EPOCHS: Final = 3
FALL: Final = 0.02
LEARNED: Final = (0.1, 0.85)


def find(case: Case) -> Evidence | None:
    """For three epochs or more the training loss has fallen by less than 2%, and little is learned."""
    epochs = case.history.epochs
    if len(epochs) <= EPOCHS or case.diverged or not LEARNED[0] < case.skill(case.train_accuracy) < LEARNED[1]:
        return None
    losses = [epoch.train_loss for epoch in epochs]
    best, before = min(losses[-EPOCHS:]), min(losses[:-EPOCHS])
    if not best > (1 - FALL) * before:
        return None
    config = case.config
    remedies = first_of(config, {"learning_rate": config.learning_rate / 10}, {"learning_rate": config.learning_rate * 3}, TEXTBOOK)
    since = next(epoch for epoch in epochs if epoch.train_loss <= best / (1 - FALL))
    return Evidence({"loss": losses[-1], "epoch": since.number}, remedies[:1], step=since.step, confidence=0.7, further=remedies[1:])


RULE = Rule(
    "plateau",
    N_("the loss stands still at {loss:.3g} since epoch {epoch}"),
    N_("Nothing more is learned although there is much left: the steps are too large to go deeper, or too small to leave a flat place."),
    N_("training loss fell by less than 2% in 3 epochs, with 10% to 85% learned"),
    N_("reduce the rate on a plateau: He et al. 2016, 3.4; the limits are ours"),
    find,
    waits=True,
    place=410,
)
