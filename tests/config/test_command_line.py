"""A run in few words makes the same run again."""

import shlex
import tomllib

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_trainer.commands.program import program
from tui_trainer.config.command_line import command_line, essentials, toml
from tui_trainer.config.options import Config, choices


def parsed(command: str) -> Config:
    """What the command line makes of it."""
    words = shlex.split(command)
    assert words[:2] == ["tui-trainer", "--no-ui"]
    context = click.Context(program)
    values, rest, _ = program.make_parser(context).parse_args(words[2:])
    assert not rest
    return Config.parse({name: value for name, value in values.items() if name in Config.model_fields})


def test_defaults_need_no_words() -> None:
    assert command_line(Config.parse({})) == "tui-trainer --no-ui"
    assert command_line(Config.parse({}), no_ui=False) == "tui-trainer"
    assert toml(Config.parse({})) == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"hidden": "128x8", "learning_rate": 0.001}, "--hidden 128x8"),
        ({"optimizer": "sgd", "learning_rate": 0.01}, "--optimizer sgd"),
        ({"optimizer": "sgd", "learning_rate": 0.001}, "--optimizer sgd --learning-rate 0.001"),
        ({"activation": "tanh", "initializer": "glorot_uniform"}, "--activation tanh"),
        ({"activation": "tanh", "initializer": "he_normal"}, "--activation tanh --initializer he_normal"),
        ({"shuffle": False, "hidden": "none"}, "--hidden none --no-shuffle"),
        ({"data": "my digits.npz"}, "--data 'my digits.npz'"),
        ({"hidden": "64x3", "activation": "tanh,relux2"}, "--hidden 64x3 --activation tanh,relux2"),
        ({"changes": "9 learning_rate=0.1"}, "--changes '9 learning_rate=0.1'"),
    ],
)
def test_only_what_is_not_a_default_is_said(values: dict[str, object], words: str) -> None:
    assert command_line(Config.parse(values)) == f"tui-trainer --no-ui {words}"


@settings(deadline=None, max_examples=60)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "hidden": st.lists(st.integers(1, 300), max_size=5),
            **{name: st.sampled_from([*choices(name)]) for name in ("activation", "initializer", "optimizer", "schedule")},
            "alpha": st.none() | st.floats(0, 2),
            "learning_rate": st.floats(1e-9, 100),
            "weight_decay": st.floats(0, 1),
            "clip_norm": st.none() | st.floats(1e-3, 10),
            "epochs": st.integers(0, 100),
            "shuffle": st.booleans(),
            "changes": st.lists(st.fixed_dictionaries({"step": st.integers(0, 999), "learning_rate": st.floats(1e-6, 1)}), max_size=3),
        },
    )
)
def test_the_command_line_and_the_toml_say_all_of_it(values: dict[str, object]) -> None:
    config = Config.parse(values)
    assert Config.parse(essentials(config)) == config
    assert parsed(command_line(config)) == config
    assert Config.parse(tomllib.loads(toml(config))) == config
