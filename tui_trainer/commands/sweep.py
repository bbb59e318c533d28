"""`tui-trainer sweep`: many runs that differ in their options, and how sure one may be of what they show."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from tui_trainer.commands.chosen_language import language_option
from tui_trainer.commands.chosen_sweep import sweep_argument
from tui_trainer.commands.groups import refuse_options_before_command
from tui_trainer.commands.plugin_option import PluginCommand, PluginGroup
from tui_trainer.commands.refresh import check_refresh
from tui_trainer.commands.run_options import swept_options
from tui_trainer.commands.sweep_report import report_command
from tui_trainer.config.source import read_toml
from tui_trainer.errors import UserError
from tui_trainer.system import folders

if TYPE_CHECKING:
    from tui_trainer.datasets.dataset import Dataset
    from tui_trainer.sweep.workers import Workers

LOOKS_PER_SECOND: Final = 1.0


@click.group("sweep", cls=PluginGroup, invoke_without_command=True)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="TOML file of options; those in its table [sweep] are swept. The command line wins over it.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Folder to keep the sweep in, or that of a sweep to resume.  [default: a fresh one in sweeps/]",
)
@click.option("--workers", type=click.IntRange(1, 1024), help="Runs at a time, each in a process of its own.  [default: one for each core]")
@click.option("--scheduler", metavar="ADDRESS", help="Train on the workers of the Dask scheduler there; or the file that it wrote.")
@click.option(
    "--ssh",
    type=click.Path(path_type=Path),
    metavar="HOSTS_FILE",
    help="Train on these hosts, one a line; the first has the scheduler. --workers is for each of them.",
)
@click.option(
    "--slurm", is_flag=True, help="Train in Slurm jobs, as Dask's jobqueue.yaml describes them; --workers says how many to ask for."
)
@click.option(
    "--search",
    type=click.Choice(["grid", "random", "tpe"]),
    help="All combinations, --samples of them drawn at random, or drawn near what did well, with hopeless runs given up (Optuna's TPE).  "
    "[default: grid, or random with --samples]",
)
@click.option("--samples", type=click.IntRange(1), help="How many configurations to try.")
@click.option("--search-seed", type=click.IntRange(0), help="Decides what is drawn.  [default: 0]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", "text", "json", "quiet"]),
    default="auto",
    help="What is printed; auto: lines, and a progress bar on a terminal.  [default: auto]",
)
@swept_options
@click.pass_context
def sweep_command(
    context: click.Context,
    /,
    config_file: Path | None,
    output: Path | None,
    workers: int | None,
    scheduler: str | None,
    ssh: Path | None,
    slurm: bool,
    search: str | None,
    samples: int | None,
    search_seed: int | None,
    form: Literal["auto", "text", "json", "quiet"],
    **given: Any,
) -> None:
    """Train many runs that differ in their options, on all cores, and tell which are best and how sure that is.

    Each option of a run may have several values: relu,elu (64;128,64 where a value has commas of its own), 0:5 for whole numbers,
    log:1e-4:1:7 or lin:0:0.5:6 for numbers on a scale. Runs that differ in their seed alone are repetitions of one configuration.

    A sweep that was stopped does only what is missing when it is started again with the same --output; --output alone is enough.

    Exit status: 0 when every run was trained, 5 when some could not be, of which stderr tells.
    """
    if context.invoked_subcommand is not None:
        refuse_options_before_command(context)
        return
    from tui_trainer.headless.sweep import tell_sweep  # noqa: PLC0415
    from tui_trainer.runs.directory import fresh_folder  # noqa: PLC0415 --help need not wait for it
    from tui_trainer.sweep.plan import open_sweep, planned  # noqa: PLC0415
    from tui_trainer.sweep.typed import texts  # noqa: PLC0415

    table = read_toml(config_file) if config_file else {}
    plan = planned(texts(given), table, config_file, search, samples, search_seed)
    if plan is None and output is None:
        raise UserError(
            "nothing is swept", hint="give an option several values, such as --activation relu,elu, or --output of a sweep to resume"
        )
    make_workers = _workers(workers, scheduler, ssh, slurm)
    folder = output or fresh_folder(folders.sweeps())
    try:
        sweep = open_sweep(folder, plan, lambda data: make_workers(data, folder))
    except UserError:
        if output is None:
            with suppress(OSError):
                folder.rmdir()
                folder.parent.rmdir()
        raise
    context.exit(tell_sweep(sweep, form))


sweep_command.add_command(report_command)


@sweep_command.command("watch", cls=PluginCommand)
@sweep_argument
@click.option("--refresh", type=float, metavar="PER_SECOND", help="How often to look at the sweep; from 0.1 to 30.  [default: 1]")
@click.option("--no-mouse", is_flag=True, help="Take no mouse, for terminals whose reports of it get in the way.")
@language_option
@click.pass_context
def watch_command(context: click.Context, /, folder: Path, refresh: float | None, no_mouse: bool) -> None:
    """Watch a sweep that goes on in another process, or see what one that has ended found: table, map and curves.

    SWEEP is a sweep's folder, the name of one in sweeps/, or latest. Nothing is written there.
    """
    from tui_trainer.sweep.board import BoardReader  # noqa: PLC0415 --help need not wait for it

    check_refresh(looks := LOOKS_PER_SECOND if refresh is None else refresh)
    onlooker = BoardReader(folder)
    onlooker.look()
    onlooker.close()
    from tui_trainer.ui.start import watch_sweep_in_app  # noqa: PLC0415 nothing but the app may import Textual

    context.exit(watch_sweep_in_app(folder, looks_per_second=looks, mouse=not no_mouse))


def _workers(count: int | None, scheduler: str | None, ssh: Path | None, slurm: bool) -> "Callable[[Mapping[str, Dataset], Path], Workers]":
    """What makes the workers, for the data and in the sweep's folder. Raises UserError."""
    given = [name for name, value in (("--scheduler", scheduler), ("--ssh", ssh), ("--slurm", slurm)) if value]
    if len(given) > 1:
        raise UserError("a sweep runs in one place", option=given[1], hint=f"leave out {given[1]} or {given[0]}")
    if not given:
        from tui_trainer.sweep.workers import LocalWorkers  # noqa: PLC0415
        from tui_trainer.system.machine import cores  # noqa: PLC0415

        return lambda data, folder: LocalWorkers(count or cores(), data, folder)
    from tui_trainer.sweep.schedulers import BySlurm, ExistingScheduler, OverSSH, Scheduler  # noqa: PLC0415

    where: Scheduler
    if scheduler:
        if count:
            raise UserError(
                "a scheduler's workers are as many as were started", option="--workers", hint="leave out --workers or --scheduler"
            )
        where = ExistingScheduler(scheduler)
    elif ssh:
        where = OverSSH(ssh, count)
    else:
        if not count:
            raise UserError("how many workers is Slurm asked for? Give --workers", option="--slurm")
        where = BySlurm(count)
    from tui_trainer.sweep.cluster import ClusterWorkers  # noqa: PLC0415 an extra

    return lambda data, _folder: ClusterWorkers(where, data)
