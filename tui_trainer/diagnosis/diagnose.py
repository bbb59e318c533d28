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
    asked = (rule for rule in RULES if not rule.waits or rule.name in early or case.history.ended)
    found = (rule.apply(case) for rule in asked)
    return tuple(finding for finding in found if finding)


def first_finding(case: Case) -> Finding | None:
    """What explains best how the run ended; None where that is well, or the run was cut short."""
    return next(iter(diagnose(case)), None) if case.is_over else None
