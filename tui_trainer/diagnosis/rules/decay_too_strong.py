"""Weight decay that takes more than the gradient gives."""

from typing import Final

from tui_trainer.diagnosis.case import Case, figure
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import first_of, out_of_range
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.text.language import N_

SHRUNK: Final = 0.5
LEARNED: Final = 0.8
EATEN: Final = 0.3
"""Of a PReLU layer's first mean slope."""


def find(case: Case) -> Evidence | None:
    """A step takes all of a weight or more; or the weights have shrunk to less than half, and little is learned."""
    config = case.config
    usual = OPTIMIZERS[config.optimizer].default_weight_decay
    if config.weight_decay <= usual:
        return None
    remedies = first_of(config, {"weight_decay": usual}, {"weight_decay": 0.0}, {**out_of_range(config), "weight_decay": usual})
    figures = {"weight_decay": config.weight_decay, "share": config.learning_rate * config.weight_decay}
    if config.learning_rate * config.weight_decay >= 1:
        return Evidence(figures, remedies[:1], step=1, confidence=0.95, further=remedies[1:])
    before, after = figure(case.first, "weight_norm"), figure(case.last, "weight_norm")
    shrunk = [now / then for then, now in zip(before, after, strict=False) if then]
    if case.is_judged and shrunk and min(shrunk) < SHRUNK and case.learned < LEARNED:
        layer = case.last.names[shrunk.index(min(shrunk))] if case.last else None
        return Evidence({**figures, "shrunk": min(shrunk)}, remedies[:1], layer, case.history.steps, 0.9, further=remedies[1:])
    if slopes := case.history.slopes:
        left = [now / then for then, now in zip(slopes[0], slopes[-1], strict=True) if then > 0]
        eaten = config.learning_rate * config.weight_decay * case.history.steps > 1
        if left and 0 <= min(left) < EATEN and eaten:
            return Evidence(
                {**figures, "slope": min(left)}, remedies, step=case.history.steps, confidence=0.7, symptom=SLOPES, cause=WHY_SLOPES
            )
    return None


SLOPES = N_("weight decay leaves {slope:.0%} of PReLU's slopes")
WHY_SLOPES = N_("Weight decay pulls the learned slopes to 0, and PReLU becomes ReLU (He et al. 2015, 2).")

RULE = Rule(
    "decay_too_strong",
    N_("the weight decay is too strong"),
    N_("Each step takes {share:.1g} of every weight; the gradient cannot keep up, and the weights go to 0."),
    N_("rate × decay of 1 or more, or weights shrunk to half with little learned, or PReLU's slopes to 30%"),
    N_("no decay for PReLU's slopes: He et al. 2015, 2; the limits are ours"),
    find,
    place=200,
)
