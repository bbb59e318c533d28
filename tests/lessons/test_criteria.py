"""What decides a claim: figures of made-up runs, whose values are known."""

from typing import Any

import pytest
from pydantic import ValidationError

from tui_trainer.history.history import History
from tui_trainer.history.quantities import CRITERIA
from tui_trainer.lessons.criteria import Criterion, Figure, Verdict, figures

from .tiny import ended, epoch_ended, health, progress, told


def learned(accuracy: float = 0.9) -> History:
    return told(
        progress(1, 2, 2.4, health(1, 1e-3, 2.0, 0.1), health(2, 0.5, 0.5, 0.3), health(3, 2.0)),
        progress(2, 2, 2.0, health(1, 8e-3, 4.0, 0.6), health(2, 0.5, 1.0, 0.2), health(3, 4.0)),
        epoch_ended(1, accuracy + 0.05),
        progress(3, 2, 1.8),
        progress(4, 2, 1.7, health(1, 1e-4, 3.0, 0.2), health(2, 0.5, 6.0, 0.2), health(3, 1.0)),
        epoch_ended(2, accuracy),
        ended(),
    )


def burst() -> History:
    return told(progress(1, 2, 2.4, health(1, 1.0), health(2, 1.0)), progress(2, 2, float("inf")), ended(diverged_at=2))


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ({"quantity": "validation_accuracy"}, 0.9),
        ({"quantity": "best_validation_accuracy"}, 0.95),
        ({"quantity": "validation_loss"}, 0.1),
        ({"quantity": "training_loss"}, 0.5),
        ({"quantity": "test_accuracy"}, 0.9),
        ({"quantity": "first_loss"}, 2.4),
        ({"quantity": "steps"}, 4),
        ({"quantity": "seconds"}, 2.5),
        ({"quantity": "diverged"}, 0),
        ({"quantity": "diverged_at"}, None),
        ({"quantity": "slope_change"}, None),
        ({"quantity": "gradient_ratio"}, 1e-4),
        ({"quantity": "gradient_ratio", "at": "start"}, 5e-4),
        ({"quantity": "gradient_ratio", "at": "most"}, 2e-3),
        ({"quantity": "gradient_norm"}, 1e-4),
        ({"quantity": "gradient_norm", "layer": "last"}, 0.5),
        ({"quantity": "gradient_norm", "layer": "output", "at": "most"}, 4.0),
        ({"quantity": "gradient_norm", "layer": 2, "at": "least"}, 0.5),
        ({"quantity": "gradient_norm", "layer": 4}, None),
        ({"quantity": "spread", "at": "start"}, 2.0),
        ({"quantity": "spread_ratio", "at": "start"}, 0.25),
        ({"quantity": "spread_ratio"}, 2.0),
        ({"quantity": "dead_fraction", "at": "most"}, 0.4),
        ({"quantity": "dead_fraction", "at": "start"}, 0.2),
        ({"quantity": "saturated_fraction"}, 0.5),
        ({"quantity": "weight_norm"}, 3.0),
        ({"quantity": "update_ratio"}, 1e-3),
    ],
)
def test_figures_of_a_run(figure: dict[str, Any], expected: float | None) -> None:
    assert Figure(run="a", **figure).of(learned()) == (None if expected is None else pytest.approx(expected))


def test_every_quantity_of_a_run_that_never_began_is_missing_or_none() -> None:
    for name in CRITERIA.keys() - {"diverged", "steps", "parameters"}:
        assert Figure(run="a", quantity=name).of(told()) is None


def criterion(**values: Any) -> Criterion:
    return Criterion.model_validate({"run": "a", "quantity": "validation_accuracy", **values})


@pytest.mark.parametrize(
    ("values", "holds", "sentence"),
    [
        ({"is": "above", "value": 0.8}, True, "a: validation accuracy: 90.0%, above 80.0%"),
        ({"is": "above", "value": 0.95}, False, "a: validation accuracy: 90.0%, not above 95.0%"),
        ({"is": "below", "value": 0.9}, False, "a: validation accuracy: 90.0%, not below 90.0%"),
        ({"is": "below", "than": "b"}, False, "a: validation accuracy: 90.0%, not below the 40.0% of b"),
        ({"is": "above", "than": "b", "times": 2}, True, "a: validation accuracy: 90.0%, above 2 times the 40.0% of b"),
        ({"is": "above", "than": "b", "times": 2.5}, False, "a: validation accuracy: 90.0%, not above 2.5 times the 40.0% of b"),
        ({"quantity": "first_loss", "is": "equal", "than": "b"}, True, "a: loss of the first batch: 2.4000, equal to the 2.4000 of b"),
        ({"quantity": "steps", "is": "equal", "than": "c", "times": 2}, True, "a: steps: 4, equal to 2 times the 2 of c"),
        (
            {"quantity": "gradient_norm", "layer": "output", "at": "start", "is": "below", "value": 5},
            True,
            "a: gradient norm in the output layer, at the start: 2, below 5",
        ),
        ({"quantity": "diverged", "is": "no"}, True, "a: did not diverge"),
        ({"quantity": "diverged", "is": "yes"}, False, "a: did not diverge"),
        ({"run": "c", "quantity": "diverged", "is": "yes"}, True, "c: diverged"),
        ({"run": "c", "quantity": "diverged_at", "is": "below", "value": 3}, True, "c: step at which it diverged: 2, below 3"),
        ({"run": "c", "is": "below", "value": 0.5}, False, "c: validation accuracy: none, not below 50.0%"),
        ({"is": "above", "than": "c"}, False, "a: validation accuracy: 90.0%, not above what c does not have"),
    ],
)
def test_a_criterion_is_judged_and_tells_its_numbers(values: dict[str, Any], holds: bool, sentence: str) -> None:
    judgement = criterion(**values).judge({"a": learned(), "b": learned(0.4), "c": burst()})
    assert (judgement.holds, judgement.sentence) == (holds, sentence)
    record = judgement.record()
    assert (record["holds"], record["is"], record["sentence"]) == (holds, values["is"], sentence)


def test_a_claim_holds_when_all_its_criteria_do() -> None:
    runs = {"a": learned()}
    yes, no = (criterion(**{"is": relation, "value": 0.5}).judge(runs) for relation in ("above", "below"))
    assert Verdict((yes, yes)).holds
    assert not Verdict((yes, no)).holds


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"quantity": "beauty", "is": "above", "value": 1}, "quantity must be one of training_loss"),
        ({"is": "above"}, "needs a number"),
        ({"is": "above", "value": 1, "than": "b"}, "needs a number"),
        ({"is": "yes"}, "only diverged is yes or no"),
        ({"quantity": "diverged", "is": "yes", "value": 1}, "only diverged is yes or no"),
        ({"quantity": "diverged", "is": "above", "value": 1}, "needs a number"),
        ({"is": "nearly", "value": 1}, "'above', 'below', 'equal', 'yes' or 'no'"),
        ({"is": "above", "value": 1, "at": "start"}, "validation_accuracy takes no at"),
        ({"quantity": "gradient_ratio", "layer": "first", "is": "above", "value": 1}, "gradient_ratio takes no layer"),
        ({"quantity": "gradient_norm", "layer": 0, "is": "above", "value": 1}, "a number from 1"),
        ({"quantity": "gradient_norm", "at": "noon", "is": "above", "value": 1}, "'start', 'end', 'most' or 'least'"),
        ({"is": "above", "value": float("nan")}, "finite number"),
        ({"is": "above", "than": "b", "times": 0}, "greater than 0"),
        ({"is": "above", "value": 1, "code": "1+1"}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_judged_is_refused(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        criterion(**values)


def test_figures_that_are_not_finite_are_null_in_json() -> None:
    nan = told(progress(1, 1, 1.0, health(1, float("inf")), health(2, 1.0)), epoch_ended(1, float("nan")), ended(accuracy=0.1))
    found = figures(nan)
    assert found["finite"] is False
    assert found["validation_accuracy"] is None
    assert found["test_accuracy"] == 0.1
    assert "finite" not in figures(learned())
