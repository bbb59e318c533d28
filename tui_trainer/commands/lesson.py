"""`tui-trainer lesson`: a claim about training put to the test, by runs side by side."""

from pathlib import Path
from typing import Any, Literal

import click
from click.shell_completion import CompletionItem

from tui_trainer.commands.chosen_language import language_option
from tui_trainer.commands.plugin_option import PluginCommand
from tui_trainer.commands.run_options import config_options
from tui_trainer.config.options import Config
from tui_trainer.config.source import option
from tui_trainer.errors import UserError
from tui_trainer.headless.tables import say, say_json, say_table
from tui_trainer.text.language import _

LIST = "list"


class LessonName(click.ParamType[str]):
    """The name of a lesson, or of a file that holds one."""

    name = "lesson"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Offer the lessons, each with its claim."""
        from tui_trainer.lessons.lesson import names, read_lesson  # noqa: PLC0415

        known = [CompletionItem(name, help=read_lesson(name).claim) for name in names() if name.startswith(incomplete)]
        return [CompletionItem(LIST, help="all lessons"), *known] if LIST.startswith(incomplete) else known


@click.command("lesson", cls=PluginCommand)
@click.argument("name", type=LessonName())
@click.option("--output", type=click.Path(path_type=Path), help="Folder, new or empty, to keep the runs in.  [default: they are not kept]")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Lines of text, or one JSON object each.")
@language_option
@config_options
@click.pass_context
def lesson_command(context: click.Context, /, name: str, output: Path | None, form: Literal["text", "json"], **given: Any) -> None:
    """Put a claim about training to the test: runs that differ in one thing, side by side, and whether it held on them.

    NAME is a lesson, or a TOML file that holds one; `list` lists all lessons. Options of training are those of all runs, in place of
    the lesson's own: --seed 7, or --hidden 64x50 to see whether the claim still holds at that depth.

    Exit status: 0 when the claim held, 4 when not.
    """
    values = {key: value for key, value in given.items() if value is not None}
    if name == LIST:
        _refuse(output, values, "lesson list")
        _list(form)
        return
    from tui_trainer.headless.lesson import tell_lesson, tell_quiz  # noqa: PLC0415
    from tui_trainer.lessons.lesson import read_lesson  # noqa: PLC0415 --help need not wait for it
    from tui_trainer.lessons.quiz import Quiz  # noqa: PLC0415

    lesson = read_lesson(name)
    if isinstance(lesson, Quiz):
        seed = Config.parse({key: value for key, value in values.items() if key == "seed"}).seed
        _refuse(output, {key: value for key, value in values.items() if key != "seed"}, f"lesson {lesson.name}")
        context.exit(tell_quiz(lesson, seed, form))
    context.exit(tell_lesson(lesson, lesson.configs(values), output, form))


def _refuse(output: Path | None, values: dict[str, Any], what: str) -> None:
    """Where nothing is trained, its options would have no effect."""
    if output or values:
        raise UserError(f"{what} trains nothing", option="--output" if output else option(min(values)), hint="leave it out")


def _list(form: str) -> None:
    from tui_trainer.lessons.lesson import names, read_lesson  # noqa: PLC0415 --help need not wait for it
    from tui_trainer.system.streams import results  # noqa: PLC0415

    with results():
        lessons = [(name, read_lesson(name)) for name in names()]
        if form == "text":
            say_table((_("name"), _("claim")), [(name, _(lesson.claim)) for name, lesson in lessons], whole=1)
            say(_("tui-trainer lesson NAME puts one to the test; so does f2 in the app"))
            return
        for name, lesson in lessons:
            say_json({"name": name, "claim": lesson.claim, "title": lesson.title})
