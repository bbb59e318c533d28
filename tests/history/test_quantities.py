"""What the layers' figures are called: at each line that is drawn, and for networks of which it is known how they fare."""

from math import inf, nan
from typing import get_args

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.history.quantities import FIGURES, QUANTITIES, table
from tui_trainer.history.quantity import Grade, Scope
from tui_trainer.runs.log import Layer
from tui_trainer.training.control import Control
from tui_trainer.training.events import EpochEnded, LayerHealth
from tui_trainer.training.loop import Training


def layer(name: str = "dense_1", **figures: float) -> LayerHealth:
    healthy = {"gradient_norm": 1.0, "weight_norm": 5.0, "update_ratio": 1e-3, "activation_mean": 0.0, "activation_std": 1.0}
    return LayerHealth(name, **{**healthy, "dead_fraction": 0.0, "saturated_fraction": 0.1, **figures})


def words(name: str, *values: float) -> list[str]:
    figure = FIGURES[name]
    return [figure.band(float(judged)).word for judged in figure.judged(np.array(values))]


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("update_ratio", 9.9e-5, "slow"),
        ("update_ratio", 1e-4, "healthy"),
        ("update_ratio", 9.9e-3, "healthy"),
        ("update_ratio", 1e-2, "fast"),
        ("dead_fraction", 0.09, "alive"),
        ("dead_fraction", 0.1, "dying"),
        ("dead_fraction", 0.4, "dead"),
        ("saturated_fraction", 0.5, "responsive"),
        ("saturated_fraction", 0.6, "half flat"),
        ("saturated_fraction", 0.9, "flat"),
    ],
)
def test_where_the_lines_are(name: str, value: float, word: str) -> None:
    assert words(name, value) == [word]


def test_gradients_are_judged_by_the_output_layers() -> None:
    assert words("gradient_norm", 1e-9, 9.9e-6, 1e-5, 0.099, 0.1, 1e-3) == [
        "vanishing",
        "vanishing",
        "healthy",
        "healthy",
        "exploding",
        "healthy",
    ]
    assert words("gradient_norm", 101.0, 99.0, 100.0) == ["exploding", "healthy", "healthy"]


def test_spreads_are_judged_by_the_first_layers() -> None:
    assert words("activation_std", 2.0, 0.02, 0.019, 199.0, 201.0) == ["healthy", "healthy", "vanishing", "healthy", "exploding"]


def test_no_gradient_at_all_has_vanished() -> None:
    assert words("gradient_norm", 0.0, 1.0) == ["vanishing", "healthy"]
    assert words("gradient_norm", 0.0, 0.0) == ["vanishing", "vanishing"]


def test_what_is_not_finite_is_beyond_all_measure() -> None:
    figures = table([layer(gradient_norm=nan, activation_std=inf), layer()])
    assert figures[0, list(FIGURES).index("gradient_norm")] == inf
    assert words("gradient_norm", inf, 1.0) == ["exploding", "healthy"]
    assert words("gradient_norm", 1.0, inf) == ["exploding", "exploding"]


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_worse_is_more_severe(name: str) -> None:
    figure = FIGURES[name]
    judged = np.array([0.0, 1e-30, 1e-5, 1e-3, 0.05, 0.3, 0.5, 0.7, 0.95, 1.0, 50.0, 1e3, 1e30, inf])
    severity = figure.severity(judged)
    grades = [figure.band(float(value)).grade for value in judged]
    rank = {Grade.HEALTHY: 0, Grade.NEUTRAL: 0, Grade.LOW: 1, Grade.HIGH: 2}
    assert [int(each) for each in np.floor(severity + 0.5)] == [rank[grade] for grade in grades]
    for grade in Grade:
        of_grade = severity[[each is grade for each in grades]]
        assert (np.diff(of_grade) * (-1 if grade is Grade.LOW else 1) >= 0).all()
    assert np.isnan(figure.severity(np.array([nan]))).all()


@pytest.mark.parametrize("name", FIGURES)
def test_larger_is_drawn_stronger(name: str) -> None:
    figure = FIGURES[name]
    strengths = figure.strength(np.array([0.0, 1e-30, 1e-9, 1e-3, 0.1, 0.5, 1.0, inf]))
    assert strengths[0] == 0
    assert strengths[-1] == 1
    assert (np.diff(strengths) >= 0).all()


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
def test_each_figure_says_where_its_lines_are_and_whose(figure: object) -> None:
    assert isinstance(figure, type(FIGURES["gradient_norm"]))
    assert figure.source
    limits = " ".join(figure.limits())
    for band in figure.bands[:-1]:
        assert (f"{band.below:g}" if figure.logarithmic else f"{band.below:.0%}") in limits


def after_an_epoch(figure: str, data: Dataset, **options: object) -> list[str]:
    config = Config.parse({"validation": 100, "epochs": 1, "threads": 1, "optimizer": "sgd", **options})
    ended = next(event for event in Training(config, data).events(Control()) if isinstance(event, EpochEnded))
    return words(figure, *(getattr(layer, figure) for layer in ended.layers))


def test_a_naive_start_of_deep_sigmoids_vanishes_and_glorots_does_not(digits: Dataset) -> None:
    naive = after_an_epoch("gradient_norm", digits, hidden="30x6", activation="sigmoid", initializer="uniform")
    assert naive[0] == "vanishing"
    assert naive[-1] != "vanishing"
    assert "vanishing" not in after_an_epoch("gradient_norm", digits, hidden="30x6", activation="tanh")


def test_weights_far_too_large_explode_or_saturate(digits: Dataset) -> None:
    assert "exploding" in after_an_epoch(
        "activation_std", digits, hidden="30x6", activation="relu", initializer="uniform", uniform_limit=5.0, learning_rate=1e-30
    )


def test_every_figure_of_the_layers_is_measured_logged_and_declared() -> None:
    assert tuple(Layer.model_fields) == LayerHealth._fields
    assert set(LayerHealth._fields) - set(FIGURES) == {"name", "activation_mean"}


def test_no_two_figures_have_one_name_where_it_matters() -> None:
    for scope in get_args(Scope):
        names = [figure.name for figure in QUANTITIES if figure.scope == scope]
        assert len(set(names)) == len(names)
    for text in ("words", "curve", "profile", "head", "tag"):
        texts = [getattr(figure, text) for figure in QUANTITIES if getattr(figure, text)]
        assert len(set(texts)) == len(texts)
        asked = [figure.lesson_name for figure in QUANTITIES if getattr(figure, text)] if text in ("words", "curve", "profile") else []
        assert len(set(asked)) == len(asked)


def test_what_was_not_measured_is_no_number_but_gradients_always_were() -> None:
    figures = table([layer(gradient_norm=nan, activation_std=nan)], is_logged=True)[0]
    assert figures[list(FIGURES).index("gradient_norm")] == inf
    assert np.isnan(figures[list(FIGURES).index("activation_std")])


def test_what_may_get_worse_is_warned_of_and_not_alarmed_of() -> None:
    tones = {band.word: band.tone for band in FIGURES["dead_fraction"].bands}
    assert tones == {"alive": Grade.HEALTHY, "dying": Grade.LOW, "dead": Grade.HIGH}
    assert {band.tone for figure in FIGURES.values() for band in figure.bands if band.grade is Grade.LOW} == {Grade.LOW}
