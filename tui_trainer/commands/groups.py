"""Shared by groups of commands that also run without a command."""

import click
from click.core import ParameterSource

from tui_trainer.errors import UserError


def refuse_options_before_command(context: click.Context) -> None:
    """Raise UserError where options stand in front of a command: they would be read and have no effect."""
    for parameter in context.command.params:
        # What plugins are named before a command are loaded for it.
        if parameter.name and parameter.name != "plugins" and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE:
            called = f"{context.command_path} {context.invoked_subcommand} [OPTIONS]"
            raise UserError(f"the options of a command come after it: {called}", option=parameter.opts[0])
