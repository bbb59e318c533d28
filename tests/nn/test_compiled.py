"""With numba or without it: the same bits, but for sparse inputs, whose sums run in another order."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.nn import compiled
from tui_trainer.nn.compiled import SparseRows
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, EpochEnded
from tui_trainer.training.loop import Training

pytest.importorskip("numba")


def train(data: Dataset, **options: Any) -> tuple[Ended, list[EpochEnded]]:
    config = Config.parse({"validation": 100, "threads": 1, "epochs": 2, "batch_size": 64, **options})
    events = list(Training(config, data).events(Control()))
    end = events[-1]
    assert isinstance(end, Ended)
    return end, [event for event in events if isinstance(event, EpochEnded)]


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh"])
@pytest.mark.parametrize("hidden", ["none", "24", "24,16,24"])
def test_a_whole_run_gives_the_same_bytes(digits: Dataset, monkeypatch: pytest.MonkeyPatch, activation: str, hidden: str) -> None:
    with_loops, epochs_with = train(digits, activation=activation, hidden=hidden)
    assert compiled.kernels() is not None
    monkeypatch.setattr(compiled, "kernels", lambda: None)
    without, epochs_without = train(digits, activation=activation, hidden=hidden)
    assert with_loops.snapshot is not None
    assert without.snapshot is not None
    for name, tensor in with_loops.snapshot.tensors.items():
        assert tensor.tobytes() == without.snapshot.tensors[name].tobytes(), name
    assert with_loops.test_loss == without.test_loss
    assert [epoch.layers for epoch in epochs_with] == [epoch.layers for epoch in epochs_without]


def test_what_is_not_finite_stays_visible() -> None:
    out = np.array([[np.nan, np.inf, -np.inf, -1.0, 0.0, 2.0]], np.float32)
    compiled.kernels().add_bias_and_rectify(out, np.zeros(6, np.float32))
    np.testing.assert_array_equal(out, [[np.nan, np.inf, 0.0, 0.0, 0.0, 2.0]])


def sparse_bytes(rng: np.random.Generator, samples: int, features: int, share: float) -> np.ndarray:
    return rng.integers(1, 256, (samples, features), dtype=np.uint8) * (rng.random((samples, features)) < share).astype(np.uint8)


@settings(max_examples=40)
@given(
    samples=st.integers(1, 40), features=st.integers(1, 60), units=st.integers(1, 40), share=st.floats(0, 0.3), seed=st.integers(0, 10**6)
)
def test_sparse_products_are_those_of_the_dense_matrix(samples: int, features: int, units: int, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images = sparse_bytes(rng, samples, features, share)
    rows = SparseRows.compress(images)
    numbers = rng.integers(0, samples, 17)
    weight = rng.normal(size=(features, units)).astype(np.float32)
    gradient = rng.normal(size=(17, units)).astype(np.float32)
    dense = images[numbers].astype(np.float64) / 255
    out = np.full((17, units), np.nan, np.float32)
    rows.times(numbers, weight, out)
    np.testing.assert_allclose(out, dense @ weight, rtol=1e-4, atol=1e-5)
    out = np.full((features, units), np.nan, np.float32)
    rows.transposed_times(numbers, gradient, out, rows.scratch(17))
    np.testing.assert_allclose(out, dense.T @ gradient, rtol=1e-4, atol=1e-5)


def test_a_part_of_a_table_is_the_table_of_that_part() -> None:
    rng = np.random.default_rng(0)
    images = np.concatenate([sparse_bytes(rng, 30, 20, 0.2), sparse_bytes(rng, 10, 20, 0.9)])
    whole = SparseRows.compress(images)
    weight = rng.normal(size=(20, 8)).astype(np.float32)
    found = whole.part(10, 30)
    alone = SparseRows.of(images[10:30])
    assert found is not None
    assert alone is not None
    numbers = np.arange(20)
    for rows in (found, alone):
        out = np.empty((20, 8), np.float32)
        rows.times(numbers, weight, out)
        gradient = np.empty((20, 8), np.float32)
        rows.transposed_times(numbers, out, gradient, rows.scratch(20))
        if rows is found:
            expected = out, gradient
    assert np.array_equal(out, expected[0])
    assert np.array_equal(gradient, expected[1])
    # What is not sparse by itself is multiplied as it would be by itself.
    assert whole.part(30, 40) is None is SparseRows.of(images[30:])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("hidden", ["none", "24", "24,16"])
def test_a_run_on_sparse_images_agrees_to_rounding(monkeypatch: pytest.MonkeyPatch, activation: str, hidden: str) -> None:
    rng = np.random.default_rng(0)
    images = sparse_bytes(rng, 400, 100, 0.2)
    labels = (images[:, :10].argmax(axis=1)).astype(np.intp)
    data = Dataset("sparse", Split(images, labels), Split(images[:50], labels[:50]), DataSpec((100,)))
    assert SparseRows.of(images) is not None
    options = {"activation": activation, "hidden": hidden, "optimizer": "sgd", "weight_decay": 0.01, "clip_norm": 1.0}
    with_loops, _ = train(data, **options)
    monkeypatch.setattr(compiled, "kernels", lambda: None)
    without, _ = train(data, **options)
    assert with_loops.snapshot is not None
    assert without.snapshot is not None
    for name, tensor in with_loops.snapshot.tensors.items():
        np.testing.assert_allclose(tensor, without.snapshot.tensors[name], rtol=1e-4, atol=1e-5, err_msg=name)
    assert with_loops.test_loss == pytest.approx(without.test_loss, rel=1e-5)


def test_dense_or_floating_inputs_are_left_as_they_are() -> None:
    rng = np.random.default_rng(0)
    assert SparseRows.of(sparse_bytes(rng, 50, 50, 0.9)) is None
    assert SparseRows.of(np.zeros((5, 5), np.float32)) is None
    assert SparseRows.of(np.zeros((2, 70_000), np.uint8)) is None
