"""What is typed into a field is read as the command line is."""

from collections.abc import Mapping
from typing import Any

import pytest

from tui_trainer.errors import UserError
from tui_trainer.sweep.plan import Plan, extent
from tui_trainer.sweep.typed import read_plan

FORM: Mapping[str, Any] = {"hidden": "16", "optimizer": "sgd", "activation": "tanh"}


def test_the_form_has_what_is_the_same_for_all_runs() -> None:
    plan = read_plan("--activation relu,elu --lr 'log:1e-4:1:7' --seed 0:3 --no-shuffle", FORM)
    assert plan.options == {"activation": "relu,elu", "learning_rate": "log:1e-4:1:7", "seed": "0:3", "shuffle": "false"}
    assert plan.table == {"hidden": "16", "optimizer": "sgd"}
    assert extent(plan) == (14, 3)
    first = next(iter(plan.space().grid())).config
    assert (first.hidden, first.optimizer, first.activation, first.shuffle) == ((16,), "sgd", "relu", False)
    assert Plan.read(plan.record()) == plan


def test_some_are_drawn() -> None:
    assert extent(read_plan("--lr log:1e-4:1 --seed 0,1 --samples 20", FORM)) == (20, 2)
    assert extent(read_plan("--activation relu,elu --samples 20", FORM)) == (2, 1)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "nothing is swept yet"),
        ("--samples 3", "nothing is swept yet"),
        ("--activation relu,rely", "--activation must be one of"),
        ("--lr log:1e-4:1", "--samples"),
        ("--lr", "requires an argument"),
        ("--learn 1,2", "No such option"),
        ("relu,elu", "'relu,elu' belongs to no option"),
        ("--activation 'relu", "no closing quotation"),
        ("--batch-size 0,10", "--batch-size"),
        ("--workers 3 --lr 1,2", "--workers: only on the command line"),
        ("--output somewhere --lr 1,2", "--output: only on the command line"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(text: str, named: str) -> None:
    with pytest.raises(UserError) as raised:
        extent(read_plan(text, FORM))
    assert named in str(raised.value)
    assert "\n" not in str(raised.value)
