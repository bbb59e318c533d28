"""Inputs far from 1: the first layer's outputs and gradients grow or shrink with them."""

from typing import Final

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import first_of
from tui_trainer.text.language import N_

LEAST: Final = 0.01
MOST: Final = 20.0
"""Far wider than what any scaling gives, and below pixels from 0 to 255, which have about 80."""


def find(case: Case) -> Evidence | None:
    """The root mean square of the inputs is out of range."""
    if case.data is None or LEAST <= case.data.rms <= MOST or not case.data.rms:
        return None
    rate = case.config.learning_rate
    if case.data.rms > MOST:
        # Adam's steps do not grow with the gradient; the first weights have to be as small as the inputs are large.
        small = {"initializer": "uniform", "uniform_limit": float(f"{1 / case.data.rms:.1g}"), "optimizer": "adam"}
        relu = {"activation": "relu", "initializer": "he_normal", "optimizer": "adam", "learning_rate": 0.001}
        remedies = [relu, {**small, "learning_rate": 0.001}, {**small, "learning_rate": 0.0001}]
    else:
        remedies = [{"learning_rate": rate * factor} for factor in (10, 100)]
    found = first_of(case.config, *remedies)
    return Evidence({"rms": case.data.rms}, found[:1], "dense_1", 0, 0.95, further=found[1:])


RULE = Rule(
    "bad_scale",
    N_("the inputs are badly scaled: {rms:.3g} on average"),
    N_(
        "The inputs should be about 1 in size: the first layer's outputs and gradients grow and shrink with them. Scale the file's numbers."
    ),
    N_("root mean square of the inputs below 0.01 or above 20"),
    N_("inputs of mean 0 and variance 1: LeCun et al. 1998, 4.3; the limits are ours"),
    find,
    is_of_data=True,
    place=0,
)
