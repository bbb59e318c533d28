"""`tui-trainer` by itself: the app, or with --no-ui the same training without a screen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import click

from tui_trainer.commands.chosen_language import language_option
from tui_trainer.commands.chosen_runs import RunName, resolved
from tui_trainer.commands.finding_names import FindingNames
from tui_trainer.commands.refresh import check_refresh
from tui_trainer.commands.run_options import Command, config_file_option, config_options, output_option
from tui_trainer.config.options import AUTO, Config, as_text
from tui_trainer.config.relevance import hindrance
from tui_trainer.config.source import merged, option
from tui_trainer.errors import UserError
from tui_trainer.system.streams import warn


def train_options(command: Command) -> Command:
    """Add the options that `train` takes."""
    for add in reversed(
        (
            click.option("--no-ui", is_flag=True, help="Train without a screen."),
            config_file_option,
            output_option,
            click.option(
                "--resume",
                "to_resume",
                type=RunName(),
                metavar="RUN",
                help="Run to resume, from its last checkpoint: its folder, its name in runs/, or latest. Options that may change while "
                "a run goes on may be given with it.",
            ),
            click.option(
                "--format",
                "form",
                type=click.Choice(["auto", "text", "json", "quiet"]),
                help="What --no-ui prints; auto: lines, and a progress bar on a terminal.  [default: auto]",
            ),
            click.option(
                "--stop-when",
                type=FindingNames(),
                metavar="FINDING,...",
                help="With --no-ui: end the run, with exit status 4, when a diagnosis finds one of these, "
                "such as dead_units,vanishing_gradients.",
            ),
            click.option(
                "--refresh", type=float, metavar="PER_SECOND", help="How often the app looks at the run; less for slow lines.  [default: 2]"
            ),
            click.option("--no-mouse", is_flag=True, help="Have the app take no mouse, for terminals whose reports of it get in the way."),
            click.option("--no-welcome", is_flag=True, help="Have the app begin with the form, also where nothing was trained yet."),
            language_option,
            config_options,
        )
    ):
        command = add(command)
    return command


def train(
    *,
    no_ui: bool,
    config_file: Path | None,
    output: Path | None,
    to_resume: str | None,
    form: Literal["auto", "text", "json", "quiet"] | None,
    stop_when: tuple[str, ...] | None,
    refresh: float | None,
    no_mouse: bool,
    no_welcome: bool,
    **given: Any,
) -> int:
    """Train, and return the exit status. Raises UserError."""
    if to_resume:
        for name, is_given in (("--output", output), ("--config", config_file)):
            if is_given:
                hint = f"leave out {name} or --resume"
                raise UserError("a resumed run keeps its folder and options", option=name, hint=hint)
    resume = _resolved(to_resume) if to_resume else None
    values, source = merged(config_file, given)
    if refresh is not None:
        check_refresh(refresh)
    if no_ui:
        for name, is_set in (("--refresh", refresh is not None), ("--no-mouse", no_mouse), ("--no-welcome", no_welcome)):
            if is_set:
                raise UserError("only the app has a screen", option=name, hint="leave out --no-ui")
        from tui_trainer.headless.run import run_headless  # noqa: PLC0415 the app does not need it
        from tui_trainer.runs.run import Run  # noqa: PLC0415 nor does --help

        if resume:
            return run_headless(Run.resume(resume, values), form or "auto", stop_when or ())
        config = Config.parse(values, source)
        _tell_of_idle_options(given, config)
        _tell_of_too_many_threads(config)
        return run_headless(Run.create(config, output), form or "auto", stop_when or ())
    if form is not None:
        raise UserError("only --no-ui prints events", option="--format", hint="add --no-ui")
    if stop_when is not None:
        raise UserError("only --no-ui ends a run by itself", option="--stop-when", hint="add --no-ui")
    from tui_trainer.ui.start import run_app  # noqa: PLC0415 nothing but the app may import Textual

    looks = {} if refresh is None else {"looks_per_second": refresh}
    # Options that do not fit by themselves may fit those of the resumed run.
    options = values if resume else dict(Config.parse(values, source))
    return run_app({name: options[name] for name in values}, output, resume, mouse=not no_mouse, welcome=not no_welcome, **looks)


def _resolved(run: str) -> Path:
    """The folder of the run to resume. Raises UserError."""
    try:
        return resolved(run, None)
    except UserError as error:
        error.option = "--resume"
        raise


def _tell_of_idle_options(given: Mapping[str, Any], config: Config) -> None:
    """Warn of given options that have no effect."""
    for name in (name for name, value in given.items() if value is not None):
        decisive = hindrance(name, dict(config))
        if decisive and not any(decisive in change.values for change in config.changes):
            warn(f"{option(name)} has no effect with {option(decisive)} {as_text(getattr(config, decisive))}")


def _tell_of_too_many_threads(config: Config) -> None:
    from tui_trainer.system.machine import cores  # noqa: PLC0415 --help need not wait for it

    if config.threads != AUTO and config.threads > cores():
        warn(f"--threads {config.threads}: this process may use {cores()} cores; more threads than that wait for each other")
