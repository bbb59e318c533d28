"""`--language`, which every command takes whose texts are translated."""

import click

from tui_trainer.text.language import AUTO, VARIABLE, choose, languages, speak


def _speak(_context: click.Context, _option: click.Parameter, wanted: str | None) -> None:
    speak(choose(wanted))


language_option = click.option(
    "--language",
    metavar=f"[{'|'.join([*languages(), AUTO])}]",
    expose_value=False,
    callback=_speak,
    help=f"Language of screens and lessons; auto: that of {VARIABLE}, else of the locale.  [default: auto]",
)
