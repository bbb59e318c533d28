"""Optimizers, a file each. To add one, write its class in a file here: it is found by itself.

Notation: p parameters, g their gradient, η learning rate, t the step counted from 1. The updates are PyTorch's (ε outside the root); Keras
puts ε inside the root in AdaGrad and RMSProp.

A running mean m ← βm + (1-β)g is stored here as the decaying sum m/(1-β) ← β·m/(1-β) + g, which saves a pass over all parameters; the
step's scalars contain the factor 1-β.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from math import inf, sqrt
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from tui_trainer.nn.arrays import Array, zeros
from tui_trainer.nn.parts import Hyperparameter, Part
from tui_trainer.nn.registry import Parts

BLOCK = 1 << 18
"""Parameters per update: few enough for the scratch to stay in the cache, many enough to make the calls' cost negligible."""

FLUSH_EVERY = 256
"""Steps after which negligible numbers are set to 0."""

NEGLIGIBLE = 1e-25
"""Magnitudes below this are set to 0. A decaying sum without gradient would reach the subnormal numbers, below 1e-38, with which
processors are many times slower; no step of this size changes a float32 weight."""


class Tensor(NamedTuple):
    """A tensor of the network, for an optimizer that works on each by itself."""

    name: str
    """Such as `dense_2.weight`; empty for parameters that are no network's."""
    shape: tuple[int, ...]
    role: Literal["input", "hidden", "output", "vector"]
    """Whether it is the first matrix, the last, one between, or no matrix: a bias, a learned slope."""


class Optimizer(Part, ABC):
    """Updates `parameters` by `gradients`, two flat vectors of the same length.

    One is written with a single method, which changes `p` in place and returns nothing:

        class RMSProp(Optimizer):
            \"\"\"A running mean of squared gradients.\"\"\"

            rho = Hyperparameter(0.9, "share of the mean of squares kept at each step", least=0, below=1)
            slots = {"square": 0.0}

            def update(self, p, g, rate, square):
                square *= self.rho
                square += (1 - self.rho) * g * g
                p -= rate * g / (np.sqrt(square) + 1e-7)

    - `p` and `g` are the whole network's, as vectors; with `per_tensor = True` each tensor's, in its own shape, and then `update` also
      takes `tensor`, which tells the tensor's name, shape and role. With `elementwise = True` they may be parts of the vectors.
    - Whatever lasts from step to step is in `slots`, arrays of the shape of `p` that begin with the given numbers, or with 0 where `slots`
      is a tuple of names, and are changed in place; in `self.steps`, which is 1 in the first step; or among the numbers that `memory`
      returns. A run is resumed from these alone. Numbers of slots below 1e-25 are set to 0 now and then.
    - Numbers that are the same for all parameters, such as bias corrections, are computed once a step where `scalars` returns them:
      `update` then takes them in place of `rate`.
    - `g` may be overwritten. Weight decay is the base's: L2 is in `g` already, and decoupled decay in `p`.

    `weight_decay` None means the optimizer's default; as L2 regularization, a step adds it to `gradients` in place. `named` gives the
    tensors in a vector as long as `parameters`. Raises TypeError for a hyperparameter that the optimizer lacks.
    """

    default_learning_rate: ClassVar[float] = 0.001

    slots: ClassVar[Mapping[str, float]] = MappingProxyType({})
    """The optimizer's state for each parameter, and its initial value."""

    default_weight_decay: ClassVar[float] = 0.0

    decoupled_decay: ClassVar[bool] = False
    """Whether weight decay λ shrinks the parameters, p ← p - ηλp, or adds λp to the gradient, which is L2 regularization."""

    elementwise: ClassVar[bool] = False
    """Whether a parameter's update depends on its own numbers alone, so that it does not matter how the vectors are cut."""

    per_tensor: ClassVar[bool] = False
    """Whether `update` is called for each tensor, in its own shape."""

    adaptive: ClassVar[bool] = False
    """Whether a step is about as long as the learning rate, because the gradient is divided by its own size."""

    warms_up: ClassVar[bool] = False
    """Whether the first steps are other than later ones with the same gradient on purpose, though means are corrected."""

    descent_factor: ClassVar[float] = 1.0
    """By what the rate that suits plain descent is multiplied on a map of two parameters, for one that is not `adaptive`."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not isinstance(cls.slots, Mapping):
            # Names alone: all begin with 0.
            cls.slots = MappingProxyType(dict.fromkeys(cls.slots, 0.0))
        # What was true of the inherited update need not be of another one.
        if "update" in vars(cls):
            if "compiled_update" not in vars(cls):
                cls.compiled_update = Optimizer.compiled_update  # type: ignore[method-assign]
            cls.elementwise = vars(cls).get("elementwise", False)
            cls.per_tensor = vars(cls).get("per_tensor", False)

    def __init__(
        self,
        parameters: Array,
        gradients: Array,
        *,
        weight_decay: float | None = None,
        named: Callable[[Array], Mapping[str, Array]] | None = None,
        **hyperparameters: float,
    ) -> None:
        self.take(hyperparameters)
        self.steps = 0
        self.state: dict[str, Array] = {slot: zeros(parameters.size, parameters.dtype) for slot in self.slots}
        for slot, start in self.slots.items():
            self.state[slot].fill(start)
        self._parameters, self._gradients, self._named = parameters, gradients, named
        self._decay: Array | None = None
        self.decay_weights(self.default_weight_decay if weight_decay is None else weight_decay)
        self._pieces: list[tuple[Array, Array, dict[str, Any]]] | None = None
        self._scratch: Array | None = None

    def decay_weights(self, weight_decay: float) -> None:
        """Take this weight decay from the next step on."""
        self.weight_decay = weight_decay
        if weight_decay and not self.decoupled_decay and self._decay is None:
            self._decay = np.empty_like(self._parameters)

    def step(self, learning_rate: float) -> None:
        """Update the parameters once, by the present gradients."""
        self.steps += 1
        parameters, gradients = self._parameters, self._gradients
        if self.weight_decay and self._decay is not None:
            np.multiply(parameters, self.weight_decay, out=self._decay)
            np.add(gradients, self._decay, out=gradients)
        elif self.weight_decay:
            np.multiply(parameters, 1 - learning_rate * self.weight_decay, out=parameters)
        scalars = self.scalars(learning_rate)
        if self._pieces is None:
            self._pieces = self._cut()
        for p, g, state in self._pieces:
            if self.update(p, g, *scalars, **state) is not None:
                raise TypeError(f"{type(self).__name__}.update returns something: it has to change p in place, as p -= … does")
        if self.steps % FLUSH_EVERY == 0 and parameters.dtype == np.float32:
            for vector in self.state.values():
                vector[np.abs(vector) < NEGLIGIBLE] = 0

    def _cut(self) -> list[tuple[Array, Array, dict[str, Any]]]:
        """What `update` is called with: parameters, gradient, and what has names."""
        p, g, state, size = self._parameters, self._gradients, self.state, self._parameters.size
        if self.per_tensor:
            return self._tensors()
        length = BLOCK if self.elementwise else max(size, 1)
        spans = [slice(start, start + length) for start in range(0, size, length)]
        return [(p[span], g[span], {slot: vector[span] for slot, vector in state.items()}) for span in spans]

    def _tensors(self) -> list[tuple[Array, Array, dict[str, Any]]]:
        named = self._named or (lambda vector: {"": vector})
        gradients, slots = named(self._gradients), {slot: named(vector) for slot, vector in self.state.items()}
        parameters = {name: tensor for name, tensor in named(self._parameters).items() if name in gradients}
        matrices = [name for name, tensor in parameters.items() if tensor.ndim > 1]

        def role(name: str) -> Literal["input", "hidden", "output", "vector"]:
            if name not in matrices:
                return "vector"
            return "output" if name == matrices[-1] else "input" if name == matrices[0] else "hidden"

        return [
            (p, gradients[name], {"tensor": Tensor(name, p.shape, role(name)), **{slot: views[name] for slot, views in slots.items()}})
            for name, p in parameters.items()
        ]

    def scratch(self, like: Array) -> tuple[Array, Array]:
        """Two vectors of the length of `like`, for an update that allocates nothing. What they contain is of no one's concern."""
        if self._scratch is None:
            self._scratch = zeros((2, min(BLOCK, self._parameters.size) if self.elementwise else self._parameters.size), like.dtype)
        return self._scratch[0, : like.size], self._scratch[1, : like.size]

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        """The step's numbers that all parameters share, as `update` takes them after `p` and `g`."""
        return (learning_rate,)

    @abstractmethod
    def update(self, p: Array, g: Array, *scalars: Any, **slots: Any) -> None:
        """Change `p` in place, by its gradient `g`; the slots are given by their names, and changed in place too."""

    @staticmethod
    def compiled_update(*numbers: Any, **more: Any) -> Any:
        """One parameter after the step, and its slots in their order, in plain Python with functions of `math`.

        It takes p, g, the scalars in the order of `scalars`, and the slots by their names. The engine compiles it; without it NumPy trains.
        """
        raise NotImplementedError

    @classmethod
    def is_compiled(cls) -> bool:
        """Whether there is a compiled form."""
        return cls.compiled_update is not Optimizer.compiled_update

    def memory(self) -> dict[str, float]:
        """Numbers for a checkpoint that cannot be computed from the number of steps."""
        return {}

    def remember(self, memory: Mapping[str, float]) -> None:
        """Restore what `memory` returned. Raises KeyError or ValueError where it is not valid."""

    @classmethod
    def bears(cls, **hyperparameters: float) -> float | None:
        """The largest product of learning rate and curvature, over 2, with which steps stay inside a valley; None without a limit."""
        return None


def clip_by_norm(gradients: Array, most: float) -> None:
    """Scale the flat gradient vector in place to the Euclidean norm `most` if its norm is larger (Pascanu et al. 2013), as PyTorch does."""
    norm = sqrt(float(np.dot(gradients, gradients)))
    if norm == inf:  # the squares overflowed, not the gradient
        norm = float(np.linalg.norm(gradients.astype(np.float64)))
    if norm > most:
        np.multiply(gradients, most / (norm + 1e-6), out=gradients)


OPTIMIZERS = Parts("optimizer", Optimizer, __name__)  # type: ignore[type-abstract] # its subclasses are asked for

__all__ = ["BLOCK", "FLUSH_EVERY", "NEGLIGIBLE", "OPTIMIZERS", "Hyperparameter", "Optimizer", "Tensor", "clip_by_norm"]
