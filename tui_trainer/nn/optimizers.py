"""Gradient descent and its descendants. To add one, write its class and name it in `OPTIMIZERS`: nothing else has to change.

Notation: p parameters, g their gradient, η learning rate, t the step counted from 1. A rule is the same for every parameter, so it runs
over the network's flat vectors, in blocks small enough that what one operation wrote is still in the cache for the next.
The rules are PyTorch's (ε outside the root); Keras puts ε inside the root in AdaGrad and RMSProp.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import sqrt
from types import MappingProxyType
from typing import Any, ClassVar, final

import numpy as np

from tui_trainer.nn.arrays import Array

BLOCK = 16_384
"""Numbers per block: 64 KiB of float32 for each array that a rule touches."""


class Optimizer(ABC):
    """Moves `parameters` against `gradients`, two flat vectors of one length that are bound once and read at every step."""

    name: ClassVar[str]
    summary: ClassVar[str]

    default_learning_rate: ClassVar[float]

    hyperparameters: ClassVar[tuple[str, ...]] = ()
    """Names of the keyword arguments that this rule takes, among momentum, rho, beta1, beta2 and epsilon."""

    slots: ClassVar[Mapping[str, float]] = MappingProxyType({})
    """What the rule remembers of each parameter, and what it starts at."""

    def __init__(self, parameters: Array, gradients: Array) -> None:
        self.steps = 0
        self.state = {slot: np.full_like(parameters, start) for slot, start in self.slots.items()}
        vectors = (parameters, gradients, *self.state.values())
        scratch = np.empty((2, min(BLOCK, parameters.size)), parameters.dtype)
        self._blocks = [
            (*(vector[start : start + BLOCK] for vector in vectors), scratch[:, : min(BLOCK, parameters.size - start)])
            for start in range(0, parameters.size, BLOCK)
        ]

    def step(self, learning_rate: float) -> None:
        """Move the parameters once."""
        self.steps += 1
        scalars = self.scalars(learning_rate)
        for block in self._blocks:
            self.update(scalars, *block)

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        """What the rule computes once for a step rather than for each parameter."""
        return (learning_rate,)

    @abstractmethod
    def update(self, scalars: tuple[float, ...], p: Array, g: Array, *arrays: Any) -> None:
        """Move a block of parameters; `arrays` are the slots in their order, and two scratch rows of the same length."""

    def memory(self) -> dict[str, float]:
        """The rule's own scalars that cannot be computed from the number of steps, for a checkpoint."""
        return {}

    def remember(self, memory: Mapping[str, float]) -> None:
        """Take back what `memory` gave."""


@final
class SGD(Optimizer):
    """p ← p - ηg."""

    name = "sgd"
    summary = "plain gradient descent: falls down the steep side, creeps along the valley"
    default_learning_rate = 0.01

    def update(self, scalars: tuple[float, ...], p: Array, g: Array, *arrays: Array) -> None:
        ((step, _),) = arrays
        np.multiply(g, scalars[0], out=step)
        np.subtract(p, step, out=p)


@final
class Momentum(Optimizer):
    """v ← μv + g; p ← p - ηv (Polyak 1964)."""

    name = "momentum"
    summary = "a ball rolling downhill: past gradients keep pushing"
    default_learning_rate = 0.01
    hyperparameters = ("momentum",)
    slots = MappingProxyType({"velocity": 0.0})

    def __init__(self, parameters: Array, gradients: Array, *, momentum: float = 0.9) -> None:
        super().__init__(parameters, gradients)
        self.momentum = momentum

    def update(self, scalars: tuple[float, ...], p: Array, g: Array, *arrays: Array) -> None:
        velocity, (step, _) = arrays
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, g, out=velocity)
        np.multiply(velocity, scalars[0], out=step)
        np.subtract(p, step, out=p)


@final
class Nesterov(Optimizer):
    """v ← μv + g; p ← p - η(g + μv): the gradient after the jump, written at the shifted point (Sutskever et al. 2013)."""

    name = "nesterov"
    summary = "momentum that looks ahead before it turns"
    default_learning_rate = 0.01
    hyperparameters = ("momentum",)
    slots = MappingProxyType({"velocity": 0.0})

    def __init__(self, parameters: Array, gradients: Array, *, momentum: float = 0.9) -> None:
        super().__init__(parameters, gradients)
        self.momentum = momentum

    def update(self, scalars: tuple[float, ...], p: Array, g: Array, *arrays: Array) -> None:
        velocity, (step, _) = arrays
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, g, out=velocity)
        np.multiply(velocity, self.momentum, out=step)
        np.add(step, g, out=step)
        np.multiply(step, scalars[0], out=step)
        np.subtract(p, step, out=p)


@final
class AdaGrad(Optimizer):
    """s ← s + g², from 0.1; p ← p - ηg / (√s + ε) (Duchi et al. 2011)."""

    name = "adagrad"
    summary = "each parameter slows down by all the gradients it has seen"
    default_learning_rate = 0.01
    hyperparameters = ("epsilon",)
    slots = MappingProxyType({"square_sum": 0.1})

    def __init__(self, parameters: Array, gradients: Array, *, epsilon: float = 1e-7) -> None:
        super().__init__(parameters, gradients)
        self.epsilon = epsilon

    def update(self, scalars: tuple[float, ...], p: Array, g: Array, *arrays: Array) -> None:
        square_sum, (step, root) = arrays
        np.multiply(g, g, out=step)
        np.add(square_sum, step, out=square_sum)
        np.sqrt(square_sum, out=root)
        np.add(root, self.epsilon, out=root)
        np.multiply(g, scalars[0], out=step)
        np.divide(step, root, out=step)
        np.subtract(p, step, out=p)


@final
class RMSProp(Optimizer):
    """s ← ρs + (1-ρ)g²; p ← p - ηg / (√s + ε) (Hinton 2012, lecture 6e)."""

    name = "rmsprop"
    summary = "AdaGrad that forgets: a running mean of squared gradients"
    default_learning_rate = 0.001
    hyperparameters = ("rho", "epsilon")
    slots = MappingProxyType({"square_mean": 0.0})

    def __init__(self, parameters: Array, gradients: Array, *, rho: float = 0.9, epsilon: float = 1e-7) -> None:
        super().__init__(parameters, gradients)
        self.rho = rho
        self.epsilon = epsilon

    def update(self, scalars: tuple[float, ...], p: Array, g: Array, *arrays: Array) -> None:
        square_mean, (step, root) = arrays
        running_mean_of_squares(square_mean, g, self.rho, step)
        np.sqrt(square_mean, out=root)
        np.add(root, self.epsilon, out=root)
        np.multiply(g, scalars[0], out=step)
        np.divide(step, root, out=step)
        np.subtract(p, step, out=p)


@final
class Adam(Optimizer):
    """m ← β₁m + (1-β₁)g; s ← β₂s + (1-β₂)g²; p ← p - η m̂ / (√ŝ + ε), m̂ = m/(1-β₁ᵗ), ŝ = s/(1-β₂ᵗ) (Kingma & Ba 2015).

    Multiplying numerator and denominator by √(1-β₂ᵗ) leaves both corrections to the step's scalars (their section 2, last paragraph).
    """

    name = "adam"
    summary = "momentum and RMSProp together, corrected for starting at 0"
    default_learning_rate = 0.001
    hyperparameters = ("beta1", "beta2", "epsilon")
    slots = MappingProxyType({"mean": 0.0, "square_mean": 0.0})

    def __init__(self, parameters: Array, gradients: Array, *, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-7) -> None:
        super().__init__(parameters, gradients)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        root_correction = sqrt(1 - self.beta2**self.steps)
        return learning_rate * root_correction / (1 - self.beta1**self.steps), self.epsilon * root_correction

    def update(self, scalars: tuple[float, ...], p: Array, g: Array, *arrays: Array) -> None:
        rate, epsilon = scalars
        mean, square_mean, (step, root) = arrays
        running_mean(mean, g, self.beta1, step)
        running_mean_of_squares(square_mean, g, self.beta2, step)
        np.sqrt(square_mean, out=root)
        np.add(root, epsilon, out=root)
        np.multiply(mean, rate, out=step)
        np.divide(step, root, out=step)
        np.subtract(p, step, out=p)


@final
class Nadam(Optimizer):
    """As Adam, with μₜ = β₁(1 - ½·0.96^(0.004t)) and the numerator μₜ₊₁ m / (1-Πᵗ⁺¹μ) + (1-μₜ) g / (1-Πᵗμ) (Dozat 2016)."""

    name = "nadam"
    summary = "Adam with Nesterov's look ahead"
    default_learning_rate = 0.001
    hyperparameters = ("beta1", "beta2", "epsilon")
    slots = MappingProxyType({"mean": 0.0, "square_mean": 0.0})

    def __init__(self, parameters: Array, gradients: Array, *, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-7) -> None:
        super().__init__(parameters, gradients)
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.mu_product = 1.0

    def scalars(self, learning_rate: float) -> tuple[float, ...]:
        mu, next_mu = (self.beta1 * (1 - 0.5 * 0.96 ** (0.004 * t)) for t in (self.steps, self.steps + 1))
        self.mu_product *= mu
        root_correction = sqrt(1 - self.beta2**self.steps)
        rate = learning_rate * root_correction
        return (
            rate * next_mu / (1 - self.mu_product * next_mu),
            rate * (1 - mu) / (1 - self.mu_product),
            self.epsilon * root_correction,
        )

    def update(self, scalars: tuple[float, ...], p: Array, g: Array, *arrays: Array) -> None:
        mean_rate, gradient_rate, epsilon = scalars
        mean, square_mean, (step, root) = arrays
        running_mean(mean, g, self.beta1, step)
        running_mean_of_squares(square_mean, g, self.beta2, step)
        np.multiply(mean, mean_rate, out=step)
        np.multiply(g, gradient_rate, out=root)
        np.add(step, root, out=step)
        np.sqrt(square_mean, out=root)
        np.add(root, epsilon, out=root)
        np.divide(step, root, out=step)
        np.subtract(p, step, out=p)

    def memory(self) -> dict[str, float]:
        return {"mu_product": self.mu_product}

    def remember(self, memory: Mapping[str, float]) -> None:
        self.mu_product = memory["mu_product"]


def running_mean(mean: Array, g: Array, keep: float, scratch: Array) -> None:
    """mean ← keep · mean + (1 - keep) · g."""
    np.multiply(mean, keep, out=mean)
    np.multiply(g, 1 - keep, out=scratch)
    np.add(mean, scratch, out=mean)


def running_mean_of_squares(mean: Array, g: Array, keep: float, scratch: Array) -> None:
    """mean ← keep · mean + (1 - keep) · g²."""
    np.multiply(mean, keep, out=mean)
    np.multiply(g, g, out=scratch)
    np.multiply(scratch, 1 - keep, out=scratch)
    np.add(mean, scratch, out=mean)


OPTIMIZERS: Mapping[str, type[Optimizer]] = MappingProxyType(
    {rule.name: rule for rule in (SGD, Momentum, Nesterov, AdaGrad, RMSProp, Adam, Nadam)}
)
