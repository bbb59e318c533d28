"""The checks of every part in a plugin, one after the other."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from tui_trainer.checking import activations, figures, initializers, layers, optimizers, readers, rules, schedules
from tui_trainer.checking.verdict import Check, Checks, Verdict, failed
from tui_trainer.errors import UserError
from tui_trainer.plugins.plugin import Plugin
from tui_trainer.plugins.source import line_in, told
from tui_trainer.system.signals import TookTooLongError, at_most

LONGEST: Final = 4.0
"""Seconds for one check."""

HANGS: Final = f"does not come to an end within {LONGEST:g} seconds; what else would be checked is left out"

CHECKS: Final[Mapping[str, Checks]] = {
    "activation": activations.CHECKS,
    "initializer": initializers.CHECKS,
    "optimizer": optimizers.CHECKS,
    "schedule": schedules.CHECKS,
    "layer": layers.CHECKS,
    "reader": readers.CHECKS,
    "figure": figures.CHECKS,
    "rule": rules.CHECKS,
}
"""By the kinds of parts."""


class Outcome(NamedTuple):
    """What a check says of a part."""

    part: str
    kind: str
    check: str
    verdict: Verdict

    def record(self) -> dict[str, Any]:
        """The outcome as a JSON object."""
        part, kind, check, (passed, reason) = self
        return {"event": "check", "part": part, "kind": kind, "check": check, "passed": passed, "reason": reason}


def check_plugin(plugin: Plugin) -> Iterator[Outcome]:
    """The outcomes for every part of a plugin that is loaded."""
    for part in plugin.parts:
        yield from check_part(part.kind.name, part.name, part.definition, plugin.path)


def check_part(kind: str, name: str, definition: type[Any], path: Path | None = None) -> Iterator[Outcome]:
    """The outcomes for a class of this kind, defined in the file at the path; no more of them once it hangs, or fails alike again."""
    before = ""
    for check, function in CHECKS[kind].items():
        verdict, fault = _verdict(function, definition, path)
        if fault and fault == before:
            return
        yield Outcome(name, kind, check, verdict)
        if fault == HANGS:
            return
        before = fault


def _verdict(check: Check, definition: type[Any], path: Path | None) -> tuple[Verdict, str]:
    """The verdict, and what kept the check from its end."""
    fault = ""
    try:
        # What a part prints is none of the check's results.
        with np.errstate(all="ignore"), redirect_stdout(sys.stderr), at_most(LONGEST):
            return check(definition), ""
    except TookTooLongError:
        fault = HANGS
    except UserError as error:
        fault = str(error)
    except (Exception, SystemExit) as error:
        line = line_in(path, error.__traceback__) if path else None
        fault = f"line {line}: {told(error)}" if line else told(error)
    return failed(fault), fault
