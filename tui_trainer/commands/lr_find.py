"""`tui-trainer lr-find`: a learning rate range test."""

from pathlib import Path
from typing import Any

import click

from tui_trainer.commands.plugin_option import PluginCommand
from tui_trainer.commands.run_options import config_file_option, config_options
from tui_trainer.config.options import Config
from tui_trainer.config.source import merged
from tui_trainer.config.value_types import LEAST_FACTOR, MOST_FACTOR
from tui_trainer.errors import UserError


@click.command("lr-find", cls=PluginCommand)
@config_file_option
@click.option("--from", "lowest", type=click.FloatRange(0, min_open=True), default=1e-6, show_default=True, help="The first rate.")
@click.option("--to", "highest", type=click.FloatRange(0, min_open=True), default=10.0, show_default=True, help="The last rate.")
@click.option("--steps", type=click.IntRange(2, 1_000_000), default=1000, show_default=True, help="Steps between them, one batch each.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="A chart, or one JSON object per step.")
@config_options
def lr_find_command(config_file: Path | None, lowest: float, highest: float, steps: int, form: str, **given: Any) -> None:
    """Find a learning rate: raise it step by step and see where the loss falls and where it bursts (Smith 2017)."""
    from tui_trainer.headless.lr_finder import find_learning_rate  # noqa: PLC0415 --help need not wait for it

    if not LEAST_FACTOR <= lowest < highest <= MOST_FACTOR:  # in this form not a number is refused too
        limits = f"{LEAST_FACTOR:g} to {MOST_FACTOR:g}"
        problem = f"must be less than --to, and both from {limits}, not {lowest:g} and {highest:g}"
        raise UserError(problem, option="--from", colon=False)
    find_learning_rate(Config.parse(*merged(config_file, given)), lowest=lowest, highest=highest, steps=steps, form=form)
