"""`tui-trainer preflight`: checks before a long run."""

from pathlib import Path
from typing import Any, Literal

import click

from tui_trainer.commands.plugin_option import PluginCommand
from tui_trainer.commands.run_options import config_file_option, config_options
from tui_trainer.config.options import Config
from tui_trainer.config.source import merged


@click.command("preflight", cls=PluginCommand)
@config_file_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Lines of text, or one JSON object each.")
@config_options
@click.pass_context
def preflight_command(context: click.Context, /, config_file: Path | None, form: Literal["text", "json"], **given: Any) -> None:
    """See within seconds whether a run can learn, before it takes hours.

    Takes the options of the run. Each check has a line: what was found, and ok or FAILED; below is what to do next. Nothing is written.

    Exit status: 0 when all checks passed, 4 when not.
    """
    from tui_trainer.headless.preflight import tell_preflight  # noqa: PLC0415 --help need not wait for it

    context.exit(tell_preflight(Config.parse(*merged(config_file, given)), form))
