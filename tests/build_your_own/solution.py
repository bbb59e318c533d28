"""The network of docs/build-your-own.md, built: one way of many. Yours is worth more, so read this one when yours passes."""

import gzip
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any


# Steps 1 and 3
class Layer:
    """A step of the network. `gradients` are those of `parameters`, in the same order, once `backward` has run."""

    x: Array
    out: Array

    def __init__(self, *parameters: Array) -> None:
        self.parameters = list(parameters)
        self.gradients: list[Array] = []


class Dense(Layer):
    def __init__(self, weight: Array) -> None:
        super().__init__(weight, np.zeros(weight.shape[1], weight.dtype))

    def forward(self, x: Array) -> Array:
        self.x = x
        weight, bias = self.parameters
        return x @ weight + bias

    def backward(self, gradient: Array) -> Array:
        weight, _ = self.parameters
        self.gradients = [self.x.T @ gradient, gradient.sum(axis=0)]
        return gradient @ weight.T


# Step 2
def cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    sums = exponentials.sum(axis=1)
    loss = np.mean(np.log(sums) - shifted[rows, labels])
    gradient = exponentials / sums[:, None]
    gradient[rows, labels] -= 1
    return float(loss), gradient / len(labels)


# Step 4
def numeric_gradient(f: Callable[[], float], array: Array) -> Array:
    eps = 1e-6
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + eps
        above = f()
        array[index] = kept - eps
        below = f()
        array[index] = kept
        gradient[index] = (above - below) / (2 * eps)
    return gradient


# Step 5
def uniform(rng: np.random.Generator, inputs: int, units: int) -> Array:
    return rng.uniform(-0.05, 0.05, (inputs, units))


def glorot_uniform(rng: np.random.Generator, inputs: int, units: int) -> Array:
    limit = np.sqrt(6 / (inputs + units))
    return rng.uniform(-limit, limit, (inputs, units))


def glorot_normal(rng: np.random.Generator, inputs: int, units: int) -> Array:
    return rng.normal(0, np.sqrt(2 / (inputs + units)), (inputs, units))


def he_uniform(rng: np.random.Generator, inputs: int, units: int) -> Array:
    limit = np.sqrt(6 / inputs)
    return rng.uniform(-limit, limit, (inputs, units))


def he_normal(rng: np.random.Generator, inputs: int, units: int) -> Array:
    return rng.normal(0, np.sqrt(2 / inputs), (inputs, units))


INITIALIZERS = {f.__name__: f for f in (uniform, glorot_uniform, glorot_normal, he_uniform, he_normal)}


# Step 6
class Sigmoid(Layer):
    def forward(self, x: Array) -> Array:
        small = np.exp(-np.abs(x))
        self.out = np.where(x < 0, small, 1) / (1 + small)
        return self.out

    def backward(self, gradient: Array) -> Array:
        return gradient * self.out * (1 - self.out)


class Tanh(Layer):
    def forward(self, x: Array) -> Array:
        self.out = np.tanh(x)
        return self.out

    def backward(self, gradient: Array) -> Array:
        return gradient * (1 - self.out**2)


class ReLU(Layer):
    slope = 0.0

    def forward(self, x: Array) -> Array:
        self.slopes = np.where(x > 0, 1, self.slope).astype(x.dtype)
        return x * self.slopes

    def backward(self, gradient: Array) -> Array:
        return gradient * self.slopes


class LeakyReLU(ReLU):
    slope = 0.01


class ELU(Layer):
    def forward(self, x: Array) -> Array:
        self.out = np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
        return self.out

    def backward(self, gradient: Array) -> Array:
        return gradient * np.where(self.out > 0, 1, self.out + 1)


ACTIVATIONS: dict[str, type[Any]] = {"sigmoid": Sigmoid, "tanh": Tanh, "relu": ReLU, "leaky_relu": LeakyReLU, "elu": ELU}


class PReLU(Layer):
    def __init__(self, units: int) -> None:
        super().__init__(np.full(units, 0.25))

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.where(x > 0, x, x * self.parameters[0])

    def backward(self, gradient: Array) -> Array:
        self.gradients = [np.sum(gradient * np.minimum(self.x, 0), axis=0)]
        return gradient * np.where(self.x > 0, 1, self.parameters[0])


# Step 7
class Optimizer:
    """Moves parameters in place. `remembered` makes and keeps arrays as large as each of them."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.steps = 0
        self.memory: dict[tuple[str, int], Array] = {}

    def remembered(self, name: str, index: int, p: Array, start: float = 0.0) -> Array:
        return self.memory.setdefault((name, index), np.full_like(p, start))

    def step(self, parameters: list[Array], gradients: list[Array]) -> None:
        self.steps += 1
        for index, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
            np.subtract(p, self.rate * self.direction(index, p, g), out=p)

    def direction(self, index: int, p: Array, g: Array) -> Array:
        return g


class SGD(Optimizer):
    pass


class Momentum(Optimizer):
    def direction(self, index: int, p: Array, g: Array) -> Array:
        velocity = self.remembered("velocity", index, p)
        velocity *= 0.9
        velocity += g
        return velocity


class Nesterov(Momentum):
    def direction(self, index: int, p: Array, g: Array) -> Array:
        return g + 0.9 * super().direction(index, p, g)


class AdaGrad(Optimizer):
    def direction(self, index: int, p: Array, g: Array) -> Array:
        squares = self.remembered("squares", index, p, start=0.1)
        squares += g**2
        return g / (np.sqrt(squares) + 1e-7)


class RMSProp(Optimizer):
    def direction(self, index: int, p: Array, g: Array) -> Array:
        squares = self.remembered("squares", index, p)
        squares += 0.1 * (g**2 - squares)
        return g / (np.sqrt(squares) + 1e-7)


class Adam(Optimizer):
    def direction(self, index: int, p: Array, g: Array) -> Array:
        mean, squares = self.remembered("mean", index, p), self.remembered("squares", index, p)
        mean += 0.1 * (g - mean)
        squares += 0.001 * (g**2 - squares)
        return mean / (1 - 0.9**self.steps) / (np.sqrt(squares / (1 - 0.999**self.steps)) + 1e-7)


OPTIMIZERS = {"sgd": SGD, "momentum": Momentum, "nesterov": Nesterov, "adagrad": AdaGrad, "rmsprop": RMSProp, "adam": Adam}


# Step 8
class Network:
    def __init__(self, layers: list[Any]) -> None:
        self.layers = layers

    def forward(self, x: Array) -> Array:
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, gradient: Array) -> None:
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)

    @property
    def parameters(self) -> list[Array]:
        return [p for layer in self.layers for p in layer.parameters]

    @property
    def gradients(self) -> list[Array]:
        return [g for layer in self.layers for g in layer.gradients]


def train(
    network: Network, optimizer: Any, images: Array, labels: Array, *, epochs: int, batch_size: int, rng: np.random.Generator
) -> Iterator[float]:
    for _ in range(epochs):
        losses = 0.0
        order = rng.permutation(len(images))
        for start in range(0, len(images), batch_size):
            batch = order[start : start + batch_size]
            loss, gradient = cross_entropy(network.forward(images[batch]), labels[batch])
            network.backward(gradient)
            optimizer.step(network.parameters, network.gradients)
            losses += loss * len(batch)
        yield losses / len(images)


def accuracy(network: Network, images: Array, labels: Array) -> float:
    return float(np.mean(network.forward(images).argmax(axis=1) == labels))


# Step 9
def read_idx(path: str | Path) -> Array:
    data = Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    dimensions = data[3] if data[:3] == b"\0\0\x08" and len(data) > 3 else 0
    head = 4 + 4 * dimensions
    if not dimensions or len(data) < head:
        raise ValueError(f"{path} is no IDX file of bytes")
    shape = [int.from_bytes(data[place : place + 4], "big") for place in range(4, head, 4)]
    if len(data) - head != np.prod(shape):
        raise ValueError(f"{path} holds {len(data) - head} bytes where its header tells of {shape}")
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)


# Step 10
def main(folder: str = "data") -> None:
    def split(name: str) -> tuple[Array, Array]:
        images, labels = (read_idx(f"{folder}/{name}-{kind}-ubyte.gz") for kind in ("images-idx3", "labels-idx1"))
        return images.reshape(len(images), -1).astype(np.float32) / 255, labels

    rng = np.random.default_rng(0)
    sizes = [(784, 256), (256, 10)]
    hidden, output = (Dense(he_normal(rng, inputs, units).astype(np.float32)) for inputs, units in sizes)
    network = Network([hidden, ReLU(), output])
    images, labels = split("train")
    for epoch, loss in enumerate(train(network, Adam(0.001), images, labels, epochs=3, batch_size=128, rng=rng), 1):
        print(f"epoch {epoch}: loss {loss:.3f}")
    print(f"test accuracy {accuracy(network, *split('t10k')):.2%}")


if __name__ == "__main__":
    main(*sys.argv[1:])
