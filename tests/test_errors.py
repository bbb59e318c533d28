"""An error is data, which each place where it is read words for itself."""

import pickle
from pathlib import Path

import pytest

from tui_trainer.config.options import Config
from tui_trainer.config.source import Source
from tui_trainer.errors import UserError


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("no space left"), "no space left"),
        (UserError("no space left", hint="free some"), "no space left; free some"),
        (UserError("must be above 0", option="--seed", colon=False), "--seed must be above 0"),
        (UserError("must be above 0", option="seed", path="c.toml", colon=False), "c.toml: seed must be above 0"),
        (UserError("the list has no values", option="seed", path="c.toml"), "c.toml: seed: the list has no values"),
        (UserError("exists", option="--output", path=Path("runs/one"), hint="give another"), "--output runs/one: exists; give another"),
        (UserError("is taken", option="--port", value=80), "--port 80: is taken"),
        (UserError("no such run", value="one"), "one: no such run"),
        (UserError("is full", path=Path("runs"), context="run: one"), "runs: is full (run: one)"),
    ],
)
def test_the_line_names_what_is_wrong_first(error: UserError, line: str) -> None:
    assert str(error) == line
    assert str(pickle.loads(pickle.dumps(error))) == line, "workers send them from process to process"


def test_the_option_of_an_error_is_data() -> None:
    with pytest.raises(UserError) as refused:
        Config.parse({"batch_size": 0})
    assert (refused.value.option, refused.value.field, refused.value.path) == ("--batch-size", "batch_size", None)
    assert refused.value.problem == "must be at least 1, not 0"
    with pytest.raises(UserError) as refused:
        Config.parse({"batch_size": 0}, Source(Path("c.toml"), frozenset({"batch_size"})))
    assert (refused.value.option, refused.value.field, refused.value.path) == ("batch_size", "batch_size", Path("c.toml"))


def test_where_something_is_named_already_the_line_does_not_repeat_it() -> None:
    assert UserError("is no file", option="--data", path="x.npz").below_option() == "x.npz: is no file"
    assert UserError("must be above 0", option="--seed", colon=False).below_option() == "must be above 0"
    broken = UserError("line 3: no JSON", path=Path("runs/one/metrics.jsonl"))
    assert broken.below_folder(Path("runs/one")) == "metrics.jsonl: line 3: no JSON"
    assert UserError("is gone", path=Path("runs/one")).below_folder(Path("runs/one")) == "is gone"
    assert UserError("is gone", path=Path("runs/two")).below_folder(Path("runs/one")) == "runs/two: is gone"
    assert broken.below_folder(None) == str(broken)
