"""Keeps what plugins print apart from a run's results."""

import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import TypeVar

from tui_trainer.plugins.loaded import loaded

Event = TypeVar("Event")


def quietly(events: Iterator[Event]) -> Iterator[Event]:
    """The same events; what plugins print to stdout while they come about goes to stderr, as stdout carries results alone."""
    while loaded():
        with redirect_stdout(sys.stderr):
            try:
                event = next(events)
            except StopIteration:
                return
        yield event
    yield from events
