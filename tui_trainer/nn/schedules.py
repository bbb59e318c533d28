"""How the learning rate changes as training goes on. To add one, write its function and name it in `SCHEDULES`.

A schedule maps the position in a run, in epochs and fractions of them, to a factor of the learning rate.
"""

from collections.abc import Callable, Mapping
from math import cos, floor, pi
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

Schedule: TypeAlias = Callable[[float], float]


class ScheduleKind(NamedTuple):
    """A schedule's meaning, and how to make it of `decay`, of `decay_every` and of the run's length, the last two in epochs."""

    summary: str
    make: Callable[[float, float, int], Schedule]


def constant(decay: float, decay_every: float, epochs: int) -> Schedule:
    """η."""
    return lambda epoch: 1.0


def step(decay: float, decay_every: float, epochs: int) -> Schedule:
    """η γ^⌊e/n⌋, with e the epoch, γ the decay and n the epochs between two steps."""
    return lambda epoch: float(decay ** floor(epoch / decay_every))


def exponential(decay: float, decay_every: float, epochs: int) -> Schedule:
    """η γ^(e/n): as step, but smooth."""
    return lambda epoch: float(decay ** (epoch / decay_every))


def cosine(decay: float, decay_every: float, epochs: int) -> Schedule:
    """η ½(1 + cos(πe/E)), from η down to 0 at the last epoch E (Loshchilov & Hutter 2017, without restarts)."""
    return lambda epoch: 0.5 * (1 + cos(pi * min(epoch / max(epochs, 1), 1.0)))


SCHEDULES: Mapping[str, ScheduleKind] = MappingProxyType(
    {
        "constant": ScheduleKind("the learning rate as it is", constant),
        "step": ScheduleKind("multiplied by decay every few epochs", step),
        "exponential": ScheduleKind("shrinks smoothly, by decay every few epochs", exponential),
        "cosine": ScheduleKind("half a cosine, down to 0 at the last epoch", cosine),
    }
)


def schedule(name: str, *, decay: float, decay_every: float, epochs: int, warmup: float) -> Schedule:
    """The schedule called `name`, after a linear rise from 0 over the first `warmup` epochs. Raises KeyError for an unknown name."""
    after = SCHEDULES[name].make(decay, decay_every, epochs)
    return lambda epoch: after(epoch) * (epoch / warmup if epoch < warmup else 1.0)
