"""`tui-trainer`: the group of all commands, which trains where none is named. A new command is a file here and a name in `COMMANDS`."""

from typing import Any, Final

import click

from tui_trainer.commands.check import check_command
from tui_trainer.commands.data import data_command
from tui_trainer.commands.diagnose import diagnose_command
from tui_trainer.commands.export import export_command
from tui_trainer.commands.groups import refuse_options_before_command
from tui_trainer.commands.lesson import lesson_command
from tui_trainer.commands.lr_find import lr_find_command
from tui_trainer.commands.new import new_command
from tui_trainer.commands.paths import paths_command
from tui_trainer.commands.plugin_option import PluginGroup
from tui_trainer.commands.plugins import plugins_command
from tui_trainer.commands.predict import predict_command
from tui_trainer.commands.preflight import preflight_command
from tui_trainer.commands.runs import runs_command
from tui_trainer.commands.serve import serve_command
from tui_trainer.commands.surface import surface_command
from tui_trainer.commands.sweep import sweep_command
from tui_trainer.commands.train import train, train_options
from tui_trainer.commands.watch import watch_command
from tui_trainer.version import __version__

COMMANDS: Final = (
    check_command,
    data_command,
    diagnose_command,
    export_command,
    lesson_command,
    lr_find_command,
    new_command,
    paths_command,
    plugins_command,
    predict_command,
    preflight_command,
    runs_command,
    serve_command,
    surface_command,
    sweep_command,
    watch_command,
)


@click.group(
    "tui-trainer",
    cls=PluginGroup,
    commands=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Exit status: 0 finished, 2 bad option or data, 3 training diverged, 4 ended by --stop-when, "
    "130/143/129/138 ended by SIGINT/SIGTERM/SIGHUP/SIGUSR1.",
)
@click.version_option(__version__, prog_name="tui-trainer")
@train_options
@click.pass_context
def program(context: click.Context, /, **given: Any) -> None:
    """Train a NumPy multilayer perceptron on MNIST and watch it learn, in the terminal.

    Without --no-ui the options pre-fill the app's form.
    """
    if context.invoked_subcommand is not None:
        refuse_options_before_command(context)
        return
    context.exit(train(**given))
