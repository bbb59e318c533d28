"""What a sweep tries, from what a person says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.errors import UserError
from tui_trainer.sweep.space import MOST_TRIALS, Interval, Space, Values, parse_axis


def values(name: str, given: Any) -> list[Any]:
    axis = parse_axis(name, given)
    assert isinstance(axis, Values)
    return list(axis.values)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("activation", "relu,elu", ["relu", "elu"]),
        ("activation", " relu , elu ,relu", ["relu", "elu"]),
        ("hidden", "256,128x8", ["256", "128x8"]),
        ("hidden", "64;128,64", ["64", "128,64"]),
        ("hidden", "128,64;", ["128,64"]),
        ("seed", "0:3", [0, 1, 2]),
        ("seed", "4:11:3", [4, 7, 10]),
        ("seed", "7", ["7"]),
        ("seed", "7,9", ["7", "9"]),
        ("learning_rate", "log:1e-4:1:5", [1e-4, 1e-3, 1e-2, 1e-1, 1.0]),
        ("learning_rate", "log:1e-4:1:7", [1e-4, 4.642e-4, 2.154e-3, 1e-2, 4.642e-2, 2.154e-1, 1.0]),
        ("dropout", "lin:0:0.5:6", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        ("batch_size", "log:16:256:5", [16, 32, 64, 128, 256]),
        ("batch_size", "lin:1:3:9", [1, 2, 3]),
        ("data", "/some/where:0;", ["/some/where:0"]),
        ("hidden", ["64", [128, 64], "none"], ["64", "128,64", "none"]),
        ("seed", [3, 1], [3, 1]),
        ("shuffle", [True, False], [True, False]),
        ("epochs", 3, [3]),
    ],
)
def test_an_axis(name: str, text: Any, expected: list[Any]) -> None:
    assert values(name, text) == expected


def test_without_a_count_any_number_between() -> None:
    assert parse_axis("learning_rate", "log:1e-4:1") == Interval(1e-4, 1.0, is_log=True, is_whole=False)
    assert parse_axis("batch_size", "lin:8:64") == Interval(8, 64, is_log=False, is_whole=True)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("seed", "3:0", "must read like 0:5"),
        ("seed", "0:5:0", "must read like 0:5"),
        ("seed", f"0:{10**29}", "numbers at most"),
        ("seed", "a:b", "must read like 0:5"),
        ("learning_rate", "log:0:1:3", "both above 0"),
        ("learning_rate", "log:1:1:3", "from a lower number"),
        ("learning_rate", "lin:0:inf:3", "from a lower number"),
        ("learning_rate", "lin:nan:1:3", "from a lower number"),
        ("learning_rate", "log:a:1:3", "must read like log:"),
        ("learning_rate", "log:0.1:1:1", "the count must be"),
        ("learning_rate", f"log:0.1:1:{MOST_TRIALS + 1}", "the count must be"),
        ("activation", " , ", "no value"),
        ("activation", [], "no values"),
    ],
)
def test_what_is_no_axis_is_told_by_its_option(name: str, text: Any, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint) as error:
        parse_axis(name, text)
    assert str(error.value).startswith(f"--{name.replace('_', '-')}: ")


def test_a_grid_has_every_combination_and_all_of_them_with_the_first_seed_first() -> None:
    space = Space.read({"activation": "relu,tanh", "learning_rate": "0.1,0.2", "seed": "5:7", "epochs": "3"}, {})
    trials = list(space.grid())
    points = [(trial.config.activation, trial.config.learning_rate, trial.config.seed) for trial in trials]
    once = [("relu", 0.1), ("relu", 0.2), ("tanh", 0.1), ("tanh", 0.2)]
    assert points == [(*point, seed) for seed in (5, 6) for point in once]
    assert {trial.config.epochs for trial in trials} == {3}
    assert {trial.config.threads for trial in trials} == {1}
    assert trials[3].point == {"activation": "tanh", "learning_rate": "0.2", "seed": "5"}


def test_threads_that_somebody_wants_are_theirs() -> None:
    assert {trial.config.threads for trial in Space.read({"threads": "1,2"}, {}).grid()} == {1, 2}


def test_every_option_can_be_swept() -> None:
    axes = {
        "hidden": "8;8,8",
        "shuffle": "true,false",
        "clip_norm": "none,1",
        "changes": "none;10 learning_rate=0.1",
        "validation": "10,20",
    }
    trials = list(Space.read(axes, {}).grid())
    assert len({trial.config.model_dump_json() for trial in trials}) == 32
    assert {trial.config.clip_norm for trial in trials} == {None, 1.0}


def test_a_file_says_what_is_the_same_and_what_is_swept_and_the_command_line_wins() -> None:
    table = {"hidden": [32, 16], "epochs": 2, "sweep": {"activation": ["relu", "tanh"], "learning_rate": "log:0.01:1:3"}}
    trials = list(Space.read({"learning_rate": "0.5", "epochs": "1,4"}, table).grid())
    assert [(trial.config.hidden, trial.config.activation, trial.config.learning_rate, trial.config.epochs) for trial in trials] == [
        ((32, 16), activation, 0.5, epochs) for activation in ("relu", "tanh") for epochs in (1, 4)
    ]


@pytest.mark.parametrize(
    ("options", "table", "complaint"),
    [
        ({}, {"sweep": 3}, "must be a table"),
        ({}, {"sweep": {"speed": [1]}}, "speed is not an option"),
        ({}, {"speed": 1}, "speed is not an option"),
        ({"activation": "relu,relux"}, {}, r"--activation must be one of .*, not 'relux' \(tried: activation relux\)"),
        ({"learning_rate": "log:1e-3:1"}, {}, "--learning-rate: a grid needs a count"),
        ({"seed": "lin:0:5"}, {}, "--seed: give the seeds one by one"),
        ({"hidden": "8;8,8", "activation": "relu,tanh;"}, {}, r"tried: hidden 8"),
        ({"seed": "0:1000", "learning_rate": "lin:0.1:1:1000"}, {}, "this grid has 1,000,000 runs"),
    ],
)
def test_what_cannot_be_tried_is_refused_at_once(options: dict[str, str], table: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        list(Space.read(options, table).grid())


def test_what_is_drawn_hangs_on_the_seed_of_the_search_alone_and_each_is_drawn_once() -> None:
    space = Space.read({"activation": "relu,tanh,elu", "learning_rate": "log:1e-4:1", "batch_size": "lin:8:64", "seed": "0:2"}, {})
    trials = list(space.drawn(20, 3))
    assert trials == list(space.drawn(20, 3))
    assert trials != list(space.drawn(20, 4))
    assert len(trials) == 40
    assert [trial.config.model_copy(update={"seed": 1}) for trial in trials[:20]] == [trial.config for trial in trials[20:]]
    assert len({(trial.config.activation, trial.config.learning_rate, trial.config.batch_size) for trial in trials}) == 20
    assert all(1e-4 <= trial.config.learning_rate <= 1 and 8 <= trial.config.batch_size <= 64 for trial in trials)
    # Evenly on the logarithm: as many below 0.01 as above, give or take.
    many = [trial.config.learning_rate for trial in Space.read({"learning_rate": "log:1e-4:1"}, {}).drawn(400, 0)]
    assert 150 < sum(rate < 0.01 for rate in many) < 250


def test_there_are_no_more_to_draw_than_there_are() -> None:
    assert len(list(Space.read({"activation": "relu,tanh,elu", "seed": "0:2"}, {}).drawn(100, 0))) == 6


@given(low=st.floats(1e-6, 1e3), ratio=st.floats(1.5, 1e6), share=st.floats(0, 1), is_log=st.booleans(), is_whole=st.booleans())
def test_a_scale_never_leaves_its_ends(low: float, ratio: float, share: float, is_log: bool, is_whole: bool) -> None:
    interval = Interval(low, low * ratio, is_log, is_whole)
    found = interval.at(share)
    assert isinstance(found, int) if is_whole else low <= found <= low * ratio
    assert interval.at(0.0) == (round(low) if is_whole else low)


@given(st.text(max_size=30), st.sampled_from(["seed", "learning_rate", "activation", "hidden", "shuffle", "data", "changes"]))
def test_any_text_is_an_axis_or_one_clear_line(text: str, name: str) -> None:
    try:
        axis = parse_axis(name, text)
    except UserError as error:
        assert "\n" not in str(error).replace(text, "")  # noqa: PT017 success is as good
    else:
        assert isinstance(axis, Interval) or axis.values
