"""`tui-trainer check`: whether the parts in a file do what the training loop relies on."""

from pathlib import Path
from typing import Literal

import click


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.py")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Lines of text, or one JSON object each.")
@click.pass_context
def check_command(context: click.Context, /, file: Path, form: Literal["text", "json"]) -> None:
    """Try what a file brings, optimizers, activations and other parts, against what training relies on.

    Each check has a line: ok or FAILED, and why. FILE.py is executed: it is a program.

    Exit status: 0 when all checks passed, 4 when not, 2 when the file cannot be loaded.
    """
    from tui_trainer.headless.check import tell_check  # noqa: PLC0415 --help need not wait for it

    context.exit(tell_check(file, form))
