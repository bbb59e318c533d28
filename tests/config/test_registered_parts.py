"""A part that is registered while the program runs can be chosen wherever the program's own can."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tui_trainer.commands.program import program
from tui_trainer.config.command_line import command_line
from tui_trainer.config.options import Config, choices, fields
from tui_trainer.config.relevance import hindrance
from tui_trainer.config.source import read_toml
from tui_trainer.errors import UserError
from tui_trainer.nn.activations import ACTIVATIONS, Tanh
from tui_trainer.nn.initializers import INITIALIZERS, HeNormal
from tui_trainer.nn.optimizers import OPTIMIZERS, Momentum
from tui_trainer.nn.registry import Registry
from tui_trainer.nn.schedules import SCHEDULES, ScheduleKind, constant
from tui_trainer.ui.run.field import Field

MINE: dict[str, tuple[Registry[Any], Any]] = {
    "activation": (ACTIVATIONS, Tanh),
    "initializer": (INITIALIZERS, HeNormal),
    "optimizer": (OPTIMIZERS, Momentum),
    "schedule": (SCHEDULES, ScheduleKind("as it is", constant)),
}


@pytest.fixture(params=MINE)
def option(request: pytest.FixtureRequest) -> Iterator[str]:
    name = str(request.param)
    registry, part = MINE[name]
    registry.register("mine", part)
    yield name
    registry.unregister("mine")


def test_it_is_an_option_like_those_that_came_with_the_program(option: str, tmp_path: Path) -> None:
    config = Config.parse({option: "mine"})
    assert f"--{option} mine" in command_line(config)
    (tmp_path / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    assert Config.parse(read_toml(tmp_path / "config.toml")) == config
    assert "mine" in choices(option)
    assert all(hindrance(name, dict(config)) != "mine" for name, _ in fields())


def test_the_command_line_and_the_form_offer_it(option: str) -> None:
    told = CliRunner().invoke(program, ["--help"]).output
    assert "|mine]" in "".join(told.split())
    assert "mine" in Field(option, dict(fields())[option], str(getattr(Config.parse({}), option))).choices
    if option == "optimizer":
        assert ", mine." in " ".join(CliRunner().invoke(program, ["paths", "--help"]).output.split())


@pytest.mark.parametrize("option", MINE)
def test_it_is_gone_when_it_is_taken_away(option: str) -> None:
    assert "mine" not in choices(option)
    with pytest.raises(UserError, match=rf"^--{option} must be one of "):
        Config.parse({option: "mine"})


@pytest.mark.parametrize("name", ["", "relu", "Mine", "my rule", "my,rule", "minex2", "auto", "none", "2nd", "mine=1"])
def test_a_name_that_could_not_be_told_from_others_is_refused(name: str) -> None:
    before = list(ACTIVATIONS)
    with pytest.raises(ValueError, match="activation"):
        ACTIVATIONS.register(name, Tanh)
    assert list(ACTIVATIONS) == before
