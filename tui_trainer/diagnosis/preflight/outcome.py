"""What a check found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from tui_trainer.diagnosis.preflight.subject import Subject
from tui_trainer.training.events import plain


class Span(NamedTuple):
    """The values with which a check passes; None where there is no limit."""

    low: float | None = None
    high: float | None = None

    def holds(self, value: float) -> bool:
        """Whether `value` is in here; NaN never is."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Outcome:
    """What a check found. Texts are a line each, English and ASCII."""

    passed: bool
    value: float | None
    """The figure that decides, in the unit that the check's docstring gives; None where it could not be taken."""
    expected: Span
    reason: str
    """What was found."""
    hint: str = ""
    """What to do next; empty where nothing has to be done."""
    error: float | None = None
    """About how far `value` may be off, where it was foreseen."""
    ends: bool = False
    """Whether no other check can be made."""

    def record(self, name: str) -> dict[str, Any]:
        """The outcome of the check called `name` as a strict-JSON object."""
        more = {name: value for name, value in (("hint", self.hint), ("error", self.error)) if value not in (None, "")}
        facts = {"passed": self.passed, "value": self.value, "expected": list(self.expected), "reason": self.reason, **more}
        record: dict[str, Any] = plain({"event": "check", "check": name, **facts})
        return record


def nats(loss: float) -> str:
    """A loss in a sentence."""
    return f"{loss:.2f}" if loss < 1000 else f"{loss:.2g}"


Check: TypeAlias = Callable[[Subject], Outcome]
