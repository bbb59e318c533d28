"""Generated questions about a network's number of parameters, answered by arithmetic and checked against the network itself."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from tui_trainer.config.layer_sizes import format_hidden
from tui_trainer.config.options import Config
from tui_trainer.datasets.spec import MNIST_SPEC
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.layers import Layer
from tui_trainer.text.language import _
from tui_trainer.training.model import arithmetic, build_layers, build_network, parameters

PIXELS, CLASSES = MNIST_SPEC.features, MNIST_SPEC.classes
LONGEST_ANSWER = 200
"""Characters of an answer; pasted text may be long."""

TIMES = "*"
"""The multiplication sign that a keyboard has, so that a printed answer can be typed."""

WIDTHS = (16, 20, 32, 50, 64, 100, 128, 256)


class Quiz(BaseModel):
    """A lesson of questions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    claim: str
    watch: str
    why: str | None = None
    therefore: str | None = None
    questions: Annotated[int, Field(ge=1, le=100)]


@dataclass(frozen=True)
class QuizLayer:
    """A layer of a question's network."""

    name: str
    kind: str
    units: int


@dataclass(frozen=True)
class Question:
    """A question about a network, with its answer."""

    text: str
    rows: tuple[QuizLayer, ...]
    answer: int
    arithmetic: str
    """The calculation of the answer."""
    counted: int
    """The number counted in the network."""

    @property
    def holds(self) -> bool:
        """Whether the arithmetic agrees with the count."""
        return self.answer == self.counted


def questions(seed: int, count: int) -> Iterator[Question]:
    """Yield `count` questions, the same for the same seed, about one layer, all layers and an added layer in turn."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        hidden = tuple(int(units) for units in rng.choice(WIDTHS, size=int(rng.integers(1, 4))))
        # Every third network has a function that learns.
        learning = [name for name, kind in ACTIVATIONS.items() if kind(1).shapes()]
        activation = str(rng.choice(learning if number % 3 == 2 else tuple(ACTIVATIONS)))
        config = Config.parse({"hidden": hidden, "activation": activation})
        yield (_one_layer, _all_layers, _one_more)[number % 3](config, rng)


def _one_layer(config: Config, rng: np.random.Generator) -> Question:
    layers = [layer for layer in build_layers(config, PIXELS, CLASSES) if layer.shapes()]
    layer = layers[int(rng.integers(len(layers)))]
    network = build_network(config, PIXELS, CLASSES)
    counted = sum(tensor.size for name, tensor in network.tensors.items() if name.startswith(f"{layer.name}."))
    answer = parameters(layer)
    text = _("How many parameters has {layer}?").format(layer=layer.name)
    return Question(text, _rows(config), answer, f"{arithmetic(layer, TIMES)} = {answer:,}", counted)


def _all_layers(config: Config, _rng: np.random.Generator) -> Question:
    layers = [layer for layer in build_layers(config, PIXELS, CLASSES) if layer.shapes()]
    answer = sum(map(parameters, layers))
    text = _("How many parameters has the whole network, {inputs} to {hidden} to {classes}?")
    text = text.format(inputs=PIXELS, hidden=format_hidden(config.hidden), classes=CLASSES)
    return Question(text, _rows(config), answer, _sum(layers, answer), build_network(config, PIXELS, CLASSES).parameter_count)


def _one_more(config: Config, _rng: np.random.Generator) -> Question:
    wider = config.model_copy(update={"hidden": (*config.hidden, config.hidden[-1])})
    before, after = (build_network(each, PIXELS, CLASSES).parameter_count for each in (config, wider))
    units = config.hidden[-1]
    learned = parameters(build_layers(config, PIXELS, CLASSES)[-2])
    slopes = f" + {learned}" if learned else ""
    answer = (units + 1) * units + learned
    text = _("One more hidden layer of {units} units follows the last one: how many parameters come in addition?")
    return Question(text.format(units=units), _rows(config), answer, f"({units} + 1) * {units}{slopes} = {answer:,}", after - before)


def _sum(layers: Sequence[Layer], answer: int) -> str:
    products, numbers = (arithmetic(layer, TIMES) for layer in layers), (f"{parameters(layer):,}" for layer in layers)
    return f"{' + '.join(products)} = {' + '.join(numbers)} = {answer:,}"


def _rows(config: Config) -> tuple[QuizLayer, ...]:
    layers = [QuizLayer(layer.name, layer.kind, layer.units) for layer in build_layers(config, PIXELS, CLASSES)]
    return (QuizLayer("flatten", "Flatten", PIXELS), *layers)


def computed(text: str) -> int | None:
    """The value of sums and products of whole numbers with brackets, such as `(784 + 1) * 100`; None for anything else."""
    text = re.sub(r"(?<=\d)[,_ ](?=\d)", "", text.replace("×", "*"))
    if len(text) > LONGEST_ANSWER:
        return None
    value, rest = _sum_of(re.findall(r"[0-9]+|\S", text))
    return None if rest else value


def _sum_of(tokens: list[str]) -> tuple[int | None, list[str]]:
    """The value of the leading sum, and the tokens after it."""
    total, rest = _product_of(tokens)
    while total is not None and rest[:1] == ["+"]:
        value, rest = _product_of(rest[1:])
        total = None if value is None else total + value
    return total, rest


def _product_of(tokens: list[str]) -> tuple[int | None, list[str]]:
    total, rest = _factor(tokens)
    while total is not None and rest[:1] == ["*"]:
        value, rest = _factor(rest[1:])
        total = None if value is None else total * value
    return total, rest


def _factor(tokens: list[str]) -> tuple[int | None, list[str]]:
    match tokens:
        case ["(", *inside]:
            value, rest = _sum_of(inside)
            return (value, rest[1:]) if rest[:1] == [")"] else (None, rest)
        case [number, *rest] if number.isascii() and number.isdigit():
            return int(number), rest
    return None, tokens
