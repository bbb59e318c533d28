"""Checks of an optimizer: on the parameters of a small network, whose gradients are drawn."""

import inspect
from collections.abc import Iterator
from copy import deepcopy
from functools import cache, partial
from math import hypot, isfinite
from typing import Any, Final

import numpy as np

from tui_trainer.checking.compiling import compilable, update_name
from tui_trainer.checking.memory import Attributes, global_state, kept_arguments
from tui_trainer.checking.speed import SLOW, beside, seconds_of
from tui_trainer.checking.verdict import Checks, Verdict, failed, passed
from tui_trainer.descent.landscape import Valley
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import INITIALIZERS
from tui_trainer.nn.network import Network, perceptron_layers
from tui_trainer.nn.optimizers import OPTIMIZERS, Optimizer

STEPS: Final = 12
RATE: Final = 0.01

EVEN: Final = 0.1
"""As much may a bias-corrected step differ from a later one with the same gradient."""

CORRECTED: Final = 200
"""Steps among which the corrections of means with the usual shares matter."""

RATES: Final = tuple(float(f"{factor}e{power}") for power in range(-4, 1) for factor in (1, 3))
"""Tried on the valley, from the lowest."""

LONG: Final = 300
"""Steps in which an ordinary run has to stay finite."""

KEEP: Final = "keep arrays in `slots`, and numbers in `memory` and `remember`; self.steps is kept"

VALLEY_STEPS: Final = 2000
CLOSER: Final = 0.2
"""What is left of the way at the end, at most."""

Kind = type[Optimizer]


class Bench:
    """An optimizer on a network of four tensors, and the gradients of its steps."""

    def __init__(self, kind: Kind, dtype: Any = np.float32, units: int = 5, seed: int = 0, hidden: int = 2) -> None:
        relu, normal = ACTIVATIONS["relu"], INITIALIZERS["he_normal"]()
        layers = perceptron_layers(4, [units] * hidden, 3, activations=[relu] * hidden, initializers=[normal] * (hidden + 1))
        self.network = Network(layers, dtype)
        self.network.initialize(np.random.default_rng(seed))
        self.optimizer = kind(self.network.parameters, self.network.gradients, weight_decay=0.0, named=self.network.named)
        self._rng = np.random.default_rng(seed + 1)

    @property
    def parameters(self) -> Array:
        """The network's, without the padding between tensors."""
        return np.concatenate([self.network.tensors[name].ravel() for name in self.network.gradient_tensors])

    def draw(self, scale: float = 1.0) -> None:
        """Draw the next gradient."""
        for gradient in self.network.gradient_tensors.values():
            gradient[...] = scale * self._rng.normal(size=gradient.shape)

    def fill(self, value: float) -> None:
        """Have the same gradient everywhere."""
        for gradient in self.network.gradient_tensors.values():
            gradient[...] = value

    def step(self, rate: float = RATE) -> None:
        """Take a step by the present gradient."""
        self.optimizer.step(rate)

    def walk(self, steps: int = STEPS, scale: float = 1.0) -> Array:
        """The parameters after so many steps by drawn gradients."""
        for _ in range(steps):
            self.draw(scale)
            self.step()
        return self.parameters


def moves(kind: Kind) -> Verdict:
    """Whether it changes the parameters in place, and its slots."""
    if wanted := _other_arguments(kind):
        return failed(wanted)
    bench = Bench(kind)
    before = bench.parameters
    bench.walk(1)
    if np.array_equal(before, bench.parameters):
        return failed("p is as before: `p = p - …` only names another array p; change it in place, with `p -= …` or `p[:] = …`")
    bench.walk()
    for slot, start in kind.slots.items():
        if all((bench.network.named(bench.optimizer.state[slot])[name] == start).all() for name in bench.network.gradient_tensors):
            return failed(
                f"the slot {slot} is still {start:g}: `{slot} = …` only names another array; write `{slot} *= …` or `{slot}[:] = …`"
            )
    slots = f", and its {'slots' if len(kind.slots) > 1 else 'slot'} {', '.join(kind.slots)}" if kind.slots else ""
    return passed(f"changes the parameters in place{slots}")


def _other_arguments(kind: Kind) -> str:
    """What `update` has to take, where it takes something else."""
    slots = [*(["tensor"] if kind.per_tensor else []), *kind.slots]
    optimizer = Bench(kind).optimizer
    optimizer.steps = 1
    scalars = optimizer.scalars(RATE)
    try:
        inspect.signature(kind.update).bind(None, None, None, *scalars, **dict.fromkeys(slots))
    except TypeError as error:
        numbers = ["rate"] if kind.scalars is Optimizer.scalars else [f"{len(scalars)} numbers of scalars"]
        return f"update has to take {', '.join(['self', 'p', 'g', *numbers, *slots])}, but: {error}"
    return ""


def descends(kind: Kind) -> Verdict:
    """Whether its first step goes downhill."""
    bench = Bench(kind, np.float64)
    bench.draw()
    gradient = np.concatenate([each.ravel() for each in bench.network.gradient_tensors.values()]).copy()
    before = bench.parameters
    bench.step(1e-4)
    along = float((bench.parameters - before) @ gradient)
    if not along < 0:
        return failed("its first step goes uphill, along the gradient: the step has to be subtracted, `p -= rate * …`")
    return passed("its first step goes downhill")


def scale(kind: Kind) -> Verdict:
    """Whether larger gradients make no shorter steps."""
    sizes = []
    for factor in (1.0, 10.0):
        bench = Bench(kind, np.float64)
        before = bench.parameters
        bench.walk(STEPS, factor)
        sizes.append(float(np.linalg.norm(bench.parameters - before)))
    ratio = sizes[1] / sizes[0] if sizes[0] else 1.0
    if ratio < 0.8:
        return failed(
            f"gradients ten times as large make steps {1 / ratio:.3g} times shorter: it is divided by too much, such as by the mean "
            "of its squares in place of the root of that"
        )
    if ratio > 12:
        return failed(f"gradients ten times as large make steps {ratio:.3g} times longer: they grow faster than the gradient")
    told = "do not make longer steps: the gradient is divided by its size" if ratio < 1.5 else f"make steps {ratio:.3g} times as long"
    return passed(f"gradients ten times as large {told}")


def arguments_kept(kind: Kind) -> Verdict:
    """Whether it keeps no array of the network's between two steps."""
    bench = Bench(kind)
    own = set(vars(bench.optimizer))
    bench.walk(3)
    kept = {name: value for name, value in vars(bench.optimizer).items() if name not in own}
    lost = kept_arguments(Attributes(kept), {"p": bench.network.parameters, "g": bench.network.gradients})
    return failed(lost) if lost else passed("keeps neither p nor g from step to step")


def float32(kind: Kind) -> Verdict:
    """Whether it does in float32 what it does in float64."""
    exact = Bench(kind, np.float64)
    rounded = Bench(kind)
    rounded.network.parameters[:] = exact.network.parameters
    exact.network.parameters[:] = rounded.network.parameters
    start = exact.parameters
    wanted, found = exact.walk() - start, rounded.walk() - start
    difference = float(np.abs(wanted - found).max() / max(np.abs(wanted).max(), 1e-30))
    if not difference < 1e-3:
        return failed(
            f"in float32 its steps are other than in float64, by {difference:.1%}: numbers get lost that are too small or too large"
        )
    return passed(f"in float32 as in float64, but for {difference:.0e}")


def finite(kind: Kind) -> Verdict:
    """Whether extreme gradients and none at all leave numbers."""
    for value, what in (
        (0.0, "a gradient of 0"),
        (1e30, "a gradient of 1e30"),
        (-1e30, "a gradient of -1e30"),
        (1e-30, "a gradient of 1e-30"),
    ):
        bench = Bench(kind)
        bench.fill(value)
        with np.errstate(all="ignore"):
            for _ in range(3):
                bench.step()
        if np.isnan(bench.parameters).any():
            hint = "0 is divided by 0: add a small ε" if abs(value) < 1 else "infinity is divided by infinity, or taken from it"
            return failed(f"{what} makes the parameters not a number: {hint}")
        if not np.isfinite(bench.parameters).all() and abs(value) < 1:
            return failed(f"{what} makes the parameters infinite: add a small ε to what is divided by")
    bench = Bench(kind)
    for step in range(1, LONG + 1):
        bench.walk(1)
        if not np.isfinite(bench.parameters).all():
            return failed(f"ordinary gradients make the parameters infinite or not a number at step {step}")
    return passed(f"no gradient from 0 to ±1e30 makes the parameters not a number, nor do {LONG} ordinary ones")


def state_restored(kind: Kind) -> Verdict:
    """Whether a copy of its state goes on to the same bytes, as a resumed run has to."""
    first, second = Bench(kind), Bench(kind)
    own = set(vars(first.optimizer))
    first.walk()
    memory = {name: float(value) for name, value in first.optimizer.memory().items()}
    if not all(map(isfinite, memory.values())):
        return failed("memory returns a number that is not finite, which no checkpoint keeps")
    second.network.parameters[:] = first.network.parameters
    for slot, vector in first.optimizer.state.items():
        second.optimizer.state[slot][:] = vector
    second.optimizer.steps = first.optimizer.steps
    second.optimizer.remember(memory)
    second._rng = deepcopy(first._rng)
    lost = sorted(set(vars(first.optimizer)) - own)
    try:
        second.walk(1)
    except AttributeError as error:
        if error.name not in lost:
            raise
        return failed(f"self.{error.name} is lost when a run is resumed: {KEEP}")
    first.walk(1)
    if first.walk().tobytes() == second.walk().tobytes():
        return passed("a copy of its state goes on to the same bytes: it can be stopped and resumed")
    what = f"self.{lost[0]} is lost" if lost else "something is lost"
    return failed(f"{what} when a run is resumed: {KEEP}")


def same_again(kind: Kind) -> Verdict:
    """Whether the same gradients make the same bytes, alone and beside another of its kind."""
    alone, again, beside_it, other = Bench(kind), Bench(kind), Bench(kind), Bench(kind, seed=7)
    found = [alone.walk().tobytes(), again.walk().tobytes()]
    for _ in range(STEPS):
        beside_it.walk(1)
        other.walk(1)
    if found[0] != found[1]:
        return failed("the same start and gradients give other numbers the second time: something outlasts the object, or is drawn")
    if found[0] != beside_it.parameters.tobytes():
        return failed("two that are trained side by side disturb each other: they share what each should have of its own")
    return passed("the same start and gradients give the same bytes, alone and side by side")


def hidden_state(kind: Kind) -> Verdict:
    """Whether nothing outlasts the object."""
    return global_state(kind, lambda: Bench(kind).walk())


def bias_correction(kind: Kind) -> Verdict:
    """Whether means that begin at 0 are corrected so that first steps are as long as later ones with the same gradient."""
    sizes = _sizes(kind, CORRECTED)
    late = _sizes(kind, 1, _settled(kind))
    if not kind.slots or sizes is None or late is None or not late[0]:
        return passed("has no mean to correct")
    later = Bench(kind, np.float64)
    later.optimizer.steps = 10**7
    counted = _sizes(kind, 1, later)
    if counted is None or np.isclose(counted[0], sizes[0], rtol=1e-6) or kind.warms_up:
        told = f"its first step is {sizes[0] / late[0]:.3g} times as long as later ones with the same gradient"
        if not kind.warms_up and (namesake := _corrected_namesake(kind)):
            return failed(
                f"{told}, and those of {namesake}, by whose name it goes, are as long: divide a mean that begins at 0 by 1 - βᵗ, with t = "
                "self.steps; where it is meant so, say warms_up = True"
            )
        return passed(f"corrects nothing: {told}")
    course = np.array(sizes) / late[0]
    if any(np.abs(course / model - 1).max() < EVEN for model in _courses(kind)):
        return passed("with one and the same gradient the first steps are as long as those of Nadam")
    worst = int(np.abs(np.log(np.maximum(course, 1e-300))).argmax())
    ratio = float(course[worst])
    if not 1 - EVEN <= ratio <= 1 / (1 - EVEN):
        return failed(
            f"with one and the same gradient step {worst + 1} is {ratio:.3g} times as long as later ones: a mean from 0 is m / (1 - βᵗ), "
            "each with its own β, and t is 1 in the first step, as self.steps is"
        )
    return passed("with one and the same gradient the first steps are as long as later ones")


def _corrected_namesake(kind: Kind) -> str:
    """The program's own optimizer whose name is part of this one's, where that has even first steps; else nothing."""
    own = {name: other for name, other in OPTIMIZERS.items() if other.__module__.startswith("tui_trainer.") and other is not kind}
    plain = kind.name.rstrip("0123456789")
    name = max((name for name in own if name in kind.name.split("_") or plain.endswith(name)), key=len, default="")
    if not name or not own[name].adaptive:
        return ""
    first, late = _sizes(own[name], 3), _sizes(own[name], 1, _settled(own[name]))
    return name if first and late and np.allclose(first, late[0], rtol=EVEN) else ""


def _courses(kind: Kind) -> Iterator[Array]:
    """How long the first steps of right optimizers are beside later ones whose look ahead makes them uneven: Nadam, in its two forms."""
    nadam = OPTIMIZERS["nadam"]
    sizes, late = _sizes(nadam, CORRECTED), _sizes(nadam, 1, _settled(nadam))
    if sizes and late:
        yield np.array(sizes) / late[0]
    step = np.arange(1, CORRECTED + 1)
    for beta in {0.9, *(declared.default for declared in kind.hyperparameters.values() if 0 < declared.default < 1)}:
        yield beta * (1 - beta**step) / (1 - beta ** (step + 1)) + (1 - beta) / (1 - beta**step)


def _settled(kind: Kind) -> Bench:
    """After so many steps by one gradient that nothing is left of the start."""
    bench = Bench(kind, np.float64)
    bench.fill(1.0)
    with np.errstate(all="ignore"):
        for _ in range(6000):
            bench.step(0.0)
    return bench


def _sizes(kind: Kind, count: int, bench: Bench | None = None) -> list[float] | None:
    """How far a parameter goes in each of some steps by one gradient; None where it is not finite."""
    bench = bench or Bench(kind, np.float64)
    sizes = []
    with np.errstate(all="ignore"):
        for _ in range(count):
            before = bench.parameters
            bench.fill(1.0)
            bench.step(1e-3)
            sizes.append(float(np.abs(bench.parameters - before).max()))
    return sizes if all(map(isfinite, sizes)) else None


def tensors(kind: Kind) -> Verdict:
    """Whether it takes networks of any shape: one layer, wide ones, tensors of one number."""
    for units, hidden in ((1, 1), (17, 1), (3, 4), (64, 2)):
        bench = Bench(kind, units=units, hidden=hidden)
        before = {name: bench.network.tensors[name].copy() for name in bench.network.gradient_tensors}
        bench.walk(3)
        for name, tensor in before.items():
            if np.array_equal(tensor, bench.network.tensors[name]):
                return failed(f"{name} of shape {tensor.shape} does not change, though its gradient is not 0")
    if kind.elementwise:
        whole = Bench(kind)
        whole.walk()
        cut = Bench(kind)
        _cut_apart(cut)
        if whole.parameters.tobytes() != cut.walk().tobytes():
            return failed("says that it is elementwise, but what becomes of a parameter depends on others: leave `elementwise` out")
    return passed("takes networks of one layer and of many, narrow and wide")


def _cut_apart(bench: Bench) -> None:
    """Have the update called on short pieces of the vectors."""
    optimizer, length = bench.optimizer, 48
    size = bench.network.parameters.size
    spans = [slice(start, start + length) for start in range(0, size, length)]
    scalars = optimizer.scalars

    def step(rate: float) -> None:
        optimizer.steps += 1
        numbers = scalars(rate)
        for span in spans:
            state = {slot: vector[span] for slot, vector in optimizer.state.items()}
            optimizer.update(bench.network.parameters[span], bench.network.gradients[span], *numbers, **state)

    vars(optimizer)["step"] = step


def converges(kind: Kind) -> Verdict:
    """Whether it goes down the valley of `paths` with some learning rate."""
    best = (1.0, 0.0)
    for rate in RATES:
        left = _left_of_the_way(kind, rate)
        if left < best[0]:
            best = left, rate
        if left <= CLOSER / 10:
            break
    left, rate = best
    if left > CLOSER:
        nearest = f"the nearest, {left:.0%} of the way, is left with {rate:g}" if rate else "it never comes nearer"
        return failed(f"does not reach the bottom of the valley (`tui-trainer paths`) in {VALLEY_STEPS} steps with any rate: {nearest}")
    return passed(f"goes down the valley of `tui-trainer paths` with a rate of {rate:g}: {left:.1%} of the way is left")


def _left_of_the_way(kind: Kind, rate: float) -> float:
    parameters, gradient = np.array(Valley.start, np.float64), np.zeros(2)
    optimizer = kind(parameters, gradient, weight_decay=0.0)
    whole = hypot(*Valley.start)
    with np.errstate(all="ignore"):
        for step in range(VALLEY_STEPS):
            gradient[:] = Valley.gradient(*parameters.tolist())
            optimizer.step(rate)
            if step % 100 == 99:
                left = hypot(*parameters.tolist()) / whole
                if not left < 1e3:
                    return float("inf")
                if left <= CLOSER / 20:
                    return left
    return left


def compared(kind: Kind) -> Verdict:
    """Which of the program's own it goes like; where it says `same_as`, whether it does."""
    own = Bench(kind, np.float64).walk()
    start = Bench(kind, np.float64).parameters
    wanted = str(getattr(kind, "same_as", ""))
    if wanted and wanted not in OPTIMIZERS:
        return failed(f"same_as is {wanted!r}, which is none of {', '.join(OPTIMIZERS)}")
    nearest, difference = "", float("inf")
    for name, other in OPTIMIZERS.items():
        if other is kind or (wanted and name != wanted):
            continue
        shared = {each: declared.default for each, declared in kind.hyperparameters.items() if each in other.hyperparameters}
        theirs = _with(other, shared).walk()
        apart = float(np.linalg.norm(own - theirs) / max(float(np.linalg.norm(theirs - start)), 1e-30))
        if apart < difference:
            nearest, difference = name, apart
    if difference < 1e-5:
        return passed(f"goes as {nearest} does, but for {difference:.0e}")
    if wanted:
        return failed(f"does not go as {wanted} does: after {STEPS} steps it is {difference:.1%} of the way off")
    return passed(f"is none of the program's own; nearest is {nearest}, {difference:.0%} of the way off after {STEPS} steps")


def _with(kind: Kind, hyperparameters: dict[str, float]) -> Bench:
    bench = Bench(kind, np.float64)
    bench.optimizer.take(hyperparameters)
    return bench


def compiled(kind: Kind) -> Verdict:
    """Whether its compiled form, if it has one, is the same rule, and can be compiled."""
    if not kind.is_compiled():
        return passed("has no compiled form: NumPy trains it")
    arrays, numbers = Bench(kind, np.float64), Bench(kind, np.float64)
    arrays.walk()
    optimizer, parameters, gradients = numbers.optimizer, numbers.network.parameters, numbers.network.gradients
    for _ in range(STEPS):
        numbers.draw()
        optimizer.steps += 1
        scalars = optimizer.scalars(RATE)
        for place in range(parameters.size):
            own = {slot: float(vector[place]) for slot, vector in optimizer.state.items()}
            given = kind.compiled_update(float(parameters[place]), float(gradients[place]), *scalars, **own)
            parameters[place], *after = given if isinstance(given, tuple) else (given,)
            for vector, number in zip(optimizer.state.values(), after, strict=True):
                vector[place] = number
    if not np.allclose(arrays.parameters, numbers.parameters, rtol=1e-9, atol=1e-12):
        worst = float(np.abs(arrays.parameters - numbers.parameters).max())
        return failed(f"compiled_update goes otherwise than update: after {STEPS} steps a parameter is {worst:.3g} off")
    return compilable(lambda: update_name(kind))


@cache
def _own_speeds() -> dict[str, float]:
    return {name: _seconds(OPTIMIZERS[name]) for name in ("sgd", "adam") if name in OPTIMIZERS}


def _seconds(kind: Kind) -> float:
    bench = Bench(kind, units=256)
    bench.draw()
    return seconds_of(partial(bench.step, 0.0)) / bench.network.parameters.size


def speed(kind: Kind) -> Verdict:
    """How long a step takes for each parameter, beside the program's own by NumPy."""
    own, others = _seconds(kind), _own_speeds()
    told = beside(own, others, "for each parameter, by NumPy")
    if own > SLOW * max(others.values()):
        return failed(f"{told}: a loop over single numbers? Have NumPy compute with whole arrays")
    return passed(told)


CHECKS: Final[Checks] = {
    "moves": moves,
    "descends": descends,
    "scale": scale,
    "shapes": tensors,
    "global_state": hidden_state,
    "same_again": same_again,
    "float32": float32,
    "finite": finite,
    "arguments_kept": arguments_kept,
    "state_restored": state_restored,
    "bias_correction": bias_correction,
    "converges": converges,
    "compared": compared,
    "compiled": compiled,
    "speed": speed,
}
