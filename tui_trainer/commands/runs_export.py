"""`tui-trainer runs export`: runs for spreadsheets, scripts and TensorBoard."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui_trainer.commands.chosen_runs import Telling, folder_option, format_option, read, run_argument
from tui_trainer.errors import UserError
from tui_trainer.headless.tables import say, say_json
from tui_trainer.system.folders import printable

if TYPE_CHECKING:
    from tui_trainer.runs.archive import RunRecord


@click.command("export", cls=Telling)
@run_argument("chosen", nargs=-1, required=True)
@click.option("--to", "kind", type=click.Choice(["csv", "json", "tensorboard"]), required=True, help="The format.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The file to write; of several runs, and for TensorBoard, a folder to write them into.  [default: what one run gives is printed]",
)
@click.option("--batches", is_flag=True, help="csv: a line for each batch, not for each epoch.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@folder_option
@format_option
def export_runs(
    chosen: tuple[str, ...], kind: str, output: Path | None, batches: bool, force: bool, folder: Path | None, form: str
) -> None:
    """Write runs in a format that other programs read.

    csv: a line for each epoch, or with --batches for each batch. json: options, epochs, changes and result in one object. tensorboard:
    event files, a folder for each run; `tensorboard --logdir PATH` shows them (pip install 'tui-trainer[tensorboard]').
    """
    if batches and kind != "csv":
        raise UserError("goes with --to csv alone", option="--batches", hint="TensorBoard is given the batches anyway")
    if output is None and (len(chosen) > 1 or kind == "tensorboard"):
        raise UserError(f"{'several runs' if kind != 'tensorboard' else 'event files'} need a folder to be written into", option="--output")
    if kind == "tensorboard":
        from tui_trainer.runs.tensorboard import check_installed  # noqa: PLC0415

        check_installed()
    runs = [read(run, folder) for run in chosen]
    if output is None:
        if form == "json":
            raise UserError("tells which files were written", option="--format", hint="give --output")
        for part in _parts(runs[0], kind, batches):
            sys.stdout.write(part.decode())
        return
    from tui_trainer.runs.export import refuse_taken, write_file  # noqa: PLC0415

    targets = _targets(runs, kind, output)
    if not force:
        refuse_taken(targets)
    for run, path in zip(runs, targets, strict=True):
        write_file(path, _parts(run, kind, batches), force=force)
        if form == "json":
            say_json({"name": run.path.absolute().name, "path": str(path), "bytes": path.stat().st_size})
        else:
            say(printable(str(path)))


def _targets(runs: "Sequence[RunRecord]", kind: str, output: Path) -> list[Path]:
    if kind != "tensorboard" and len(runs) == 1 and not output.is_dir():
        return [output]
    names = [run.path.resolve().name for run in runs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"two of the runs are called {twice}", option="--output", path=output, hint="export them one by one, or rename one")
    if kind != "tensorboard":
        return [output / f"{name}.{kind}" for name in names]
    from tui_trainer.runs.tensorboard import FILE_NAME  # noqa: PLC0415

    return [output / name / FILE_NAME for name in names]


def _parts(run: "RunRecord", kind: str, batches: bool) -> Iterator[bytes]:
    from tui_trainer.runs.export import batches_csv, epochs_csv, json_document  # noqa: PLC0415

    if kind == "tensorboard":
        from tui_trainer.runs.tensorboard import event_file  # noqa: PLC0415

        yield from event_file(run)
    elif kind == "json":
        yield from (text.encode() for text in json_document(run))
    else:
        yield from (text.encode() for text in (batches_csv(run) if batches else epochs_csv(run)))
