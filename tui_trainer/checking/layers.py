"""Checks of a hidden layer: its gradients, what it does in evaluation, and what it keeps."""

from typing import Any, Final

import numpy as np

from tui_trainer.checking.memory import Attributes, global_state, kept_arguments
from tui_trainer.checking.speed import SLOW, beside, seconds_of
from tui_trainer.checking.verdict import Checks, Verdict, failed, passed
from tui_trainer.nn.arrays import Array, zeros
from tui_trainer.nn.normalization import NORMALIZATIONS, Normalization

NEAR: Final = 1e-6
"""Half the distance of a central difference."""

Kind = type[Normalization]


class Bench:
    """A layer, bound to memory of its own, and the arrays for some samples."""

    def __init__(self, kind: Kind, x: Any, dtype: Any = np.float64) -> None:
        self.x: Array = np.array(x, dtype)
        self.layer = kind(self.x.shape[1])
        shapes = self.layer.shapes()
        self.tensors = {name: zeros(shape, dtype) for name, shape in {**shapes, **self.layer.buffers()}.items()}
        self.gradients = {name: zeros(shape, dtype) for name, shape in shapes.items()}
        self.layer.bind(self.tensors, self.gradients)
        self.layer.initialize(np.random.default_rng(0))
        self.layer.rng = np.random.default_rng(1)
        self.out, self.scratch, self.gradient = np.zeros_like(self.x), np.zeros_like(self.x), np.ones_like(self.x)

    def forward(self) -> Array:
        """The output in training."""
        self.layer.forward(self.x, self.out, self.scratch)
        return self.out

    def evaluate(self) -> Array:
        """The output in evaluation."""
        self.layer.evaluate(self.x, self.out, self.scratch)
        return self.out

    def backward(self, gradient: Array | float) -> Array:
        """The gradient at the samples from that at the output."""
        self.gradient[...] = gradient
        self.layer.backward(self.x, self.out, self.gradient, self.scratch)
        return self.gradient


def _samples(rows: int, units: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(0.3, 1.5, (rows, units))


def gradient(kind: Kind) -> Verdict:
    """Whether the gradients at the input and of what is learned are those of the output, by central differences."""
    bench = Bench(kind, _samples(5, 4))
    for tensor in bench.gradients:
        bench.tensors[tensor] += np.random.default_rng(2).normal(0, 0.3, bench.tensors[tensor].shape)
    weights = np.random.default_rng(3).normal(size=bench.x.shape)
    bench.forward()
    buffers = {name: bench.tensors[name].copy() for name in bench.layer.buffers()}
    found = {"z": bench.backward(weights).copy(), **{name: each.copy() for name, each in bench.gradients.items()}}
    for name, given in found.items():
        array = bench.x if name == "z" else bench.tensors[name]
        for place in np.ndindex(given.shape):
            before, losses = array[place], []
            for shift in (NEAR, -NEAR):
                array[place] = before + shift
                for buffer, kept in buffers.items():
                    bench.tensors[buffer][...] = kept
                losses.append(float((bench.forward() * weights).sum()))
            array[place] = before
            wanted = (losses[0] - losses[1]) / (2 * NEAR)
            if not abs(given[place] - wanted) <= 1e-5 + 1e-3 * abs(wanted):
                where = "at the input" if name == "z" else f"of {name}"
                return failed(
                    f"the gradient {where} is {given[place]:.4g} at {list(place)}, but the loss rises by {wanted:.4g} (central difference)"
                )
    learned = f" and of {', '.join(bench.gradients)}" if bench.gradients else ""
    return passed(f"the gradients at the input{learned} agree with central differences")


def shapes(kind: Kind) -> Verdict:
    """Whether it takes batches of any shape."""
    for rows, units in ((2, 1), (5, 3), (64, 7), *([] if kind.centers else [(1, 1), (1, 6)])):
        bench = Bench(kind, _samples(rows, units))
        bench.forward()
        bench.backward(1.0)
        if not np.isfinite(bench.out).all() or not np.isfinite(bench.gradient).all():
            return failed(f"{rows} samples of {units} units make a number that is not finite")
    return passed("takes batches of any shape" + (", but for one sample alone" if kind.centers else ""))


def float32(kind: Kind) -> Verdict:
    """Whether it does in float32 what it does in float64."""
    exact, rounded = (Bench(kind, _samples(20, 6).astype(np.float32), dtype) for dtype in (np.float64, np.float32))
    for bench in (exact, rounded):
        bench.forward()
        bench.backward(_samples(20, 6, 5))
    for what, wanted, found in (("output", exact.out, rounded.out), ("gradient", exact.gradient, rounded.gradient)):
        worst = float(np.abs(wanted - found).max() / max(np.abs(wanted).max(), 1e-30))
        if not worst < 1e-3:
            return failed(f"its {what} in float32 is other than in float64, by {worst:.1%}")
    return passed("in float32 as in float64")


def finite(kind: Kind) -> Verdict:
    """Whether equal and extreme inputs stay numbers."""
    for value in (0.0, 3.0, 1e4, -1e4, 1e15):
        bench = Bench(kind, np.full((6, 4), value), np.float32)
        with np.errstate(all="ignore"):
            bench.forward()
            bench.backward(1.0)
        if np.isnan(bench.out).any() or np.isnan(bench.gradient).any():
            return failed(f"inputs that are all {value:g} make a number that is none: they have no spread to divide by, so add a small ε")
    return passed("a number also where inputs are all alike")


def arguments(kind: Kind) -> Verdict:
    """Whether it leaves its arguments as they are, and keeps none."""
    bench = Bench(kind, _samples(5, 4))
    before, own = bench.x.copy(), set(vars(bench.layer))
    bench.forward()
    out = bench.out.copy()
    if not np.array_equal(before, bench.x):
        return failed("forward changes its argument, which others still need: write into out and scratch alone")
    bench.backward(1.0)
    if not np.array_equal(before, bench.x) or not np.array_equal(out, bench.out):
        return failed(
            "backward changes x or out, which others still need: write into gradient, scratch and the parameters' gradients alone"
        )
    kept = Attributes({name: value for name, value in vars(bench.layer).items() if name not in own})
    if lost := kept_arguments(kept, {"x": bench.x, "out": bench.out, "gradient": bench.gradient, "scratch": bench.scratch}):
        return failed(lost)
    return passed("leaves its arguments as they are, and keeps none")


def same_again(kind: Kind) -> Verdict:
    """Whether a pass depends on its own samples, whatever was computed between."""
    first, second = Bench(kind, _samples(5, 4)), Bench(kind, _samples(5, 4, 9))
    wanted = first.forward().tobytes(), first.backward(_samples(5, 4, 3)).tobytes()
    again = Bench(kind, _samples(5, 4))
    second.layer = again.layer
    found = again.forward().tobytes()
    second.evaluate()
    if (found, again.backward(_samples(5, 4, 3)).tobytes()) != wanted:
        return failed(
            "another batch that is evaluated between forward and backward changes the gradient: keep in `scratch` what backward needs"
        )
    return passed("the same samples give the same bytes, whatever is computed between")


def evaluation(kind: Kind) -> Verdict:
    """Whether in evaluation a sample's output is its own."""
    bench = Bench(kind, _samples(6, 4))
    for _ in range(3):
        bench.forward()
        bench.backward(1.0)
    whole = bench.evaluate().copy()
    for row in range(len(whole)):
        alone = Bench(kind, bench.x[row : row + 1])
        alone.layer = bench.layer
        if not np.allclose(alone.evaluate(), whole[row], rtol=1e-6, atol=1e-9):
            return failed("in evaluation a sample's output depends on the others beside it: evaluate with what was learned, in `buffers`")
    return passed("in evaluation each sample's output is its own")


def state_restored(kind: Kind) -> Verdict:
    """Whether all that it has learned is in its parameters and buffers."""
    first, second = Bench(kind, _samples(6, 4)), Bench(kind, _samples(6, 4))
    own = set(vars(first.layer))
    for _ in range(5):
        first.forward()
        first.backward(1.0)
    for name, tensor in first.tensors.items():
        second.tensors[name][...] = tensor
    if first.evaluate().tobytes() != second.evaluate().tobytes():
        lost = sorted(set(vars(first.layer)) - own)
        what = f"self.{lost[0]} is lost" if lost else "something is lost"
        return failed(f"{what} when a run is resumed: keep in `buffers` what changes beside the parameters")
    return passed("a copy of its parameters and buffers evaluates to the same bytes")


def hidden_state(kind: Kind) -> Verdict:
    """Whether nothing outlasts the object."""

    def use() -> None:
        bench = Bench(kind, _samples(5, 4))
        for _ in range(3):
            bench.forward()
            bench.backward(1.0)

    return global_state(kind, use)


def speed(kind: Kind) -> Verdict:
    """How long it takes for each number, there and back, beside the program's own."""
    own, others = _seconds(kind), {name: _seconds(NORMALIZATIONS[name]) for name in ("batch", "layer") if name in NORMALIZATIONS}
    told = beside(own, others, "for each number, there and back, by NumPy")
    return (
        failed(f"{told}: a loop over single numbers? Have NumPy compute with whole arrays")
        if own > SLOW * max(others.values())
        else passed(told)
    )


def _seconds(kind: Kind) -> float:
    bench = Bench(kind, _samples(256, 128), np.float32)

    def once() -> None:
        bench.forward()
        bench.layer.backward(bench.x, bench.out, bench.gradient, bench.scratch)

    return seconds_of(once) / bench.x.size


CHECKS: Final[Checks] = {
    "gradient": gradient,
    "shapes": shapes,
    "float32": float32,
    "finite": finite,
    "arguments_kept": arguments,
    "global_state": hidden_state,
    "same_again": same_again,
    "evaluation": evaluation,
    "state_restored": state_restored,
    "speed": speed,
}
