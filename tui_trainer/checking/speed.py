"""How long a part takes beside the program's own."""

from collections.abc import Callable
from time import perf_counter
from typing import Final

ROUNDS: Final = 5
LONGEST: Final = 0.06
"""Seconds for the rounds of one part."""

SLOW: Final = 30.0
"""A part that takes so many times as long as the fastest of the program's own is called slow."""


def seconds_of(call: Callable[[], object]) -> float:
    """The least seconds of some calls: what disturbs makes a call slower, never faster."""
    call()
    best, started = float("inf"), perf_counter()
    for _ in range(ROUNDS):
        begun = perf_counter()
        call()
        now = perf_counter()
        best = min(best, now - begun)
        if now - started > LONGEST:
            break
    return best


def beside(own: float, others: dict[str, float], what: str) -> str:
    """The seconds for each number, beside others', in words; all are for as many numbers."""
    told = ", ".join(f"{name} {seconds * 1e9:.2f}" for name, seconds in others.items())
    return f"{own * 1e9:.2f} ns {what} ({told})"
