"""The options of a run, made from the fields of Config; each command that takes them adds them itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from tui_trainer.config.options import as_text, choices, fields, layered
from tui_trainer.config.source import option, spellings

Command = TypeVar("Command", bound=Callable[..., Any])

config_file_option = click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="TOML file of options; the command line wins over it."
)

output_option = click.option(
    "--output", type=click.Path(path_type=Path), help="Folder to keep the run in, new or empty.  [default: a fresh one in runs/]"
)


class Value(click.ParamType[str]):
    """A text that Config itself will check, so that a wrong one reads alike on the command line, in TOML and in the form."""

    def __init__(self, field: str, annotation: Any) -> None:
        self.name = {"data": "path", "hidden": "sizes", "changes": "changes"}.get(field) or {int: "integer"}.get(annotation, "number")
        self._field = field

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """List the names that are allowed, where there is such a list."""
        names = "|".join(choices(self._field))
        return f"[{names}]{',...' if layered(self._field) else ''}" if names else self.name.upper()

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the names that are allowed, each with its meaning."""
        if self.name == "path":
            return [CompletionItem(incomplete, type="file")]
        given, comma, begun = incomplete.rpartition(",") if layered(self._field) else ("", "", incomplete)
        offered = {name: meaning for name, meaning in choices(self._field).items() if name.startswith(begun)}
        return [CompletionItem(f"{given}{comma}{name}", help=meaning) for name, meaning in offered.items()]


class Swept(Value):
    """What an option is swept over, which the sweep itself will check."""

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Say that it may be several."""
        return f"{'|'.join(choices(self._field)) or self.name.upper()},..."


def config_options(command: Command) -> Command:
    """Add an option for every field of Config."""
    for name, field in reversed(list(fields())):  # as decorators go, the last comes first
        text = field.description or ""
        if field.annotation is bool:
            command = click.option(f"{option(name)}/--no-{name}", default=None, help=f"{text}  [default: {name}]")(command)
            continue
        if field.default_factory is None:
            text += f"  [default: {as_text(field.default)}]"
        command = click.option(*spellings(name), name, type=Value(name, field.annotation), help=text)(command)
    return command


def swept_options(command: Command) -> Command:
    """Add an option for every field of Config that takes several values."""
    for name, field in reversed(list(fields())):
        switch: dict[str, Any] = {}
        if field.annotation is bool:
            command = click.option(f"--no-{name}", f"no_{name}", is_flag=True, default=None, help=f"As {option(name)} false.")(command)
            switch = {"is_flag": False, "flag_value": "true"}  # by itself it is one value
        command = click.option(*spellings(name), name, type=Swept(name, field.annotation), help=field.description, **switch)(command)
    return command
