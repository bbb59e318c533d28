"""How the learning rate changes as training goes on. To add one, write its function and name it in `SCHEDULES`.

Positions in a run are epochs and fractions of them. A schedule maps a step, from the position where it begins to the one where it ends,
to a factor of the learning rate.
"""

from collections.abc import Callable
from math import cos, floor, pi
from typing import NamedTuple, TypeAlias

from tui_trainer.nn.registry import Registry

Schedule: TypeAlias = Callable[[float, float], float]

Decline: TypeAlias = Callable[[float], float]
"""The factor at a position, counted from the end of the warm-up."""


class ScheduleKind(NamedTuple):
    """A schedule's meaning, and how to make it of `decay`, of `decay_every` and of the length that it has, the last two in epochs."""

    summary: str
    make: Callable[[float, float, float], Decline]
    decays: bool = False
    """Whether `decay` and `decay_every` mean something to it."""


def constant(decay: float, decay_every: float, epochs: float) -> Decline:
    """η."""
    return lambda epoch: 1.0


def step(decay: float, decay_every: float, epochs: float) -> Decline:
    """η γ^⌊e/n⌋, with e the epoch, γ the decay and n the epochs between two steps."""
    return lambda epoch: float(decay ** floor(epoch / decay_every))


def exponential(decay: float, decay_every: float, epochs: float) -> Decline:
    """η γ^(e/n): as step, but smooth."""
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
    """The schedule called `name` over what the first `warmup` of the `epochs` leave, in which the factor rises in a line to 1.

    Step t of a warm-up of n steps has the factor t/n: the first one moves, and the last one has the whole rate (Goyal et al. 2017, 2.2).
    Raises KeyError for an unknown name.
    """
    decline = SCHEDULES[name].make(decay, decay_every, epochs - warmup)
    return lambda start, end: min(end / warmup, 1.0) if start < warmup else decline(start - warmup)
