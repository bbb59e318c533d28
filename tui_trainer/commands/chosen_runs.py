"""Shared by the commands on runs: the RUN argument, its folder, and the output of results."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from tui_trainer.commands.plugin_option import PluginCommand
from tui_trainer.errors import UserError
from tui_trainer.runs.run_status import NEWEST
from tui_trainer.system import folders
from tui_trainer.system.streams import results, warn

if TYPE_CHECKING:
    from tui_trainer.runs.archive import RunRecord


class RunName(click.ParamType[str]):
    """A run's folder, its name in the folder of runs, or `latest`."""

    name = "run"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the names of the runs there are, newest first, and folders."""
        from tui_trainer.runs.archive import find_runs  # noqa: PLC0415

        return offered(find_runs, ctx.params.get("folder") or folders.runs(), incomplete)


def offered(find: Callable[[Path], Sequence[Path]], folder: Path, incomplete: str) -> list[CompletionItem]:
    """A shell's completions of a name: those that `find` finds in the folder, `latest`, or else folders."""
    try:
        found = find(folder)
    except UserError:
        found = []
    # A shell reads a line for each: a name with an end of line in it would be two.
    names = [path.name for path in found if path.name.isprintable()]
    items = [CompletionItem(name) for name in [*names, *([NEWEST] if found else [])] if name.startswith(incomplete)]
    return items or [CompletionItem(incomplete, type="dir")]


folder_option = click.option(
    "--folder", type=click.Path(path_type=Path), is_eager=True, help="Where the runs are.  [default: runs/ in the current folder]"
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="Text, or one JSON object per line.  [default: text]"
)


def run_argument(name: str = "run", **keywords: Any) -> Callable[[Any], Any]:
    """The RUN argument of a command."""
    return click.argument(name, type=RunName(), metavar="RUN..." if keywords.get("nargs") == -1 else "RUN", **keywords)


def resolved(run: str, folder: Path | None) -> Path:
    """The run's folder. Raises UserError."""
    from tui_trainer.runs.archive import resolve_run  # noqa: PLC0415

    return resolve_run(run, folder or folders.runs())


def read(run: str, folder: Path | None) -> "RunRecord":
    """The run's record; its warnings are printed on stderr. Raises UserError."""
    from tui_trainer.runs.archive import read_run  # noqa: PLC0415

    record = read_run(resolved(run, folder))
    for warning in record.warnings:
        warn(warning)
    return record


class Telling(PluginCommand):
    """A command that prints results, whose reader may close the pipe."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        with results():
            return super().invoke(ctx)
