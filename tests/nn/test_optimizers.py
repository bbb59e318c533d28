"""Two steps of every rule worked out by hand in float64, tiny gradients included: only they show where ε stands."""

from math import sqrt
from typing import Any

import numpy as np
import pytest

from tui_trainer.nn.optimizers import BLOCK, FLUSH_EVERY, OPTIMIZERS, Optimizer, clip_by_norm
from tui_trainer.nn.optimizers.sgd import SGD

RATE = 0.1


def two_steps(name: str, first: float, second: float, **hyperparameters: Any) -> list[float]:
    """Where a parameter that starts at 1 stands after each of two gradients."""
    p, g = np.array([1.0]), np.zeros(1)
    optimizer = OPTIMIZERS[name](p, g, **hyperparameters)
    stands = []
    for gradient in (first, second):
        g[:] = gradient
        optimizer.step(RATE)
        stands.append(float(p[0]))
    return stands


def adam(first: float, second: float, eps: float) -> list[float]:
    m1, s1 = 0.1 * first, 0.001 * first**2
    p1 = 1 - RATE * (m1 / (1 - 0.9)) / (sqrt(s1 / (1 - 0.999)) + eps)
    m2, s2 = 0.9 * m1 + 0.1 * second, 0.999 * s1 + 0.001 * second**2
    return [p1, p1 - RATE * (m2 / (1 - 0.9**2)) / (sqrt(s2 / (1 - 0.999**2)) + eps)]


def nadam(first: float, second: float, eps: float) -> list[float]:
    mu1, mu2, mu3 = (0.9 * (1 - 0.5 * 0.96 ** (0.004 * t)) for t in (1, 2, 3))
    m1, s1 = 0.1 * first, 0.001 * first**2
    numerator = mu2 * m1 / (1 - mu1 * mu2) + (1 - mu1) * first / (1 - mu1)
    p1 = 1 - RATE * numerator / (sqrt(s1 / (1 - 0.999)) + eps)
    m2, s2 = 0.9 * m1 + 0.1 * second, 0.999 * s1 + 0.001 * second**2
    numerator = mu3 * m2 / (1 - mu1 * mu2 * mu3) + (1 - mu2) * second / (1 - mu1 * mu2)
    return [p1, p1 - RATE * numerator / (sqrt(s2 / (1 - 0.999**2)) + eps)]


def adagrad(first: float, second: float, eps: float) -> list[float]:
    p1 = 1 - RATE * first / (sqrt(0.1 + first**2) + eps)
    return [p1, p1 - RATE * second / (sqrt(0.1 + first**2 + second**2) + eps)]


def rmsprop(first: float, second: float, eps: float) -> list[float]:
    s1 = 0.1 * first**2
    p1 = 1 - RATE * first / (sqrt(s1) + eps)
    return [p1, p1 - RATE * second / (sqrt(0.9 * s1 + 0.1 * second**2) + eps)]


def amsgrad(first: float, second: float, eps: float) -> list[float]:
    m1, s1 = 0.1 * first, 0.001 * first**2
    p1 = 1 - RATE * (m1 / (1 - 0.9)) / (sqrt(s1 / (1 - 0.999)) + eps)
    m2, s2 = 0.9 * m1 + 0.1 * second, max(s1, 0.999 * s1 + 0.001 * second**2)
    return [p1, p1 - RATE * (m2 / (1 - 0.9**2)) / (sqrt(s2 / (1 - 0.999**2)) + eps)]


def adadelta(first: float, second: float, eps: float) -> list[float]:
    s1 = 0.1 * first**2
    d1 = first * sqrt(eps) / sqrt(s1 + eps)
    s2, u1 = 0.9 * s1 + 0.1 * second**2, 0.1 * d1**2
    return [1 - RATE * d1, 1 - RATE * d1 - RATE * second * sqrt(u1 + eps) / sqrt(s2 + eps)]


ADAPTIVE = {"amsgrad": amsgrad, "adadelta": adadelta, "adagrad": adagrad, "rmsprop": rmsprop, "adam": adam, "nadam": nadam}


def test_sgd() -> None:
    assert two_steps("sgd", 2.0, -1.0) == pytest.approx([0.8, 0.9], rel=1e-12)


def test_momentum() -> None:
    # v: 2, then 0.9·2 - 1 = 0.8.
    assert two_steps("momentum", 2.0, -1.0) == pytest.approx([0.8, 0.72], rel=1e-12)


def test_nesterov() -> None:
    # v: 2, step 2 + 0.9·2 = 3.8; then v 0.8, step -1 + 0.9·0.8 = -0.28.
    assert two_steps("nesterov", 2.0, -1.0) == pytest.approx([0.62, 0.648], rel=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e-6, 1e-8, 1e-12], ids="g={}".format)
@pytest.mark.parametrize("name", ADAPTIVE)
def test_adaptive_rules_down_to_gradients_smaller_than_epsilon(name: str, scale: float) -> None:
    expected = ADAPTIVE[name](2.0 * scale, -1.0 * scale, 1e-7)
    moves = np.diff([1.0, *two_steps(name, 2.0 * scale, -1.0 * scale, epsilon=1e-7)])
    np.testing.assert_allclose(moves, np.diff([1.0, *expected]), rtol=1e-9, atol=1e-16)


def test_lion() -> None:
    # m: 0.02; then the sign of 0.9·0.02 - 0.1 is -1. Then m 0.0098, and 0.9·0.0098 + 0 stays above 0.
    assert two_steps("lion", 2.0, -1.0) == pytest.approx([0.9, 1.0], rel=1e-12)
    assert two_steps("lion", 2.0, -0.01) == pytest.approx([0.9, 0.8], rel=1e-12)
    assert two_steps("lion", 0.0, 0.0) == [1.0, 1.0]


def test_radam_begins_as_momentum_and_goes_on_as_adam_times_a_factor() -> None:
    p, g = np.array([1.0]), np.array([0.5])
    optimizer = OPTIMIZERS["radam"](p, g)
    stands = []
    for _ in range(7):
        optimizer.step(RATE)
        stands.append(float(p[0]))
    # Of equal gradients both means are exact: m̂ = g, ŝ = g².
    moves = -np.diff([1.0, *stands])
    assert moves[:5] == pytest.approx([RATE * 0.5] * 5)
    longest = 2 / 0.001 - 1
    length = longest - 2 * 6 * 0.999**6 / (1 - 0.999**6)
    factor = sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
    assert moves[5] == pytest.approx(RATE * factor, rel=1e-5)


def test_muon_turns_a_hidden_step_into_one_of_equal_lengths_and_leaves_the_rest_to_adamw() -> None:
    rng = np.random.default_rng(0)
    shapes = {"dense_1.weight": (4, 6), "dense_1.bias": (6,), "dense_2.weight": (6, 5), "dense_3.weight": (5, 3)}
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])

    def named(vector: np.ndarray) -> dict[str, np.ndarray]:
        return {
            name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), np.split(vector[: ends[-1]], ends[:-1]), strict=True)
        }

    p, g = rng.normal(size=ends[-1]), rng.normal(size=ends[-1])
    before = {name: tensor.copy() for name, tensor in named(p).items()}
    gradients = {name: tensor.copy() for name, tensor in named(g).items()}
    OPTIMIZERS["muon"](p, g, named=named, weight_decay=0.0).step(RATE)
    moved = {name: before[name] - tensor for name, tensor in named(p).items()}
    lengths = np.linalg.svd(moved.pop("dense_2.weight"), compute_uv=False) / (0.2 * RATE * sqrt(6))
    assert ((lengths > 0.6) & (lengths < 1.3)).all()
    for name, move in moved.items():
        np.testing.assert_allclose(move, RATE * np.sign(gradients[name]), rtol=1e-5, err_msg=name)


def test_an_update_in_the_plainest_of_ways_has_the_whole_vector() -> None:
    class Normalized(Optimizer):
        """A step of one length, whatever the gradient."""

        def update(self, p: np.ndarray, g: np.ndarray, rate: float) -> None:
            p -= rate * g / np.linalg.norm(g)

    p, g = np.zeros(2 * BLOCK), np.ones(2 * BLOCK)
    Normalized(p, g).step(RATE)
    assert np.linalg.norm(p) == pytest.approx(RATE)


def test_an_update_that_returns_its_result_is_told_that_nothing_comes_of_it() -> None:
    class Returning(Optimizer):
        """Forgets that p is changed in place."""

        def update(self, p: np.ndarray, g: np.ndarray, rate: float) -> None:
            return p - rate * g  # type: ignore[return-value]

    with pytest.raises(TypeError, match=r"Returning\.update returns something"):
        Returning(np.zeros(2), np.ones(2)).step(RATE)


@pytest.mark.parametrize(
    ("name", "given", "default"),
    [
        ("momentum", {"momentum": 0.5}, 0.9),
        ("nesterov", {"momentum": 0.5}, 0.9),
        ("rmsprop", {"rho": 0.5}, 0.9),
        ("adam", {"beta1": 0.5}, 0.9),
        ("adam", {"beta2": 0.5}, 0.999),
        ("nadam", {"beta1": 0.5}, 0.9),
        ("adagrad", {"epsilon": 1.0}, 1e-7),
        ("adadelta", {"rho": 0.5}, 0.9),
        ("amsgrad", {"epsilon": 1.0}, 1e-8),
        ("radam", {"beta1": 0.5}, 0.9),
        ("lion", {"beta1": 0.999}, 0.9),
    ],
)
def test_hyperparameters_reach_the_rule(name: str, given: dict[str, float], default: float) -> None:
    (key,) = given
    assert two_steps(name, 2.0, -1.0, **{key: default}) == two_steps(name, 2.0, -1.0)
    assert two_steps(name, 2.0, -1.0, **given) != two_steps(name, 2.0, -1.0)


@pytest.mark.parametrize("rule", OPTIMIZERS.values())
def test_blocks_cover_every_parameter_and_none_twice(rule: type[Optimizer]) -> None:
    size = 2 * BLOCK + 17  # three blocks
    rng = np.random.default_rng(0)
    p, g = rng.normal(size=size), rng.normal(size=size)
    whole = rule(p, g)
    pieces = [(p[position : position + 1].copy(), g[position : position + 1]) for position in (0, BLOCK, size - 1)]
    alone = [rule(*piece) for piece in pieces]
    for _ in range(3):
        whole.step(RATE)
        for one in alone:
            one.step(RATE)
    np.testing.assert_array_equal([p[0], p[BLOCK], p[size - 1]], [piece[0][0] for piece in pieces])


@pytest.mark.parametrize("rule", OPTIMIZERS.values())
def test_a_parameter_without_gradient_stays(rule: type[Optimizer]) -> None:
    p, g = np.array([3.0, 1.0], np.float32), np.array([0.0, 1.0], np.float32)
    optimizer = rule(p, g, weight_decay=0.0)
    for _ in range(5):
        optimizer.step(RATE)
    assert p[0] == 3.0
    assert p[1] < 1.0


@pytest.mark.parametrize("rule", OPTIMIZERS.values())
def test_state_and_memory_carry_on_where_another_stopped(rule: type[Optimizer]) -> None:
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(6, 8))
    p, g = rng.normal(size=8), np.zeros(8)
    whole = rule(p, g)
    for step, gradient in enumerate(gradients):
        if step == 3:
            later_p, later_g = p.copy(), np.zeros(8)
            later = rule(later_p, later_g)
            later.steps = whole.steps
            later.remember(whole.memory())
            for slot, vector in whole.state.items():
                later.state[slot][:] = vector
        g[:] = gradient
        whole.step(RATE)
        if step >= 3:
            later_g[:] = gradient
            later.step(RATE)
    np.testing.assert_array_equal(later_p, p)


def test_a_rule_has_the_compiled_form_that_it_names_and_no_other() -> None:

    class Mask(SGD):  # type: ignore[misc] # whoever writes a rule may begin with another
        """Called as one of the loops, and with an update of its own."""

        name = "mask"

        def update(self, p: np.ndarray, g: np.ndarray, rate: float) -> None:
            np.add(p, g, out=p)

    class Renamed(SGD):  # type: ignore[misc]
        """The same update under another name."""

        name = "compress"

    def moved(rule: type[Optimizer]) -> list[float]:
        p, g = np.ones(3, np.float32), np.full(3, 2, np.float32)
        rule(p, g).step(RATE)
        return p.tolist()

    assert moved(Mask) == [3, 3, 3]
    assert moved(Renamed) == moved(SGD) == pytest.approx([0.8] * 3)
    assert (Mask.is_compiled(), Renamed.is_compiled()) == (False, True)


def test_l2_decay_adds_to_the_gradient() -> None:
    # g + λp: 2 + 0.5·1 = 2.5, p = 0.75; then -1 + 0.5·0.75 = -0.625, p = 0.8125.
    assert two_steps("sgd", 2.0, -1.0, weight_decay=0.5) == pytest.approx([0.75, 0.8125], rel=1e-12)


def test_adamw_shrinks_the_parameter_before_an_ordinary_step() -> None:
    first, second = adam(2.0, -1.0, 1e-7)
    kept = 1 - RATE * 0.5
    expected = [kept + first - 1, kept * (kept + first - 1) + second - first]
    assert two_steps("adamw", 2.0, -1.0, weight_decay=0.5) == pytest.approx(expected, rel=1e-9)
    assert two_steps("adamw", 2.0, -1.0) == two_steps("adamw", 2.0, -1.0, weight_decay=0.01)
    assert two_steps("adamw", 2.0, -1.0, weight_decay=0.0) == two_steps("adam", 2.0, -1.0)


@pytest.mark.parametrize("scale", [1.0, 1e-20, 1e25])
def test_clipping_shortens_long_gradients_and_leaves_short_ones(scale: float) -> None:
    gradient = np.array([3.0, 4.0], np.float32) * np.float32(scale)
    shortened = gradient.copy()
    with np.errstate(over="ignore"):
        clip_by_norm(shortened, 1.0)
    norm = float(np.linalg.norm(shortened.astype(np.float64)))
    assert norm == pytest.approx(min(5 * scale, 1.0), rel=1e-5)
    np.testing.assert_allclose(shortened / norm, [0.6, 0.8], rtol=1e-5)


def test_an_unknown_hyperparameter_is_refused() -> None:
    with pytest.raises(TypeError, match="sgd has no momentum"):
        OPTIMIZERS["sgd"](np.zeros(1), np.zeros(1), momentum=0.9)


@pytest.mark.parametrize("rule", [rule for rule in OPTIMIZERS.values() if rule.slots])
def test_sums_without_gradient_end_at_zero_and_not_among_the_subnormals(rule: type[Optimizer]) -> None:
    p, g = np.zeros(64, np.float32), np.ones(64, np.float32)
    optimizer = rule(p, g)
    optimizer.step(RATE)
    g[:32] = 0
    for _ in range(2 * FLUSH_EVERY):
        optimizer.step(RATE)
    tiny = np.finfo(np.float32).tiny
    for vector in optimizer.state.values():
        assert not ((vector != 0) & (np.abs(vector) < tiny)).any()
        assert vector[32:].all()
