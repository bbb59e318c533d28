"""What a check of a plugin says, in lines or JSON."""

import sys
from pathlib import Path
from typing import Final, Literal

from tui_trainer.checking.check import CHECKS, check_part
from tui_trainer.headless.run import Exit
from tui_trainer.headless.tables import say, say_json
from tui_trainer.plugins.loaded import load
from tui_trainer.plugins.plugin import Plugin
from tui_trainer.plugins.source import refused
from tui_trainer.system.folders import printable
from tui_trainer.system.signals import TookTooLongError, at_most
from tui_trainer.system.streams import results

LONGEST_LOADING: Final = 8.0
"""Seconds for executing the file."""


def tell_check(file: Path, form: Literal["text", "json"]) -> int:
    """Check every part in the file, print the outcomes, and return the exit status. Raises UserError where it cannot be loaded."""
    plugin = _loaded(file)
    failures = total = 0
    with results():
        for part in plugin.parts:
            if form == "text":
                say(f"{part.kind.name} {part.name} ({printable(file.name)}, line {part.line})")
            width = max(map(len, CHECKS[part.kind.name]))
            for outcome in check_part(part.kind.name, part.name, part.definition, plugin.path):
                passed, reason = outcome.verdict
                total, failures = total + 1, failures + (not passed)
                if form == "json":
                    say_json(outcome.record())
                else:
                    say(f"  {'ok' if passed else 'FAILED':<6}  {outcome.check:<{width}}  {printable(reason)}")
                sys.stdout.flush()
        if form == "text":
            say(f"{failures} of {total} checks failed" if failures else f"all {total} checks passed")
    return Exit.NOT_WELL if failures else Exit.FINISHED


def _loaded(file: Path) -> Plugin:
    try:
        with at_most(LONGEST_LOADING):
            return load(file)
    except TookTooLongError:
        raise refused(file, None, f"loading it does not come to an end within {LONGEST_LOADING:g} seconds") from None
