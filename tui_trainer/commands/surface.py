"""`tui-trainer surface`: what a network of two inputs says about every point of the plane."""

from pathlib import Path

import click

from tui_trainer.errors import UserError, reason_of

PIXELS = 100
"""Points across and down, where nobody says how many."""


@click.command("surface")
@click.argument("run")
@click.option("--best", is_flag=True, help="Take the network of the epoch with the lowest validation loss, not the last one.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="A picture, or one JSON object.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE.svg", help="Write the picture as a file.")
@click.option("--size", type=click.IntRange(2, 1000), help="Points across and down.  [default: 100, or what the terminal has room for]")
def surface_command(run: str, best: bool, form: str, output: Path | None, size: int | None) -> None:
    """Draw what a network says about every point of the plane, with the points it was trained on.

    RUN is a run's folder, the name of one in runs/, `latest`, or a .safetensors file; its data have two features. As JSON: x and y, and for
    each y, from the top, and each x the likeliest class and its probability.
    """
    from tui_trainer.headless.surface import Picture, print_picture, print_surface, write_picture  # noqa: PLC0415
    from tui_trainer.runs.resolve_model import find_model  # noqa: PLC0415 --help need not wait for it

    if output and form == "json":
        raise UserError("writes a picture", option="--output", hint="leave out --format json")
    if output and (output.exists() or output.is_symlink()):
        raise UserError("the file exists", option="--output", path=output, hint="give another")
    picture = Picture.of(find_model(run, best=best))
    if form == "json":
        print_surface(picture, size or PIXELS)
    elif output is None:
        print_picture(picture, size)
    else:
        try:
            write_picture(picture, size or PIXELS, output)
        except OSError as error:
            raise UserError(reason_of(error), option="--output", path=output) from None
