"""Runs whose fault is known, trained: the fault is found first, a remedy cures it, and healthy runs are left alone."""

import pytest
from diagnosis_corpus import EXAMPLES, HEALTHY, Example, data

from tui_trainer.config.options import Config
from tui_trainer.diagnosis.attempt import try_remedy
from tui_trainer.diagnosis.diagnose import diagnose
from tui_trainer.diagnosis.replay import train

pytestmark = pytest.mark.lessons

SEED = 101
"""Another than those that the limits were chosen with."""


def called(example: Example) -> str:
    options = ",".join(f"{name}={value}" for name, value in example.options.items())
    return f"{example.finding or 'healthy'}-{example.data}-{options}"


HEALTHY_RUNS = [example for example in EXAMPLES if example.finding == HEALTHY]
PLANTED = [example for example in EXAMPLES if example.finding != HEALTHY]
CURABLE = list({example.finding: example for example in PLANTED if example.finding != "no_learning"}.values())
"""One for each finding."""


@pytest.mark.parametrize("example", HEALTHY_RUNS, ids=called)
def test_nothing_is_found_in_a_healthy_run(example: Example) -> None:
    case = train(example.config(SEED), data(example.data))
    assert [finding.name for finding in diagnose(case)] == []


@pytest.mark.parametrize("example", PLANTED, ids=called)
def test_a_planted_fault_is_found_first_and_a_remedy_holds(example: Example) -> None:
    case = train(example.config(SEED), data(example.data))
    findings = diagnose(case)
    assert findings
    assert findings[0].name in (example.finding, *example.also)
    if example in CURABLE:
        tried = (try_remedy(case, findings[0], options, data(example.data)) for options in findings[0].tried)
        assert any(attempt.holds for attempt in tried)


@pytest.mark.parametrize("half", [{"activation": "relu"}, {"initializer": "glorot_uniform"}])
def test_half_of_a_remedy_does_not_cure_stacked_sigmoids(half: dict[str, str]) -> None:
    options = {"hidden": "100x10", "activation": "sigmoid", "initializer": "uniform", "optimizer": "sgd"}
    case = train(Config.parse({**options, **half, "validation": 0, "epochs": 3, "threads": 1}), data("mnist"))
    assert diagnose(case)
    assert (case.accuracy or 0) < 0.2
