"""Checks of a schedule: what it makes of the learning rate over a run."""

from math import isfinite
from typing import Any, Final

import numpy as np

from tui_trainer.checking.memory import global_state
from tui_trainer.checking.verdict import Checks, Verdict, failed, passed
from tui_trainer.nn.schedules import Schedule

RUNS: Final = (5.0, 1.0, 100.0, 0.5, 3.25)
"""Lengths in epochs, after a warm-up not always whole."""

LOSSES: Final[tuple[float | None, ...]] = (2.0, 1.5, 1.6, 1.7, 1.65, None, 1.8, 1.64, 1.9)

Kind = type[Schedule]


def _positions(epochs: float) -> list[float]:
    return [*np.linspace(0, epochs, 101).tolist(), epochs * (1 + 1e-12), epochs * 1.5]


def finite(kind: Kind) -> Verdict:
    """Whether every factor is a number from 0 to 1."""
    for epochs in (*RUNS, 0.0):
        schedule = kind(epochs)
        for position in _positions(epochs):
            factor = schedule.factor(position)
            if isinstance(factor, np.ndarray) or not isinstance(factor, int | float | np.floating | np.integer):
                return failed(f"the factor at epoch {position:g} is {type(factor).__name__}, and not a number")
            if not isfinite(factor):
                return failed(f"the factor at epoch {position:g} of {epochs:g} is {factor}")
            if factor < 0:
                return failed(f"the factor at epoch {position:g} of {epochs:g} is {factor:.4g}: a rate below 0 goes uphill")
            if factor > 1 + 1e-9:
                return failed(f"the factor at epoch {position:g} of {epochs:g} is {factor:.4g}: the rate that is asked for is the highest")
    return passed("every factor is a number from 0 to 1, at the last epoch and beyond it too")


def ends(kind: Kind) -> Verdict:
    """What it begins and ends with."""
    for epochs in RUNS:
        if not kind(epochs).factor(0.0) > 0:
            return failed(f"the factor is 0 at the start of {epochs:g} epochs: the first step would do nothing")
    schedule = kind(5.0)
    first, middle, last = (float(schedule.factor(position)) for position in (0.0, 2.5, 5.0))
    return passed(f"of 5 epochs it begins with {first:.3g}, halfway it is {middle:.3g}, at the end {last:.3g}")


def same_again(kind: Kind) -> Verdict:
    """Whether a position has one factor, in whatever order it is asked."""
    positions = np.linspace(0, 4.99, 40).tolist()
    schedule = kind(5.0)
    forward = [schedule.factor(position) for position in positions]
    backward = [schedule.factor(position) for position in reversed(positions)]
    if forward != backward[::-1] or forward != [kind(5.0).factor(position) for position in positions]:
        return failed(
            "the same position has another factor the second time: what it counts is lost when a run is resumed; go by the position"
        )
    return passed("each position has one factor, in whatever order it is asked")


def state_restored(kind: Kind) -> Verdict:
    """Whether what it has learned of the losses is in its memory."""
    first, second = kind(20.0), kind(20.0)
    for early in LOSSES[:5]:
        first.end_epoch(early)
    memory: dict[str, Any] = {name: float(value) for name, value in first.memory().items()}
    if not all(map(isfinite, memory.values())):
        return failed("memory returns a number that is not finite, which no checkpoint keeps")
    second.remember(memory)
    for epoch, loss in enumerate(LOSSES[5:], 5):
        if first.factor(epoch + 0.5) != second.factor(epoch + 0.5):
            now, before = second.factor(epoch + 0.5), first.factor(epoch + 0.5)
            return failed(f"a resumed run's factor is {now:.4g} and not {before:.4g}: keep in `memory` and `remember` what it goes by")
        first.end_epoch(loss)
        second.end_epoch(loss)
    return passed("a copy of its memory goes on to the same factors")


def hidden_state(kind: Kind) -> Verdict:
    """Whether nothing outlasts the object."""

    def use() -> None:
        schedule = kind(5.0)
        for epoch in range(5):
            schedule.factor(epoch)
            schedule.end_epoch(1.0)

    return global_state(kind, use)


CHECKS: Final[Checks] = {
    "finite": finite,
    "ends": ends,
    "same_again": same_again,
    "state_restored": state_restored,
    "global_state": hidden_state,
}
