"""Early stopping that took a hesitation for the end."""

from typing import Final

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import first_of
from tui_trainer.text.language import N_

SHORT: Final = 2
"""Epochs of patience; more are not suspected."""

RISE: Final = 1.15
"""Times the lowest validation loss: below, it hesitates; above, it rises."""


def find(case: Case) -> Evidence | None:
    """The run ended before its time, after an epoch or two in which the validation loss had hardly risen."""
    config, epochs, best = case.config, case.history.epochs, case.history.best_loss
    if not (config.early_stopping and case.is_over and epochs and best) or case.diverged:
        return None
    last = epochs[-1]
    if config.early_stopping > SHORT or last.number >= config.epochs or last.validation_loss is None:
        return None
    if last.validation_loss > RISE * best.value or last.train_loss < best.value / 2:
        return None
    remedies = first_of(config, *({"early_stopping": patience} for patience in (5, 10)))
    figures = {
        "epoch": last.number,
        "epochs": config.epochs,
        "patience": config.early_stopping,
        "rise": last.validation_loss / best.value - 1,
    }
    return Evidence(figures, remedies[:1], step=last.step, confidence=0.85, further=remedies[1:])


RULE = Rule(
    "early_stopping_early",
    N_("early stopping stopped after {epoch} of {epochs} epochs"),
    N_("The validation loss was only {rise:.1%} above its best, as much as it scatters; a patience of {patience} takes that for the end."),
    N_("stopped with a patience of at most 2 while the validation loss is within 15% of its best and not twice the training loss"),
    N_("validation losses have several minima: Prechelt 1998, Early Stopping, But When?; the limits are ours"),
    find,
    place=260,
)
