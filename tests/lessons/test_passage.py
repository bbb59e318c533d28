"""What becomes of signal and gradient on their way through the layers, in words."""

import math

import pytest

from tui_trainer.history.measurements import measurement
from tui_trainer.lessons.passage import Carried, passage

from .tiny import health


@pytest.mark.parametrize(
    ("carried", "sizes", "words", "ails"),
    [
        ("gradient", [1e-6, 1e-3, 1.0], "shrinks 1e+03 times with each layer: dense_1 gets 1e-06 of the output's gradient", True),
        ("gradient", [0.5, 0.7, 1.0], "level, as it should be: dense_1 gets 0.5 times the output's gradient", False),
        ("spread", [1.0, 0.1, 0.001, 5.0], "shrinks to 0.001 of the first layer's", True),
        ("spread", [1.0, 3.0, 5.0], "level: 3 times the first layer's", False),
        ("spread", [1.0, 10.0, 1e9, 5.0], "grows to 1e+09 times the first layer's", True),
        ("spread", [1.0, math.inf, 5.0], "it has overflowed", True),
    ],
)
def test_what_becomes_of_it(carried: Carried, sizes: list[float], words: str, ails: bool) -> None:
    layers = [health(number, size, spread=size) for number, size in enumerate(sizes, 1)]
    found = passage(measurement(layers), carried)
    assert found is not None
    assert found.words == words
    assert found.ails is ails


def test_of_one_hidden_layer_there_is_no_spread_to_compare() -> None:
    assert passage(measurement([health(1, 1.0), health(2, 1.0)]), "spread") is None
    assert passage(measurement([health(1, 1.0)]), "gradient") is None
