"""How long a sweep will take, from runs like it that were measured."""

from collections.abc import Iterable, Mapping
from math import ceil
from statistics import fmean, median
from typing import Any, Final, NamedTuple

from tui_trainer.config.options import Config
from tui_trainer.sweep.plan import Plan
from tui_trainer.sweep.space import Values

DECISIVE: Final = ("hidden", "batch_size", "data")
"""Options on which an epoch's time depends most. A sweep over one of them is not foreseen."""


class Measured(NamedTuple):
    """The seconds of an epoch of a run."""

    options: Mapping[str, Any]
    """The run's, as plain data."""
    seconds: float


def seconds_per_epoch(config: Config, measured: Iterable[Measured]) -> float | None:
    """The median over the runs that are like it in what decides; None where there is none."""
    wanted = config.record()
    found = [each.seconds for each in measured if all(each.options.get(name) == wanted[name] for name in DECISIVE)]
    return median(found) if found else None


def seconds(plan: Plan, runs: int, workers: int, measured: Iterable[Measured]) -> float | None:
    """About how long so many runs take, so many at a time; None where nothing like it was measured. Raises UserError."""
    space = plan.space()
    if any(name in space.axes for name in DECISIVE):
        return None
    each = seconds_per_epoch(Config.parse({name: value for name, value in space.fixed.items() if name in (*DECISIVE, "epochs")}), measured)
    if each is None:
        return None
    axis = space.axes.get("epochs")
    if axis is None:
        epochs = float(space.fixed.get("epochs", Config.model_fields["epochs"].default))
    elif isinstance(axis, Values):
        epochs = fmean(float(value) for value in axis.values)
    else:
        return None
    return ceil(runs / workers) * epochs * each
