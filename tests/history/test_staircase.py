import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.history.measurements import Measurement, measurement
from tui_trainer.history.staircase import LOWEST, descent, limits, span, stairs
from tui_trainer.training.events import LayerHealth


def measured(*gradients: float, dead: float = 0.0, is_logged: bool = False) -> Measurement:
    """Layers with these gradient norms, healthy in all else."""
    layers = [LayerHealth(f"dense_{place}", norm, 1.0, 1e-3, 0.0, 1.0, dead, 0.0) for place, norm in enumerate(gradients, 1)]
    return measurement(layers, is_logged=is_logged)


def words(one: Measurement, most: int = 100) -> list[str]:
    return [stair.meaning.word if stair.meaning else "" for stair in stairs(one, most)]


def test_each_layer_is_called_what_the_map_calls_it() -> None:
    assert words(measured(1e-12, 0.99e-2, 1.01e-2, 1.0)) == ["vanishing", "vanishing", "healthy", "healthy"]
    assert words(measured(1e4, 1.0, 1e-3)) == ["exploding", "exploding", "healthy"]
    assert words(measured(math.nan, 1.0)) == ["exploding", "healthy"]
    assert words(measured(0.0, 1.0)) == ["vanishing", "healthy"]


def test_a_layer_whose_gradient_is_healthy_is_called_dead_if_its_units_are() -> None:
    assert words(measured(1.0, 1.0, dead=0.89)) == ["dead", "dead"]
    assert words(measured(1e-9, 1.0, dead=0.89))[0] == "vanishing"


def test_what_an_earlier_version_did_not_measure_is_not_judged() -> None:
    one = measured(1.0, 1.0, is_logged=True)
    one.figures[:, 1:] = np.nan
    [stair, _] = stairs(one, 9)
    assert stair.meaning is not None
    assert stair.meaning.word == "healthy"
    assert [band is None for band in stair.bands] == [False, True, True, True, True, True]


@given(st.integers(1, 120), st.integers(1, 60), st.integers(0, 119))
def test_a_deep_network_is_whole_and_its_worst_layer_is_never_hidden(layers: int, most: int, worst: int) -> None:
    worst %= layers
    found = stairs(measured(*(1e-9 if layer == worst else 1.0 for layer in range(layers))), most)
    assert len(found) == min(layers, most)
    if layers > most > 2:
        assert (found[0].name, found[-1].name) == ("dense_1", f"dense_{layers}")
    # Judged by the output layer, the others are too large where it is the one.
    if worst < layers - 1 or layers == 1:
        assert min(stair.gradient for stair in found) == 1e-9


def test_neighbours_share_a_stair_by_their_numbers() -> None:
    assert [stair.name for stair in stairs(measured(*[1.0] * 11), 5)] == ["dense_1", "dense_2-4", "dense_5-7", "dense_8-10", "dense_11"]


def test_a_healthy_network_stands_level_and_a_vanishing_one_falls_into_nothing() -> None:
    level = span([0.3, 0.9, 1.0])
    assert min(map(level.share, [0.3, 0.9, 1.0])) > 0.9
    falling = [10.0**-power for power in range(37, -1, -1)]
    scale = span(falling)
    shares = [scale.share(value) for value in falling]
    assert shares == sorted(set(shares))
    assert 0 < shares[0] < 0.05
    assert shares[-1] == 1


@given(st.lists(st.floats(0) | st.just(math.nan), max_size=9))
def test_a_scale_has_two_ends_whatever_is_measured(gradients: list[float]) -> None:
    scale = span(gradients)
    assert LOWEST <= scale.low < scale.high
    assert all(0 <= scale.share(value) <= 1 for value in gradients)


@pytest.mark.parametrize(
    ("gradients", "told"),
    [
        ((8e-12, *[1e-6] * 9, 1.0), "shrinks 13 times with each layer: dense_1 gets 8e-12 of the output's gradient"),
        ((1e6, 1e3, 1.0), "grows 1e+03 times with each layer: dense_1 gets 1e+06 times the output's gradient"),
        ((0.5, 1.0), "level, as it should be: dense_1 gets 0.5 times the output's gradient"),
        ((2e-7, 1e-7), "level, but hardly any gradient: dense_1 gets 2 times the output's"),
        ((0.0, 1.0), "nothing of the gradient reaches dense_1"),
        ((0.1, 0.0), "the output layer has no gradient"),
        ((math.inf, 1.0), "the gradient has overflowed"),
        ((0.1,), ""),
    ],
)
def test_what_becomes_of_the_gradient_is_told_in_words(gradients: tuple[float, ...], told: str) -> None:
    assert descent(measured(*gradients)) == told


def test_the_limits_are_those_of_the_words() -> None:
    low, high = limits(measured(1.0, 0.5))
    assert (low, high) == (0.005, 50.0)
    assert words(measured(low * 0.99, 0.5))[0] == "vanishing"
    assert words(measured(high * 1.01, 0.5))[0] == "exploding"
    assert all(map(math.isnan, limits(measured(1.0, 0.0))))
