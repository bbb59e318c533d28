"""Numbers that are not finite: where they appeared."""

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import TEXTBOOK, first_of, of_options
from tui_trainer.text.language import N_


def find(case: Case) -> Evidence | None:
    """The run ended with a divergence."""
    ended = case.history.ended
    if not case.diverged or ended is None:
        return None
    config, place = case.config, ended.divergence
    remedies = of_options(config)
    further = first_of(config, {"learning_rate": config.learning_rate / 10}, TEXTBOOK)
    if place is None:
        return Evidence({"layer": "", "step": 0, "epoch": 0}, remedies, confidence=1.0, further=further)
    figures = {"layer": place.layer, "step": place.step, "epoch": place.epoch}
    return Evidence(figures, remedies, place.layer, place.step, 1.0, further=further)


RULE = Rule(
    "diverged",
    N_("diverged in {layer} at step {step:,}"),
    N_("The first numbers that are not finite are {layer}'s, at step {step:,} of epoch {epoch}."),
    N_("a loss or weights that are not finite"),
    N_("IEEE 754: a float32 ends at 3.4e38"),
    find,
    place=420,
)
