"""Which finding explains how a run ended, from its options and its layers alone."""

from math import nan

import pytest

from tui_trainer.config.options import Config
from tui_trainer.diagnosis.remedies import SYMPTOMS, Finding, briefly, diagnose, growth
from tui_trainer.history.quantities import FIGURES
from tui_trainer.training.events import LayerHealth


def layer(name: str, **figures: float) -> LayerHealth:
    healthy = {"gradient_norm": 1.0, "weight_norm": 5.0, "update_ratio": 1e-3, "activation_mean": 0.0, "activation_std": 1.0}
    return LayerHealth(name, **{**healthy, "dead_fraction": 0.0, "saturated_fraction": 0.1, **figures})


def completed(layers: list[LayerHealth], accuracy: float | None = 0.1, **options: object) -> Finding | None:
    return diagnose(Config.parse({"hidden": "100x3", **options}), "completed", accuracy, layers)


def diverged(**options: object) -> Finding:
    found = diagnose(Config.parse({"hidden": "100x10", "optimizer": "sgd", **options}), "diverged", None, ())
    assert found
    return found


def healthy(**first: float) -> list[LayerHealth]:
    """Four layers, and other figures of the first."""
    return [layer("dense_1", **first), layer("dense_2"), layer("dense_3"), layer("dense_4")]


@pytest.mark.parametrize(
    ("figure", "word", "name"), [("gradient_norm", "vanishing", "vanishing_gradients"), ("dead_fraction", "dead", "dead_units")]
)
@pytest.mark.parametrize("value", [0.0, 1e-9, 0.0099, 0.0101, 0.39, 0.4, 0.41, 1.0])
def test_the_finding_speaks_where_the_map_has_its_word(figure: str, word: str, name: str, value: float) -> None:
    found = completed(healthy(**{figure: value}))
    assert found
    assert (found.name == name) == (FIGURES[figure].band(value).word == word)


def test_a_run_that_went_well_or_was_cut_short_is_told_nothing() -> None:
    assert completed(healthy(), 0.97) is None
    assert completed(healthy(gradient_norm=1e-9), 0.97) is None
    assert completed(healthy(), None) is None
    assert completed(healthy(), epochs=0) is None
    assert diagnose(Config.parse({}), "stopped", 0.1, healthy(dead_fraction=1.0)) is None
    assert diagnose(Config.parse({}), "interrupted", None, ()) is None


def test_what_an_earlier_version_did_not_measure_is_no_finding() -> None:
    assert completed([layer(f"dense_{number}", dead_fraction=nan, gradient_norm=nan) for number in range(1, 5)], 0.9) is None


def test_more_layers_than_the_options_name_are_passed_over() -> None:
    """A file of a stranger may have any number of them."""
    assert completed([*healthy(), layer("dense_5", dead_fraction=1.0), layer("dense_6")], 0.9) is None


def test_stacked_sigmoids_take_another_function_with_its_own_weights() -> None:
    found = completed(healthy(gradient_norm=1e-9), activation="sigmoid", initializer="uniform")
    assert found
    assert found.remedies == (
        {"activation": "relu", "initializer": "he_normal"},
        {"activation": "tanh", "initializer": "glorot_uniform"},
    )
    assert briefly(found.remedies) == "relu + he_normal / tanh + glorot_uniform"
    fast = completed(healthy(gradient_norm=1e-9), activation="sigmoid", initializer="uniform", optimizer="sgd", learning_rate=1)
    assert fast
    assert fast.remedies == ({"activation": "relu", "initializer": "he_normal", "learning_rate": 0.01},)


def test_dead_units_speak_although_the_rest_has_learned() -> None:
    found = completed(healthy(dead_fraction=0.89), 0.95, learning_rate=0.03)
    assert found == Finding("dead_units", {"layer": "dense_1", "value": 0.89}, ({"learning_rate": 0.001},))
    assert found.symptom() == "dead units: 89% of dense_1"


def test_dead_units_with_nothing_out_of_the_way_leak() -> None:
    found = completed(healthy(dead_fraction=0.5), 0.5)
    assert found
    assert found.remedies == ({"activation": "leaky_relu"},)


def test_the_layer_with_the_most_dead_units_is_named() -> None:
    found = completed([layer("dense_1", dead_fraction=0.5), layer("dense_2", dead_fraction=0.9), layer("dense_3"), layer("dense_4")])
    assert found
    assert found.evidence["layer"] == "dense_2"


def test_units_of_a_function_with_bounds_are_saturated_not_dead() -> None:
    found = completed(healthy(dead_fraction=0.9), activation="tanh,relu,tanh", learning_rate=0.1)
    assert found
    assert (found.name, found.remedies) == ("saturated_units", ({"learning_rate": 0.001},))


def test_divergence_is_the_initializers_where_each_layer_multiplies_and_the_rates_where_none_does() -> None:
    wide = diverged(initializer="uniform", uniform_limit=1)
    assert (wide.name, wide.remedies) == ("exploding_gradients", ({"initializer": "he_normal"},))
    fast = diverged(learning_rate=10)
    assert (fast.name, fast.remedies) == ("learning_rate_high", ({"learning_rate": 0.01},))
    both = diverged(initializer="uniform", uniform_limit=1, learning_rate=10)
    assert (both.name, both.remedies) == ("exploding_gradients", ({"initializer": "he_normal", "learning_rate": 0.01},))
    decayed = diverged(weight_decay=1000)
    assert (decayed.name, decayed.remedies) == ("decay_too_strong", ({"weight_decay": 0.0},))
    assert diverged() == Finding("diverged", {})


def test_several_functions_take_each_the_initializer_made_for_it() -> None:
    found = diverged(activation="relux9,tanh", initializer="uniform", uniform_limit=1)
    assert found.remedies == ({"initializer": "auto"},)
    assert briefly(found.remedies) == "initializer auto"


@pytest.mark.parametrize(
    ("rate", "name"), [(1e-9, "learning_rate_low"), (9.0, "learning_rate_high"), (0.001, "no_learning"), (2e-4, "no_learning")]
)
def test_nothing_learned_is_the_rates_fault_only_where_it_is_out_of_the_way(rate: float, name: str) -> None:
    found = completed(healthy(), learning_rate=rate)
    assert found
    assert found.name == name
    assert found.remedies == (() if name == "no_learning" else ({"learning_rate": 0.001},))


def test_growth_is_how_much_further_the_weights_spread_than_those_made_for_the_function() -> None:
    def grown(hidden: str, **options: object) -> float:
        return growth(Config.parse({"hidden": hidden, **options}))

    assert grown("none") == grown("100x10") == grown("50,70,90", activation="tanh") == 1
    # U(±1) has the variance 1/3, He's weights 2/50.
    assert grown("50,50", initializer="uniform", uniform_limit=1) == pytest.approx((50 / 6) ** (2 / 2))


@pytest.mark.parametrize("name", SYMPTOMS)
def test_every_finding_has_words(name: str) -> None:
    assert Finding(name, {"layer": "dense_1", "value": 0.5}).symptom()
