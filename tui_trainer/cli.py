"""The command line: options made from the fields of Config, then the app, or training without a screen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from tui_trainer import __version__
from tui_trainer.commands.chosen_language import language_option
from tui_trainer.commands.chosen_runs import RunName, resolved
from tui_trainer.commands.export import export_command
from tui_trainer.commands.lesson import lesson_command
from tui_trainer.commands.paths import paths_command
from tui_trainer.commands.predict import predict_command
from tui_trainer.commands.refresh import check_refresh
from tui_trainer.commands.runs import runs_command
from tui_trainer.commands.sweep import sweep_command
from tui_trainer.commands.watch import watch_command
from tui_trainer.config.options import AUTO, LEAST_FACTOR, MOST_FACTOR, Config, Source, as_text, choices, fields, layered, option, read_toml
from tui_trainer.config.relevance import hindrance
from tui_trainer.errors import UserError
from tui_trainer.system.streams import warn
from tui_trainer.text.language import spoken

ALIASES: Mapping[str, tuple[str, ...]] = {"learning_rate": ("--lr",)}


class Value(click.ParamType[str]):
    """A text that Config itself will check, so that a wrong one reads alike on the command line, in TOML and in the form."""

    def __init__(self, field: str, annotation: Any) -> None:
        self.name = {"data": "path", "hidden": "sizes", "changes": "changes"}.get(field) or {int: "integer"}.get(annotation, "number")
        self._choices = choices(field)
        self._layered = layered(field)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """List the names that are allowed, where there is such a list."""
        if not self._choices:
            return self.name.upper()
        return "[" + "|".join(self._choices) + "]" + (",..." if self._layered else "")

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the names that are allowed, each with its meaning."""
        if self.name == "path":
            return [CompletionItem(incomplete, type="file")]
        given, comma, begun = incomplete.rpartition(",") if self._layered else ("", "", incomplete)
        offered = {name: meaning for name, meaning in self._choices.items() if name.startswith(begun)}
        return [CompletionItem(f"{given}{comma}{name}", help=meaning) for name, meaning in offered.items()]


class Swept(Value):
    """What an option is swept over, which the sweep itself will check."""

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Say that it may be several."""
        return f"{'|'.join(self._choices) or self.name.upper()},..."


def swept_options(command: click.Command) -> click.Command:
    """Add an option for every field of Config that takes several values."""
    for name, field in fields():
        names = [option(name), *ALIASES.get(name, ()), name]
        # A switch by itself is one value.
        switch: dict[str, Any] = {"is_flag": False, "flag_value": "true"} if field.annotation is bool else {}
        command.params.append(click.Option(names, type=Swept(name, field.annotation), help=field.description, **switch))
        if switch:
            off = click.Option([f"--no-{name}", f"no_{name}"], is_flag=True, default=None, help=f"As {option(name)} false.")
            command.params.append(off)
    return command


def config_options(command: click.Command) -> click.Command:
    """Add an option for every field of Config."""
    for name, field in fields():
        text = field.description or ""
        if field.annotation is bool:
            command.params.append(click.Option([f"{option(name)}/--no-{name}"], default=None, help=f"{text}  [default: {name}]"))
            continue
        if field.default_factory is None:
            text += f"  [default: {as_text(field.default)}]"
        made = click.Option([option(name), *ALIASES.get(name, ()), name], type=Value(name, field.annotation), help=text)
        command.params.append(made)
    return command


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Exit status: 0 finished, 2 bad option or data, 3 training diverged, 130/143/129/138 ended by SIGINT/SIGTERM/SIGHUP/SIGUSR1.",
)
@click.version_option(__version__, prog_name="tui-trainer")
@click.option("--no-ui", is_flag=True, help="Train without a screen.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file of options; the command line wins over it.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder to keep the run in, new or empty.  [default: a fresh one in runs/]")
@click.option(
    "--resume",
    "to_resume",
    type=RunName(),
    metavar="RUN",
    help="Run to resume, from its last checkpoint: its folder, its name in runs/, or latest. Options that may change while a run goes "
    "on may be given with it.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", "text", "json", "quiet"]),
    help="What --no-ui prints; auto: lines, and a progress bar on a terminal.  [default: auto]",
)
@click.option("--refresh", type=float, metavar="PER_SECOND", help="How often the app looks at the run; less for slow lines.  [default: 2]")
@click.option("--no-mouse", is_flag=True, help="Have the app take no mouse, for terminals whose reports of it get in the way.")
@language_option
@click.pass_context
def program(
    context: click.Context,
    /,
    no_ui: bool,
    config_file: Path | None,
    output: Path | None,
    to_resume: str | None,
    form: str | None,
    refresh: float | None,
    no_mouse: bool,
    **given: Any,
) -> None:
    """Train a NumPy multilayer perceptron on MNIST and watch it learn, in the terminal.

    Without --no-ui the options pre-fill the app's form.
    """
    if context.invoked_subcommand is not None:
        _refuse_options_before(context.invoked_subcommand, context)
        return
    if to_resume:
        for name, is_given in (("--output", output), ("--config", config_file)):
            if is_given:
                raise UserError("a resumed run keeps its folder and options", option=name, hint=f"leave out {name} or --resume")
    resume = _resolved(to_resume) if to_resume else None
    values, source = _merge(config_file, {name: value for name, value in given.items() if value is not None})
    if refresh is not None:
        check_refresh(refresh)
    if no_ui:
        for name, is_set in (("--refresh", refresh is not None), ("--no-mouse", no_mouse)):
            if is_set:
                raise UserError("only the app has a screen", option=name, hint="leave out --no-ui")
        from tui_trainer.headless.run import run_headless  # noqa: PLC0415 the app does not need it
        from tui_trainer.runs.run import Run  # noqa: PLC0415 nor does --help

        if resume:
            run = Run.resume(resume, values)
        else:
            config = Config.parse(values, source)
            _tell_of_idle_options(given, config)
            _tell_of_too_many_threads(config)
            run = Run.create(config, output)
        context.exit(run_headless(run, form or "auto"))  # type: ignore[arg-type]
    if form is not None:
        raise UserError("only --no-ui prints events", option="--format", hint="add --no-ui")
    from tui_trainer.ui.start import run_app  # noqa: PLC0415 nothing but the app may import Textual

    looks = {} if refresh is None else {"looks_per_second": refresh}
    # Options that do not fit by themselves may fit those of the run that is resumed.
    options = values if resume else dict(Config.parse(values, source))
    context.exit(run_app({name: options[name] for name in values}, output, resume, mouse=not no_mouse, **looks))


@program.command("lr-find")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file of options; the command line wins over it.")
@click.option("--from", "lowest", type=click.FloatRange(0, min_open=True), default=1e-6, show_default=True, help="The first rate.")
@click.option("--to", "highest", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True, help="The last rate.")
@click.option("--steps", type=click.IntRange(2, 1_000_000), default=1000, show_default=True, help="Steps between them, one batch each.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="A chart, or one JSON object per step.")
def lr_find(config_file: Path | None, lowest: float, highest: float, steps: int, form: str, **given: Any) -> None:
    """Find a learning rate: raise it step by step and see where the loss falls and where it bursts (Smith 2017)."""
    from tui_trainer.headless.run import find_learning_rate  # noqa: PLC0415 --help need not wait for it

    if not LEAST_FACTOR <= lowest < highest <= MOST_FACTOR:  # in this form not a number is refused too
        limits = f"{LEAST_FACTOR:g} to {MOST_FACTOR:g}"
        raise UserError(f"must be less than --to, and both from {limits}, not {lowest:g} and {highest:g}", option="--from", colon=False)
    values, source = _merge(config_file, {name: value for name, value in given.items() if value is not None})
    find_learning_rate(Config.parse(values, source), lowest=lowest, highest=highest, steps=steps, form=form)


@program.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on; any but this one lets other machines in.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, show_default=True, help="The port; 0 for any that is free.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file of options; the command line wins over it.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder to keep the run in, new or empty.  [default: a fresh one in runs/]")
@language_option
@click.pass_context
def serve(context: click.Context, /, host: str, port: int, config_file: Path | None, output: Path | None, **given: Any) -> None:
    """Serve the app to a browser, one app for each page that is opened; the options pre-fill its form."""
    from tui_trainer.ui.web.serve import serve_app, served_command  # noqa: PLC0415 --help need not wait for it

    values = {name: value for name, value in given.items() if value is not None}
    Config.parse(*_merge(config_file, values))
    context.exit(serve_app(served_command(values, config_file, output, spoken()), host, port))


config_options(program)
config_options(lr_find)
config_options(serve)
config_options(lesson_command)
swept_options(sweep_command)
program.add_command(watch_command)
program.add_command(predict_command)
program.add_command(paths_command)
program.add_command(export_command)
program.add_command(runs_command)
program.add_command(lesson_command)
program.add_command(sweep_command)


def _refuse_options_before(command: str, context: click.Context) -> None:
    """Options in front of a command would be read and have no effect."""
    for parameter in program.params:
        if parameter.name and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE:
            raise UserError(f"the options of a command come after it: tui-trainer {command} [OPTIONS]", option=parameter.opts[0])


def _resolved(run: str) -> Path:
    """The folder of the run to go on with. Raises UserError."""
    try:
        return resolved(run, None)
    except UserError as error:
        error.option = "--resume"
        raise


def _tell_of_idle_options(given: Mapping[str, Any], config: Config) -> None:
    """Somebody who gives an option expects it to change something."""
    for name in (name for name, value in given.items() if value is not None):
        decisive = hindrance(name, dict(config))
        if decisive and not any(decisive in change.values for change in config.changes):
            warn(f"{option(name)} has no effect with {option(decisive)} {as_text(getattr(config, decisive))}")


def _tell_of_too_many_threads(config: Config) -> None:
    from tui_trainer.training.environment import cores  # noqa: PLC0415 --help need not wait for it

    if config.threads != AUTO and config.threads > cores():
        warn(f"--threads {config.threads}: this process may use {cores()} cores; more threads than that wait for each other")


def _merge(file: Path | None, given: Mapping[str, Any]) -> tuple[dict[str, Any], Source]:
    from_file = read_toml(file) if file else {}
    return {**from_file, **given}, Source(file, frozenset(from_file.keys() - given.keys()))
