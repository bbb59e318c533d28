"""Signals and gradients that grow from layer to layer, from the start."""

from typing import Final

from tui_trainer.diagnosis.case import Case, figure, worst
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import TEXTBOOK, carried, first_of, growth, of_options
from tui_trainer.history.quantities import FAR
from tui_trainer.text.language import N_

BAD: Final = 0.9
"""A network that has learned more than this bears its large gradients."""


def find(case: Case) -> Evidence | None:
    """Each layer multiplies the signal, or a gradient is larger than the map's limit."""
    factor = growth(case.config)
    found = worst(case.first, "gradient_norm", "exploding") or (None if case.first else worst(case.last, "gradient_norm", "exploding"))
    if case.learned > BAD or not (found or (case.diverged and factor >= FAR)):
        return None
    if factor < FAR and not case.diverged and case.is_judged and max(figure(case.last, "gradient_norm"), default=0) < FAR:
        return None
    layer, norm = found or ("dense_1", float("nan"))
    figures = {"layer": layer, "norm": norm, "growth": factor}
    skips, textbook = carried(case.config), first_of(case.config, TEXTBOOK)
    if case.config.normalization != "none" and factor < FAR:
        # It keeps the signal at its size, whatever the weights: only the way back can grow.
        return Evidence(figures, skips or textbook[:1], layer, 1, 0.95, cause=NORMALIZED, further=textbook)
    remedies, further = of_options(case.config), (*skips, *textbook)
    return Evidence(figures, remedies, layer, 1, 0.95 if found else 0.8, further=further)


NORMALIZED = N_(
    "The gradient of {layer} is {norm:.1e}. Normalization divides each layer's outputs by their spread, and on its way back the gradient "
    "too: that is less than what the weights multiply it by, layer after layer. Skips give it a way past them."
)

RULE = Rule(
    "exploding_gradients",
    N_("exploding gradients"),
    N_("The weights are so large that each layer multiplies signal and gradient: {growth:.1g} times from first layer to last."),
    N_("a gradient's norm above 100, or weights that multiply the signal by more than 100"),
    N_("equal in all layers: Glorot & Bengio 2010, 4.2.1; the factor 100 is ours"),
    find,
    place=110,
)
