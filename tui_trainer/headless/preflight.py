"""The checks before a run without a screen: a line of text or JSON for each, and what to do next."""

from typing import Final, Literal

from tui_trainer.config.options import Config
from tui_trainer.diagnosis.preflight.checks import CHECKS, preflight
from tui_trainer.diagnosis.preflight.outcome import Outcome
from tui_trainer.headless.run import Exit
from tui_trainer.runs.directory import line
from tui_trainer.runs.run import settle
from tui_trainer.system.folders import printable
from tui_trainer.system.streams import results

NOT_PASSED: Final = 4
"""The exit status when a check failed."""


def tell_preflight(config: Config, form: Literal["text", "json"]) -> int:
    """Make the checks, print each as soon as it is made, and return the exit status. Raises UserError."""
    config, data = settle(config)
    failed: list[tuple[str, Outcome]] = []
    with results():
        for name, outcome in preflight(config, data):
            if form == "json":
                _say(line(outcome.record(name)))
            else:
                _say(f"{'ok' if outcome.passed else 'FAILED':<6}  {name:<{max(map(len, CHECKS))}}  {printable(outcome.reason)}")
            if not outcome.passed:
                failed.append((name, outcome))
        if form == "text":
            _say_advice(failed)
    return NOT_PASSED if failed else Exit.FINISHED


def _say_advice(failed: list[tuple[str, Outcome]]) -> None:
    if not failed:
        _say("\nall checks passed: nothing speaks against this run")
        return
    _say("\nwhat to do next, the likely cause first:")
    for name, outcome in failed:
        _say(f"  {name}: {printable(outcome.hint)}")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
