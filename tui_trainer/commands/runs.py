"""`tui-trainer runs`: the runs on disk, listed, shown, compared, named, deleted and exported."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui_trainer.commands.chosen_runs import Telling, folder_option, format_option, read, resolved, run_argument
from tui_trainer.commands.plugin_option import PluginGroup
from tui_trainer.commands.runs_export import export_runs
from tui_trainer.errors import UserError
from tui_trainer.headless.tables import say, say_json, say_table
from tui_trainer.runs.run_status import NEWEST, ORDERS, STATUSES, UNREADABLE
from tui_trainer.system import folders
from tui_trainer.system.folders import printable
from tui_trainer.system.streams import warn

if TYPE_CHECKING:
    from pydantic import JsonValue

    from tui_trainer.runs.listing import ListedRun

NONE = "-"

LONGEST_VALUE = 40
"""Characters of an option's value in the list: one may be a thousand layer sizes."""


class Group(PluginGroup):
    """Commands that all print results, of which one need not be named: options that no command stands before are those of `list`."""

    command_class = Telling

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `list` where a command is left out."""
        is_left_out = not args or (args[0].startswith("-") and args[0] not in self.get_help_option_names(ctx))
        # A shell that completes words wants to know of all commands.
        return super().parse_args(ctx, ["list", *args] if is_left_out and not ctx.resilient_parsing else args)


@click.group("runs", cls=Group, subcommand_metavar="[COMMAND] [ARGS]...")
def runs_command() -> None:
    """List, show, compare, rename, tag, delete and export runs.

    RUN is a run's folder, or its name in runs/, or `latest`. Without a command the runs are listed, as `list` does with its options.
    """


@runs_command.command("list")
@folder_option
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only runs that have this tag; may be repeated.")
@click.option("--status", "statuses", type=click.Choice(STATUSES), multiple=True, help="Only runs that stand so; may be repeated.")
@click.option("--filter", "words", default="", metavar="WORDS", help="Only runs that all words fit: 'sigmoid adam lr=0.1'.")
@click.option("--sort", type=click.Choice(ORDERS), default="when", help="What comes first: the newest, the best, …  [default: when]")
@click.option("--group", default=None, metavar="OPTION", help="A line for each value of an option: its runs, best and mean test accuracy.")
@format_option
def list_runs(
    folder: Path | None = None,
    tags: tuple[str, ...] = (),
    statuses: tuple[str, ...] = (),
    words: str = "",
    sort: str = "when",
    group: str | None = None,
    form: str = "text",
) -> None:
    """List the runs: how each one stands, its best figures, and where its options are not those of most of the others."""
    from tui_trainer.runs.grouping import option_named  # noqa: PLC0415
    from tui_trainer.runs.listing import arranged, usual_options  # noqa: PLC0415
    from tui_trainer.runs.listing import list_runs as found_in  # noqa: PLC0415
    from tui_trainer.runs.run_filter import RunFilter  # noqa: PLC0415

    if folder and not folder.is_dir():
        raise UserError("no such folder", option="--folder", path=folder)
    if group:
        group = option_named(group)
    fitting = RunFilter(words)
    wanted = {tag.removeprefix("+") for tag in tags}
    listed = [
        run
        for run in found_in(folder or folders.runs())
        if wanted <= set(run.record.tags if run.record else ()) and (not statuses or run.status in statuses) and fitting.passes(run)
    ]
    for run in listed:
        for warning in run.record.warnings if run.record else ():
            warn(warning)
    usual = usual_options(run.record for run in listed if run.record)
    listed = arranged(listed, sort)
    if group and listed:
        _say_groups(listed, group, form)
    elif form == "json":
        for run in listed:
            say_json(_list_record(run, usual))
    elif listed:
        _say_list([_list_row(run, usual) for run in listed])
    else:
        click.echo(f"no such runs in {printable(str(folder or folders.runs()))}", err=True)


def _say_list(rows: list[list[str]]) -> None:
    heads = ["run", "status", "when", "epochs", "val_acc", "test_acc", "tags", "differs"]
    if sys.stdout.isatty():
        # There is little room: tags and differences share a column, and reasons have lines of their own.
        broken = [row for row in rows if row[1] == UNREADABLE]
        rows = [[*row[:6], NONE if row in broken else f"[{row[6]}] {row[7]}".removeprefix(f"[{NONE}] ")] for row in rows]
        say_table([*heads[:6], "[tags] differs"], rows, numbers=(4, 5), whole=6)
        for row in broken:
            say(f"{row[0]}: {row[-1]}")
        return
    say_table(heads, rows, numbers=(4, 5))


def _say_groups(runs: "list[ListedRun]", option: str, form: str) -> None:
    from tui_trainer.history.quantity import percent  # noqa: PLC0415
    from tui_trainer.runs.grouping import grouped  # noqa: PLC0415

    groups = grouped(runs, option)
    if form == "json":
        for group in groups:
            figures = {"best_test_accuracy": group.best, "mean_test_accuracy": group.mean}
            say_json({"group": option, "value": group.value, "count": len(group.runs), **figures, "runs": [run.name for run in group.runs]})
        return
    rows = [
        [_short(group.text), str(len(group.runs)), *(NONE if share is None else percent(share) for share in (group.best, group.mean))]
        for group in groups
    ]
    say_table([option, "runs", "best_test_acc", "mean_test_acc"], rows, numbers=(1, 2, 3))


def _list_record(run: "ListedRun", usual: "dict[str, JsonValue]") -> dict[str, Any]:
    from tui_trainer.runs.listing import differences  # noqa: PLC0415

    named = {"name": run.path.absolute().name, "path": str(run.path), "status": run.status}
    record = run.record
    if record is None:
        return {**named, "error": run.problem}
    best = record.history.best_accuracy
    return {
        **named,
        "started": record.started.isoformat(),
        "epochs": record.last_epoch,
        "planned_epochs": record.planned_epochs,
        "best_validation_accuracy": best.value if best else None,
        "best_epoch": best.epoch if best else None,
        "test_accuracy": record.test_accuracy,
        "seconds": record.seconds,
        "tags": list(record.tags),
        "differs": differences(record, usual),
    }


def _list_row(run: "ListedRun", usual: "dict[str, JsonValue]") -> list[str]:
    from tui_trainer.history.quantities import RUNS  # noqa: PLC0415
    from tui_trainer.runs.comparison import figure_text, option_text  # noqa: PLC0415
    from tui_trainer.runs.listing import differences  # noqa: PLC0415

    record = run.record
    if record is None:
        return [run.name, run.status, *[NONE] * 5, printable(run.problem)]
    planned = record.planned_epochs
    different = (f"{printable(name)}={_short(option_text(value))}" for name, value in differences(record, usual).items())
    figures = [figure_text(RUNS[name], record, NONE) for name in ("best_validation_accuracy", "test_accuracy")]
    return [
        run.name,
        run.status,
        _when(record.started),
        str(record.last_epoch) if planned is None else f"{record.last_epoch}/{planned}",
        *figures,
        printable(",".join(record.tags)) or NONE,
        " ".join(different) or NONE,
    ]


def _when(moment: datetime) -> str:
    if not sys.stdout.isatty():
        return f"{moment:%Y-%m-%dT%H:%M:%S}"
    return f"{moment:%m-%d %H:%M}" if moment.year == datetime.now().year else f"{moment:%Y-%m-%d}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


@runs_command.command()
@run_argument(default=NEWEST, required=False)
@folder_option
@format_option
def show(run: str, folder: Path | None, form: str) -> None:
    """Show all of a run: options, layers, figures of each epoch, changes, files, and whether it can be resumed."""
    from tui_trainer.commands.run_report import say_run  # noqa: PLC0415
    from tui_trainer.runs.rename_delete import own_files  # noqa: PLC0415
    from tui_trainer.runs.summary import outlook, run_document  # noqa: PLC0415

    record = read(run, folder)
    files, (can, why) = own_files(record.path), outlook(record)
    if form == "json":
        say_json({**run_document(record), "files": files, "can_go_on": can, "how": why})
    else:
        say_run(record, files, can=can, why=why)


@runs_command.command()
@run_argument("chosen", nargs=-1, required=True)
@folder_option
@format_option
def compare(chosen: tuple[str, ...], folder: Path | None, form: str) -> None:
    """Compare runs: the options in which they differ, and their figures, the best of each marked with *."""
    from tui_trainer.history.quantities import COMPARED  # noqa: PLC0415
    from tui_trainer.runs.comparison import compare_figures, compare_options  # noqa: PLC0415

    if len(chosen) < 2:
        raise UserError("give two runs or more to compare", option="RUN")
    records = [read(run, folder).condensed() for run in chosen]
    figures = compare_figures(records)
    if form == "json":
        names = {name for record in records for name in record.config}
        different = [name for name in names if any(record.config.get(name) != records[0].config.get(name) for record in records)]
        for index, record in enumerate(records):
            say_json(
                {
                    "name": record.path.absolute().name,
                    "path": str(record.path),
                    "options": {name: record.config.get(name) for name in sorted(different)},
                    "figures": {head.replace(" ", "_"): figure.take(record.history) for head, figure in COMPARED.items()},
                    "best": [row.label.replace(" ", "_") for row in figures if index in row.best],
                }
            )
        return
    rows = [[row.label, *(f"{text} *" if index in row.best else text for index, text in enumerate(row.texts))] for row in figures]
    rows += [[row.label, *map(_short, row.texts)] for row in compare_options(records)]
    cells = [[NONE if cell == "—" else cell for cell in row] for row in rows]
    say_table(["", *(record.name for record in records)], cells)


@runs_command.command()
@run_argument()
@click.argument("name")
@folder_option
@format_option
def rename(run: str, name: str, folder: Path | None, form: str) -> None:
    """Give a run another name; it stays in the folder in which it is."""
    from tui_trainer.runs.rename_delete import rename_run  # noqa: PLC0415

    path = resolved(run, folder)
    target = rename_run(path, name)
    if form == "json":
        say_json({"name": target.name, "path": str(target), "renamed_from": str(path)})
    else:
        say(f"{printable(str(path))} is now {printable(str(target))}")


@runs_command.command()
@run_argument()
@click.argument("tags", nargs=-1, metavar="[+]TAG...")
@click.option("--remove", is_flag=True, help="Take these tags away.")
@folder_option
@format_option
def tag(run: str, tags: tuple[str, ...], remove: bool, folder: Path | None, form: str) -> None:
    """Give a run tags, or take them away; without a TAG, print those that it has."""
    from tui_trainer.runs.rename_delete import run_folder  # noqa: PLC0415
    from tui_trainer.runs.tags import change_tags, parse_tag, read_tags  # noqa: PLC0415

    if remove and not tags:
        raise UserError("name the tags to take away", option="--remove")
    path = run_folder(resolved(run, folder))
    given = [text.removeprefix("+") if remove else parse_tag(text) for text in tags]
    now = change_tags(path, **{"remove" if remove else "add": given}) if given else read_tags(path)
    if form == "json":
        say_json({"name": path.absolute().name, "path": str(path), "tags": list(now)})
    else:
        say(printable(" ".join(now)) if now else "no tags")


@runs_command.command()
@run_argument("chosen", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@folder_option
@format_option
def delete(chosen: tuple[str, ...], yes: bool, folder: Path | None, form: str) -> None:
    """Delete runs, after asking. Only what the program wrote goes; other files stay, and the folder with them."""
    from tui_trainer.commands.run_report import size_text  # noqa: PLC0415
    from tui_trainer.runs.rename_delete import delete_run, idle_run  # noqa: PLC0415

    found = list({path.resolve(): path for path in (idle_run(resolved(run, folder)) for run in chosen)}.values())
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UserError("what is deleted is lost", option="--yes", hint="where nobody can be asked, say --yes")
        for path in found:
            click.echo(_what_is_lost(path), err=True)
        if not click.confirm(f"Delete {'this run' if len(found) == 1 else f'these {len(found)} runs'} for good?", err=True):
            click.echo("nothing is deleted", err=True)
            return
    for path in found:
        done = delete_run(path)
        if form == "json":
            say_json({"name": path.name, "path": str(path), "files": done.files, "bytes": done.size, "left": list(done.left)})
            continue
        say(f"deleted {printable(str(path))}: {done.files} {'file' if done.files == 1 else 'files'}, {size_text(done.size)}")
        if done.left:
            say(f"{printable(str(path))} stays: not the program's are {printable(', '.join(done.left))}")


def _what_is_lost(path: Path) -> str:
    from tui_trainer.commands.run_report import size_text  # noqa: PLC0415
    from tui_trainer.runs.archive import read_run  # noqa: PLC0415
    from tui_trainer.runs.rename_delete import own_files  # noqa: PLC0415

    files = own_files(path)
    parts = [printable(str(path)), f"{len(files)} files, {size_text(sum(files.values()))}"]
    try:
        record = read_run(path)
    except UserError:
        return ", ".join([*parts, "unreadable"])
    best = record.history.best_accuracy
    parts += [record.status, f"{record.last_epoch} epochs", *([f"validation accuracy {best.value:.2%}"] if best else [])]
    return ", ".join([*parts, *([f"tags {printable(' '.join(record.tags))}"] if record.tags else [])])


runs_command.add_command(export_runs)
