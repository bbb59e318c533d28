"""A sweep in the making: lists and command line say the same."""

import pytest

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.sweep.draft import Draft, present
from tui_trainer.sweep.forecast import Measured, seconds
from tui_trainer.sweep.plan import extent
from tui_trainer.sweep.typed import read_plan

FORM = Config.parse({"hidden": "16", "activation": "sigmoid", "learning_rate": 0.0007})


def test_the_command_grows_with_what_is_marked_and_is_read_back_the_same() -> None:
    draft = Draft()
    for name, value in (("activation", "relu"), ("activation", "elu"), ("learning_rate", "0.1"), ("hidden", "64,32"), ("seed", "0:3")):
        draft = draft.toggled(name, value)
    assert draft.text == "--activation relu,elu --lr 0.1 --hidden '64,32;' --seed 0:3"
    assert Draft.read(draft.text) == draft
    assert extent(read_plan(draft.text, {})) == (2, 3)
    assert draft.toggled("activation", "relu").toggled("activation", "elu").marked("activation") == ()


def test_a_range_stands_alone_and_a_number_is_the_same_however_it_is_written() -> None:
    draft = Draft.read("--lr 1e-3,0.1")
    assert draft.is_marked("learning_rate", "0.001")
    assert draft.toggled("learning_rate", "0.001").marked("learning_rate") == ("0.1",)
    scale = draft.toggled("learning_rate", "log:1e-4:1:7")
    assert scale.marked("learning_rate") == ("log:1e-4:1:7",)
    assert scale.toggled("learning_rate", "1").marked("learning_rate") == ("1",)


def test_every_option_has_values_to_mark_that_are_valid_and_the_present_one_among_them() -> None:
    for activation in ("sigmoid", "prelu"):
        form = Config.parse(
            {"hidden": "16", "activation": activation, "initializer": "uniform", "schedule": "step", "optimizer": "momentum"}
        )
        offered = Draft().offered(form)
        assert {"momentum", "decay", "uniform_limit"} <= {*offered}
        assert ("alpha" in offered) is (activation == "prelu")
        for name in offered:
            values = Draft().candidates(name, form)
            assert name == "seed" or present(name, form) in values
            for value in values:
                extent(read_plan(Draft().toggled(name, value).text, {"hidden": "16"}))


def test_an_option_is_offered_where_another_that_is_swept_gives_it_an_effect() -> None:
    assert "momentum" not in Draft().offered(FORM)
    assert "momentum" in Draft.read("--optimizer sgd,momentum").offered(FORM)
    assert "threads" in Draft.read("--threads 1,2").offered(FORM)


def test_a_search_that_draws_needs_samples() -> None:
    draft = Draft.read("--lr log:1e-4:1").searching("random", 20)
    assert (draft.text, draft.search) == ("--lr log:1e-4:1 --samples 20", "random")
    assert draft.searching("tpe", 10).text == "--lr log:1e-4:1 --samples 10 --search tpe"
    assert draft.searching("grid", 10).text == "--lr log:1e-4:1"
    with pytest.raises(UserError, match="No such option"):
        Draft.read("--sed 0:3")


def test_the_time_is_told_where_runs_like_these_were_measured() -> None:
    measured = [Measured(FORM.record(), 2.0), Measured(Config.parse({"hidden": "512x9"}).record(), 100.0)]

    def told(text: str, workers: int = 2) -> float | None:
        plan = read_plan(text, {"hidden": "16", "epochs": 3})
        return seconds(plan, 5, workers, measured)

    assert told("--activation relu,elu") == 3 * 3 * 2.0
    assert told("--epochs 1,3", workers=8) == 2 * 2.0
    assert told("--hidden 16,32") is None
    assert told("--batch-size 64") is None
