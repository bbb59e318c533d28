"""What each rule says of a run that is told, without any training: its limits, its words, and which comes first."""

import json
from collections.abc import Sequence
from itertools import pairwise
from math import nan
from typing import Any

import pytest
from history import story

from tui_trainer.config.options import Config
from tui_trainer.diagnosis.case import Case, DataFacts, Predictions
from tui_trainer.diagnosis.diagnose import Rhythm, diagnose, first_finding
from tui_trainer.diagnosis.finding import Finding
from tui_trainer.diagnosis.remedies import briefly, changed, growth
from tui_trainer.diagnosis.rules import RULES
from tui_trainer.history.history import History
from tui_trainer.history.quantities import FIGURES
from tui_trainer.training.events import Divergence, Ended, LayerHealth

EVEN = DataFacts((100,) * 10, rms=0.3, constant=0.1)


def layer(name: str, **figures: float) -> LayerHealth:
    healthy = {"gradient_norm": 1.0, "weight_norm": 5.0, "update_ratio": 1e-3, "activation_mean": 0.0, "activation_std": 1.0}
    return LayerHealth(name, **{**healthy, "dead_fraction": 0.0, "saturated_fraction": 0.1, **figures})


def layers(**first: float) -> list[LayerHealth]:
    """Four layers, and other figures of the first."""
    return [layer("dense_1", **first), layer("dense_2"), layer("dense_3"), layer("dense_4")]


def told(
    measured: Sequence[LayerHealth] = (),
    *,
    start: Sequence[LayerHealth] | None = None,
    accuracy: float | None = 0.1,
    status: Any = "completed",
    loss_at_start: float = 2.3,
    epochs: Sequence[dict[str, Any]] = ({"train_loss": 2.3, "train_accuracy": 0.1},),
    data: DataFacts | None = EVEN,
    predictions: Predictions | None = None,
    **options: Any,
) -> Case:
    """A run whose layers were like this, at the `start` and in the end."""
    history = History()
    history.add(story.progress(1, loss=loss_at_start, layers=tuple(start if start is not None else measured)))
    for number, figures in enumerate(epochs, 1):
        history.add(story.progress(number * story.BATCHES))
        history.add(
            story.epoch_ended(number, **{"validation_loss": None, "validation_accuracy": None, "layers": tuple(measured), **figures})
        )
    divergence = Divergence("dense_2", 1, 7) if status == "diverged" else None
    if status:
        history.add(Ended(status, len(epochs), None, 2.3, accuracy, 1.0, divergence, None))
    history.drain()
    return Case(Config.parse({"hidden": "100x3", **options}), history, data, predictions)


def found(case: Case) -> dict[str, Finding]:
    return {finding.name: finding for finding in diagnose(case)}


@pytest.mark.parametrize(
    ("figure", "word", "name"), [("gradient_norm", "vanishing", "vanishing_gradients"), ("dead_fraction", "dead", "dead_units")]
)
@pytest.mark.parametrize("value", [0.0, 1e-9, 0.0099, 0.0101, 0.39, 0.4, 0.41, 1.0])
def test_a_rule_speaks_where_the_map_has_its_word(figure: str, word: str, name: str, value: float) -> None:
    assert (name in found(told(layers(**{figure: value})))) == (FIGURES[figure].band(value).word == word)


def test_a_run_that_went_well_is_told_nothing() -> None:
    well = {"train_loss": 0.1, "train_accuracy": 0.97}
    for figures in ({}, {"gradient_norm": 1e-9}):
        assert not diagnose(told(layers(**figures), accuracy=0.97, epochs=[well]))


def test_nothing_is_said_of_an_untrained_network_and_in_the_app_of_one_that_was_cut_short() -> None:
    case = told(layers(dead_fraction=1.0))
    assert not diagnose(Case(Config.parse({"epochs": 0}), case.history, EVEN))
    for status in ("stopped", "interrupted"):
        assert first_finding(told(layers(dead_fraction=1.0), status=status)) is None
    assert first_finding(case)


def test_what_an_earlier_version_did_not_measure_is_no_finding() -> None:
    unknown = [layer(f"dense_{number}", dead_fraction=nan, gradient_norm=nan) for number in range(1, 5)]
    assert not found(told(unknown, accuracy=0.9)).keys() & {"dead_units", "vanishing_gradients"}


def test_more_layers_than_the_options_name_are_passed_over() -> None:
    """A file of a stranger may have any number of them."""
    assert "dead_units" not in found(told([*layers(), layer("dense_5", dead_fraction=1.0), layer("dense_6")], accuracy=0.9))


def test_stacked_sigmoids_take_another_function_with_its_own_weights() -> None:
    finding = found(told(layers(gradient_norm=1e-9), activation="sigmoid", initializer="uniform"))["vanishing_gradients"]
    assert finding.remedies == ({"activation": "relu", "initializer": "he_normal"}, {"activation": "tanh", "initializer": "glorot_uniform"})
    assert briefly(finding.remedies) == "relu + he_normal / tanh + glorot_uniform"
    assert (finding.layer, finding.step) == ("dense_1", 1)


def test_a_signal_that_fades_on_its_way_forward_takes_every_gradient_with_it() -> None:
    fading = [layer(f"dense_{number}", activation_std=100.0**-number, gradient_norm=1e-6) for number in range(1, 5)]
    assert "vanishing_gradients" in found(told(fading))


def test_units_that_died_in_training_are_the_rates_fault() -> None:
    names = list(found(told(layers(dead_fraction=0.89), start=layers(), accuracy=0.9, learning_rate=0.03)))
    assert names == ["learning_rate_high", "dead_units"]
    case = told(layers(dead_fraction=0.89), start=layers(), accuracy=0.9, learning_rate=0.03)
    finding = found(case)["learning_rate_high"]
    assert finding.say(finding.symptom) == "rate too high: 89% of dense_1 died"
    assert finding.remedies == ({"learning_rate": 0.001},)


def test_units_of_a_function_with_bounds_are_saturated_not_dead() -> None:
    names = found(told(layers(dead_fraction=0.9), activation="tanh,relu,tanh")).keys()
    assert "saturated_units" in names
    assert "dead_units" not in names


def test_divergence_is_the_initializers_where_each_layer_multiplies_and_the_rates_where_none_does() -> None:
    def cause(**options: Any) -> Finding:
        return diagnose(told(status="diverged", accuracy=None, epochs=[], hidden="100x10", optimizer="sgd", **options))[0]

    wide = cause(initializer="uniform", uniform_limit=1)
    assert (wide.name, wide.remedies) == ("exploding_gradients", ({"initializer": "he_normal"},))
    fast = cause(learning_rate=10)
    assert (fast.name, fast.remedies) == ("learning_rate_high", ({"learning_rate": 0.01},))
    decayed = cause(weight_decay=1000)
    assert (decayed.name, decayed.remedies) == ("decay_too_strong", ({"weight_decay": 0.0},))
    plain = cause()
    assert (plain.name, plain.layer, plain.step) == ("diverged", "dense_2", 7)


@pytest.mark.parametrize(
    ("rate", "names"),
    [(1e-9, ["learning_rate_low", "no_learning"]), (9.0, ["learning_rate_high", "no_learning"]), (0.001, ["no_learning"])],
)
def test_nothing_learned_is_the_rates_fault_only_where_it_is_out_of_the_way(rate: float, names: list[str]) -> None:
    measured = [each._replace(update_ratio=rate) for each in layers()]
    case = told(measured, epochs=[{"train_loss": 2.4, "train_accuracy": 0.1}], learning_rate=rate)
    assert list(found(case)) == names


@pytest.mark.parametrize(("rms", "speaks"), [(0.005, True), (0.02, False), (1.0, False), (15.0, False), (79.0, True)])
def test_inputs_are_judged_by_their_size(rms: float, speaks: bool) -> None:
    case = told(layers(), accuracy=0.95, epochs=[{"train_loss": 0.1, "train_accuracy": 0.97}], data=DataFacts((10,) * 10, rms, 0.0))
    assert ("bad_scale" in found(case)) == speaks


@pytest.mark.parametrize(("loss", "speaks"), [(2.3, False), (4.5, False), (6.0, True), (nan, True)])
def test_a_first_loss_far_above_guessing_is_a_bad_start(loss: float, speaks: bool) -> None:
    assert ("bad_start" in found(told(layers(), loss_at_start=loss))) == speaks


def course(*losses: tuple[float, float], accuracy: float = 0.95) -> list[dict[str, Any]]:
    """Epochs by their training and validation losses."""
    return [
        {"train_loss": train, "train_accuracy": accuracy, "validation_loss": validation, "validation_accuracy": accuracy}
        for train, validation in losses
    ]


def test_overfitting_says_since_when() -> None:
    rising = course((0.5, 0.4), (0.2, 0.3), (0.1, 0.33), (0.05, 0.36), (0.02, 0.5))
    finding = found(told(layers(), accuracy=0.9, epochs=rising))["overfitting"]
    assert finding.say(finding.symptom) == "overfitting since epoch 2"
    assert finding.step == 2 * story.BATCHES
    assert "overfitting" not in found(told(layers(), accuracy=0.9, epochs=rising[:3]))
    level = course((0.5, 0.4), (0.4, 0.3), (0.3, 0.33), (0.3, 0.36), (0.3, 0.5))
    assert "overfitting" not in found(told(layers(), accuracy=0.9, epochs=level))


def test_early_stopping_is_early_only_where_the_loss_had_hardly_risen() -> None:
    options: dict[str, Any] = {"early_stopping": 1, "validation": 100, "accuracy": 0.9}
    assert "early_stopping_early" in found(told(layers(), epochs=course((0.5, 0.4), (0.45, 0.41)), **options))
    assert "early_stopping_early" not in found(told(layers(), epochs=course((0.5, 0.4), (0.45, 0.6)), **options))


def test_labels_that_hold_for_no_other_image_are_told_from_a_network_that_cannot_learn() -> None:
    by_heart = [{"train_loss": 0.5, "train_accuracy": 0.9, "validation_loss": 4.0, "validation_accuracy": 0.1}]
    finding = found(told(layers(), epochs=by_heart))["no_learning"]
    assert "labels" in finding.say(finding.symptom)
    assert not finding.tried


def test_the_most_frequent_class_is_what_has_to_be_beaten() -> None:
    skewed = DataFacts((900, *(11,) * 9), 0.3, 0.1)
    case = told(layers(), accuracy=0.9, epochs=[{"train_loss": 0.5, "train_accuracy": 0.9}], data=skewed)
    assert "no_learning" in found(case)
    assert "no_learning" not in found(told(layers(), accuracy=0.9, epochs=[{"train_loss": 0.5, "train_accuracy": 0.9}]))


def test_a_class_that_is_never_given_is_named() -> None:
    given = Predictions((10,) * 10, (20, 0, *(10,) * 8))
    finding = found(told(layers(), accuracy=0.8, epochs=course((0.5, 0.5), accuracy=0.8), predictions=given))["missing_class"]
    assert finding.evidence["classes"] == [1]
    absent = DataFacts((0, *(10,) * 9), 0.3, 0.1)
    assert found(told(layers(), accuracy=0.8, epochs=course((0.5, 0.5), accuracy=0.8), data=absent))["missing_class"].tried == ()


def test_while_the_run_goes_on_rules_that_wait_are_asked_by_name_alone() -> None:
    case = told(layers(), status=None, accuracy=None)
    assert not diagnose(case)
    assert [finding.name for finding in diagnose(case, ["no_learning"])] == ["no_learning"]


def test_growth_is_how_much_further_the_weights_spread_than_those_made_for_the_function() -> None:
    def grown(hidden: str, **options: object) -> float:
        return growth(Config.parse({"hidden": hidden, **options}))

    assert grown("none") == grown("100x10") == grown("50,70,90", activation="tanh") == 1
    # U(±1) has the variance 1/3, He's weights 2/50.
    assert grown("50,50", initializer="uniform", uniform_limit=1) == pytest.approx((50 / 6) ** (2 / 2))


def test_a_remedy_replaces_what_was_changed_in_mid_run_and_what_follows_from_the_activation() -> None:
    config = Config.parse({"activation": "elu", "changes": "3 learning_rate=0.5 batch_size=8, 5 learning_rate=0.1"})
    cured = changed(config, {"learning_rate": 0.001, "activation": "leaky_relu"})
    assert [dict(change.values) for change in cured.changes] == [{"batch_size": 8}]
    assert (cured.learning_rate, cured.record()["alpha"]) == (0.001, 0.01)


def test_every_rule_says_what_it_looks_at_and_where_its_limit_is_from() -> None:
    places = [rule.place for rule in RULES.values()]
    assert places == sorted(set(places))
    for rule in RULES.values():
        assert all((rule.symptom, rule.cause, rule.looks_at, rule.source))


def test_every_finding_is_strict_json_with_all_its_words() -> None:
    sick = told(layers(gradient_norm=1e-9, dead_fraction=0.9), loss_at_start=nan, weight_decay=2000, learning_rate=9, activation="sigmoid")
    names = []
    for finding in diagnose(sick):
        record = json.loads(json.dumps(finding.record(), allow_nan=False))
        names.append(record["name"])
        assert record["event"] == "finding"
        assert "{" not in record["symptom"] + record["cause"]
        assert all(remedy["options"] for remedy in record["remedies"])
    assert names == sorted(names, key=list(RULES).index)


def test_what_a_strangers_log_calls_a_layer_reaches_no_terminal_raw() -> None:
    measured = [layer("\x1b[31mred", dead_fraction=1.0), layer("dense_2"), layer("dense_3"), layer("dense_4")]
    finding = found(told(measured, accuracy=0.9))["dead_units"]
    assert "\x1b" not in finding.say(finding.symptom) + finding.say(finding.cause)


def test_a_long_run_is_looked_at_ever_less() -> None:
    rhythm = Rhythm()
    looked = [epoch for epoch in range(1, 100_001) if rhythm.is_due(epoch)]
    assert looked[:10] == list(range(1, 11))
    assert len(looked) < 120
    assert all(later <= 1.1 * before + 1 for before, later in pairwise(looked))
