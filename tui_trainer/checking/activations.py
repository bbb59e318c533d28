"""Checks of an activation function: its derivative, its range, and what it does to its arguments."""

import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, Final

import numpy as np

from tui_trainer.checking.compiling import activation_names, compilable
from tui_trainer.checking.memory import Attributes, global_state, kept_arguments
from tui_trainer.checking.speed import SLOW, beside, seconds_of
from tui_trainer.checking.verdict import Checks, Verdict, failed, passed
from tui_trainer.nn.activations import ACTIVATIONS, Activation
from tui_trainer.nn.arrays import Array, zeros

NEAR: Final = 1e-6
"""Half the distance of a central difference."""

POINTS: Final = 400
ROUND: Final = (-6.0, -3.0, -2.5, -1.0, -0.5, 0.0, 0.5, 1.0, 2.5, 3.0, 6.0)
"""Where formulas have their kinks."""

SAMPLES: Final = (3.7, -2.2, 0.9, -0.4, 1.6)
GREATEST: Final = (1e4, -1e4, 88.0, -89.0, 700.0, -746.0)
BEYOND: Final = (1e30, -1e30, 1e10, -1e10)

Kind = type[Activation]


class Bench:
    """A layer of the function over so many units, and its arrays for some samples."""

    def __init__(self, kind: Kind, x: Any, dtype: Any = np.float64, **hyperparameters: float) -> None:
        self.x: Array = np.array(x, dtype)
        self.layer = kind(self.x.shape[1], **hyperparameters)
        shapes = self.layer.shapes()
        self.tensors = {name: zeros(shape, dtype) for name, shape in {**shapes, **self.layer.buffers()}.items()}
        self.gradients = {name: zeros(shape, dtype) for name, shape in shapes.items()}
        self.layer.bind(self.tensors, self.gradients)
        self.layer.initialize(np.random.default_rng(0))
        self.out, self.scratch, self.gradient = np.zeros_like(self.x), np.zeros_like(self.x), np.ones_like(self.x)

    def forward(self) -> Array:
        """f of the samples."""
        self.layer.forward(self.x, self.out, self.scratch)
        return self.out

    def backward(self, gradient: Array | float = 1.0) -> Array:
        """The gradient at the samples from that at the output."""
        self.gradient[...] = gradient
        self.layer.backward(self.x, self.out, self.gradient, self.scratch)
        return self.gradient


def f(kind: Kind, z: Array, dtype: Any = np.float64, **hyperparameters: float) -> Array:
    """The function at the points, of shape (points,)."""
    return Bench(kind, z[:, None], dtype, **hyperparameters).forward()[:, 0].copy()


def slope(kind: Kind, z: Array, dtype: Any = np.float64, **hyperparameters: float) -> Array:
    """The derivative at the points, of shape (points,)."""
    bench = Bench(kind, z[:, None], dtype, **hyperparameters)
    bench.forward()
    return bench.backward()[:, 0].copy()


def settings(kind: Kind) -> Iterator[dict[str, float]]:
    """The hyperparameters as they are by default, and each at other values within its limits."""
    yield {}
    for name, declared in kind.hyperparameters.items():
        for value in (*declared.usual, declared.default * 1.5 + 0.1, declared.default / 2):
            if _is_allowed(declared, value):
                yield {name: value}


def _is_allowed(declared: Any, value: float) -> bool:
    low = (declared.least is None or value >= declared.least) and (declared.above is None or value > declared.above)
    return low and (declared.most is None or value <= declared.most) and (declared.below is None or value < declared.below)


def derivative(kind: Kind) -> Verdict:
    """Whether the derivative is that of the function, by central differences; a kink is told apart by the slopes on its two sides."""
    random = np.random.default_rng(1)
    z = np.concatenate([random.uniform(-8, 8, POINTS), random.normal(0, 0.3, POINTS // 4), np.array(ROUND)])
    kinks: list[float] = []
    largest = 0.0
    for chosen in settings(kind):
        near = NEAR * np.maximum(1.0, np.abs(z))
        low, here, high = (f(kind, z + shift, **chosen) for shift in (-near, 0.0, near))
        left, right, given = (here - low) / near, (high - here) / near, slope(kind, z, **chosen)
        room = 1e-4 + 2e-3 * np.abs((high - low) / (2 * near))
        bent = np.abs(right - left) > 4 * room
        least, most = (
            np.where(bent, np.minimum(left, right), (high - low) / (2 * near)),
            np.where(bent, np.maximum(left, right), (high - low) / (2 * near)),
        )
        wrong = ~((given >= least - room) & (given <= most + room))
        told = f" with {', '.join(f'{name} {value:g}' for name, value in chosen.items())}" if chosen else ""
        if wrong.any():
            off = np.where(wrong, np.nan_to_num(np.abs(given - (least + most) / 2), nan=np.inf), -1.0)
            # Near 0, where it is easily seen in a picture, if it is as wrong there.
            at = int(np.argmin(np.where(off >= off.max() / 2, np.abs(z), np.inf)))
            if not np.isfinite(given[at]):
                return failed(f"f' is {given[at]} at z = {z[at]:.4g}{told}")
            slopes = f"between {least[at]:.4g} and {most[at]:.4g}" if bent[at] else f"{(high - low)[at] / (2 * near[at]):.4g}"
            return failed(f"f' says {given[at]:.4g} at z = {z[at]:.4g}{told}, but f rises there by {slopes} (central difference)")
        largest = max(largest, float(np.max(np.where(bent, 0, np.abs(given - least)))))
        kinks += [float(each) for each in z[bent]]
    told = f"; it bends sharply at {', '.join(f'{each:g}' for each in sorted({round(each, 3) for each in kinks})[:4])}" if kinks else ""
    return passed(f"agrees with central differences of f to {largest:.0e}{told}")


def learned(kind: Kind) -> Verdict:
    """Whether the gradients of what it learns are right, by central differences."""
    x = np.random.default_rng(3).normal(0, 2, (6, 4))
    bench = Bench(kind, x)
    if not bench.gradients:
        return passed("learns nothing of its own")
    weights = np.random.default_rng(4).normal(size=x.shape)
    bench.forward()
    bench.backward(weights)
    for name, gradient in bench.gradients.items():
        found = gradient.copy()
        for place in np.ndindex(found.shape):
            before, losses = bench.tensors[name][place], []
            for shift in (NEAR, -NEAR):
                bench.tensors[name][place] = before + shift
                losses.append(float((bench.forward() * weights).sum()))
            bench.tensors[name][place] = before
            wanted = (losses[0] - losses[1]) / (2 * NEAR)
            if not abs(found[place] - wanted) <= 1e-4 + 1e-3 * abs(wanted):
                return failed(
                    f"the gradient of {name}{list(place)} is {found[place]:.4g}, but the loss rises by {wanted:.4g} (central difference)"
                )
    return passed(f"the gradients of {', '.join(bench.gradients)} agree with central differences")


def shapes(kind: Kind) -> Verdict:
    """Whether it takes batches of any shape, and each output depends on one input."""
    for rows, units in ((1, 1), (5, 3), (1, 7), (64, 2)):
        x = np.random.default_rng(rows).normal(0, 2, (rows, units))
        bench = Bench(kind, x)
        out = bench.forward().copy()
        bench.backward()
        one = np.array([[Bench(kind, x[row : row + 1, unit : unit + 1]).forward()[0, 0] for unit in range(units)] for row in range(rows)])
        if not np.allclose(out, one, rtol=1e-9, atol=1e-12, equal_nan=True):
            return failed("an output depends on more than its own input: an activation function is elementwise")
    return passed("takes batches of any shape, each number by itself")


def float32(kind: Kind) -> Verdict:
    """Whether it does in float32 what it does in float64."""
    z = np.linspace(-6.02, 6.01, 301)
    worst = 0.0
    for what, function in (("f", f), ("f'", slope)):
        exact, rounded = function(kind, z.astype(np.float32).astype(np.float64)), function(kind, z, np.float32)
        difference = np.abs(exact - rounded) / np.maximum(np.abs(exact), 1)
        worst = max(worst, float(np.nanmax(difference)))
        if not worst < 1e-4:
            at = int(np.nanargmax(difference))
            return failed(f"{what} at z = {z[at]:.3g} is {rounded[at]:.5g} in float32 and {exact[at]:.5g} in float64")
    layer, argument = kind(1), np.array([[0.5], [-0.5]], np.float32)
    for name in ("value", "derivative"):
        if (
            getattr(kind, name) is not getattr(Activation, name)
            and (given := np.asarray(getattr(layer, name)(argument))).dtype != np.float32
        ):
            return passed(
                f"right in float32, but {name} computes in {given.dtype}, which takes longer: a constant such as np.sqrt(2) does that, "
                "math.sqrt(2) does not"
            )
    return passed(f"in float32 as in float64, but for {worst:.0e}")


def finite(kind: Kind) -> Verdict:
    """Whether finite inputs stay numbers."""
    for z in (*GREATEST, *BEYOND):
        for what, function in (("f", f), ("f'", slope)):
            with np.errstate(all="ignore"):
                value = float(function(kind, np.array([z]), np.float32)[0])
            if np.isnan(value):
                return failed(f"{what} of {z:g} is not a number: something overflows on the way, such as e^z; take the larger side apart")
            if not np.isfinite(value) and z in GREATEST:
                return failed(
                    f"{what} of {z:g} is infinite: something overflows on the way, such as e^z, where {what} itself would be finite"
                )
    return passed("a number for every input up to ±1e30")


def arguments(kind: Kind) -> Verdict:
    """Whether it leaves its arguments as they are, and keeps none."""
    bench = Bench(kind, np.array([SAMPLES, SAMPLES[::-1]]))
    before, own = bench.x.copy(), set(vars(bench.layer))
    bench.forward()
    out = bench.out.copy()
    if not np.array_equal(before, bench.x):
        return failed("f changes its argument z, which the layer before still needs: compute with a copy")
    bench.backward()
    if not np.array_equal(before, bench.x) or not np.array_equal(out, bench.out):
        return failed("the derivative changes z or f(z), which others still need: compute with a copy")
    kept = Attributes({name: value for name, value in vars(bench.layer).items() if name not in own})
    given = {"z": bench.x, "f(z)": bench.out, "the gradient": bench.gradient, "the scratch": bench.scratch}
    if lost := kept_arguments(kept, given):
        return failed(lost)
    return passed("leaves its arguments as they are, and keeps none")


def same_again(kind: Kind) -> Verdict:
    """Whether the derivative is that of its own argument, whatever was computed between."""
    first, second = Bench(kind, [SAMPLES]), Bench(kind, [[0.1, 0.2, 0.3, 0.4, 0.5]])
    wanted = [first.forward().tobytes(), first.backward().tobytes()]
    second.layer = first.layer
    again = first.forward().tobytes()
    second.forward()
    found = first.backward().tobytes()
    if wanted[0] != again:
        return failed("f of the same numbers is another the second time: it may depend on z alone")
    if wanted[1] != found:
        return failed("f' is of the z that f saw last, and not of its own: the layers' health is measured between the two passes")
    return passed("the same numbers give the same bytes, whatever is computed between")


def hidden_state(kind: Kind) -> Verdict:
    """Whether nothing outlasts the object."""

    def use() -> None:
        bench = Bench(kind, [SAMPLES])
        for _ in range(3):
            bench.forward()
            bench.backward()

    return global_state(kind, use)


def claims(kind: Kind) -> Verdict:
    """Whether what it says of itself is true: its bounds, and that it works in place."""
    z = np.linspace(-50, 50, 2001)
    with np.errstate(all="ignore"):
        values = f(kind, z)
    if kind.bounds and not (kind.bounds[0] - 1e-9 <= np.nanmin(values) and np.nanmax(values) <= kind.bounds[1] + 1e-9):
        return failed(f"its bounds are {kind.bounds}, but it goes from {np.nanmin(values):.4g} to {np.nanmax(values):.4g}")
    if kind.in_place:
        bench = Bench(kind, [SAMPLES])
        bench.forward()
        wanted = bench.backward().copy()
        bench.forward()
        bench.x[...] = 1e6
        if not np.array_equal(wanted, bench.backward()):
            return failed("says that it works in place, but f' reads z, which f(z) has overwritten then: leave `in_place` out")
    return passed("is what it says of itself")


def compiled(kind: Kind) -> Verdict:
    """Whether its compiled form, if it has one, is the same function, and can be compiled."""
    if not kind.is_compiled():
        return passed("has no compiled form: NumPy trains it")
    z = np.random.default_rng(2).uniform(-8, 8, 200)
    for chosen in settings(kind):
        numbers = {name: declared.default for name, declared in kind.hyperparameters.items()} | chosen
        value, derivative = (_with(form, numbers) for form in (kind.compiled_value, kind.compiled_derivative))
        for point, here, rises in zip(z.tolist(), f(kind, z, **chosen), slope(kind, z, **chosen), strict=True):
            found = value(point)
            for name, wanted, given in (("value", here, found), ("derivative", rises, derivative(point, found))):
                if not abs(given - wanted) <= 1e-9 + 1e-7 * abs(wanted):
                    return failed(f"compiled_{name} is {given:.5g} at z = {point:.4g}, and {wanted:.5g} with arrays")
    return compilable(lambda: activation_names(kind))


def _with(form: Callable[..., float], numbers: dict[str, float]) -> Callable[..., float]:
    """The form with those hyperparameters that it takes."""
    taken = inspect.signature(form).parameters
    return partial(form, **{name: value for name, value in numbers.items() if name in taken})


@cache
def _own_speeds() -> dict[str, float]:
    return {name: _seconds(ACTIVATIONS[name]) for name in ("relu", "tanh") if name in ACTIVATIONS}


def _seconds(kind: Kind) -> float:
    bench = Bench(kind, np.random.default_rng(0).normal(size=(256, 256)), np.float32)

    def once() -> None:
        bench.forward()
        bench.layer.backward(bench.x, bench.out, bench.gradient, bench.scratch)

    return seconds_of(once) / bench.x.size


def speed(kind: Kind) -> Verdict:
    """How long it takes for each number, there and back, beside the program's own."""
    own, others = _seconds(kind), _own_speeds()
    told = beside(own, others, "for each number, there and back, by NumPy")
    if own > SLOW * max(others.values()):
        return failed(f"{told}: a loop over single numbers? Have NumPy compute with whole arrays")
    return passed(told)


CHECKS: Final[Checks] = {
    "derivative": derivative,
    "parameter_gradient": learned,
    "shapes": shapes,
    "float32": float32,
    "finite": finite,
    "arguments_kept": arguments,
    "global_state": hidden_state,
    "same_again": same_again,
    "claims": claims,
    "compiled": compiled,
    "speed": speed,
}
