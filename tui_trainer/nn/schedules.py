"""Learning-rate schedules. To add one, write its function and name it in `SCHEDULES`.

Positions are epochs with their fractions. A schedule maps the start and end positions of a step to a factor of the learning rate.
"""

from collections.abc import Callable
from math import cos, floor, pi
from typing import NamedTuple, TypeAlias

from tui_trainer.nn.registry import Registry

Schedule: TypeAlias = Callable[[float, float], float]

Decline: TypeAlias = Callable[[float], float]
"""The factor at a position, counted from the end of the warm-up."""


class ScheduleKind(NamedTuple):
    """A schedule's summary, and its factory, which takes `decay`, `decay_every` and its length, the last two in epochs."""

    summary: str
    make: Callable[[float, float, float], Decline]
    decays: bool = False
    """Whether it uses `decay` and `decay_every`."""


def constant(decay: float, decay_every: float, epochs: float) -> Decline:
    """η."""
    return lambda epoch: 1.0


def step(decay: float, decay_every: float, epochs: float) -> Decline:
    """η γ^⌊e/n⌋, with e the epoch, γ the decay and n the epochs between two steps."""
    return lambda epoch: float(decay ** floor(epoch / decay_every))


def exponential(decay: float, decay_every: float, epochs: float) -> Decline:
    """η γ^(e/n), the smooth form of `step`."""
    return lambda epoch: float(decay ** (epoch / decay_every))


def cosine(decay: float, decay_every: float, epochs: float) -> Decline:
    """η ½(1 + cos(πe/E)), from η down to 0 at the last epoch E (Loshchilov & Hutter 2017, without restarts)."""
    return lambda epoch: 0.5 * (1 + cos(pi * min(epoch / epochs, 1.0))) if epochs > 0 else 1.0


SCHEDULES: Registry[ScheduleKind] = Registry(
    "schedule",
    {
        "constant": ScheduleKind("the learning rate as it is", constant),
        "step": ScheduleKind("multiplied by decay every few epochs", step, decays=True),
        "exponential": ScheduleKind("shrinks smoothly, by decay every few epochs", exponential, decays=True),
        "cosine": ScheduleKind("half a cosine, down to 0 at the last epoch", cosine),
    },
)


def schedule(name: str, *, decay: float, decay_every: float, epochs: int, warmup: float) -> Schedule:
    """The schedule called `name` after `warmup` epochs, in which the factor rises linearly to 1 (Goyal et al. 2017, 2.2).

    Step t of a warm-up of n steps has the factor t/n, so that the first step learns and the last one has the full rate. Raises KeyError for
    an unknown name.
    """
    decline = SCHEDULES[name].make(decay, decay_every, epochs - warmup)
    return lambda start, end: min(end / warmup, 1.0) if start < warmup else decline(start - warmup)
