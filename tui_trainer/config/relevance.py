"""Options that have no effect because of others."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from tui_trainer.config.hyperparameters import chosen, uses
from tui_trainer.config.layer_sizes import MOST_LAYERS, parse_hidden
from tui_trainer.datasets.points import SHAPES


def hindrance(name: str, values: Mapping[str, Any]) -> str | None:
    """The option whose value leaves this one without effect; None where it has one."""
    match name:
        case "normalization":
            return None if _hidden_layers(values) else "hidden"
        case "residual":
            # A text is being typed: it says nothing yet.
            around = values["residual"] if isinstance(values["residual"], int) else 1
            return None if _hidden_layers(values) > max(around, 1) else "hidden"
        case "noise":
            return None if values["data"] in SHAPES else "data"
        case "normalization_place":
            return "normalization" if set(str(values["normalization"]).split(",")) == {"none"} else None
    found = uses().get(name)
    return None if not found or chosen(found, values) else found[0].option


def _hidden_layers(values: Mapping[str, Any]) -> int:
    try:
        return len(parse_hidden(values["hidden"]))
    except PydanticCustomError:
        return MOST_LAYERS
