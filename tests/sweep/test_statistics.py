"""What results amount to."""

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.sweep.statistics import chosen, grouped, interval_of, paired, ranked
from tui_trainer.sweep.store import Figures, Result, RunStatus


def result(activation: str, seed: int, accuracy: float | None, status: RunStatus = RunStatus.COMPLETED) -> Result:
    config = Config.parse({"activation": activation, "seed": seed}).record()
    point = {"activation": activation, "seed": str(seed)}
    place = ["relu", "tanh", "elu"].index(activation) + 3 * seed
    return Result(f"{activation}{seed}", place, config, point, status, Figures(validation_accuracy=accuracy, seconds=2.0))


RELU = [result("relu", seed, value) for seed, value in enumerate([0.90, 0.94, 0.92])]
TANH = [result("tanh", seed, value) for seed, value in enumerate([0.95, 0.97, 0.99])]


def test_runs_that_differ_in_their_seed_are_one_configuration() -> None:
    groups = grouped([*RELU, *TANH])
    assert [group.point for group in groups] == [{"activation": "relu"}, {"activation": "tanh"}]
    relu = groups[0]
    assert relu.scores == {0: 0.90, 1: 0.94, 2: 0.92}
    assert relu.mean == pytest.approx(0.92)
    assert relu.deviation == pytest.approx(0.02)
    assert relu.seconds == 6.0
    assert relu.interval is not None
    assert 0.90 <= relu.interval.low < 0.92 < relu.interval.high <= 0.94


def test_one_run_has_no_spread_and_equal_ones_have_none_either() -> None:
    (group,) = grouped(RELU[:1])
    assert (group.mean, group.deviation, group.interval) == (0.90, None, None)
    assert interval_of((0.5, 0.5, 0.5)) == (0.5, 0.5)
    assert interval_of((0.4, 0.6)) == (0.4, 0.6)


def test_the_interval_holds_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        found = interval_of(tuple(rng.normal(0.9, 0.01, 20).tolist()))
        assert found is not None
        hits += found.low <= 0.9 <= found.high
    assert 0.88 <= hits / 200 <= 0.98


def test_pairs_are_of_one_seed() -> None:
    # The seeds matter more than the difference, which only pairs show.
    first = [result("relu", seed, 0.5 + 0.1 * seed) for seed in range(5)]
    other = [result("tanh", seed, 0.51 + 0.1 * seed) for seed in range(5)]
    relu, tanh = grouped([*first, *other])
    found = paired(tanh, relu)
    assert found is not None
    assert found.seeds == 5
    assert found.difference == pytest.approx(0.01)
    assert found.interval == pytest.approx((0.01, 0.01))
    # Of 2⁵ ways to swap, only these and their opposite are as far apart.
    assert found.p == pytest.approx(2 / 32)
    assert paired(relu, relu) is None
    assert paired(grouped(other[:1])[0], grouped(first[1:])[0]) is None


def test_a_diverged_run_counts_as_right_in_nothing_and_is_not_dropped() -> None:
    (group,) = grouped([*TANH[:2], result("tanh", 2, None, RunStatus.DIVERGED)])
    assert group.scores == {0: 0.95, 1: 0.97, 2: 0.0}
    assert group.mean == pytest.approx(0.64)
    assert group.count(RunStatus.DIVERGED) == 1
    assert chosen([*grouped(RELU), group], 3) is not group


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.PRUNED, RunStatus.RUNNING])
def test_what_has_no_score_chooses_nothing(status: RunStatus) -> None:
    lacking = grouped([*TANH[:2], result("tanh", 2, 0.99, status)])[0]
    relu = grouped(RELU)[0]
    assert lacking.scores == {0: 0.95, 1: 0.97}
    assert chosen([relu, lacking], 3) is relu
    assert ranked([lacking, relu], 3) == [relu, lacking]
    assert chosen([lacking], 3) is None


def test_the_highest_mean_is_chosen_and_of_equal_ones_the_first() -> None:
    relu, tanh = grouped([*RELU, *TANH])
    assert chosen([relu, tanh], 3) is tanh
    assert ranked([relu, tanh], 3) == [tanh, relu]
    twin = grouped([result("elu", seed, value) for seed, value in enumerate([0.95, 0.97, 0.99])])[0]
    assert chosen([relu, tanh, twin], 3) is tanh
    assert chosen(grouped([result("relu", 0, None, RunStatus.DIVERGED)]), 1) is None
