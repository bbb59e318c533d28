"""`tui-trainer new`: a file to begin a part of one's own with."""

from pathlib import Path

import click


class KindOfPart(click.ParamType[str]):
    """A kind of part that a plugin may bring."""

    name = "kind"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The kind, if there is such a one."""
        from tui_trainer.plugins.new import kinds  # noqa: PLC0415 --help need not wait for it

        if value not in kinds():
            self.fail(f"{value!r} is no kind of part; there are {', '.join(kinds())}", param, ctx)
        return value


@click.command("new")
@click.argument("kind", type=KindOfPart(), metavar="KIND")
@click.argument("name")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE.py", help="The file to write.  [default: NAME.py here]")
def new_command(kind: str, name: str, output: Path | None) -> None:
    """Write a commented file to begin a part of your own with, which passes `tui-trainer check`.

    KIND is activation, initializer, optimizer, schedule, layer, reader, figure or rule; NAME is what it will be called.
    """
    from tui_trainer.headless.tables import say  # noqa: PLC0415 --help need not wait for it
    from tui_trainer.plugins.new import write_beginning  # noqa: PLC0415
    from tui_trainer.system.folders import printable  # noqa: PLC0415

    path = printable(str(write_beginning(kind, name, output)))
    say(path)
    click.echo(f"`tui-trainer check {path}` says whether it is right; `--plugin {path}` brings it into every command", err=True)
