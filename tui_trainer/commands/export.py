"""`tui-trainer export`: a trained network for other programs."""

from pathlib import Path

import click

from tui_trainer.commands.plugin_option import PluginCommand
from tui_trainer.errors import UserError, reason_of

FORMATS = ("npz", "onnx", "keras", "pytorch", "numpy")

PROGRAMS = FORMATS[2:]


@click.command("export", cls=PluginCommand)
@click.argument("run")
@click.option("--to", "form", type=click.Choice(FORMATS), help="The format.  [default: as the file's name ends]")
@click.option("--output", required=True, type=click.Path(path_type=Path), metavar="FILE", help="The file to write.")
@click.option("--best", is_flag=True, help="Take the network of the epoch with the lowest validation loss, not the last one.")
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
def export_command(run: str, form: str | None, output: Path, best: bool, force: bool) -> None:
    """Write a trained network as a file for other programs.

    RUN is a run's folder, the name of one in runs/, `latest`, or a .safetensors file. An .npz holds the tensors by their names. An ONNX
    file holds the network: from `images`, float32 of shape (batch, features), bytes divided by 255, to `probabilities` and `logits`.

    --to keras, pytorch and numpy write a short program that builds the network anew, and its weights as an .npz beside it.
    """
    from tui_trainer.runs.resolve_model import find_model  # noqa: PLC0415
    from tui_trainer.system.files import write_whole  # noqa: PLC0415
    from tui_trainer.trained.estimator import Classifier  # noqa: PLC0415 --help need not wait for it
    from tui_trainer.trained.export import to_npz, to_onnx  # noqa: PLC0415
    from tui_trainer.trained.programs import to_program  # noqa: PLC0415

    form = form or output.suffix.removeprefix(".")
    if form not in FORMATS:
        raise UserError("neither .npz nor .onnx", option="--output", path=output, hint="say which it is with --to")
    _refuse_to_overwrite(output, force)
    weights = output.with_suffix(".npz")
    if form in PROGRAMS:
        if output.suffix != ".py":
            raise UserError("is no program's name", option="--output", path=output, hint="give it the ending .py")
        _refuse_to_overwrite(weights, force)
    model = Classifier.load(find_model(run, best=best))
    try:
        if form in PROGRAMS:
            program = to_program(model, form, weights.name)
            write_whole(weights, to_npz(model))
            write_whole(output, program.encode())
        else:
            write_whole(output, to_npz(model) if form == "npz" else to_onnx(model))
    except OSError as error:
        raise UserError(reason_of(error), option="--output", path=output) from None
    except MemoryError:
        raise UserError("does not fit into memory", path=run) from None


def _refuse_to_overwrite(output: Path, force: bool) -> None:
    if output.is_dir():
        raise UserError("a folder of that name exists", option="--output", path=output, hint="give a file")
    if not force and (output.exists() or output.is_symlink()):
        raise UserError("the file exists", option="--output", path=output, hint="give another, or --force to replace it")
