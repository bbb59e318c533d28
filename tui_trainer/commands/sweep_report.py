"""`tui-trainer sweep report`: what a sweep found, as a page, as Markdown or as lines of JSON."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from tui_trainer.commands.chosen_sweep import sweep_argument
from tui_trainer.commands.plugin_option import PluginCommand
from tui_trainer.errors import UserError, reason_of
from tui_trainer.system.folders import printable

if TYPE_CHECKING:
    from tui_trainer.sweep.board import Board

NAMES = {"html": "report.html", "markdown": "report.md"}
"""In the sweep's folder, where they may be replaced: nothing else writes files of these names there."""


@click.command("report", cls=PluginCommand)
@sweep_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["html", "markdown", "json"]),
    default="html",
    help="A page that needs nothing but itself, Markdown with its pictures beside it, or a JSON object for each configuration.  "
    "[default: html]",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="The file to write, - for stdout.  [default: report.html or report.md in the sweep's folder; JSON is printed]",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
def report_command(folder: Path, form: Literal["html", "markdown", "json"], output: Path | None, force: bool) -> None:
    """Tell what a sweep found: its configurations with intervals and comparisons, pictures, and what was left out.

    SWEEP is a sweep's folder, the name of one in sweeps/, or latest. A sweep that goes on is told of as it stands.
    """
    from datetime import datetime  # noqa: PLC0415 --help need not wait for it

    from tui_trainer.sweep.board import Board  # noqa: PLC0415
    from tui_trainer.sweep.document import html, markdown, picture_files  # noqa: PLC0415
    from tui_trainer.sweep.report import report  # noqa: PLC0415

    board = Board.read(folder)
    is_printed = str(output) == "-" or (output is None and form == "json")
    target = output or folder / NAMES.get(form, "")
    if form == "json":
        files = {target: "".join(_lines(board))}
    else:
        document = report(board, datetime.now().astimezone())
        files = {target: html(document) if form == "html" else markdown(document, None if is_printed else target.stem)}
        if form == "markdown" and not is_printed:
            files |= {target.with_name(name): text for name, text in picture_files(document, target.stem).items()}
    if is_printed:
        _print(files[target])
    else:
        _write(files, force=force or output is None)


def _lines(board: "Board") -> list[str]:
    from tui_trainer.headless.sweep import group_record  # noqa: PLC0415
    from tui_trainer.runs.directory import line  # noqa: PLC0415
    from tui_trainer.sweep.statistics import ranked  # noqa: PLC0415

    groups = board.groups
    return [line({"event": "configuration", **group_record(group, groups[0])}) + "\n" for group in ranked(groups, board.seeds)]


def _print(text: str) -> None:
    from tui_trainer.system.streams import results  # noqa: PLC0415

    with results():
        sys.stdout.write(text)


def _write(files: "dict[Path, str]", *, force: bool) -> None:
    from tui_trainer.system.files import write_whole  # noqa: PLC0415

    for path in files:
        if path.is_dir():
            raise UserError("a folder of that name exists", option="--output", path=path, hint="give a file")
        if not force and (path.exists() or path.is_symlink()):
            raise UserError("the file exists", option="--output", path=path, hint="give another, or --force to replace it")
    # What the first one refers to is there before it is.
    for path, text in reversed(files.items()):
        try:
            write_whole(path, text.encode())
        except OSError as error:
            raise UserError(reason_of(error), option="--output", path=path) from None
    sys.stdout.write(f"{printable(str(next(iter(files))))}\n")
