"""The diagnosis of a run: every rule is asked, causes before symptoms."""

from collections.abc import Container

from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Finding
from tui_trainer.diagnosis.rules import RULES


def diagnose(case: Case, early: Container[str] = ()) -> tuple[Finding, ...]:
    """What is wrong with the run, causes before symptoms.

    While the run goes on, the rules that wait for its end are left out, but for those named in `early`.
    """
    if not case.config.epochs:
        return ()
    asked = (rule for rule in RULES.values() if not rule.waits or rule.name in early or case.history.ended)
    found = (rule.apply(case) for rule in asked)
    return tuple(finding for finding in found if finding)


class Rhythm:
    """When to diagnose a run that goes on: after each of its first epochs, and then whenever a tenth more are trained.

    A diagnosis looks at all epochs: after each of a hundred thousand short ones it would take longer than the training.
    """

    def __init__(self) -> None:
        self._next = 0

    def is_due(self, epoch: int) -> bool:
        """Whether to diagnose after this epoch, which then counts as done."""
        if epoch < self._next:
            return False
        self._next = epoch + 1 + epoch // 10
        return True


def first_finding(case: Case) -> Finding | None:
    """What explains best how the run ended; None where that is well, or the run was cut short."""
    return next(iter(diagnose(case)), None) if case.is_over else None
