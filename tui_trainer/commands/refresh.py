"""The refresh rate of a screen that watches a run."""

from typing import Final

from tui_trainer.errors import UserError

SLOWEST: Final = 0.1
FASTEST: Final = 30.0
"""Refreshes per second."""


def check_refresh(rate: float) -> None:
    """Raise UserError unless a run can be looked at so many times a second."""
    if not SLOWEST <= rate <= FASTEST:  # in this form not a number is refused too
        raise UserError(f"must be from {SLOWEST:g} to {FASTEST:g} looks a second, not {rate:g}", option="--refresh", colon=False)
