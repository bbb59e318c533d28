"""How a sweep is named to the commands that tell of it."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from tui_trainer import paths
from tui_trainer.errors import UserError
from tui_trainer.runs.terms import NEWEST


class SweepFolder(click.ParamType[Path]):
    """A sweep's folder, its name in the folder of sweeps, or `latest`."""

    name = "sweep"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The folder. Raises UserError."""
        for folder in (Path(value), paths.sweeps() / value):
            if folder.is_dir():
                return folder
        if str(value) != NEWEST:
            raise UserError(f"{value}: no such sweep: neither a folder nor the name of a sweep in {paths.sweeps()}/")
        for folder in _found():
            return folder
        raise UserError(f"{value}: there is no sweep in {paths.sweeps()}/ yet")

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the names of the sweeps there are, newest first, and folders."""
        # A shell reads a line for each: a name with an end of line in it would be two.
        names = [path.name for path in _found() if path.name.isprintable()]
        offered = [CompletionItem(name) for name in [*names, *([NEWEST] if names else [])] if name.startswith(incomplete)]
        return offered or [CompletionItem(incomplete, type="dir")]


def _found() -> list[Path]:
    from tui_trainer.sweep.board import find_sweeps  # noqa: PLC0415 --help need not wait for it

    try:
        return find_sweeps(paths.sweeps())
    except UserError:
        return []


sweep_argument = click.argument("folder", type=SweepFolder(), metavar="SWEEP")
