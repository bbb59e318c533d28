"""Steps that cross the valley and climb its other side."""

from math import isfinite
from typing import Final

from tui_trainer.diagnosis.case import Case, borne
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import first_of
from tui_trainer.text.language import N_
from tui_trainer.training.instruments.sharpness import stability

LEARNED: Final = 0.8
"""Large batches go to the edge of stability by themselves, and learn there."""


def find(case: Case) -> Evidence | None:
    """Rate times sharpness is above what the optimizer bears, and the network has not learned well."""
    config = case.config
    most = borne(config)
    if most is None or case.sharpness is None or not isfinite(case.sharpness):
        return None
    ratio = stability(config.learning_rate, case.sharpness) / most
    if ratio < 1 or case.learned > LEARNED or case.diverged:
        return None
    figures = {"sharpness": case.sharpness, "rate": config.learning_rate, "ratio": ratio}
    slower = [{"learning_rate": float(f"{config.learning_rate / times:.2g}")} for times in (3 * ratio, 10 * ratio)]
    remedies = first_of(config, *slower, {"learning_rate": case.usual_rate})
    return Evidence(figures, remedies[:1], step=case.history.steps, further=remedies[1:])


RULE = Rule(
    "bouncing",
    N_("bouncing: the rate is {ratio:.1f} times what the valley bears"),
    N_("The loss curves by {sharpness:.3g} across the valley: a step of {rate:g} lands on its other side, higher than it was."),
    N_("rate × sharpness ÷ 2 above 1, for momentum above 1 + μ, and less than 80% learned"),
    N_("LeCun et al. 1998, 4.1; Cohen et al. 2021"),
    find,
    waits=True,
    place=220,
)
