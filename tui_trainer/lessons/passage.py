"""What becomes of the signal, or of the gradient, on its way through the layers: what lessons about deep networks are about."""

from collections.abc import Callable
from math import isfinite
from typing import Final, Literal, NamedTuple

from tui_trainer.history.measurements import Measurement
from tui_trainer.history.quantities import CRITERIA, FAR
from tui_trainer.history.staircase import AILING, descent, stairs
from tui_trainer.text.language import N_, _

Carried = Literal["gradient", "spread"]
"""The gradient, back to the first layer, or the spread of activations, on to the last hidden one."""

HEADS: Final = {
    "gradient": N_("The gradient at the first batch, on its way back"),
    "spread": N_("The spread of the last hidden layer's activations at the first batch"),
}


class Passage(NamedTuple):
    """What becomes of it in words, and whether there is too little or too much of it in the end."""

    words: str
    ails: bool


def passage(measured: Measurement, carried: Carried) -> Passage | None:
    """What becomes of it in this measurement; None where there is one layer, or no spread."""
    return PASSAGES[carried](measured)


def _of_gradient(measured: Measurement) -> Passage | None:
    words = descent(measured, _)
    meaning = stairs(measured, len(measured.names))[0].bands[0]
    return Passage(words, ails=meaning is not None and meaning.grade in AILING) if words else None


def _of_spread(measured: Measurement) -> Passage | None:
    share = CRITERIA["spread_ratio"].take(measured)
    if len(measured.names) < 3 or share is None or not share > 0:
        return None
    if not isfinite(share):
        return Passage(_("it has overflowed"), ails=True)
    if share > FAR:
        text = _("grows to {share} times the first layer's")
    elif share < 1 / FAR:
        text = _("shrinks to {share} of the first layer's")
    else:
        text = _("level: {share} times the first layer's")
    return Passage(text.format(share=f"{share:.2g}"), ails=not 1 / FAR <= share <= FAR)


PASSAGES: Final[dict[Carried, Callable[[Measurement], Passage | None]]] = {"gradient": _of_gradient, "spread": _of_spread}
