"""What textbooks say of optimizers in a valley, done by the very classes that train the network."""

from math import hypot, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.descent.landscape import NEAR, RATES, SURFACES, OptimizerPath, Rosenbrock, Surface, Tilted, Valley, next_rate, paths
from tui_trainer.nn.optimizers import OPTIMIZERS

LIMIT = 2 / 100
"""2 / L of the valley."""

EACH_SURFACE = pytest.mark.parametrize("surface", SURFACES.values(), ids=SURFACES.keys())


@EACH_SURFACE
def test_gradients_are_those_of_the_values(surface: type[Surface]) -> None:
    rng = np.random.default_rng(0)
    left, right, bottom, top = surface.extent
    for x, y in rng.uniform((left, bottom), (right, top), (20, 2)).tolist():
        h = 1e-6
        across = (surface.value(x + h, y) - surface.value(x - h, y)) / (2 * h)
        up = (surface.value(x, y + h) - surface.value(x, y - h)) / (2 * h)
        assert surface.gradient(x, y) == pytest.approx((across, up), rel=1e-5, abs=1e-5)


@EACH_SURFACE
def test_the_minimum_is_one_and_on_the_map_and_so_is_the_start(surface: type[Surface]) -> None:
    assert surface.value(*surface.minimum) == 0
    assert surface.gradient(*surface.minimum) == (0, 0)
    assert surface.extent.holds(surface.minimum)
    assert surface.extent.holds(surface.start)
    left, right, bottom, top = surface.extent
    heights = surface.value(*np.meshgrid(np.linspace(left, right, 101), np.linspace(bottom, top, 101)))
    assert heights.min() >= 0
    assert heights.max() == pytest.approx(surface.highest())


@EACH_SURFACE
def test_levels_are_spaced_logarithmically(surface: type[Surface]) -> None:
    levels = surface.levels()
    assert np.diff(np.log(levels)) == pytest.approx(np.log(levels[1] / levels[0]))
    assert 0 < levels[0] < levels[-1] < surface.highest()


def test_curvatures_are_the_greatest_eigenvalues() -> None:
    assert Valley.curvature((1.0, 2.0)) == pytest.approx(100)
    assert Tilted.curvature((1.0, 2.0)) == pytest.approx(100)
    # The Hessian at the minimum is ((802, -400), (-400, 200)).
    assert Rosenbrock.curvature((1.0, 1.0)) == pytest.approx((1002 + np.sqrt(1002**2 - 4 * 400)) / 2)


# Descent


@pytest.mark.parametrize("rate", [0.004, 0.01, 0.015, 0.0199])
def test_descent_is_computed_by_one_factor_for_each_direction(rate: float) -> None:
    expected = np.array([-4.5, 0.6]) * np.array([1 - rate, 1 - 100 * rate]) ** np.arange(51)[:, None]
    np.testing.assert_allclose(OptimizerPath(Valley, "sgd", rate).points(50), expected, rtol=1e-9, atol=1e-15)


def test_descent_falls_down_the_steep_side_first_and_then_creeps_along_the_valley() -> None:
    points = OptimizerPath(Valley, "sgd", 0.006).points(300)
    assert abs(points[6, 1]) < 0.005  # across it has arrived
    assert abs(points[6, 0]) > 0.96 * 4.5  # and along has hardly begun
    along = np.abs(np.diff(points[:, 0]))
    assert (np.diff(along) < 0).all()  # each step is shorter than the one before
    assert along[299] < along[0] / 6


def test_descent_bounces_from_side_to_side_above_a_rate_of_1_by_l() -> None:
    smooth, bouncing = (OptimizerPath(Valley, "sgd", rate).points(40)[:, 1] for rate in (0.5 * LIMIT * 0.9, 0.75 * LIMIT))
    assert (smooth > 0).all()
    assert (np.sign(bouncing) == (-1.0) ** np.arange(41)).all()
    assert (np.diff(np.abs(bouncing)) < 0).all()  # ever less, below 2 / L


def test_descent_converges_below_2_by_l_and_diverges_above() -> None:
    below, at, above = (OptimizerPath(Valley, "sgd", factor * LIMIT) for factor in (0.99, 1.0, 1.01))
    assert below.state_at(2000).value < 1e-12
    assert np.abs(at.points(300)[:, 1]) == pytest.approx(0.6)
    assert above.state_at(3000).diverged
    assert (np.diff(np.abs(above.points(100)[:, 1])) > 0).all()


def test_the_best_rate_for_descent_needs_about_as_many_steps_as_the_condition_number() -> None:
    best = min(filter(None, (OptimizerPath(Valley, "sgd", rate).arrival(1000) for rate in np.linspace(0.001, 0.02, 96))))
    # ln(4.54 / 0.1) (L / l + 1) / 2 of them.
    assert best == pytest.approx(np.log(4.54 / NEAR) * 101 / 2, rel=0.05)


# Momentum


@pytest.mark.parametrize("name", ["momentum", "nesterov"])
@pytest.mark.parametrize("surface", [Valley, Rosenbrock])
def test_momentum_comes_near_the_minimum_in_fewer_steps_than_descent(surface: type[Surface], name: str) -> None:
    sgd, momentum = paths(surface, ["sgd", name], [surface.descent_rate] * 2, 10_000)
    slow, fast = sgd.arrival(10_000), momentum.arrival(10_000)
    assert slow is not None
    assert fast is not None
    assert fast < slow / 7


def test_momentum_beats_descent_at_its_best_rate_too() -> None:
    best = min(filter(None, (OptimizerPath(Valley, "sgd", rate).arrival(1000) for rate in np.linspace(0.001, 0.02, 20))))
    assert (OptimizerPath(Valley, "momentum", 0.006).arrival(1000) or inf) < best / 2


def test_momentum_takes_nearly_four_times_the_rate_that_descent_does() -> None:
    # Stable below 2 (1 + μ) / L = 3.8 / L (Goh 2017).
    assert OptimizerPath(Valley, "momentum", 0.037).state_at(3000).value < 1e-12
    assert OptimizerPath(Valley, "momentum", 0.039).state_at(3000).diverged


# Adaptive rules


@pytest.mark.parametrize("name", ["adagrad", "rmsprop", "adam", "adamw", "nadam"])
def test_adaptive_rules_take_about_the_same_step_along_and_across(name: str) -> None:
    first = np.abs(np.diff(OptimizerPath(Valley, name, 0.1).points(1), axis=0))[0]
    assert first[0] == pytest.approx(first[1], rel=0.06)  # whereas descent's differ by 13
    assert abs(first[1] / np.diff(OptimizerPath(Valley, "sgd", 0.1).points(1), axis=0)[0, 1]) < 0.06


def test_adam_loses_its_advantage_where_the_valley_lies_along_neither_parameter() -> None:
    straight, tilted = (OptimizerPath(surface, "adam", 0.1).arrival(400) for surface in (Valley, Tilted))
    assert straight is not None
    assert tilted is not None
    assert tilted > 3 * straight


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov"])
def test_rules_without_scaling_go_alike_in_every_direction(name: str) -> None:
    straight, tilted = (OptimizerPath(surface, name, 0.006) for surface in (Valley, Tilted))
    for step in range(0, 200, 10):
        assert tilted.state_at(step).value == pytest.approx(straight.state_at(step).value, rel=1e-9, abs=1e-14)


def test_what_rmsprop_leaves_is_half_its_rate() -> None:
    # Its steps never shrink: at last it jumps from one side of the minimum to the other.
    points = np.abs(OptimizerPath(Valley, "rmsprop", 0.1).points(300)[-10:])
    assert points == pytest.approx(0.05, rel=1e-3)


def test_adagrad_slows_down() -> None:
    moves = np.abs(np.diff(OptimizerPath(Valley, "adagrad", 0.1).points(300)[:, 0]))
    assert (np.diff(moves) < 0).all()
    assert moves[-1] < moves[0] / 20


def test_what_the_hints_promise() -> None:
    assert OptimizerPath(Valley, "sgd", 0.03).state_at(300).diverged
    momentum, sgd, rmsprop = paths(Rosenbrock, ["momentum", "sgd", "rmsprop"], [0.001, 0.001, 0.05], 2000)
    assert momentum.arrival(2000) == pytest.approx(500, abs=30)
    for path in (sgd, rmsprop):
        assert path.arrival(2000) is None
    # In the valley within 50 steps, which is where 100 (y - x²)² is small.
    for path in (momentum, sgd, rmsprop):
        x, y = path.points(50)[-1]
        assert abs(y - x * x) < 0.15
    assert np.abs(np.diff(rmsprop.points(2000), axis=0)[-20:]).min() > 0.02
    assert np.abs(np.diff(sgd.points(2000), axis=0)[-20:]).max() < 1e-3


@pytest.mark.parametrize(
    ("surface", "name", "arrival"),
    [
        *((Valley, "sgd", 633), (Valley, "momentum", 74), (Valley, "adam", 66)),
        *((Tilted, "sgd", 633), (Tilted, "momentum", 74), (Tilted, "adam", 221)),
        *((Rosenbrock, "momentum", 486), (Rosenbrock, "adam", 1012)),
    ],
)
def test_the_figures_of_the_documentation(surface: type[Surface], name: str, arrival: int) -> None:
    assert OptimizerPath(surface, name, surface.rate(name)).arrival(3000) == arrival


# Paths


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_path_is_what_the_optimizer_does(name: str) -> None:
    p, g = np.array(Rosenbrock.start, np.float64), np.zeros(2)
    rule = OPTIMIZERS[name](p, g)
    path = OptimizerPath(Rosenbrock, name, 0.001)
    for step in range(1, 101):
        g[:] = Rosenbrock.gradient(*p)
        rule.step(0.001)
        assert (path.points(step)[-1] == p).all()
    assert (OptimizerPath(Rosenbrock, name, 0.001).points(100) == path.points(100)).all()  # all at once, or one by one


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_as_in_training_goes_the_same_way(name: str) -> None:
    p, g = np.array(Valley.start, np.float32), np.zeros(2, np.float32)
    rule, rate = OPTIMIZERS[name](p, g), Valley.rate(name)
    for _ in range(50):
        g[:] = Valley.gradient(*p.tolist())
        rule.step(rate)
    assert p == pytest.approx(OptimizerPath(Valley, name, rate).points(50)[-1], rel=1e-3, abs=1e-3)


@EACH_SURFACE
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_rule_gets_lower_at_the_rate_to_begin_with(surface: type[Surface], name: str) -> None:
    path = OptimizerPath(surface, name, surface.rate(name))
    state = path.state_at(surface.steps)
    assert not state.diverged
    assert state.value < surface.value(*surface.start) / 4


def test_a_stand_tells_where_a_path_is() -> None:
    state = OptimizerPath(Rosenbrock, "sgd", 0.001).state_at(0)
    assert (state.step, state.x, state.y, state.diverged) == (0, -1.2, 1.0, False)
    assert state.value == pytest.approx(24.2)
    assert state.distance == pytest.approx(2.2)


def test_near_is_counted_from_the_last_time_it_was_away() -> None:
    path = OptimizerPath(Valley, "momentum", 0.006)
    arrival = path.arrival(300)
    assert arrival is not None
    away = np.hypot(*path.points(300).T) > NEAR
    assert away[arrival - 1]
    assert not away[arrival:].any()
    assert not away[:arrival].all()  # it has flown past before
    assert path.arrival(arrival - 1) is None
    assert OptimizerPath(Valley, "sgd", 0.01, (0.0, 0.0)).arrival(5) == 0


@given(
    surface=st.sampled_from(sorted(SURFACES)),
    name=st.sampled_from(sorted(OPTIMIZERS)),
    rate=st.one_of(st.floats(1e-9, 1e3), st.floats(min_value=1e-300, allow_infinity=False)),
    start=st.tuples(*[st.floats(-1e6, 1e6)] * 2),
)
def test_any_rate_and_start_end_in_a_path_and_no_complaint(surface: str, name: str, rate: float, start: tuple[float, float]) -> None:
    path = OptimizerPath(SURFACES[surface], name, rate, start)
    points = path.points(40)
    state = path.state_at(40)
    assert state.step == len(points) - 1 == (40 if path.diverged_at is None else path.diverged_at)
    assert np.isfinite(points[:-1]).all()
    assert state.diverged == (path.diverged_at is not None)
    assert state.distance == pytest.approx(hypot(*(points[-1] - SURFACES[surface].minimum)), nan_ok=True)


def test_the_ladder_of_rates_goes_up_and_down() -> None:
    rate, seen = 0.006, []
    for _ in range(5):
        rate = next_rate(rate, 1)
        seen.append(rate)
    assert seen == [0.008, 0.01, 0.015, 0.02, 0.03]
    for expected in (0.02, 0.015, 0.01, 0.008, 0.006):
        rate = next_rate(rate, -1)
        assert rate == expected
    assert next_rate(0.0123, 1) == 0.015
    assert next_rate(0.0123, -1) == 0.01
    assert next_rate(RATES[-1], 1) == RATES[-1]
    assert next_rate(RATES[0], -1) == RATES[0]
    assert next_rate(1e9, -1) == RATES[-1]
