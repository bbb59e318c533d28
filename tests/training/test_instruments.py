"""The instruments against exact mathematics on small networks, and that they leave what they measure as it was."""

from itertools import combinations
from math import inf, isnan
from typing import Any

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import initializer
from tui_trainer.nn.losses import softmax
from tui_trainer.nn.network import Network, perceptron_layers
from tui_trainer.training.control import Control
from tui_trainer.training.events import Progress
from tui_trainer.training.instruments.effective_rank import effective_rank, effective_ranks
from tui_trainer.training.instruments.noise_scale import noise_scale
from tui_trainer.training.instruments.sharpness import sharpness, stability
from tui_trainer.training.instruments.twin import twin_of
from tui_trainer.training.loop import Training

INPUTS, CLASSES = 5, 4


def network_of(activation: str = "tanh", hidden: tuple[int, ...] = (6,), *, seed: int = 0, dtype: Any = np.float64, **more: Any) -> Network:
    initializers = [initializer("glorot_normal")] * (len(hidden) + 1)
    layers = perceptron_layers(
        INPUTS, hidden, CLASSES, activations=[ACTIVATIONS[activation]] * len(hidden), initializers=initializers, **more
    )
    network = Network(layers, dtype)
    network.initialize(np.random.default_rng(seed))
    for tensor in network.gradient_tensors:
        network.tensors[tensor] += 0.1 * np.random.default_rng(seed + 1).normal(size=network.tensors[tensor].shape)
    network.draw_from(np.random.default_rng(seed))
    return network


def samples_of(rows: int = 12, seed: int = 2) -> Split:
    rng = np.random.default_rng(seed)
    return Split(rng.normal(size=(rows, INPUTS)).astype(np.float32), rng.integers(0, CLASSES, rows))


def gradient(network: Network, samples: Split) -> np.ndarray:
    batch = network.workspace(len(samples.labels), training=True)
    batch.inputs[:], batch.labels[:] = samples
    batch.forward()
    batch.loss()
    batch.backward()
    return network.gradients.copy()


def hessian(network: Network, samples: Split, step: float = 1e-6) -> np.ndarray:
    """By central differences of the gradient, column by column."""
    columns, twin = [], twin_of(network)
    for index in range(twin.parameters.size):
        kept = twin.parameters[index]
        twin.parameters[index] = kept + step
        above = gradient(twin, samples)
        twin.parameters[index] = kept - step
        columns.append((above - gradient(twin, samples)) / (2 * step))
        twin.parameters[index] = kept
    return np.stack(columns)


@pytest.mark.parametrize("hidden", [(), (6,), (6, 4, 6)], ids=["softmax regression", "one hidden layer", "three hidden layers"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("seed", range(3))
def test_sharpness_is_the_largest_eigenvalue_of_the_hessian(activation: str, hidden: tuple[int, ...], seed: int) -> None:
    network, samples = network_of(activation, hidden, seed=seed), samples_of(seed=seed)
    eigenvalues = np.linalg.eigvalsh(hessian(network, samples))
    found = sharpness(network, samples)
    assert found.value == pytest.approx(eigenvalues[-1], rel=1e-3)
    assert np.abs(eigenvalues - found.value).min() <= found.error + 1e-6
    assert sharpness(network, samples, tolerance=1e-6).value == pytest.approx(eigenvalues[-1], rel=1e-5)


def test_sharpness_is_not_the_steepest_fall() -> None:
    """At a point where the loss curves downward more than upward a plain power iteration would find the wrong end."""
    network, samples = network_of("tanh", (6,)), samples_of()
    for candidate in range(100):
        network = network_of("tanh", (6,), seed=candidate)
        network.parameters *= 4
        eigenvalues = np.linalg.eigvalsh(hessian(network, samples))
        if -eigenvalues[0] > 1.2 * eigenvalues[-1]:
            break
    else:
        pytest.fail("none of these points has what the test is about")
    assert sharpness(network, samples).value == pytest.approx(eigenvalues[-1], rel=1e-3)


def test_a_network_in_float32_is_as_sharp_as_the_same_in_float64() -> None:
    exact, samples = network_of("relu"), samples_of()
    single = network_of("relu", dtype=np.float32)
    np.copyto(exact.state, single.state)
    assert sharpness(single, samples) == sharpness(exact, samples)


def test_bytes_are_measured_as_they_are_trained_on() -> None:
    network = network_of()
    images = np.random.default_rng(0).integers(0, 256, (12, INPUTS)).astype(np.uint8)
    labels = samples_of().labels
    assert sharpness(network, Split(images, labels)) == sharpness(network, Split((images / np.float32(255)).astype(np.float32), labels))


def test_a_kink_within_the_step_is_no_curvature() -> None:
    """Where a rectifier is about to switch, what its gradient jumps by would be taken for a curvature of thousands."""
    network, samples = network_of("relu", (6,)), samples_of()
    bias, weight = network.tensors["dense_1.bias"], network.tensors["dense_1.weight"]
    bias[0] = 1e-3 - samples.images[0].astype(np.float64) @ weight[:, 0]
    expected = sharpness(network, samples).value
    bias[0] -= 1e-3 - 1e-11
    assert [sharpness(network, samples, seed=seed).value for seed in range(5)] == pytest.approx([expected] * 5, rel=0.02)


def test_the_step_that_the_sharpness_allows_is_where_descent_begins_to_climb() -> None:
    """On softmax regression, which is convex: below 1 the loss falls at each step, well above it the loss ends higher than it began."""
    samples, network = samples_of(), network_of("tanh", ())
    sharp = sharpness(network, samples).value
    assert stability(0.5, 8.0) == 2.0

    def losses(rate: float) -> list[float]:
        twin, found = twin_of(network), []
        batch = twin.workspace(len(samples.labels), training=True)
        for _ in range(20):
            batch.inputs[:], batch.labels[:] = samples
            batch.forward()
            found.append(batch.loss()[0])
            batch.backward()
            twin.parameters -= rate * twin.gradients
        return found

    calm, wild = losses(0.9 * 2 / sharp), losses(30 * 2 / sharp)
    assert np.all(np.diff(calm) < 0)
    assert max(wild) > 2 * wild[0]


def test_sharpness_of_numbers_that_are_not_finite_is_none() -> None:
    network = network_of()
    network.tensors["dense_1.weight"][0, 0] = np.nan
    found = sharpness(network, samples_of())
    assert isnan(found.value)
    assert found.products == 1


def test_the_search_for_sharpness_ends() -> None:
    found = sharpness(network_of(), samples_of(), tolerance=0.0, most_products=3)
    assert found.products == 3
    assert found.error > 0


# The noise scale


def per_sample_gradients(network: Network, samples: Split) -> np.ndarray:
    """Of softmax regression, in closed form: x ⊗ (p - y), and p - y for the biases."""
    inputs = samples.images.astype(np.float64)
    errors = softmax(inputs @ network.tensors["dense_1.weight"] + network.tensors["dense_1.bias"])
    errors[np.arange(len(errors)), samples.labels] -= 1
    return np.hstack([(inputs[:, :, None] * errors[:, None, :]).reshape(len(errors), -1), errors])


def test_noise_is_the_variance_of_the_samples_gradients() -> None:
    network, samples = network_of("tanh", ()), samples_of(40)
    gradients = per_sample_gradients(network, samples)
    noise = gradients.var(axis=0, ddof=1).sum()
    square = (gradients.mean(axis=0) ** 2).sum() - noise / 40
    found = noise_scale(network, samples, small_batch=1)
    assert found.noise == pytest.approx(noise, rel=1e-9)
    assert found.gradient_square == pytest.approx(square, rel=1e-9)
    assert found.value == pytest.approx(noise / square, rel=1e-9)


def test_the_estimate_has_no_bias() -> None:
    """Over every way in which six samples can be halved, the mean estimate is the variance itself."""
    network, samples = network_of("tanh", ()), samples_of(6)
    gradients = per_sample_gradients(network, samples)
    halves = {each: gradients[list(each)].mean(axis=0) for each in combinations(range(6), 3)}
    whole = (gradients.mean(axis=0) ** 2).sum()
    small = np.mean([(mean**2).sum() for mean in halves.values()])
    expected = (small - whole) / (1 / 3 - 1 / 6)
    assert expected == pytest.approx(gradients.var(axis=0, ddof=1).sum(), rel=1e-9)
    found = np.mean([noise_scale(network, samples, small_batch=3, seed=seed).noise for seed in range(3000)])
    assert found == pytest.approx(expected, rel=0.05)


def test_a_gradient_lost_in_noise_has_an_infinite_scale() -> None:
    network = network_of("tanh", ())
    network.parameters[:] = 0
    samples = samples_of(40)
    # With every label once for each input the mean gradient at equal probabilities is exactly 0.
    images = np.repeat(samples.images[:10].astype(np.float32), CLASSES, axis=0)
    found = noise_scale(network, Split(images, np.tile(np.arange(CLASSES), 10)), small_batch=1)
    assert found.value == inf
    assert found.gradient_square < 0 < found.noise
    with pytest.raises(ValueError, match="12 samples make fewer than two batches of 10"):
        noise_scale(network, samples_of(12), small_batch=10)


# The effective rank


@pytest.mark.parametrize(
    ("matrix", "rank"),
    [
        (np.eye(5), 5.0),
        (np.outer(np.arange(1.0, 5), np.arange(1.0, 4)), 1.0),
        (np.diag([1.0, 1.0, 0.0]), 2.0),
        (np.diag([0.75, 0.25]), 0.75**-0.75 * 0.25**-0.25),
        (np.zeros((3, 2)), 0.0),
    ],
)
def test_effective_rank_is_the_entropy_of_the_singular_values(matrix: np.ndarray, rank: float) -> None:
    assert effective_rank(matrix) == pytest.approx(rank, rel=1e-6)
    assert effective_rank(1e-6 * matrix) == pytest.approx(rank, rel=1e-6)


def test_every_hidden_layer_has_an_effective_rank() -> None:
    network = network_of("elu", (6, 3), dropout=0.5)
    samples = samples_of()
    outputs = samples.images.astype(np.float64)
    expected = {}
    for layer in ("dense_1", "dense_2"):
        z = outputs @ network.tensors[f"{layer}.weight"] + network.tensors[f"{layer}.bias"]
        outputs = np.where(z > 0, z, np.expm1(np.minimum(z, 0)))
        expected[layer] = effective_rank(outputs)
    assert effective_ranks(network, samples) == pytest.approx(expected)
    assert effective_ranks(network_of("elu", ()), samples) == {}
    network.tensors["dense_2.bias"][0] = np.inf
    assert isnan(effective_ranks(network, samples)["dense_2"])


# What is measured stays as it is


@pytest.mark.parametrize("options", [{}, {"dropout": 0.5}, {"activation": "prelu", "optimizer": "momentum"}], ids=str)
def test_a_run_that_is_measured_gives_the_same_bytes(digits: Dataset, options: dict[str, Any]) -> None:
    def trained(*, measured: bool) -> dict[str, bytes]:
        config = Config.parse({"hidden": "16,8", "validation": 100, "epochs": 1, "threads": 1, "batch_size": 50, **options})
        training = Training(config, digits)
        for event in training.events(Control()):
            if measured and isinstance(event, Progress):
                network, before = training.state.network, training.state.snapshot()
                gradients = network.gradients.tobytes()
                sharpness(network, digits.training, most_products=3)
                noise_scale(network, digits.training)
                effective_ranks(network, digits.training)
                after = training.state.snapshot()
                assert before.scalars == after.scalars  # the random streams are among them
                assert gradients == network.gradients.tobytes()
                assert {name: each.tobytes() for name, each in before.tensors.items()} == {
                    name: each.tobytes() for name, each in after.tensors.items()
                }
        return {name: tensor.tobytes() for name, tensor in training.state.snapshot().tensors.items()}

    assert trained(measured=True) == trained(measured=False)


def test_the_same_call_gives_the_same_numbers() -> None:
    network, samples = network_of("relu", (8,), dropout=0.5), samples_of(64)
    assert sharpness(network, samples) == sharpness(network, samples)
    assert noise_scale(network, samples) == noise_scale(network, samples)
    assert effective_ranks(network, samples) == effective_ranks(network, samples)
