"""Checks of a figure of the layers, on the layers of a small real run."""

from math import inf, isnan, nan
from typing import Final

import numpy as np

from tui_trainer.checking.example_run import cases
from tui_trainer.checking.memory import global_state
from tui_trainer.checking.verdict import Checks, Verdict, failed, passed
from tui_trainer.history.figure import LayerFigure
from tui_trainer.training.events import LayerHealth

Kind = type[LayerFigure]

NUMBERS: Final = (0.0, 1e-30, 0.3, 2.0, 1e30)


def described(kind: Kind) -> Verdict:
    """Whether it can be named, drawn and judged."""
    quantity = kind.quantity()
    if kind.healthy != (None, None) and not kind.source:
        return failed("says which values are healthy, but not where that is from: give `source`")
    return passed(
        f"is called {quantity.title!r}; {', '.join(quantity.limits()) if quantity.bands[0].word else 'neither good nor bad in itself'}"
    )


def values(kind: Kind) -> Verdict:
    """Whether a real run's layers have numbers, one by one and all at once."""
    figure = kind()
    measured = cases()[-1].history.measured
    for one in measured:
        alone = [float(figure.of(layer)) for layer in one.layers]
        together = np.broadcast_to(figure.of(LayerHealth._make(["", *one.figures.T])), len(alone))
        if not np.allclose(alone, together, rtol=1e-9, equal_nan=True):
            return failed(
                "all layers at once, as arrays, give other numbers than one by one: only arithmetic and NumPy's functions will do"
            )
        if not np.isfinite(alone).all():
            return failed(
                f"at step {one.step} {one.names[int(np.argmin(np.isfinite(alone)))]} has {alone}, though the run is a healthy one"
            )
    told = ", ".join(f"{value:.3g}" for value in alone)
    return passed(f"a number for each of {len(measured[-1].names)} layers at {len(measured)} moments: at last {told}")


def extremes(kind: Kind) -> Verdict:
    """Whether no measurement makes it fail, and none is changed."""
    figure = kind()
    for number in (*NUMBERS, inf, nan):
        layers = LayerHealth("dense_1", *[number] * (len(LayerHealth._fields) - 1))
        arrays = LayerHealth._make(["dense_1", *(np.full((2, 3), number) for _ in LayerHealth._fields[1:])])
        with np.errstate(all="ignore"):
            try:
                alone = float(figure.of(layers))
            except ZeroDivisionError:
                return failed("raises ZeroDivisionError where a layer's numbers are 0: divide by max(…, 1e-30), or by NumPy")
            figure.of(arrays)
        if number in NUMBERS and isnan(alone) and number not in (0.0, 1e30, 1e-30):
            return failed(f"is not a number where every number of a layer is {number:g}")
        if any(not np.array_equal(each, np.full((2, 3), number), equal_nan=True) for each in arrays[1:]):
            return failed("changes what was measured: compute with a copy")
    return passed("no measurement makes it fail")


def hidden_state(kind: Kind) -> Verdict:
    """Whether nothing outlasts the object."""
    return global_state(kind, lambda: [kind().of(layer) for layer in cases()[-1].history.layers])


CHECKS: Final[Checks] = {"described": described, "values": values, "extremes": extremes, "global_state": hidden_state}
