"""Too small a network: it has learned all that it can hold."""

from typing import Final

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import first_of
from tui_trainer.text.language import N_

LEARNED: Final = (0.05, 0.8)
GAP: Final = 0.1


def find(case: Case) -> Evidence | None:
    """Neither training nor validation images are learned well, and a layer is narrower than there are classes."""
    config, epochs = case.config, case.history.epochs
    skill = case.skill(case.train_accuracy)
    narrowest = min(config.hidden, default=0)
    if not epochs or case.diverged or not LEARNED[0] < skill < LEARNED[1] or narrowest >= max(case.classes, 2):
        return None
    if skill - case.learned > GAP:
        return None
    wide = tuple(max(size, 128) for size in config.hidden) or (128,)
    figures = {"narrowest": narrowest, "classes": case.classes, "train_accuracy": case.train_accuracy}
    return Evidence(figures, first_of(config, {"hidden": wide}), step=case.history.steps, confidence=0.85)


RULE = Rule(
    "underfitting",
    N_("underfitting: training accuracy {train_accuracy:.0%}"),
    N_("All that is known of an image has to pass a layer of {narrowest} units on its way to {classes} classes. Widen it."),
    N_("training accuracy between 5% and 80% of the way from guessing, like validation's, and a layer narrower than the classes"),
    N_("capacity: Goodfellow, Bengio & Courville 2016, 5.2; the limits are ours"),
    find,
    waits=True,
    place=320,
)
