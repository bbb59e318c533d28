"""Gradients that shrink on their way back to the first layer, so that it does not learn."""

from typing import Final

from tui_trainer.diagnosis.case import Case, worst
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import TEXTBOOK, carried, first_of, of_options, wider
from tui_trainer.text.language import N_

LEARNED: Final = 0.5


def find(case: Case) -> Evidence | None:
    """A layer's gradient is far below the output layer's, at the start if that was measured, and little is learned."""
    if not case.is_judged or case.diverged or case.learned > LEARNED:
        return None
    measured = case.first or case.last
    if measured is None:
        return None
    hidden = len(case.config.hidden)
    # Where the signal fades on its way forward, so does every gradient: each is a product of both.
    faded = worst(measured, "activation_std", "vanishing", slice(0, hidden))
    if faded is None and worst(measured, "gradient_norm", "vanishing", slice(0, hidden)) is None:
        return None
    norms = measured.figure("gradient_norm")
    layer = measured.names[min(range(len(norms)), key=norms.__getitem__)]
    figures = {
        "layer": layer,
        "norm": min(norms),
        "output_norm": norms[-1],
        "shrinks": norms[-1] / min(norms) if min(norms) else float("inf"),
    }
    further = (*carried(case.config), *wider(case.config), *first_of(case.config, TEXTBOOK))
    return Evidence(figures, of_options(case.config) or further[:1], layer, measured.step, 0.95, further=further)


RULE = Rule(
    "vanishing_gradients",
    N_("vanishing gradients"),
    N_(
        "The gradient of {layer} is {norm:.1e}, the output layer's {output_norm:.1e}: each layer on the way back multiplies it by its "
        "weights and its function's slope, which for sigmoid is at most 1/4."
    ),
    N_("a layer's gradient norm below 1/100 of the output layer's, and little learned"),
    N_("equal in all layers: Glorot & Bengio 2010, 4.2.1; the factor 100 is ours"),
    find,
    place=120,
)
