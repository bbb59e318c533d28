"""Against PyTorch: the numbers in pytorch.npz, made by make_golden.py from the same cases."""

from collections.abc import Mapping
from typing import Any

import cases
import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, load
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import INITIALIZERS, initializer
from tui_trainer.nn.losses import SoftmaxCrossEntropy
from tui_trainer.nn.optimizers import OPTIMIZERS, clip_by_norm
from tui_trainer.nn.schedules import course
from tui_trainer.training import engines
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended
from tui_trainer.training.loop import Training


@pytest.fixture(scope="module")
def golden() -> Mapping[str, np.ndarray]:
    with np.load(cases.FILE) as file:
        return dict(file)


@pytest.fixture(params=["numpy", "numba"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways through the network."""
    if request.param == "numba":
        pytest.importorskip("numba")
    else:
        monkeypatch.setattr(engines, "service", lambda: engines.Service(None, "numpy"))
    return str(request.param)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(golden: Mapping[str, np.ndarray], name: str) -> None:
    x = cases.INPUTS[None].copy()
    layer = ACTIVATIONS[name](x.size, **cases.ACTIVATIONS.get(name, {}))
    parameters = {key: np.full(shape, cases.ACTIVATIONS[name][key], np.float32) for key, shape in layer.shapes().items()}
    gradients = {key: np.empty_like(value) for key, value in parameters.items()}
    layer.bind(parameters, gradients)
    out, scratch, gradient = np.empty_like(x), np.empty_like(x), cases.upstream()[None].copy()
    layer.forward(x, out, scratch)
    layer.backward(x, out, gradient, scratch)
    # Of a sigmoid below 1e-38 nothing is left in normal numbers; 2e-7 is two units in the last place.
    # PyTorch's GELU takes 1 + erf, of which below 0 few digits are left.
    np.testing.assert_allclose(out[0], golden[f"activation.{name}.out"], rtol=4e-7, atol=6e-7 if name == "gelu" else 2e-7)
    np.testing.assert_allclose(gradient[0], golden[f"activation.{name}.gradient"], rtol=4e-7, atol=2e-7)
    for key, value in gradients.items():
        np.testing.assert_allclose(value, golden[f"activation.{name}.{key}"], rtol=4e-7)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializers(golden: Mapping[str, np.ndarray], name: str) -> None:
    weights = initializer(name).draw(np.random.default_rng(1), cases.FAN_IN, cases.FAN_OUT)
    lowest, *inner, highest = golden[f"initializer.{name}"]
    if name == "zeros":
        assert not weights.any()
        return
    spread = inner[-1] - inner[0]
    np.testing.assert_allclose(np.quantile(weights, cases.QUANTILES[1:-1]), inner, atol=0.015 * spread)
    if name == "orthogonal":
        np.testing.assert_allclose(weights.T @ weights, np.eye(cases.FAN_OUT), atol=1e-12)
    elif "normal" not in name:
        assert weights.min() == pytest.approx(lowest, rel=1e-3)
        assert weights.max() == pytest.approx(highest, rel=1e-3)
    else:
        # Not truncated: 150,000 draws go beyond four standard deviations.
        assert weights.max() > 4 * weights.std() < highest


def test_loss(golden: Mapping[str, np.ndarray]) -> None:
    logits, gradient = cases.LOGITS.copy(), np.empty_like(cases.LOGITS)
    loss = SoftmaxCrossEntropy(len(logits), logits.shape[1], logits.dtype)
    loss_sum, _ = loss(logits, cases.LABELS.astype(np.intp), gradient)
    np.testing.assert_allclose(gradient, golden["loss.gradient"], rtol=4e-7, atol=1e-7)
    assert loss_sum == pytest.approx(float(golden["loss.each"].astype(np.float64).sum()), rel=1e-6)
    for row, each in enumerate(golden["loss.each"]):
        one = SoftmaxCrossEntropy(1, logits.shape[1], logits.dtype)
        found, _ = one(cases.LOGITS[row : row + 1].copy(), cases.LABELS[row : row + 1].astype(np.intp), np.empty((1, 3), np.float32))
        assert found == pytest.approx(float(each), rel=1e-6, abs=1e-7)


def test_a_smoothed_loss(golden: Mapping[str, np.ndarray]) -> None:
    logits, gradient = cases.LOGITS.copy(), np.empty_like(cases.LOGITS)
    loss = SoftmaxCrossEntropy(len(logits), logits.shape[1], logits.dtype, cases.SMOOTHING)
    loss_sum, _ = loss(logits, cases.LABELS.astype(np.intp), gradient)
    np.testing.assert_allclose(gradient, golden["loss.smoothed.gradient"], rtol=4e-7, atol=1e-7)
    assert loss_sum == pytest.approx(float(golden["loss.smoothed.each"].astype(np.float64).sum()), rel=1e-6)


def test_muon_takes_hidden_matrices_where_pytorch_does(golden: Mapping[str, np.ndarray]) -> None:
    starts = [cases.matrix(index, shape) for index, shape in enumerate(cases.MUON_SHAPES)]
    sizes = [start.size for start in starts]
    places = np.cumsum([0, *sizes])

    def named(vector: np.ndarray) -> dict[str, np.ndarray]:
        spans = zip(places[:-1], places[1:], starts, strict=True)
        return {str(index): vector[begin:end].reshape(start.shape) for index, (begin, end, start) in enumerate(spans)}

    p, g = np.concatenate([start.ravel() for start in starts]), np.zeros(sum(sizes), np.float32)
    rule = OPTIMIZERS["muon"](p, g, named=named)
    for step in range(1, 31):
        for index, tensor in enumerate(named(g).values()):
            tensor[...] = cases.matrix(index + 10 * step, tensor.shape)
        rule.step(cases.RATE)
        for index, tensor in enumerate(named(p).values()):
            if f"muon.{step}.{index}" in golden:
                np.testing.assert_allclose(tensor, golden[f"muon.{step}.{index}"], atol=2e-5, err_msg=f"{step}, {index}")


@pytest.mark.parametrize("case", cases.SCHEDULED)
def test_schedules(golden: Mapping[str, np.ndarray], case: str) -> None:
    name, epochs, batches = case.partition(",")[0], cases.EPOCHS_OF_SCHEDULES, cases.BATCHES
    factor = course(name, epochs=epochs, warmup=0, **cases.SCHEDULED[case])
    expected = golden[f"schedule.{case}"]
    if name == "plateau":
        found = []
        for epoch, loss in enumerate(cases.LOSSES, 1):
            factor.schedule.end_epoch(loss)
            found.append(factor(epoch, epoch))
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        return
    found = [factor(batch * epochs / batches, (batch + 1) * epochs / batches) for batch in range(0, batches, cases.EVERY)]
    # PyTorch's wave ends at the last of its steps, and rises one step shorter: 1 of 1000.
    np.testing.assert_allclose(found, expected, atol=4e-3 if name == "one_cycle" else 1e-12)


@pytest.mark.parametrize("case", cases.RULES)
def test_optimizers(golden: Mapping[str, np.ndarray], path: str, case: str) -> None:
    options: dict[str, Any] = dict(cases.RULES[case])
    clip_norm = options.pop("clip_norm", None)
    p, g = cases.start(), np.empty(cases.start().size, np.float32)
    rule = OPTIMIZERS[case.partition(",")[0]](p, g, **options)
    moved = {}
    for step in range(1, cases.STEPS[-1] + 1):
        g[:] = cases.gradient(step)
        if clip_norm:
            clip_by_norm(g, clip_norm)
        rule.step(cases.RATE)
        moved[step] = p - cases.start()
    for row, step in enumerate(cases.STEPS):
        expected = golden[f"optimizer.{case}"][row] - cases.start()
        # A step of rate η is rounded to the parameter's last place, 6e-8 for one near 1, each time it is taken.
        # Optax adds decoupled decay to the step, which rounds otherwise than 1 - ηλ.
        least = (3e-7 if case == "lion, decay" else 6e-8) * (2 + step / 10)
        np.testing.assert_allclose(moved[step], expected, rtol=2e-5, atol=least, err_msg=f"{path}, step {step}")


@pytest.fixture(scope="module")
def some_images() -> Dataset:
    mnist = load("mnist")
    training, _ = mnist.hold_out(len(mnist.training.labels) - cases.IMAGES)
    return Dataset("some", training, None, mnist.spec)


@pytest.mark.parametrize("case", cases.NORMALIZED)
def test_normalized_networks_with_skips_end_where_pytorch_ends(
    golden: Mapping[str, np.ndarray], path: str, some_images: Dataset, case: str
) -> None:
    fixed = {"batch_size": cases.BATCH, "epochs": cases.EPOCHS, "validation": 0, "shuffle": False, "threads": 1, "residual": 1}
    training = Training(Config.parse({"hidden": list(cases.SKIPPING), **fixed, **cases.NORMALIZED[case]}), some_images)
    for name, tensor in training.state.network.tensors.items():
        layer, _, kind = name.rpartition(".")
        if layer == "residual_2":
            tensor[...] = cases.first_weights(cases.PROJECTION, *tensor.shape)
        elif layer.startswith("dense") and kind == "weight":
            tensor[...] = cases.first_weights(int(layer[-1]) - 1, *tensor.shape)
    *_, end = training.events(Control())
    assert isinstance(end, Ended)
    assert end.snapshot is not None
    names = {name.removeprefix(f"normalized.{case}.") for name in golden if name.startswith(f"normalized.{case}.")}
    assert names == set(training.state.network.tensors)
    for name in names:
        expected = golden[f"normalized.{case}.{name}"].astype(np.float32)
        np.testing.assert_allclose(training.state.network.tensors[name], expected, rtol=1e-3, atol=2e-3, err_msg=f"{path}, {name}")


@pytest.mark.parametrize("activation", cases.RUNS)
def test_two_epochs_end_where_pytorch_ends(golden: Mapping[str, np.ndarray], path: str, some_images: Dataset, activation: str) -> None:
    config = Config.parse(
        {
            "hidden": ",".join(map(str, cases.HIDDEN)),
            "activation": activation,
            "batch_size": cases.BATCH,
            "epochs": cases.EPOCHS,
            "validation": 0,
            "shuffle": False,
            "threads": 1,
            **cases.RUNS[activation],
        }
    )
    training = Training(config, some_images)
    for name, tensor in training.state.network.tensors.items():
        layer, _, kind = name.partition(".")
        tensor[...] = cases.first_weights(int(layer[-1]) - 1, *tensor.shape) if kind == "weight" else 0
    *_, end = training.events(Control())
    assert isinstance(end, Ended)
    assert end.snapshot is not None
    for name, tensor in training.state.network.tensors.items():
        expected = golden[f"run.{activation}.{name}"].astype(np.float32)
        if name.endswith("weight"):
            expected = expected + cases.first_weights(int(name[6]) - 1, *tensor.shape)
        np.testing.assert_allclose(tensor, expected, rtol=0, atol=5e-4, err_msg=f"{path}, {name}")
