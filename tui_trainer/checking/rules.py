"""Checks of a diagnosis rule, on small real runs: a healthy one, one whose rate is too high, one that hardly learns."""

import json
from functools import cache
from time import perf_counter
from typing import Final

from tui_trainer.checking.example_run import cases
from tui_trainer.checking.memory import global_state
from tui_trainer.checking.verdict import Checks, Verdict, failed, passed
from tui_trainer.config.options import Config
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import DiagnosisRule, Finding
from tui_trainer.diagnosis.remedies import changed
from tui_trainer.errors import UserError

Kind = type[DiagnosisRule]

LONGEST_SYMPTOM: Final = 45
LONGEST: Final = 0.5
"""Seconds for one look."""


@cache
def _runs() -> dict[str, list[Case]]:
    return {
        "a healthy run": cases(),
        "a run that diverges": cases(learning_rate=1e6, optimizer="sgd"),
        "a run that hardly learns": cases(hidden="8x6", activation="sigmoid", initializer="uniform", optimizer="sgd", learning_rate=1e-6),
    }


def _found(kind: Kind) -> list[tuple[str, Finding]]:
    rule = kind.rule()
    return [(run, finding) for run, moments in _runs().items() for case in moments if (finding := rule.apply(case))]


def texts(kind: Kind) -> Verdict:
    """Whether it says what was found."""
    rule = kind.rule()
    for name in ("symptom", "cause"):
        if not getattr(rule, name):
            return failed(f"has no {name}")
    for run, finding in _found(kind):
        try:
            symptom, _ = finding.say(finding.symptom), finding.say(finding.cause)
        except (KeyError, IndexError, ValueError) as error:
            return failed(f"its texts name a figure that the evidence lacks, or write it wrongly: {error}")
        if len(symptom) > LONGEST_SYMPTOM:
            return failed(f"its symptom has {len(symptom)} letters, and there is room for {LONGEST_SYMPTOM}: {symptom!r}")
        json.dumps(finding.record(), allow_nan=False)
        if not 0 <= finding.confidence <= 1:
            return failed(f"its confidence in {run} is {finding.confidence}, and not from 0 to 1")
    return passed("says what is seen and why")


def every_moment(kind: Kind) -> Verdict:
    """Whether it can be asked at every moment of a run, and in time."""
    rule, longest = kind.rule(), 0.0
    for moments in _runs().values():
        for case in moments:
            begun = perf_counter()
            rule.apply(case)
            longest = max(longest, perf_counter() - begun)
    if longest > LONGEST:
        return failed(f"takes {longest:.1f} s for one look, in which the screen waits")
    return passed(f"answers at every moment, before the first batch too, in {longest * 1000:.1f} ms at most")


def remedies(kind: Kind) -> Verdict:
    """Whether its remedies are options."""
    for run, finding in _found(kind):
        for options in finding.tried:
            try:
                changed(Config.parse({}), options)
            except UserError as error:
                return failed(f"its remedy for {run} is no option: {error}")
    return passed("its remedies are options that there are")


def speaks(kind: Kind) -> Verdict:
    """Of which runs it speaks."""
    spoken = dict(_found(kind))
    if "a healthy run" in spoken:
        return failed(f"speaks of a healthy run: {spoken['a healthy run'].say(spoken['a healthy run'].symptom)!r}")
    return passed(
        f"is silent of a healthy run; it speaks of {' and of '.join(spoken)}" if spoken else "is silent of the runs that it was shown"
    )


def hidden_state(kind: Kind) -> Verdict:
    """Whether nothing outlasts the object."""
    return global_state(kind, lambda: _found(kind))


CHECKS: Final[Checks] = {"texts": texts, "every_moment": every_moment, "remedies": remedies, "speaks": speaks, "global_state": hidden_state}
