"""A class that the network never gives."""

from typing import Final

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import first_of
from tui_trainer.text.language import N_

LEARNED: Final = 0.1
RARE: Final = 0.2
"""Of an even share of the training images."""


def find(case: Case) -> Evidence | None:
    """The network gives other classes where it should give this one, every time; or there is nothing to learn it from."""
    counts = case.data.counts if case.data else ()
    absent = [number for number, count in enumerate(counts) if not count]
    told = case.predictions
    missing = (
        [number for number, (due, given) in enumerate(zip(told.expected, told.given, strict=True)) if due and not given] if told else []
    )
    if not case.is_judged or case.diverged or not (absent or (missing and case.learned > LEARNED)):
        return None
    number = (absent or missing)[0]
    share = counts[number] / max(sum(counts), 1) if counts else float("nan")
    figures = {"class": number, "classes": absent or missing, "share": share}
    if absent:
        return Evidence(figures, (), confidence=1.0, cause=ABSENT)
    config = case.config
    longer = {"epochs": 3 * max(config.epochs, 1)}
    adam = {"optimizer": "adam", "learning_rate": 0.001}
    remedies = first_of(config, longer, adam, adam | longer)
    cause = RARELY if counts and share < RARE / len(counts) else ""
    return Evidence(figures, remedies[:1], step=case.history.steps, cause=cause, further=remedies[1:])


ABSENT = N_("No training image is of class {class}: there is nothing to learn it from.")
RARELY = N_(
    "Only {share:.1%} of the training images are of class {class}: saying it is hardly ever right. Train longer, or on more of them."
)

RULE = Rule(
    "missing_class",
    N_("class {class} is never given"),
    N_("The network gives other classes for every image of class {class}; it has not learned to tell it apart yet."),
    N_("a class of the test images that no prediction gives, although others are learned"),
    N_("class imbalance: He & Garcia 2009"),
    find,
    waits=True,
    place=440,
)
