"""A part that is registered while the program runs can be chosen wherever the program's own can."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tui_trainer.commands.program import program
from tui_trainer.config.command_line import command_line
from tui_trainer.config.options import Config, choices, description, fields
from tui_trainer.config.relevance import hindrance
from tui_trainer.config.source import read_toml
from tui_trainer.errors import UserError
from tui_trainer.nn.activations import ACTIVATIONS, Activation
from tui_trainer.nn.activations.tanh import Tanh
from tui_trainer.nn.initializers import INITIALIZERS, Initializer
from tui_trainer.nn.optimizers import OPTIMIZERS, Optimizer
from tui_trainer.nn.parts import Hyperparameter
from tui_trainer.nn.registry import Parts
from tui_trainer.nn.schedules import SCHEDULES, Schedule
from tui_trainer.sweep.draft import Draft
from tui_trainer.training.model import build_layers, build_network, build_optimizer, build_schedule
from tui_trainer.ui.run.field import Field


class Bent(Activation):
    """Bent by a number."""

    bend = Hyperparameter(0.5, "how much it bends", least=0, below=1)

    def value(self, z: Any) -> Any:
        return self.bend * z

    def derivative(self, z: Any) -> Any:
        return np.full_like(z, self.bend)


class Spread(Initializer):
    """As far apart as one says."""

    spread = Hyperparameter(0.25, "standard deviation of the weights", above=0)

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Any:
        return rng.normal(0, self.spread, (fan_in, fan_out))


class Rising(Optimizer):
    """Momentum that has to be chosen, in the plainest of ways."""

    momentum = Hyperparameter(0.5, "share of the velocity kept at each step", least=0, most=2)
    lift = Hyperparameter(3, "steps before it begins", least=0, most=9, whole=True)
    slots = {"velocity": 0.0}  # noqa: RUF012 whoever writes one does not think of it

    def update(self, p: Any, g: Any, rate: float, velocity: Any) -> None:
        velocity *= self.momentum
        velocity += g
        if self.steps > self.lift:
            p -= rate * velocity


class Inverse(Schedule):
    """Falls as one over the epochs."""

    pace = Hyperparameter(2.0, "how fast it falls", above=0)

    def factor(self, epoch: float) -> float:
        return 1 / (1 + self.pace * epoch)


MINE: dict[str, tuple[Parts[Any], Any]] = {
    "activation": (ACTIVATIONS, Bent),
    "initializer": (INITIALIZERS, Spread),
    "optimizer": (OPTIMIZERS, Rising),
    "schedule": (SCHEDULES, Inverse),
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


OWN = {"activation": "bend", "initializer": "spread", "optimizer": "lift", "schedule": "pace"}


def test_what_it_declares_is_an_option_as_long_as_it_is_there(option: str, tmp_path: Path) -> None:
    own = OWN[option]
    config = Config.parse({"hidden": "4", option: "mine", own: "1" if own == "lift" else "0.75"})
    assert f"--{own} {'1' if own == 'lift' else '0.75'}" in command_line(config)
    (tmp_path / "config.toml").write_text(config.to_toml(), encoding="utf-8")
    assert Config.parse(read_toml(tmp_path / "config.toml")) == config
    assert f"--{own} " in CliRunner().invoke(program, ["--help"]).output
    assert f"--{own} " in CliRunner().invoke(program, ["sweep", "--help"]).output
    declared = MINE[option][1].hyperparameters[own]
    assert description(own).endswith(f": {declared.description}")
    assert hindrance(own, dict(config)) is None
    assert hindrance(own, dict(Config.parse({}))) == option
    assert len(Draft().candidates(own, config)) > 2
    network = build_network(config, 3, 2)
    network.initialize(np.random.default_rng(0))
    parts: dict[str, Any] = {
        "activation": build_layers(config, 3, 2)[1],
        "initializer": network.dense_layers[0].initializer,
        "optimizer": build_optimizer(config, network),
        "schedule": build_schedule(config).schedule,
    }
    assert getattr(parts[option], own) == getattr(config, own) != declared.default
    with pytest.raises(UserError, match=rf"^--{own} must be "):
        Config.parse({option: "mine", own: "-1"})


@pytest.mark.parametrize("option", MINE)
def test_what_it_declares_is_no_option_without_it(option: str) -> None:
    assert OWN[option] not in dict(fields())
    with pytest.raises(UserError, match="is not an option"):
        Config.parse({OWN[option]: "1"})


def test_default_and_limits_are_those_of_the_part_that_is_chosen() -> None:
    before = description("momentum")
    OPTIMIZERS.register("mine", Rising)
    try:
        momenta = [Config.parse({"optimizer": name}).record()["momentum"] for name in ("adam", "momentum", "mine")]
        assert momenta == [0.9, 0.9, 0.5]
        assert Config.parse({"optimizer": "mine", "momentum": 2}).record()["momentum"] == 2
        with pytest.raises(UserError, match="must be less than 1, not 2"):
            Config.parse({"optimizer": "nesterov", "momentum": 2})
        assert description("momentum").endswith("; rising: share of the velocity kept at each step (0.5)")
    finally:
        OPTIMIZERS.unregister("mine")
    assert description("momentum") == before


def test_a_part_may_not_take_an_option_that_there_is() -> None:
    class Loud(Optimizer):
        """Calls a hyperparameter as an option is called."""

        batch_size = Hyperparameter(1, "nothing")

        def update(self, p: Any, g: Any, rate: float) -> None:
            p -= rate * g

    with pytest.raises(ValueError, match="batch_size is an option already"):
        OPTIMIZERS.register("loud", Loud)
    assert "loud" not in OPTIMIZERS
    assert Config.parse({}).batch_size == 32


def test_parts_of_two_kinds_may_declare_one_name() -> None:
    class Other(Optimizer):
        """Has an α too."""

        alpha = Hyperparameter(0.75, "share kept", least=0, below=1)

        def update(self, p: Any, g: Any, rate: float) -> None:
            p -= rate * self.alpha * g

    OPTIMIZERS.register("other", Other)
    try:
        config = Config.parse({"activation": "elu", "optimizer": "other"})
        assert (config.own(ACTIVATIONS["elu"]), config.own(Other)) == ({"alpha": 1.0}, {"alpha": 0.75})
        assert Config.parse({"optimizer": "other"}).record()["alpha"] == 0.75
        assert Config.parse({"activation": "elu"}).record()["alpha"] == 1.0
    finally:
        OPTIMIZERS.unregister("other")


def test_a_declaration_that_cannot_be_meant_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="inside its limits, not 2"):
        Hyperparameter(2, "share", least=0, below=1)
    for wrong in (True, "0.9", float("nan")):
        with pytest.raises(TypeError, match="is a number, not"):
            Hyperparameter(wrong, "share")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="declared by its name"):
        type("Old", (Optimizer,), {"hyperparameters": {"rho": 0.9}})


def test_slots_may_be_names_alone() -> None:
    class Counting(Optimizer):
        """Counts gradients."""

        slots = ("count",)  # type: ignore[assignment] # as one writes it

        def update(self, p: Any, g: Any, rate: float, count: Any) -> None:
            count += g > 0

    optimizer = Counting(np.zeros(3), np.ones(3))
    optimizer.step(0.1)
    assert optimizer.state["count"].tolist() == [1, 1, 1]


def test_a_part_that_lacks_something_is_refused() -> None:
    class Half(Activation):
        """Without a slope."""

        def value(self, z: Any) -> Any:
            return z

    with pytest.raises(ValueError, match="Half has no derivative"):
        ACTIVATIONS.register("half", Half)


@pytest.mark.parametrize("name", ["", "relu", "Mine", "my rule", "my,rule", "minex2", "auto", "none", "2nd", "mine=1"])
def test_a_name_that_could_not_be_told_from_others_is_refused(name: str) -> None:
    before = list(ACTIVATIONS)
    with pytest.raises(ValueError, match="activation"):
        ACTIVATIONS.register(name, Tanh)
    assert list(ACTIVATIONS) == before
