"""Learning rates over a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.nn.schedules import SCHEDULES, schedule

EXPECTED = {
    "constant": [1, 1, 1, 1, 1],
    "step": [1, 1, 0.1, 0.1, 0.01],
    "exponential": [1, 0.1**0.5, 0.1, 0.1**1.5, 0.01],
    "cosine": [1, 0.8535533905932737, 0.5, 0.14644660940672624, 0],
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_at_each_epoch_of_four(name: str) -> None:
    factor = schedule(name, decay=0.1, decay_every=2, epochs=4, warmup=0)
    assert [factor(epoch) for epoch in range(5)] == pytest.approx(EXPECTED[name], abs=1e-15)


def test_warmup_rises_in_a_line_and_hands_over() -> None:
    factor = schedule("constant", decay=0.5, decay_every=1, epochs=4, warmup=2)
    assert [factor(epoch) for epoch in (0, 0.5, 1, 2, 3)] == [0, 0.25, 0.5, 1, 1]


@given(
    name=st.sampled_from(sorted(SCHEDULES)),
    decay=st.floats(0.01, 1),
    every=st.floats(0.1, 10),
    epochs=st.integers(0, 50),
    warmup=st.floats(0, 5),
    at=st.floats(0, 1),
)
def test_factors_stay_between_zero_and_one(name: str, decay: float, every: float, epochs: int, warmup: float, at: float) -> None:
    assert 0 <= schedule(name, decay=decay, decay_every=every, epochs=epochs, warmup=warmup)(at * epochs) <= 1
