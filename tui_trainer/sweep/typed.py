"""A sweep's plan as typed text: the words of the command line without those about workers and output."""

import shlex
from collections.abc import Mapping
from typing import Any, Final

import click

from tui_trainer.config.options import fields
from tui_trainer.config.source import spellings
from tui_trainer.errors import UserError
from tui_trainer.sweep.plan import SEARCHES, Plan, planned

ELSEWHERE: Final = ("config", "output", "workers", "scheduler", "ssh", "slurm", "format")
"""Options of the command that are not part of a plan."""

SEARCH: Final = ("search", "samples", "search_seed")
"""Those that say how is searched."""


def read_words(text: str) -> dict[str, str]:
    """Each option of a command line's words with its text, in their order. Raises UserError."""
    reader = click.Command("sweep", {"allow_extra_args": True}, params=_options(), add_help_option=False)
    try:
        read = reader.make_context("sweep", shlex.split(text))
    except click.UsageError as error:
        raise UserError(error.format_message().rstrip(".").replace("\n", " ")) from None
    except ValueError as error:  # an unclosed quotation mark
        raise UserError(str(error).lower()) from None
    if read.args:
        raise UserError(f"{read.args[0]!r} belongs to no option", hint="an option and its values read like --activation relu,elu")
    given = texts(read.params)
    if elsewhere := next((name for name in ELSEWHERE if name in given), None):
        raise UserError("only on the command line", option=f"--{elsewhere}", hint="here are fields for what can be chosen")
    return {name: str(value) for name, value in given.items()}


def read_plan(text: str, fixed: Mapping[str, Any]) -> Plan:
    """The plan of a command line's words, with `fixed` options shared by all runs. Raises UserError."""
    given = read_words(text)
    search, samples, seed = (given.pop(name, None) for name in SEARCH)
    if not given:
        raise UserError("nothing is swept yet", hint="give an option several values, such as --activation relu,elu")
    table = {name: value for name, value in fixed.items() if name not in given}
    plan = planned(given, table, None, search, int(samples) if samples else None, int(seed) if seed else None)
    assert plan is not None
    return plan


def texts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Each given option with its text; a switch turned off is `false`."""
    return {name.removeprefix("no_"): "false" if name.startswith("no_") else value for name, value in given.items() if value is not None}


def _options() -> list[click.Parameter]:
    """The options of the command line."""
    options: list[click.Parameter] = [
        click.Option(["--search"], type=click.Choice(list(SEARCHES))),
        click.Option(["--samples"], type=click.IntRange(1)),
        click.Option(["--search-seed"], type=click.IntRange(0)),
        *(click.Option([f"--{name}"], is_flag=name == "slurm", default=None) for name in ELSEWHERE),
    ]
    for name, field in fields():
        switch: dict[str, Any] = {"is_flag": False, "flag_value": "true"} if field.annotation is bool else {}
        options.append(click.Option([*spellings(name), name], **switch))
        if switch:
            options.append(click.Option([f"--no-{name}", f"no_{name}"], is_flag=True, default=None))
    return options
