"""The options of a run, made from the fields of Config; each command that takes them adds them itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

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


class OfRun(click.Option):
    """An option for a field of Config."""


class OfSweep(click.Option):
    """An option for what a field of Config is swept over."""


class Renewed:
    """A command whose options are those of Config as it is when the command is called: parts are registered while the program runs."""

    params: list[click.Parameter]

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options that there are now."""
        for kind, make in ((OfRun, _of_run), (OfSweep, _of_sweep)):
            if before := [number for number, param in enumerate(self.params) if isinstance(param, kind)]:
                kept = [param for param in self.params if not isinstance(param, kind)]
                self.params = [*kept[: before[0]], *(kind(names, **more) for names, more in make()), *kept[before[0] :]]
        return super().get_params(ctx)  # type: ignore[misc, no-any-return] # that of the command which this is mixed into


class RenewedCommand(Renewed, click.Command):
    """A command with options of a run."""


class RenewedGroup(Renewed, click.Group):
    """The same with commands of its own."""


Parameter: TypeAlias = tuple[list[str], dict[str, Any]]
"""What an option is called, and what else it is made from."""


def config_options(command: Command) -> Command:
    """Add an option for every field of Config; the command has to be a `RenewedCommand` or a `RenewedGroup`."""
    return _added(command, OfRun, _of_run())


def swept_options(command: Command) -> Command:
    """Add an option for every field of Config that takes several values, to such a command."""
    return _added(command, OfSweep, _of_sweep())


def _added(command: Command, kind: type[click.Option], parameters: list[Parameter]) -> Command:
    for names, more in reversed(parameters):  # as decorators go, the last comes first
        command = click.option(*names, cls=kind, **more)(command)
    return command


def _of_run() -> list[Parameter]:
    found: list[Parameter] = []
    for name, field in fields():
        text = field.description or ""
        if field.annotation is bool:
            found.append(([f"{option(name)}/--no-{name}"], {"default": None, "help": f"{text}  [default: {name}]"}))
            continue
        if field.default_factory is None:
            text += f"  [default: {as_text(field.default)}]"
        found.append(([*spellings(name), name], {"type": Value(name, field.annotation), "help": text}))
    return found


def _of_sweep() -> list[Parameter]:
    found: list[Parameter] = []
    for name, field in fields():
        switch: dict[str, Any] = {"type": Swept(name, field.annotation), "help": field.description}
        if field.annotation is bool:
            switch |= {"is_flag": False, "flag_value": "true"}  # by itself it is one value
        found.append(([*spellings(name), name], switch))
        if field.annotation is bool:
            found.append(([f"--no-{name}", f"no_{name}"], {"is_flag": True, "default": None, "help": f"As {option(name)} false."}))
    return found
