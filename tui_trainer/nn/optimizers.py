"""Optimizers. To add one, write its class and name it in `OPTIMIZERS`.

Notation: p parameters, g their gradient, η learning rate, t the step counted from 1. An update treats all parameters alike, so it runs
over the network's flat vectors. The updates are PyTorch's (ε outside the root); Keras puts ε inside the root in AdaGrad and RMSProp.

A running mean m ← βm + (1-β)g is stored as the decaying sum m/(1-β) ← β·m/(1-β) + g, which saves a pass over all parameters; the
step's scalars contain the factor 1-β.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import inf, sqrt
from types import MappingProxyType
from typing import Any, ClassVar, final

import numpy as np

from tui_trainer.nn.arrays import Array, zeros
from tui_trainer.nn.registry import Registry

BLOCK = 1 << 18
"""Parameters per update: few enough for the scratch to stay in the cache, many enough to make the calls' cost negligible."""

FLUSH_EVERY = 256
"""Steps after which negligible numbers are set to 0."""

NEGLIGIBLE = 1e-25
"""Magnitudes below this are set to 0. A decaying sum without gradient would reach the subnormal numbers, below 1e-38, with which
processors are many times slower; no step of this size changes a float32 weight."""


class Optimizer(ABC):
    """Updates `parameters` by `gradients`, two flat vectors of the same length.

    `weight_decay` None means the optimizer's default; as L2 regularization, a step adds it to `gradients` in place. Raises TypeError for a
    hyperparameter that the optimizer lacks.
    """

    name: ClassVar[str]
    summary: ClassVar[str]

    compiled: ClassVar[str] = ""
    """The operation that equals `update`, by its name in engine/operations.py; empty where there is none."""

    default_learning_rate: ClassVar[float]

    hyperparameters: ClassVar[Mapping[str, float]] = MappingProxyType({})
    """The optimizer's further arguments, among momentum, rho, beta1, beta2 and epsilon, and their defaults."""

    slots: ClassVar[Mapping[str, float]] = MappingProxyType({})
    """The optimizer's state for each parameter, and its initial value."""

    default_weight_decay: ClassVar[float] = 0.0

    decoupled_decay: ClassVar[bool] = False
    """Whether weight decay λ shrinks the parameters, p ← p - ηλp, or adds λp to the gradient, which is L2 regularization."""

    momentum: float
    rho: float
    beta1: float
    beta2: float
    epsilon: float

    def __init_subclass__(cls) -> None:
        # A subclass with another update must not run the inherited operation.
        if "update" in vars(cls) and "compiled" not in vars(cls):
            cls.compiled = ""

    def __init__(
        self,
        parameters: Array,
        gradients: Array,
        *,
        weight_decay: float | None = None,
        **hyperparameters: float,
    ) -> None:
        if unknown := hyperparameters.keys() - self.hyperparameters.keys():
            raise TypeError(f"{self.name} has no {', '.join(sorted(unknown))}")
        for name, value in {**self.hyperparameters, **hyperparameters}.items():
            setattr(self, name, value)
        self.steps = 0
        self.state: dict[str, Array] = {slot: zeros(parameters.size, parameters.dtype) for slot in self.slots}
        for slot, start in self.slots.items():
            self.state[slot].fill(start)
        self._vectors = (parameters, gradients, *self.state.values())
        self._decay: Array | None = None
        self.decay_weights(self.default_weight_decay if weight_decay is None else weight_decay)
        self._blocks: list[tuple[Array, ...]] | None = None

    def _cut(self) -> list[tuple[Array, ...]]:
        """The vectors in blocks, each with two scratch rows of the same length, which all blocks share."""
        size = self._vectors[0].size
        scratch = zeros((2, min(BLOCK, size)), self._vectors[0].dtype)
        return [
            (*(vector[start : start + BLOCK] for vector in self._vectors), *scratch[:, : min(BLOCK, size - start)])
            for start in range(0, size, BLOCK)
        ]

    def decay_weights(self, weight_decay: float) -> None:
        """Take this weight decay from the next step on."""
        self.weight_decay = weight_decay
        if weight_decay and not self.decoupled_decay and self._decay is None:
            self._decay = np.empty_like(self._vectors[0])

    def step(self, learning_rate: float) -> None:
        """Update the parameters once, by the present gradients."""
        self.steps += 1
        parameters, gradients, *_ = self._vectors
        if self.weight_decay and self._decay is not None:
            np.multiply(parameters, self.weight_decay, out=self._decay)
            np.add(gradients, self._decay, out=gradients)
        elif self.weight_decay:
            np.multiply(parameters, 1 - learning_rate * self.weight_decay, out=parameters)
        scalars = self.scalars(learning_rate)
        if self._blocks is None:
            self._blocks = self._cut()
        for block in self._blocks:
            self.update(*block, *scalars)
        if self.steps % FLUSH_EVERY == 0 and parameters.dtype == np.float32:
            for vector in self.state.values():
                vector[np.abs(vector) < NEGLIGIBLE] = 0

    @abstractmethod
    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        """The step's numbers that all parameters share, in the order of `update`."""

    @staticmethod
    @abstractmethod
    def update(*arrays_and_scalars: Any) -> None:
        """Update a block of parameters: p, g, the slots in their order, two scratch vectors of the same length, and the scalars."""

    def memory(self) -> dict[str, float]:
        """Scalars for a checkpoint that cannot be computed from the number of steps."""
        return {}

    def remember(self, memory: Mapping[str, float]) -> None:
        """Restore what `memory` returned. Raises KeyError or ValueError where it is not valid."""


@final
class SGD(Optimizer):
    """p ← p - ηg."""

    name = "sgd"
    summary = "plain gradient descent: falls down the steep side, creeps along the valley"
    compiled = "sgd"
    default_learning_rate = 0.01

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        return (learning_rate,)

    @staticmethod
    def update(p: Array, g: Array, step: Array, _: Array, rate: float) -> None:
        np.multiply(g, rate, out=step)
        np.subtract(p, step, out=p)


@final
class Momentum(Optimizer):
    """v ← μv + g; p ← p - ηv (Polyak 1964)."""

    name = "momentum"
    summary = "a ball rolling downhill: past gradients keep pushing"
    compiled = "momentum"
    default_learning_rate = 0.01
    hyperparameters = MappingProxyType({"momentum": 0.9})
    slots = MappingProxyType({"velocity": 0.0})

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.momentum

    @staticmethod
    def update(p: Array, g: Array, velocity: Array, step: Array, _: Array, rate: float, keep: float) -> None:
        np.multiply(velocity, keep, out=velocity)
        np.add(velocity, g, out=velocity)
        np.multiply(velocity, rate, out=step)
        np.subtract(p, step, out=p)


@final
class Nesterov(Optimizer):
    """v ← μv + g; p ← p - η(g + μv): Nesterov's momentum, written at the look-ahead point (Sutskever et al. 2013)."""

    name = "nesterov"
    summary = "momentum that looks ahead before it turns"
    compiled = "nesterov"
    default_learning_rate = 0.01
    hyperparameters = MappingProxyType({"momentum": 0.9})
    slots = MappingProxyType({"velocity": 0.0})

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.momentum

    @staticmethod
    def update(p: Array, g: Array, velocity: Array, step: Array, _: Array, rate: float, keep: float) -> None:
        np.multiply(velocity, keep, out=velocity)
        np.add(velocity, g, out=velocity)
        np.multiply(velocity, keep, out=step)
        np.add(step, g, out=step)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)


@final
class AdaGrad(Optimizer):
    """s ← s + g², from 0.1; p ← p - ηg / (√s + ε) (Duchi et al. 2011)."""

    name = "adagrad"
    summary = "each parameter slows down by all the gradients it has seen"
    compiled = "adagrad"
    default_learning_rate = 0.01
    hyperparameters = MappingProxyType({"epsilon": 1e-7})
    slots = MappingProxyType({"square_sum": 0.1})

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        return learning_rate, self.epsilon

    @staticmethod
    def update(p: Array, g: Array, square_sum: Array, step: Array, root: Array, rate: float, epsilon: float) -> None:
        np.multiply(g, g, out=step)
        np.add(square_sum, step, out=square_sum)
        np.sqrt(square_sum, out=root)
        np.add(root, epsilon, out=root)
        np.divide(g, root, out=step)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)


@final
class RMSProp(Optimizer):
    """s ← ρs + (1-ρ)g²; p ← p - ηg / (√s + ε) (Hinton 2012, lecture 6e)."""

    name = "rmsprop"
    summary = "AdaGrad that forgets: a running mean of squared gradients"
    compiled = "rmsprop"
    default_learning_rate = 0.001
    hyperparameters = MappingProxyType({"rho": 0.9, "epsilon": 1e-7})
    slots = MappingProxyType({"square_sum": 0.0})

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        root = sqrt(1 - self.rho)
        return learning_rate / root, self.rho, self.epsilon / root

    @staticmethod
    def update(p: Array, g: Array, square_sum: Array, step: Array, root: Array, rate: float, keep: float, epsilon: float) -> None:
        np.multiply(square_sum, keep, out=square_sum)
        np.multiply(g, g, out=step)
        np.add(square_sum, step, out=square_sum)
        np.sqrt(square_sum, out=root)
        np.add(root, epsilon, out=root)
        np.divide(g, root, out=step)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)


class Adam(Optimizer):
    """m ← β₁m + (1-β₁)g; s ← β₂s + (1-β₂)g²; p ← p - η m̂ / (√ŝ + ε), m̂ = m/(1-β₁ᵗ), ŝ = s/(1-β₂ᵗ) (Kingma & Ba 2015)."""

    name = "adam"
    summary = "momentum and RMSProp together, corrected for starting at 0"
    compiled = "adam"
    default_learning_rate = 0.001
    hyperparameters = MappingProxyType({"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7})
    slots = MappingProxyType({"gradient_sum": 0.0, "square_sum": 0.0})

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        mean = (1 - self.beta1) / (1 - self.beta1**self.steps)
        root = sqrt((1 - self.beta2) / (1 - self.beta2**self.steps))
        return learning_rate * mean / root, self.beta1, self.beta2, self.epsilon / root

    @staticmethod
    def update(
        p: Array,
        g: Array,
        gradient_sum: Array,
        square_sum: Array,
        step: Array,
        root: Array,
        rate: float,
        keep: float,
        keep_square: float,
        epsilon: float,
    ) -> None:
        np.multiply(gradient_sum, keep, out=gradient_sum)
        np.add(gradient_sum, g, out=gradient_sum)
        np.multiply(square_sum, keep_square, out=square_sum)
        np.multiply(g, g, out=step)
        np.add(square_sum, step, out=square_sum)
        np.sqrt(square_sum, out=root)
        np.add(root, epsilon, out=root)
        np.divide(gradient_sum, root, out=step)
        np.multiply(step, rate, out=step)
        np.subtract(p, step, out=p)


@final
class AdamW(Adam):
    """Adam with decoupled weight decay: p ← p - ηλp before the step (Loshchilov & Hutter 2019)."""

    name = "adamw"
    summary = "Adam with weight decay that shrinks weights directly"
    default_weight_decay = 0.01
    decoupled_decay = True


@final
class Nadam(Optimizer):
    """As Adam, with μₜ = β₁(1 - ½·0.96^(0.004t)) and the numerator μₜ₊₁ m / (1-Πᵗ⁺¹μ) + (1-μₜ) g / (1-Πᵗμ) (Dozat 2016)."""

    name = "nadam"
    summary = "Adam with Nesterov's look ahead"
    compiled = "nadam"
    default_learning_rate = 0.001
    hyperparameters = MappingProxyType({"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7})
    slots = MappingProxyType({"gradient_sum": 0.0, "square_sum": 0.0})

    mu_product = 1.0

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        mu, next_mu = (self.beta1 * (1 - 0.5 * 0.96 ** (0.004 * t)) for t in (self.steps, self.steps + 1))
        self.mu_product *= mu
        root = sqrt((1 - self.beta2) / (1 - self.beta2**self.steps))
        return (
            learning_rate * next_mu * (1 - self.beta1) / (1 - self.mu_product * next_mu) / root,
            learning_rate * (1 - mu) / (1 - self.mu_product) / root,
            self.beta1,
            self.beta2,
            self.epsilon / root,
        )

    @staticmethod
    def update(
        p: Array,
        g: Array,
        gradient_sum: Array,
        square_sum: Array,
        step: Array,
        root: Array,
        sum_rate: float,
        gradient_rate: float,
        keep: float,
        keep_square: float,
        epsilon: float,
    ) -> None:
        np.multiply(gradient_sum, keep, out=gradient_sum)
        np.add(gradient_sum, g, out=gradient_sum)
        np.multiply(square_sum, keep_square, out=square_sum)
        np.multiply(g, g, out=step)
        np.add(square_sum, step, out=square_sum)
        np.multiply(gradient_sum, sum_rate, out=step)
        np.multiply(g, gradient_rate, out=root)
        np.add(step, root, out=step)
        np.sqrt(square_sum, out=root)
        np.add(root, epsilon, out=root)
        np.divide(step, root, out=step)
        np.subtract(p, step, out=p)

    def memory(self) -> dict[str, float]:
        return {"mu_product": self.mu_product}

    def remember(self, memory: Mapping[str, float]) -> None:
        # A product of factors between 0 and 1; 1 before the first step.
        if not 0 <= memory["mu_product"] <= (1 if self.steps == 0 else self.beta1):
            raise ValueError("mu_product")
        self.mu_product = memory["mu_product"]


def clip_by_norm(gradients: Array, most: float) -> None:
    """Scale the flat gradient vector in place to the Euclidean norm `most` if its norm is larger (Pascanu et al. 2013), as PyTorch does."""
    norm = sqrt(float(np.dot(gradients, gradients)))
    if norm == inf:  # the squares overflowed, not the gradient
        norm = float(np.linalg.norm(gradients.astype(np.float64)))
    if norm > most:
        np.multiply(gradients, most / (norm + 1e-6), out=gradients)


OPTIMIZERS: Registry[type[Optimizer]] = Registry(
    "optimizer", {kind.name: kind for kind in (SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW, Nadam)}
)
