"""No better than always saying the most frequent class."""

from typing import Final

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import TEXTBOOK, carried, first_of, of_options
from tui_trainer.text.language import N_

LITTLE: Final = 0.1
"""On the scale from guessing to always right."""

BY_HEART: Final = 0.3
"""Learned of the training images, while nothing is learned of others."""


def find(case: Case) -> Evidence | None:
    """The accuracy is that of guessing."""
    if not case.history.epochs or case.diverged or case.accuracy is None or case.learned > LITTLE:
        return None
    figures = {"accuracy": case.accuracy, "guess": case.guess, "train_accuracy": case.train_accuracy or 0.0}
    if case.skill(case.train_accuracy) > BY_HEART:
        # Options are not to blame: the network can learn, but what it learns holds for no other image.
        return Evidence(figures, (), step=case.history.steps, confidence=0.9, symptom=LABELS, cause=WHY_LABELS)
    return Evidence(
        figures, of_options(case.config), step=case.history.steps, further=(*carried(case.config), *first_of(case.config, TEXTBOOK))
    )


LABELS = N_("the labels cannot be learned")
WHY_LABELS = N_(
    "The network learns {train_accuracy:.0%} of its training images by heart, and {accuracy:.0%} of others, where guessing gives "
    "{guess:.0%}: the labels do not depend on the images, or are mixed up. No option cures that; look at the data."
)

RULE = Rule(
    "no_learning",
    N_("nothing was learned"),
    N_("{accuracy:.1%} are right; always saying the most frequent class gives {guess:.1%}."),
    N_("accuracy less than a tenth of the way from the most frequent class to always right"),
    N_("a baseline to beat: Karpathy 2019, A Recipe for Training Neural Networks; the limit is ours"),
    find,
    waits=True,
    place=430,
)
