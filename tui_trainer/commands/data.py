"""`tui-trainer data`: what data consists of, and what may be wrong with it, before it is trained on."""

from typing import Literal

import click

from tui_trainer.commands.plugin_option import PluginCommand
from tui_trainer.datasets.points import NOISE
from tui_trainer.datasets.scaling import AUTO, SCALES


@click.command("data", cls=PluginCommand)
@click.argument("path")
@click.option("--label", help="The column of a table that holds the labels, by name or by number from 1.")
@click.option("--scale", type=click.Choice(list(SCALES)), default=AUTO, show_default=True, help="How the numbers become inputs.")
@click.option("--noise", type=click.FloatRange(0, 10), default=NOISE, show_default=True, help="How far points that are drawn are off.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Lines of text, or one JSON object.")
def data_command(path: str, label: str | None, scale: str, noise: float, form: Literal["text", "json"]) -> None:
    """Show what data consists of: samples of each class, range, scale, examples, and what may spoil a training.

    PATH is what --data takes: mnist, a folder of IDX files or of pictures by class, an .npz, CSV, Parquet or Feather file, sklearn:iris
    and the like, or points in the plane: circles, xor, spiral, gaussians, moons.

    Exit status: 0 when it can be trained on, 2 when not.
    """
    from tui_trainer.headless.data import tell_data  # noqa: PLC0415 --help need not wait for it

    tell_data(path, label, scale, noise, form)
