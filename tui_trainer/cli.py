"""The command line: options made from the fields of Config, then the app, or training without a screen."""

from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from tui_trainer import __version__
from tui_trainer.config import Config, Source, choices, fields, format_hidden, option, read_toml
from tui_trainer.errors import UserError

ALIASES: Mapping[str, tuple[str, ...]] = {"learning_rate": ("--lr",)}


class Value(click.ParamType[str]):
    """A text that Config itself will check, so that a wrong one reads alike on the command line, in TOML and in the form."""

    def __init__(self, field: str, annotation: Any) -> None:
        self.name = {"data": "path", "hidden": "sizes"}.get(field) or {int: "integer"}.get(annotation, "number")
        self._choices = choices(field)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """List the names that are allowed, where there is such a list."""
        return "[" + "|".join(self._choices) + "]" if self._choices else self.name.upper()

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the names that are allowed, each with its meaning."""
        if self.name == "path":
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(name, help=meaning) for name, meaning in self._choices.items() if name.startswith(incomplete)]


def config_options(command: click.Command) -> click.Command:
    """Add an option for every field of Config."""
    for name, field in fields():
        text = field.description or ""
        if field.annotation is bool:
            command.params.append(click.Option([f"{option(name)}/--no-{name}"], default=None, help=f"{text}  [default: {name}]"))
            continue
        if field.default_factory is None:
            text += f"  [default: {format_hidden(field.default) if name == 'hidden' else field.default}]"
        made = click.Option([option(name), *ALIASES.get(name, ()), name], type=Value(name, field.annotation), help=text)
        command.params.append(made)
    return command


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Exit status: 0 finished, 2 bad option or data, 3 training diverged, 130/143/129 ended by SIGINT/SIGTERM/SIGHUP.",
)
@click.version_option(__version__, prog_name="tui-trainer")
@click.option("--no-ui", is_flag=True, help="Train without a screen.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file of options; the command line wins over it.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder to keep the run in, new or empty.  [default: a fresh one in runs/]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", "text", "json", "quiet"]),
    help="What --no-ui prints; auto: lines, and a progress bar on a terminal.  [default: auto]",
)
@click.pass_context
def program(context: click.Context, /, no_ui: bool, config_file: Path | None, output: Path | None, form: str | None, **given: Any) -> None:
    """Train a NumPy multilayer perceptron on MNIST and watch it learn, in the terminal.

    Without --no-ui the options pre-fill the app's form.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context.invoked_subcommand, context)
        return
    values, source = _merge(config_file, {name: value for name, value in given.items() if value is not None})
    config = Config.parse(values, source)
    if no_ui:
        from tui_trainer.headless import run_headless  # noqa: PLC0415 the app does not need it
        from tui_trainer.runs.run import Run  # noqa: PLC0415 nor does --help

        context.exit(run_headless(Run.create(config, output), form or "auto"))  # type: ignore[arg-type]
    if form is not None:
        raise UserError("--format: only --no-ui prints events; add --no-ui")
    from tui_trainer.ui.app import run_app  # noqa: PLC0415 nothing but the app may import Textual

    context.exit(run_app({name: getattr(config, name) for name in values}, output))


@program.command("lr-find")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file of options; the command line wins over it.")
@click.option("--from", "lowest", type=click.FloatRange(0, min_open=True), default=1e-6, show_default=True, help="The first rate.")
@click.option("--to", "highest", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True, help="The last rate.")
@click.option("--steps", type=click.IntRange(2, 1_000_000), default=1000, show_default=True, help="Steps between them, one batch each.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="A chart, or one JSON object per step.")
def lr_find(config_file: Path | None, lowest: float, highest: float, steps: int, form: str, **given: Any) -> None:
    """Find a learning rate: raise it step by step and see where the loss falls and where it bursts (Smith 2017)."""
    from tui_trainer.headless import find_learning_rate  # noqa: PLC0415 --help need not wait for it

    if not lowest < highest < inf:  # in this form not a number is refused too
        raise UserError(f"--from must be less than --to, and both finite, not {lowest:g} and {highest:g}")
    values, source = _merge(config_file, {name: value for name, value in given.items() if value is not None})
    find_learning_rate(Config.parse(values, source), lowest=lowest, highest=highest, steps=steps, form=form)


config_options(program)
config_options(lr_find)


def _refuse_options_before(command: str, context: click.Context) -> None:
    """Options in front of a command would be read and have no effect."""
    for parameter in program.params:
        if parameter.name and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE:
            raise UserError(f"{parameter.opts[0]}: the options of a command come after it: tui-trainer {command} [OPTIONS]")


def _merge(file: Path | None, given: Mapping[str, Any]) -> tuple[dict[str, Any], Source]:
    from_file = read_toml(file) if file else {}
    return {**from_file, **given}, Source(file, frozenset(from_file.keys() - given.keys()))
