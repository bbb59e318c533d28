"""Options that have no effect because of others."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from tui_trainer.config.layer_sizes import MOST_LAYERS, parse_hidden
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import Uniform
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.nn.schedules import SCHEDULES


def hindrance(name: str, values: Mapping[str, Any]) -> str | None:
    """The option whose value leaves this one without effect; None where it has one."""
    match name:
        case "alpha":
            decisive, matters = "activation", any(ACTIVATIONS[each].default_alpha is not None for each in _names(values, "activation"))
        case "uniform_limit":
            decisive, matters = "initializer", Uniform.name in _names(values, "initializer")
        case "decay" | "decay_every":
            decisive, matters = "schedule", SCHEDULES[str(values["schedule"])].decays
        case "normalization":
            decisive, matters = "hidden", _hidden_layers(values) > 0
        case "residual":
            # A text is being typed: it says nothing yet.
            around = values["residual"] if isinstance(values["residual"], int) else 1
            decisive, matters = "hidden", _hidden_layers(values) > max(around, 1)
        case "normalization_place":
            decisive, matters = "normalization", set(_names(values, "normalization")) != {"none"}
        case _:
            is_tunable = any(name in rule.hyperparameters for rule in OPTIMIZERS.values())
            decisive, matters = "optimizer", not is_tunable or name in OPTIMIZERS[str(values["optimizer"])].hyperparameters
    return None if matters else decisive


def _hidden_layers(values: Mapping[str, Any]) -> int:
    try:
        return len(parse_hidden(values["hidden"]))
    except PydanticCustomError:
        return MOST_LAYERS


def _names(values: Mapping[str, Any], option: str) -> list[str]:
    return str(values[option]).split(",")
