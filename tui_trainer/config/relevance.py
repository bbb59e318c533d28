"""Options that have no effect because of others."""

from collections.abc import Mapping
from typing import Any

from tui_trainer.config.hyperparameters import chosen, uses


def hindrance(name: str, values: Mapping[str, Any]) -> str | None:
    """The option whose value leaves this one without effect; None where it has one."""
    found = uses().get(name)
    return None if not found or chosen(found, values) else found[0].option
