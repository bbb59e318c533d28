"""The SWEEP argument of commands."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from tui_trainer.commands.chosen_runs import offered
from tui_trainer.system import folders


class SweepFolder(click.ParamType[Path]):
    """A sweep's folder, its name in the folder of sweeps, or `latest`."""

    name = "sweep"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The folder. Raises UserError."""
        from tui_trainer.sweep.board import resolve_sweep  # noqa: PLC0415 --help need not wait for it

        return resolve_sweep(str(value), folders.sweeps())

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the names of the sweeps there are, newest first, and folders."""
        from tui_trainer.sweep.board import find_sweeps  # noqa: PLC0415

        return offered(find_sweeps, folders.sweeps(), incomplete)


sweep_argument = click.argument("folder", type=SweepFolder(), metavar="SWEEP")
