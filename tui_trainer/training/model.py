"""Builds the network, the optimizer and the schedule that a Config describes."""

from collections.abc import Callable
from functools import partial
from math import prod

from tui_trainer.config.options import Config
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import INITIALIZERS
from tui_trainer.nn.layers import Layer
from tui_trainer.nn.network import Network, perceptron_layers
from tui_trainer.nn.normalization import NORMALIZATIONS, Normalization
from tui_trainer.nn.optimizers import OPTIMIZERS, Optimizer
from tui_trainer.nn.schedules import SCHEDULES, Course, course


def build_layers(config: Config, inputs: int, classes: int) -> tuple[Layer, ...]:
    """The layers, with names and shapes but without memory."""
    return perceptron_layers(
        inputs,
        config.hidden,
        classes,
        activations=[partial(ACTIVATIONS[name], **config.own(ACTIVATIONS[name])) for name in config.activations],
        initializers=[INITIALIZERS[name](**config.own(INITIALIZERS[name])) for name in config.initializers],
        dropout=config.dropout,
        normalizations=[_normalizer(config, name) for name in config.normalizations],
        normalizes_after=config.normalization_place == "after",
        residual=config.residual,
    )


def _normalizer(config: Config, name: str) -> Callable[[int], Normalization] | None:
    kind = NORMALIZATIONS.get(name)
    return None if kind is None else partial(kind, **config.own(kind))


def build_network(config: Config, inputs: int, classes: int) -> Network:
    """The network, all parameters 0."""
    return Network(build_layers(config, inputs, classes), label_smoothing=config.label_smoothing)


def build_optimizer(config: Config, network: Network) -> Optimizer:
    """The optimizer, bound to the network's parameters and gradients."""
    optimizer = OPTIMIZERS[config.optimizer]
    return optimizer(network.parameters, network.gradients, weight_decay=config.weight_decay, named=network.named, **config.own(optimizer))


def build_schedule(config: Config) -> Course:
    """The course of the learning rate."""
    return course(config.schedule, epochs=config.epochs, warmup=config.warmup, **config.own(SCHEDULES[config.schedule]))


def parameters(layer: Layer) -> int:
    """The number of the layer's parameters."""
    return sum(prod(shape) for shape in layer.shapes().values())


def arithmetic(layer: Layer, times: str = "×") -> str:
    """The calculation of `parameters`: weights and biases as (inputs + 1) × units, anything else as a sum of products."""
    shapes = list(layer.shapes().values())
    match shapes:
        case [(inputs, units), (biases,)] if units == biases:
            return f"({inputs} + 1) {times} {units}"
    return " + ".join(f" {times} ".join(map(str, shape)) for shape in shapes)
