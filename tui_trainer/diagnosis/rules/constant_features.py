"""Features that never change: padding, or columns without information."""

from typing import Final

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.text.language import N_

MOST: Final = 0.75


def find(case: Case) -> Evidence | None:
    """Nearly all features are constant."""
    if case.data is None or case.data.constant <= MOST:
        return None
    return Evidence({"share": case.data.constant}, layer="dense_1", step=0, confidence=0.9)


RULE = Rule(
    "constant_features",
    N_("{share:.0%} of the features never change"),
    N_("A feature that is the same in every sample tells nothing; its weights only cost time. Crop the padding, or leave the columns out."),
    N_("share of constant features above 75%"),
    N_("MNIST's margins are 9% of its pixels in 60,000 images, 25% in 1,000; the limit is ours"),
    find,
    is_of_data=True,
    place=10,
)
