"""Softmax cross-entropy: exact values, and logits that would overflow a naive one."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tui_trainer.nn.losses import SoftmaxCrossEntropy, softmax


def loss_of(logits: list[list[float]], labels: list[int], dtype: type = np.float64) -> tuple[float, int, np.ndarray]:
    z: NDArray[Any] = np.array(logits, dtype)
    gradient = np.empty_like(z)
    total, correct = SoftmaxCrossEntropy(z.shape[0], z.shape[1], z.dtype)(z, np.array(labels), gradient)
    return total, correct, gradient


def test_exact_values() -> None:
    total, correct, gradient = loss_of([[0, 0], [math.log(3), 0]], [0, 1])
    assert total == pytest.approx(math.log(2) + math.log(4), rel=1e-14)
    assert correct == 1
    np.testing.assert_allclose(gradient, [[-0.25, 0.25], [0.375, -0.375]], rtol=1e-14)


def test_a_tie_counts_as_the_lowest_class() -> None:
    assert loss_of([[1, 1, 1]], [0])[1] == 1
    assert loss_of([[1, 1, 1]], [2])[1] == 0


@pytest.mark.parametrize("huge", [1e30, 3e38])
def test_huge_logits_neither_overflow_nor_lose_the_loss(huge: float) -> None:
    with np.errstate(invalid="raise", divide="raise"):
        total, correct, gradient = loss_of([[huge, 0, 0], [-huge, 0, 0]], [0, 1], np.float32)
    assert total == pytest.approx(math.log(2), rel=1e-6)
    assert correct == 2
    np.testing.assert_allclose(gradient, [[0.0, 0.0, 0.0], [0.0, -0.25, 0.25]])
    wrong, _, _ = loss_of([[1e30, -1e30]], [1], np.float32)
    assert wrong == pytest.approx(2e30, rel=1e-6)


@given(
    logits=arrays(
        np.float32,
        st.tuples(st.integers(1, 5), st.integers(2, 6)),
        elements=st.floats(-1.0000000150474662e30, 1.0000000150474662e30, width=32),
    )
)
def test_gradient_rows_sum_to_zero_and_loss_is_not_negative(logits: np.ndarray) -> None:
    rows = len(logits)
    total, _, gradient = loss_of(logits.tolist(), [0] * rows, np.float32)
    assert total >= 0
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(softmax(logits).sum(axis=1), 1, rtol=1e-5)
