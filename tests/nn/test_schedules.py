"""Learning rates over a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.nn.schedules import SCHEDULES, Course, course

OPTIONS = {"decay": 0.1, "decay_every": 2.0}

EXPECTED = {
    "constant": [1, 1, 1, 1, 1],
    "step": [1, 1, 0.1, 0.1, 0.01],
    "exponential": [1, 0.1**0.5, 0.1, 0.1**1.5, 0.01],
    "polynomial": [1, 0.75, 0.5, 0.25, 0],
    "one_cycle": [0.04, 0.9357, 0.8117, 0.2831, 4e-6],
    "plateau": [1, 1, 1, 1, 1],
    "cosine": [1, 0.8535533905932737, 0.5, 0.14644660940672624, 0],
}


def of(name: str, *, epochs: float, warmup: float, **options: float) -> Course:
    """A schedule with those of the options that it has."""
    own = SCHEDULES[name].hyperparameters
    return course(name, epochs=epochs, warmup=warmup, **{key: value for key, value in {**OPTIONS, **options}.items() if key in own})


@pytest.mark.parametrize("name", SCHEDULES)
def test_factors_at_each_epoch_of_four(name: str) -> None:
    factor = of(name, epochs=4, warmup=0)
    assert [factor(epoch, epoch + 1) for epoch in range(5)] == pytest.approx(EXPECTED[name], abs=5e-5 if name == "one_cycle" else 1e-15)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("warmup", [1, 3])
def test_a_warm_up_rises_to_the_rate_and_the_schedule_has_what_is_left(name: str, warmup: int) -> None:
    factor = of(name, epochs=4 + warmup, warmup=warmup)
    assert [factor(warmup * t / 5, warmup * (t + 1) / 5) for t in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert [factor(warmup + epoch, warmup + epoch + 1) for epoch in range(5)] == pytest.approx(
        EXPECTED[name], abs=5e-5 if name == "one_cycle" else 1e-15
    )


def test_the_step_in_which_a_warm_up_ends_has_the_whole_rate() -> None:
    assert course("cosine", epochs=4, warmup=0.3)(0.25, 0.5) == 1


@given(
    name=st.sampled_from(sorted(SCHEDULES)),
    decay=st.floats(0.01, 1),
    every=st.floats(1e-30, 1e30),
    epochs=st.integers(0, 50),
    warmup=st.floats(0, 60),
    at=st.floats(0, 1),
)
def test_factors_stay_between_zero_and_one(name: str, decay: float, every: float, epochs: int, warmup: float, at: float) -> None:
    factor = of(name, decay=decay, decay_every=every, epochs=epochs, warmup=warmup)(at * epochs, at * epochs + 0.01)
    assert 0 <= factor <= 1
    assert factor > 0 or at * epochs >= warmup
