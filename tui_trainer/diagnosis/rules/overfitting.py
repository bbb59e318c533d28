"""Learning by heart: the training loss falls while the validation loss rises."""

from typing import Final

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import first_of
from tui_trainer.text.language import N_

RISE: Final = 1.15
GAP: Final = 4.0
EPOCHS: Final = 3
"""At least so many after the best one."""

LEARNED: Final = 0.1


def find(case: Case) -> Evidence | None:
    """The validation loss has risen well above its best, and is several times the training loss."""
    epochs, best = case.history.epochs, case.history.best_loss
    if not epochs or best is None or case.diverged:
        return None
    last = epochs[-1]
    loss = last.validation_loss
    if loss is None or last.number - best.epoch < EPOCHS or loss < RISE * best.value or loss < GAP * last.train_loss:
        return None
    config = case.config
    # What holds for no other image cannot be kept from being learned by heart.
    if config.early_stopping or case.learned < LEARNED:
        return None
    remedies = first_of(config, {"early_stopping": 2}, {"dropout": 0.3, "early_stopping": 2}, {"dropout": 0.5})
    step = next(epoch.step for epoch in epochs if epoch.number == best.epoch)
    figures = {"epoch": best.epoch, "best": best.value, "loss": loss, "train_loss": last.train_loss}
    return Evidence(figures, remedies[:1], step=step, confidence=0.9, further=remedies[1:])


RULE = Rule(
    "overfitting",
    N_("overfitting since epoch {epoch}"),
    N_(
        "The validation loss was {best:.3g} after epoch {epoch} and is {loss:.3g} now; the training loss fell to {train_loss:.2g}: the "
        "network learns its images by heart."
    ),
    N_("validation loss 15% above its best, 3 epochs or more after it, and 4 times the training loss"),
    N_("generalization loss: Prechelt 1998, Early Stopping, But When?; the limits are ours"),
    find,
    place=400,
)
