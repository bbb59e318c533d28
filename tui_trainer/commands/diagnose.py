"""`tui-trainer diagnose`: what is wrong with a run, why, and, with --try, whether the remedies cure it."""

from pathlib import Path

import click

from tui_trainer.commands.chosen_runs import Telling, folder_option, format_option, read, run_argument


@click.command("diagnose", cls=Telling)
@run_argument()
@click.option("--try", "tries", is_flag=True, help="Try the remedies: train the run again with each, until one holds. Nothing is written.")
@click.option("--figures", "measures", is_flag=True, help="Also measure sharpness, gradient noise scale and each layer's effective rank.")
@folder_option
@format_option
@click.pass_context
def diagnose_command(context: click.Context, /, run: str, tries: bool, measures: bool, folder: Path | None, form: str) -> None:
    """Say what is wrong with a run, why, and what cures it.

    RUN is a run's folder, its name in runs/, or latest. Exit status 0: nothing is wrong, or with --try a remedy cured it; 4: something is.
    """
    from tui_trainer.headless.diagnose import diagnose_run  # noqa: PLC0415 --help need not wait for it

    record = read(run, folder)
    context.exit(diagnose_run(record, as_json=form == "json", tries=tries, measures=measures))
