"""`tui-trainer serve`: the app in a browser."""

from pathlib import Path
from typing import Any

import click

from tui_trainer.commands.chosen_language import language_option
from tui_trainer.commands.plugin_option import PluginCommand, named_plugins
from tui_trainer.commands.run_options import config_file_option, config_options, output_option
from tui_trainer.config.options import Config
from tui_trainer.config.source import merged
from tui_trainer.text.language import spoken


@click.command("serve", cls=PluginCommand)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on; any but this one lets other machines in.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, show_default=True, help="The port; 0 for any that is free.")
@config_file_option
@output_option
@language_option
@config_options
@click.pass_context
def serve_command(context: click.Context, /, host: str, port: int, config_file: Path | None, output: Path | None, **given: Any) -> None:
    """Serve the app to a browser, one app for each page that is opened; the options pre-fill its form."""
    from tui_trainer.ui.web.serve import serve_app, served_command  # noqa: PLC0415 --help need not wait for it

    Config.parse(*merged(config_file, given))
    values = {name: value for name, value in given.items() if value is not None}
    context.exit(serve_app(served_command(values, config_file, output, spoken(), named_plugins()), host, port))
