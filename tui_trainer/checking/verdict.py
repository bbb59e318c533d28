"""What a check says of a part."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias


class Verdict(NamedTuple):
    """Whether the part passed, and why: what was found, and where it failed what to do."""

    passed: bool
    reason: str


Check: TypeAlias = Callable[[Any], Verdict]
"""A check of a class. What it raises is a failure whose reason is the exception and its line."""

Checks: TypeAlias = Mapping[str, Check]


def passed(reason: str) -> Verdict:
    """The part has passed."""
    return Verdict(True, reason)


def failed(reason: str) -> Verdict:
    """The part has failed."""
    return Verdict(False, reason)
