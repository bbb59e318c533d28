"""Each check passes on a run that learns, and fails on one with the fault that it is for."""

import json
from dataclasses import replace
from math import inf, log
from typing import Any

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.diagnosis.preflight import loss_at_start
from tui_trainer.diagnosis.preflight.checks import CHECKS, preflight
from tui_trainer.diagnosis.preflight.outcome import Outcome, Span
from tui_trainer.diagnosis.preflight.subject import Subject
from tui_trainer.diagnosis.preflight.time import describe
from tui_trainer.diagnosis.rules import bad_start
from tui_trainer.errors import UserError
from tui_trainer.system import machine

HEALTHY = {"hidden": "16", "validation": 100, "threads": 1, "learning_rate": 0.003}


def config_of(**options: Any) -> Config:
    return Config.parse({**HEALTHY, **options})


def check(name: str, data: Dataset, **options: Any) -> Outcome:
    outcome = CHECKS[name](Subject(config_of(**options), data))
    assert outcome.reason.isascii()
    assert outcome.hint.isascii()
    assert "\n" not in outcome.reason + outcome.hint
    assert bool(outcome.hint) != outcome.passed
    return outcome


def with_training(data: Dataset, images: Any, labels: Any) -> Dataset:
    return replace(data, training=Split(images, np.asarray(labels, np.intp)))


@pytest.mark.parametrize(
    "options",
    [{}, {"optimizer": "sgd", "learning_rate": 0.1}, {"activation": "tanh", "hidden": "16x5"}, {"hidden": "none"}, {"dropout": 0.2}],
    ids=str,
)
def test_a_run_that_learns_passes_every_check(digits: Dataset, options: dict[str, Any]) -> None:
    outcomes = dict(preflight(config_of(**options), digits))
    assert list(outcomes) == list(CHECKS)
    assert {name: outcome.reason for name, outcome in outcomes.items() if not outcome.passed} == {}
    for name, outcome in outcomes.items():
        assert outcome.value is None or outcome.expected.holds(outcome.value), name


def test_a_run_is_checked_the_same_each_time(digits: Dataset) -> None:
    first, again = (dict(preflight(config_of(dropout=0.3), digits)) for _ in range(2))
    for name in CHECKS.keys() - {"memory", "time"}:
        assert first[name] == again[name]


@pytest.mark.parametrize("options", [{"validation": 600}, {"batch_size": 501}, {"validation": 0, "early_stopping": 1}], ids=str)
def test_what_a_run_refuses_is_refused(digits: Dataset, options: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        next(preflight(config_of(**options), digits))


# The loss at the start


def test_a_network_that_is_sure_and_wrong_fails(digits: Dataset) -> None:
    outcome = check("loss_at_start", digits, hidden="16x5", initializer="uniform", uniform_limit=1)
    assert not outcome.passed
    assert outcome.value is not None
    assert outcome.value > log(10) + bad_start.ABOVE


def test_a_network_that_knows_the_answers_before_it_learned_fails(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_at_start, "evaluate", lambda *_: (0.1, 1.0))
    outcome = check("loss_at_start", digits)
    assert not outcome.passed
    assert "label among the inputs" in outcome.hint


# Learning


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"learning_rate": 1e-9}, "right after 500 steps"),
        ({"optimizer": "sgd", "learning_rate": 1e30}, "no longer finite"),
        ({"hidden": "16x8", "activation": "sigmoid", "initializer": "uniform"}, "right after 500 steps"),
        ({"optimizer": "sgd", "weight_decay": 300}, "right after 500 steps"),
    ],
    ids=str,
)
def test_a_run_that_cannot_learn_one_batch_fails(digits: Dataset, options: dict[str, Any], told: str) -> None:
    outcome = check("memorizes_a_batch", digits, **options)
    assert not outcome.passed
    assert told in outcome.reason
    for name in ("initializer", "weight_decay"):
        assert (f"--{name.replace('_', '-')}" in outcome.hint) == (name in options)


def test_labels_that_have_nothing_to_do_with_the_images_are_learned_by_heart_and_not_else(digits: Dataset) -> None:
    images, labels = digits.training
    data = with_training(digits, images, np.random.default_rng(1).permutation(labels))
    assert check("memorizes_a_batch", data).passed
    outcome = check("blank_inputs_do_worse", data)
    assert not outcome.passed
    assert "whether each label belongs to its image" in outcome.hint


def test_images_that_show_nothing_are_no_better_than_blank_ones(digits: Dataset) -> None:
    images, labels = digits.training
    assert not check("blank_inputs_do_worse", with_training(digits, np.full_like(images, 9), labels)).passed


def test_a_run_that_diverges_does_not_do_better_than_on_blank_inputs(digits: Dataset) -> None:
    outcome = check("blank_inputs_do_worse", digits, optimizer="sgd", learning_rate=1e30)
    assert (outcome.passed, outcome.value) == (False, inf)
    assert check("blank_inputs_do_worse", digits, learning_rate=1e-9).passed is False


def test_too_few_samples_for_a_test_are_no_fault(digits: Dataset) -> None:
    images, labels = digits.training
    outcome = check("blank_inputs_do_worse", with_training(digits, images[:4], labels[:4]), validation=0, batch_size=4)
    assert outcome.passed
    assert outcome.value is None


def test_gradients_that_vanish_fail(digits: Dataset) -> None:
    outcome = check("gradients_reach_first_layer", digits, hidden="16x10", activation="sigmoid", initializer="uniform")
    assert not outcome.passed
    assert outcome.value is not None
    assert 0 < outcome.value < 1e-9
    assert check("gradients_reach_first_layer", digits, hidden="none").passed


@pytest.mark.parametrize("images", [np.zeros((600, 784), np.uint8), np.full((600, 784), np.float32(np.inf))], ids=["blank", "infinite"])
def test_no_gradient_at_all_fails(digits: Dataset, images: Any) -> None:
    outcome = check("gradients_reach_first_layer", with_training(digits, images, digits.training.labels))
    assert (outcome.passed, outcome.value) == (False, None)


# The learning rate


@pytest.mark.parametrize(
    ("rate", "told"), [(1e-9, "hardly anything changes"), (100.0, "leap over the valley"), (1e6, "leap over the valley")]
)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_rate_out_of_range_fails(digits: Dataset, optimizer: str, rate: float, told: str) -> None:
    outcome = check("rate_in_range", digits, optimizer=optimizer, learning_rate=rate)
    assert not outcome.passed
    assert told in outcome.reason
    assert "try --learning-rate" in outcome.hint


def test_where_no_rate_helps_none_is_suggested(digits: Dataset) -> None:
    outcome = check("rate_in_range", digits, hidden="16x8", activation="sigmoid", initializer="uniform")
    assert outcome.passed
    assert "none can be suggested" in outcome.reason


def test_a_loss_that_is_never_finite_is_told(digits: Dataset) -> None:
    images = np.full((600, 784), np.float32(3e38))
    outcome = check("rate_in_range", with_training(digits, images, digits.training.labels))
    assert not outcome.passed
    assert "at any rate" in outcome.reason
    json.dumps(outcome.record("rate_in_range"), allow_nan=False)


# The data


def test_classes_that_are_rare_or_missing_fail(digits: Dataset) -> None:
    images, labels = digits.training
    rare = np.where((labels == 3) & (np.arange(600) > 50), 4, labels)
    outcome = check("labels_in_balance", with_training(digits, images, rare), validation=0)
    assert not outcome.passed
    assert outcome.value == np.count_nonzero(rare == 4) / np.count_nonzero(rare == 3)
    outcome = check("labels_in_balance", with_training(digits, images, labels // 2 * 2))
    assert (outcome.passed, outcome.value) == (False, inf)
    assert "1, 3, 5, 7, 9" in outcome.reason
    assert "--validation" not in outcome.hint


def test_classes_that_are_missing_because_they_are_held_out_are_told_so(digits: Dataset) -> None:
    images, labels = digits.training
    order = np.argsort(labels, kind="stable")
    outcome = check("labels_in_balance", with_training(digits, images[order], labels[order]), validation=70)
    assert not outcome.passed
    assert "--validation" in outcome.hint


@pytest.mark.parametrize(("factor", "hint"), [(1.0, "divide them by 255"), (1e-6, "scale them up"), (0.0, "blank")])
def test_inputs_of_an_unusual_size_fail(digits: Dataset, factor: float, hint: str) -> None:
    images = (digits.training.images * np.float32(factor)).astype(np.float32)
    outcome = check("input_scale", with_training(digits, images, digits.training.labels))
    assert not outcome.passed
    assert hint in outcome.hint


def test_inputs_are_measured_as_the_network_gets_them(digits: Dataset) -> None:
    images = digits.training.images.copy()
    images[:, :392] = 7
    outcome = check("input_scale", with_training(digits, images, digits.training.labels), validation=0)
    assert outcome.value == pytest.approx(np.sqrt(np.mean((images / 255.0) ** 2)), rel=1e-5)
    assert "50% of them never change" in outcome.reason


# Memory and time


def test_what_does_not_fit_fails_and_is_not_tried(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory", lambda: 100_000)
    ((name, outcome),) = preflight(config_of(), digits)
    assert (name, outcome.passed, outcome.ends) == ("memory", False, True)
    assert outcome.value == 4 * (785 * 16 + 17 * 10) * 7


def test_what_comes_to_more_than_the_machine_has_fails(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory", lambda: 1_000_000)
    outcome = check("memory", digits)
    assert not outcome.passed
    assert not outcome.ends
    monkeypatch.setattr(machine, "memory", lambda: None)
    monkeypatch.setattr(machine, "resident", lambda: None)
    outcome = check("memory", digits, early_stopping=1)
    assert outcome.passed
    assert "does not tell" in outcome.reason


def test_more_units_take_more_memory(digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "resident", lambda: 0)
    few, many = (check("memory", digits, hidden=hidden).value or 0 for hidden in ("16", "1016"))
    # Parameters, gradients, two slots, and copies of all but the gradients: nine numbers for each of 795,000 at least.
    assert many - few > 7 * 4 * 795_000


def test_time_grows_with_the_epochs(digits: Dataset) -> None:
    assert check("time", digits, epochs=0).value == 0
    outcome = check("time", digits, epochs=1000, validation=0)
    assert outcome.value is not None
    assert outcome.error is not None
    assert outcome.value > outcome.error > 0
    assert check("time", digits, optimizer="sgd", learning_rate=1e30).value is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 ms"), (0.0012, "1.2 ms"), (0.5, "500 ms"), (2.34, "2.3 s"), (59.0, "59 s"), (600.0, "10 min"), (1e6, "278 h")],
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert describe(seconds) == text


# What is told


def test_a_record_is_strict() -> None:
    record = Outcome(False, inf, Span(None, 2.0), "why", "do", error=0.5).record("this")
    assert json.loads(json.dumps(record, allow_nan=False)) == {
        "event": "check",
        "check": "this",
        "passed": False,
        "value": None,
        "expected": [None, 2.0],
        "reason": "why",
        "hint": "do",
        "error": 0.5,
        "finite": False,
    }
    assert not Span(0.0, 1.0).holds(float("nan"))
    assert Span(1.0).holds(1e9)
