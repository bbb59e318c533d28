"""Steps so small that the run ends before anything is learned."""

from typing import Final

from tui_trainer.diagnosis.case import Case, figure
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import TEXTBOOK, first_of, of_options
from tui_trainer.text.language import N_

BELOW: Final = 0.2
"""Of the optimizer's usual rate: above, a rate is not suspected."""

SLOW: Final = 1e-4
"""Of the weights in a step."""

LEARNED: Final = 0.9


def find(case: Case) -> Evidence | None:
    """The rate is far below the usual one, the weights hardly move, and little is learned."""
    config, usual = case.config, case.usual_rate
    ratios = sorted(figure(case.last, "update_ratio"))
    if not case.is_judged or config.learning_rate >= BELOW * usual or case.learned > LEARNED or case.diverged:
        return None
    if ratios and ratios[len(ratios) // 2] > SLOW and not _falls(case):
        return None
    remedies = of_options(config) or first_of(config, {"learning_rate": usual})
    figures = {"learning_rate": config.learning_rate, "usual": usual}
    return Evidence(figures, remedies, step=case.history.steps, further=first_of(config, {"learning_rate": usual}, TEXTBOOK))


def _falls(case: Case) -> bool:
    """Whether the loss was still on its way down when the run ended."""
    losses = [epoch.train_loss for epoch in case.history.epochs]
    return len(losses) < 2 or losses[-1] < 0.95 * losses[-2]


RULE = Rule(
    "learning_rate_low",
    N_("the learning rate is too low"),
    N_("With steps of {learning_rate:g} the weights hardly move: {usual:g} is usual for this optimizer."),
    N_("rate below 1/5 of the usual one, updates below 1e-4 of the weights or a loss still falling, and less than 90% learned"),
    N_("updates around 1e-3 of the weights: Karpathy, CS231n; the limits are ours"),
    find,
    waits=True,
    place=230,
)
