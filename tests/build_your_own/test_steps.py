"""The ten steps of docs/build-your-own.md, each held to the program's own network, to values by hand or to both.

They look at the file that the variable MINE names, and at the solution beside this file where nothing is named.
"""

import gzip
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tui_trainer.datasets.dataset import Dataset
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import initializer
from tui_trainer.nn.losses import SoftmaxCrossEntropy
from tui_trainer.nn.network import Network, perceptron_layers
from tui_trainer.nn.optimizers import OPTIMIZERS

ROOT = Path(__file__).parents[2]
FILE = Path(os.environ.get("MINE") or Path(__file__).with_name("solution.py")).absolute()

ELEMENTWISE = ["sigmoid", "tanh", "relu", "leaky_relu", "elu"]
FIRST_THREE = ["sgd", "momentum", "adam"]
FURTHER = ["nesterov", "adagrad", "rmsprop"]


@pytest.fixture(scope="session")
def mine() -> Any:
    """The module that is built."""
    spec = spec_from_file_location("mine", FILE)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def normal(*shape: int, seed: int = 0) -> NDArray[Any]:
    return np.random.default_rng(seed).normal(size=shape)


def built(mine: Any, sizes: Sequence[int], activation: str) -> Any:
    """A network of this many numbers from layer to layer; its biases are not 0, or a gradient that forgets them would be right."""
    layers = []
    for seed, (inputs, units) in enumerate(pairwise(sizes)):
        layers += [mine.Dense(0.5 * normal(inputs, units, seed=seed)), mine.ACTIVATIONS[activation]()]
    network = mine.Network(layers[:-1])
    for parameter in network.parameters:
        np.add(parameter, 0.1, out=parameter)
    return network


def program(parameters: Sequence[NDArray[Any]], sizes: Sequence[int], activation: str) -> Network:
    """The program's own network with the same parameters."""
    inputs, *hidden, classes = sizes
    layers = perceptron_layers(
        inputs,
        hidden,
        classes,
        activations=[ACTIVATIONS[activation]] * len(hidden),
        initializers=[initializer("he_normal")] * (len(hidden) + 1),
    )
    network = Network(layers, np.float64)
    for tensor, parameter in zip(network.tensors.values(), parameters, strict=True):
        tensor[:] = parameter
    return network


def gradients(network: Network, x: NDArray[Any], labels: NDArray[Any]) -> tuple[NDArray[Any], float, list[NDArray[Any]]]:
    """Logits, mean loss, and the gradient of each of the program's tensors."""
    batch = network.workspace(len(x), training=True)
    batch.inputs[:], batch.labels[:] = x, labels
    batch.forward()
    logits = batch.logits.copy()
    loss, _ = batch.loss()
    batch.backward()
    return logits, loss / len(x), list(network.gradient_tensors.values())


def test_step_01_dense_forward(mine: Any) -> None:
    dense = mine.Dense(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]))
    weight, bias = dense.parameters
    assert weight.shape == (2, 3)
    assert bias.shape == (3,), "one for each unit"
    assert not bias.any(), "biases start at 0"
    np.testing.assert_allclose(dense.forward(np.array([[1.0, 0.0], [1.0, 1.0]])), [[1, 2, 3], [11, 22, 33]])
    bias[:] = [0.5, 0.0, -0.5]
    np.testing.assert_allclose(dense.forward(np.array([[0.0, 1.0]])), [[10.5, 20, 29.5]])


def test_step_01_is_the_programs(mine: Any) -> None:
    dense = mine.Dense(normal(5, 4))
    dense.parameters[1][:] = normal(4)
    x = normal(7, 5, seed=1)
    logits, _, _ = gradients(program(dense.parameters, [5, 4], "relu"), x, np.zeros(7, int))
    np.testing.assert_allclose(dense.forward(x), logits, rtol=1e-12)


def test_step_02_loss_by_hand(mine: Any) -> None:
    loss, gradient = mine.cross_entropy(np.array([[0.0, 0.0], [math.log(3), 0.0]]), np.array([0, 1]))
    assert loss == pytest.approx((math.log(2) + math.log(4)) / 2), "the mean of both, in nats"
    np.testing.assert_allclose(gradient, [[-0.25, 0.25], [0.375, -0.375]], err_msg="the gradient of the mean: divided by 2, too")


def test_step_02_is_the_programs(mine: Any) -> None:
    logits, labels = 3 * normal(6, 5), np.arange(6) % 5
    theirs = np.empty_like(logits)
    total, _ = SoftmaxCrossEntropy(6, 5, logits.dtype)(logits.copy(), labels, theirs)
    loss, gradient = mine.cross_entropy(logits.copy(), labels)
    assert loss == pytest.approx(total / 6)
    np.testing.assert_allclose(gradient, theirs, rtol=1e-9, atol=1e-12)


def test_step_02_nothing_overflows(mine: Any) -> None:
    loss, gradient = mine.cross_entropy(np.array([[1e30, -1e30]]), np.array([1]))
    assert loss == pytest.approx(2e30)
    np.testing.assert_allclose(gradient, [[1, -1]])


def test_step_03_dense_backward_by_hand(mine: Any) -> None:
    dense = mine.Dense(np.array([[1.0, 2.0], [3.0, 4.0]]))
    dense.forward(np.array([[1.0, 10.0], [2.0, 20.0]]))
    at_input = dense.backward(np.array([[1.0, 0.0], [0.0, 1.0]]))
    weight_gradient, bias_gradient = dense.gradients
    np.testing.assert_allclose(weight_gradient, [[1, 2], [10, 20]])
    np.testing.assert_allclose(bias_gradient, [1, 1])
    np.testing.assert_allclose(at_input, [[1, 3], [2, 4]])


def test_step_03_is_the_programs(mine: Any) -> None:
    dense = mine.Dense(normal(5, 4))
    x, labels = normal(7, 5, seed=1), np.arange(7) % 4
    _, gradient = mine.cross_entropy(dense.forward(x), labels)
    dense.backward(gradient)
    *_, theirs = gradients(program(dense.parameters, [5, 4], "relu"), x, labels)
    for own, expected in zip(dense.gradients, theirs, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-12)


def test_step_04_numeric_gradient_of_what_is_known(mine: Any) -> None:
    x = normal(3, 2)
    before = x.copy()
    np.testing.assert_allclose(mine.numeric_gradient(lambda: float((x**3).sum()), x), 3 * before**2, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(x, before, "the array is left as it was")


def test_step_04_your_backward_agrees_with_it(mine: Any) -> None:
    dense = mine.Dense(normal(5, 4))
    x, labels = normal(7, 5, seed=1), np.arange(7) % 4

    def loss() -> Any:
        return mine.cross_entropy(dense.forward(x), labels)[0]

    _, gradient = mine.cross_entropy(dense.forward(x), labels)
    at_input = dense.backward(gradient)
    for parameter, own in zip(dense.parameters, list(dense.gradients), strict=True):
        np.testing.assert_allclose(own, mine.numeric_gradient(loss, parameter), rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(at_input, mine.numeric_gradient(loss, x), rtol=1e-5, atol=1e-8)


VARIANCE: dict[str, Callable[[int, int], float]] = {
    "uniform": lambda inputs, units: 0.05**2 / 3,
    "glorot_uniform": lambda inputs, units: 2 / (inputs + units),
    "glorot_normal": lambda inputs, units: 2 / (inputs + units),
    "he_uniform": lambda inputs, units: 2 / inputs,
    "he_normal": lambda inputs, units: 2 / inputs,
}


@pytest.mark.parametrize("name", VARIANCE)
def test_step_05_initializers(mine: Any, name: str) -> None:
    weight = mine.INITIALIZERS[name](np.random.default_rng(1), 300, 500)
    again = mine.INITIALIZERS[name](np.random.default_rng(1), 300, 500)
    assert weight.shape == (300, 500)
    np.testing.assert_array_equal(weight, again, "all chance comes from the generator that is given")
    deviation = VARIANCE[name](300, 500) ** 0.5
    # Five standard errors of the mean and of the variance, of 150,000 draws.
    assert abs(weight.mean()) < 5 * deviation / weight.size**0.5
    assert weight.var() == pytest.approx(deviation**2, rel=5 * (2 / weight.size) ** 0.5)
    # A uniform distribution ends at √3 deviations; of a normal one, this many draws go beyond 4.
    furthest = np.abs(weight).max() / deviation
    assert furthest > 4 if name.endswith("normal") else furthest <= 3**0.5


def held_to_the_program(mine: Any, layer: Any, name: str) -> None:
    """An activation's values and its gradient at the input, which your own numeric gradient has to find as well."""
    x = np.array([[-30.0, -2.0, -0.5], [0.5, 2.0, 30.0]])
    # Between two layers that pass on what they get.
    passing = [np.eye(3), np.zeros(3)]
    expected, *_ = gradients(program([*passing, *layer.parameters, *passing], [3, 3, 3], name), x, np.zeros(2, int))
    np.testing.assert_allclose(layer.forward(x), expected, rtol=1e-12)
    weights = normal(*x.shape)
    layer.forward(x)
    at_input = layer.backward(weights.copy())
    numeric = mine.numeric_gradient(lambda: float((layer.forward(x) * weights).sum()), x)
    np.testing.assert_allclose(at_input, numeric, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_step_06_activations(mine: Any, name: str) -> None:
    layer = mine.ACTIVATIONS[name]()
    assert list(layer.parameters) == list(layer.gradients) == [], "it learns nothing"
    held_to_the_program(mine, layer, name)


def test_step_06_sigmoid_never_overflows(mine: Any) -> None:
    np.testing.assert_array_equal(mine.ACTIVATIONS["sigmoid"]().forward(np.array([[-1e30, 0.0, 1e30]])), [[0, 0.5, 1]])


def test_step_06_further_prelu(mine: Any) -> None:
    if not hasattr(mine, "PReLU"):
        pytest.skip("PReLU is a further exercise")
    layer = mine.PReLU(3)
    held_to_the_program(mine, layer, "prelu")
    (slopes,) = layer.parameters
    x = normal(4, 3)
    layer.forward(x)
    layer.backward(np.ones_like(x))
    own = layer.gradients[0]
    np.testing.assert_allclose(own, mine.numeric_gradient(lambda: float(layer.forward(x).sum()), slopes), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", [*FIRST_THREE, *FURTHER])
def test_step_07_optimizers(mine: Any, name: str) -> None:
    if name in FURTHER and name not in mine.OPTIMIZERS:
        pytest.skip(f"{name} is a further exercise")
    start, steps = normal(6), [normal(6, seed=1), 1e-6 * normal(6, seed=2), normal(6, seed=3)]
    own, their = [start[:4].copy(), start[4:].copy()], start.copy()
    their_gradient = np.empty(6)
    optimizer, theirs = mine.OPTIMIZERS[name](0.1), OPTIMIZERS[name](their, their_gradient)
    kept = list(own)
    for gradient in steps:
        optimizer.step(own, [gradient[:4], gradient[4:]])
        their_gradient[:] = gradient
        theirs.step(0.1)
        np.testing.assert_allclose(np.concatenate(kept), their, rtol=1e-9, err_msg="moved in place, as the program moves them")


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_step_08_a_deep_network_is_the_programs(mine: Any, activation: str) -> None:
    sizes = [6, 5, 7, 4]
    network = built(mine, sizes, activation)
    x, labels = normal(9, 6, seed=5), np.arange(9) % 4
    logits, expected_loss, theirs = gradients(program(network.parameters, sizes, activation), x, labels)
    own_logits = network.forward(x)
    np.testing.assert_allclose(own_logits, logits, rtol=1e-9)
    loss, gradient = mine.cross_entropy(own_logits, labels)
    assert loss == pytest.approx(expected_loss)
    network.backward(gradient)
    for own, expected in zip(network.gradients, theirs, strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-9, atol=1e-12)


class Watched:
    """A network that learns nothing, and takes note of what it is shown."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.parameters: list[NDArray[Any]] = []
        self.gradients: list[NDArray[Any]] = []

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        self.batches.append([int(number) for number in x[:, 0]])
        return np.zeros((len(x), 2))

    def backward(self, gradient: NDArray[Any]) -> None:
        assert gradient.shape == (len(self.batches[-1]), 2)


def test_step_08_an_epoch_shows_each_image_once(mine: Any) -> None:
    network, images = Watched(), np.arange(10.0)[:, None]
    losses = list(
        mine.train(network, mine.OPTIMIZERS["sgd"](0.1), images, np.zeros(10, int), epochs=2, batch_size=4, rng=np.random.default_rng(0))
    )
    assert [len(batch) for batch in network.batches] == [4, 4, 2] * 2, "the last batch is a short one"
    first, second = ([number for batch in network.batches[start : start + 3] for number in batch] for start in (0, 3))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second, "each epoch has an order of its own"
    assert losses == pytest.approx([math.log(2)] * 2), "the mean over the images, once an epoch"


def test_step_08_it_learns_and_a_seed_decides_all(mine: Any, digits: Dataset) -> None:
    images, labels = digits.training.images.reshape(600, -1) / 255, digits.training.labels

    def trained() -> tuple[list[float], float]:
        rng = np.random.default_rng(3)
        sizes = [(784, 16), (16, 10)]
        hidden, output = (mine.Dense(mine.INITIALIZERS["he_normal"](rng, inputs, units)) for inputs, units in sizes)
        network = mine.Network([hidden, mine.ACTIVATIONS["relu"](), output])
        losses = mine.train(network, mine.OPTIMIZERS["adam"](0.01), images, labels, epochs=5, batch_size=32, rng=rng)
        return list(losses), mine.accuracy(network, images, labels)

    losses, accuracy = trained()
    assert losses[-1] < 0.5 * losses[0]
    assert accuracy > 0.9
    assert trained() == (losses, accuracy)


@pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_step_09_idx_packed_or_not(mine: Any, tmp_path: Path, name: str) -> None:
    packed = ROOT / "data" / name
    found = mine.read_idx(packed)
    content = gzip.decompress(packed.read_bytes())
    assert found.dtype == np.uint8
    assert found.shape == ((10000, 28, 28) if "images" in name else (10000,))
    assert found.tobytes() == content[-found.size :]
    plain = tmp_path / name.removesuffix(".gz")
    plain.write_bytes(content)
    np.testing.assert_array_equal(mine.read_idx(plain), found)


HEAD = b"\0\0\x08\x02\0\0\0\x02\0\0\0\x03"


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n", HEAD[:7], HEAD + bytes(5), HEAD + bytes(7), b"\0\0\x0d" + HEAD[3:] + bytes(6)]
)
def test_step_09_a_file_that_lies_is_refused(mine: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(HEAD + bytes(6))
    assert mine.read_idx(path).shape == (2, 3)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        mine.read_idx(path)


@pytest.mark.long
@pytest.mark.timeout(620)
def test_step_10_more_than_97_of_100_images() -> None:
    # One thread: several of these may run at the same time.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, str(FILE)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    found = re.search(r"test accuracy (\d+\.\d+)%\s*\Z", done.stdout)
    assert found, f"the last line does not read `test accuracy 97.12%`: {done.stdout[-200:]!r}"
    assert float(found[1]) >= 97
