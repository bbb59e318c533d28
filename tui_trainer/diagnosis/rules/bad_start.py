"""A first loss far above that of guessing: the untrained network is sure of wrong answers."""

from math import isfinite
from typing import Final

from tui_trainer.diagnosis.case import Case, flattest
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import first_of, good_initializer
from tui_trainer.text.language import N_

ABOVE: Final = 3.0
"""In nats. With He's weights a loss of ln(classes) + 0.5 is usual, and of + 2 where the inputs are few and large."""


def find(case: Case) -> Evidence | None:
    """The first batch's loss is far above ln(classes)."""
    loss = case.loss_at_start
    # Units that are flat from the start explain more.
    if loss is None or flattest(case, case.first) or (isfinite(loss) and loss <= case.guess_loss + ABOVE):
        return None
    if case.config.residual and case.config.normalization == "none":
        remedies = first_of(case.config, {"normalization": "batch"}, {"residual": 0})
        return Evidence({"loss": loss, "guess": case.guess_loss}, remedies[:1], step=1, cause=SUMS, further=remedies[1:])
    remedies = first_of(case.config, {"initializer": good_initializer(case.config)}, {"initializer": "glorot_uniform"})
    return Evidence({"loss": loss, "guess": case.guess_loss}, remedies[:1], step=1, confidence=0.95, further=remedies[1:])


SUMS = N_(
    "An untrained network should find all classes equally likely. Each skip adds to the signal, which grows from sum to sum where nothing "
    "normalizes what is added: the network is sure of wrong answers."
)

RULE = Rule(
    "bad_start",
    N_("the loss starts at {loss:.3g} instead of {guess:.2f}"),
    N_("An untrained network should find all classes equally likely. Its weights are too large: it is sure of wrong answers."),
    N_("loss of the first batch above ln(classes) + 3"),
    N_("verify loss at init: Karpathy 2019, A Recipe for Training Neural Networks; the 3 nats are ours"),
    find,
    place=130,
)
