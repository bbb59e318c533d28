"""`tui-trainer watch`: a run that goes on in another process, in the app's charts or line by line."""

from pathlib import Path
from typing import Literal

import click

from tui_trainer.commands.chosen_language import language_option
from tui_trainer.commands.chosen_runs import folder_option, resolved, run_argument
from tui_trainer.commands.plugin_option import PluginCommand
from tui_trainer.commands.refresh import check_refresh
from tui_trainer.config.origins import KEY, known_origins, refuse_loaded_others
from tui_trainer.errors import UserError

LOOKS_PER_SECOND = 1.0


@click.command("watch", cls=PluginCommand)
@run_argument()
@folder_option
@click.option("--no-ui", is_flag=True, help="Print what the run tells as it comes, until it ends.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), help="What --no-ui prints.  [default: text]")
@click.option("--refresh", type=float, metavar="PER_SECOND", help="How often to look at the run's files; from 0.1 to 30.  [default: 1]")
@click.option("--no-mouse", is_flag=True, help="Take no mouse, for terminals whose reports of it get in the way.")
@language_option
@click.pass_context
def watch_command(
    context: click.Context,
    /,
    run: str,
    folder: Path | None,
    no_ui: bool,
    form: Literal["text", "json"] | None,
    refresh: float | None,
    no_mouse: bool,
) -> None:
    """Watch a run that goes on in another process, on this machine or on another that shares the folder; of one that ended, the whole.

    RUN is a run's folder, the name of one in runs/, or `latest`. Nothing is written there.

    Exit status with --no-ui: 0 when the run has ended, 3 when it diverged, 130 after ctrl+c.
    """
    from tui_trainer.runs.follow import Follower  # noqa: PLC0415 --help need not wait for it

    check_refresh(looks := LOOKS_PER_SECOND if refresh is None else refresh)
    if no_ui and no_mouse:
        raise UserError("only the app has a screen", option="--no-mouse", hint="leave out --no-ui")
    if form and not no_ui:
        raise UserError("only --no-ui prints lines", option="--format", hint="add --no-ui")
    follower = Follower(path := resolved(run, folder))
    if known_origins():
        # Beforehand, and not by the one whose first look has the news.
        peeked = Follower(path)
        peeked.look()
        refuse_loaded_others(peeked.recording.start.config.get(KEY) if peeked.recording.start else None, path)
    if no_ui:
        from tui_trainer.headless.watch import watch_headless  # noqa: PLC0415

        context.exit(watch_headless(follower, form or "text", looks))
    from tui_trainer.ui.start import watch_in_app  # noqa: PLC0415 nothing but the app may import Textual

    context.exit(watch_in_app(follower, looks_per_second=looks, mouse=not no_mouse))
