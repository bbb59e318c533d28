"""Steps so large that they undo what was learned."""

from math import isfinite
from typing import Any, Final

from tui_trainer.diagnosis.case import Case, figure, flattest
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import TEXTBOOK, first_of, growth, of_options
from tui_trainer.history.quantities import FAR, FIGURES
from tui_trainer.text.language import N_

ABOVE: Final = 3.0
"""Times the optimizer's usual rate: below, a rate is not suspected."""

DIED: Final = 0.3
"""Share of a layer's units that died in training."""

SMALL: Final = 4
"""Images in a batch: with so few, a rate up to ten times the usual one is not too high, but too noisy."""


def find(case: Case) -> Evidence | None:
    """The rate is above the usual one, and since the start the loss rose, units died, or numbers overflowed."""
    config, usual = case.config, case.usual_rate
    is_small = config.batch_size <= SMALL and config.learning_rate <= 10 * usual and not case.diverged
    if config.learning_rate <= ABOVE * usual or not case.is_judged or is_small:
        return None
    figures: dict[str, Any] = {"learning_rate": config.learning_rate, "usual": usual}
    remedies = of_options(config) or first_of(config, {"learning_rate": usual})
    further = first_of(config, {"learning_rate": usual}, {"learning_rate": usual / 10}, TEXTBOOK)
    if case.diverged:
        place = case.history.ended.divergence if case.history.ended else None
        if growth(config) >= FAR and config.learning_rate <= 100 * usual:
            return None
        return Evidence(figures, remedies, place.layer if place else None, place.step if place else None, 0.95, further=further)
    most, layer = _killed(case)
    loss, start = case.train_loss, case.loss_at_start
    worse = loss is not None and loss > min(start or case.guess_loss, case.guess_loss)
    if most >= DIED:
        figures |= {"died": most, "layer": layer}
        return Evidence(figures, remedies, layer, case.history.steps, 0.95, DIED_OUT, further=further)
    if worse:
        return Evidence(figures, remedies, step=case.history.steps, further=further)
    return None


def _killed(case: Case) -> tuple[float, str]:
    """The largest share of a layer's units that died or saturated since the start, and the layer; all of them, where many are dead."""
    names = case.last.names if case.last else ()
    band = FIGURES["dead_fraction"].band
    shares = zip(figure(case.first, "dead_fraction"), figure(case.last, "dead_fraction"), names, strict=False)
    # The first measurement comes after the first step, which may have killed them all.
    found = [
        (after if band(after).word == "dead" else after - before, layer) for before, after, layer in shares if isfinite(after - before)
    ]
    # What was flat from the start is not the rate's fault.
    flat = None if flattest(case, case.first) else flattest(case, case.last)
    return max([*found, *([flat] if flat else [])], default=(0.0, ""))


DIED_OUT = N_("rate too high: {died:.0%} of {layer} died")

RULE = Rule(
    "learning_rate_high",
    N_("the learning rate is too high"),
    N_("A step of {learning_rate:g} overshoots: it jumps over the valley, and the weights land where units are dead or numbers overflow."),
    N_("rate above 3 times the usual one, and the loss above that of guessing, or 30% of a layer's units died, or numbers overflowed"),
    N_("no rate may exceed 2 over the curvature: LeCun et al. 1998, 4.1; the limits are ours"),
    find,
    place=210,
)
