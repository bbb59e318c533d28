"""Units of a layer that all start (nearly) the same, and so learn the same."""

from typing import Final

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import TEXTBOOK, factors, first_of, of_options
from tui_trainer.text.language import N_

LEAST: Final = 1e-3
"""Of the recommended spread of weights."""

LEARNED: Final = 0.5


def find(case: Case) -> Evidence | None:
    """The weights are so close to 0 that all units say the same, and nothing is learned."""
    if not case.is_judged or case.diverged or case.learned > LEARNED or not case.config.hidden:
        return None
    spreads = factors(case.config)
    least = min(spreads)
    if least >= LEAST:
        return None
    layer, further = f"dense_{spreads.index(least) + 2}", first_of(case.config, TEXTBOOK)
    return Evidence({"spread": least, "layer": layer}, of_options(case.config), layer, 0, 0.95, further=further)


RULE = Rule(
    "symmetric_units",
    N_("all units of {layer} are alike"),
    N_("The weights differ by {spread:.1g} of what they should. Units that start the same get the same gradient and stay the same."),
    N_("spread of a layer's first weights below 1/1000 of the recommended one, and little learned"),
    N_("symmetry has to be broken: Goodfellow, Bengio & Courville 2016, 8.4; the limit is ours"),
    find,
    waits=True,
    place=100,
)
