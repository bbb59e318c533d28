"""Checks of an initializer: what it draws, and from where."""

from functools import partial
from typing import Final

import numpy as np

from tui_trainer.checking.memory import global_state
from tui_trainer.checking.speed import SLOW, beside, seconds_of
from tui_trainer.checking.verdict import Checks, Verdict, failed, passed
from tui_trainer.nn.initializers import INITIALIZERS, Initializer

SIZES: Final = ((784, 64), (128, 128), (50, 10), (10, 200))

CLOSE: Final = 0.06
"""As much may the spread that is drawn differ from the one that is said."""

Kind = type[Initializer]


def shapes(kind: Kind) -> Verdict:
    """Whether it draws matrices of the size that is asked for."""
    for fan_in, fan_out in (*SIZES, (1, 1), (3, 1), (1, 5)):
        weights = kind().draw(np.random.default_rng(0), fan_in, fan_out)
        if not isinstance(weights, np.ndarray) or weights.shape != (fan_in, fan_out):
            given = weights.shape if isinstance(weights, np.ndarray) else type(weights).__name__
            return failed(f"for {fan_in} inputs and {fan_out} units it draws {given}, and not a matrix of shape ({fan_in}, {fan_out})")
        if weights.dtype.kind != "f":
            return failed(f"draws {weights.dtype}, and not real numbers")
        if not np.isfinite(weights).all():
            return failed(f"for {fan_in} inputs and {fan_out} units it draws a number that is not finite")
    return passed("draws a matrix (inputs, units) of finite numbers, of any size")


def spread(kind: Kind) -> Verdict:
    """Whether the spread of what is drawn is what `deviation` says."""
    told = []
    for fan_in, fan_out in SIZES:
        drawn = [kind().draw(np.random.default_rng(seed), fan_in, fan_out) for seed in range(2)]
        found = float(np.sqrt(np.mean(np.square(drawn))))
        said = float(kind().deviation(fan_in, fan_out))
        if abs(found - said) > CLOSE * max(found, said) + 1e-12:
            return failed(f"for {fan_in} inputs and {fan_out} units the weights' spread is {found:.4g}, but deviation says {said:.4g}")
        told.append(f"{found:.3g} for {fan_in}×{fan_out}")
    return passed(f"the spread is what it says: {', '.join(told[:3])}")


def same_seed(kind: Kind) -> Verdict:
    """Whether the seed decides, and nothing else."""
    first, again, other = (kind().draw(np.random.default_rng(seed), 30, 20).tobytes() for seed in (5, 5, 6))
    if first != again:
        return failed("the same rng gives other weights the second time: draw from the rng that is given, and from nothing else")
    initializer, rng = kind(), np.random.default_rng(5)
    one = initializer.draw(rng, 30, 20)
    kept = one.tobytes()
    two = initializer.draw(rng, 30, 20)
    if np.may_share_memory(one, two) or one.tobytes() != kept:
        return failed("two layers get the same memory for their weights: make a new array each time")
    if first == other:
        return passed("the same weights with every seed: nothing is drawn")
    if kept == two.tobytes():
        return failed("two layers of one network get the same weights: the rng that is given is not drawn from, or begun anew")
    return passed("the same seed gives the same bytes, another seed others")


def hidden_state(kind: Kind) -> Verdict:
    """Whether nothing outlasts the object."""
    return global_state(kind, lambda: [kind().draw(np.random.default_rng(0), 20, 20) for _ in range(3)])


def speed(kind: Kind) -> Verdict:
    """How long it takes for each weight, beside the program's own."""
    own, others = _seconds(kind), {name: _seconds(INITIALIZERS[name]) for name in ("he_normal", "glorot_uniform") if name in INITIALIZERS}
    told = beside(own, others, "for each weight")
    return failed(f"{told}: a 784×128 layer is slow to begin") if own > 10 * SLOW * max(others.values()) else passed(told)


def _seconds(kind: Kind) -> float:
    return seconds_of(partial(kind().draw, np.random.default_rng(0), 256, 128)) / (256 * 128)


CHECKS: Final[Checks] = {"shapes": shapes, "spread": spread, "same_seed": same_seed, "global_state": hidden_state, "speed": speed}
