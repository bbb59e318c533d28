"""`tui-trainer predict`: what a network that was trained says about images."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui_trainer.commands.plugin_option import PluginCommand
from tui_trainer.errors import UserError
from tui_trainer.system.folders import printable

if TYPE_CHECKING:
    from tui_trainer.trained.estimator import Classifier
    from tui_trainer.trained.predict import Prediction, Samples


@click.command("predict", cls=PluginCommand)
@click.argument("run")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--best", is_flag=True, help="Take the network of the epoch with the lowest validation loss, not the last one.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Lines of text, or one JSON object each.")
@click.option("--show", is_flag=True, help="Draw each image, with a bar for the probability of each class.")
@click.option("--invert/--no-invert", default=None, help="PNG images are dark on light, or light on dark.  [default: looked at]")
def predict_command(run: str, files: tuple[Path, ...], best: bool, form: str, show: bool, invert: bool | None) -> None:
    """Say which digit an image shows.

    RUN is a run's folder, the name of one in runs/, `latest`, or a .safetensors file. Each FILE is a PNG image, an IDX file of images
    (plain or .gz), or an .npz: its array x or x_test, or the only one that fits; with labels in y or y_test the accuracy is told too.

    A PNG of the network's own size is taken as it is. Any other is made what the digits of MNIST are: gray, light on dark, cropped,
    scaled and centred.
    """
    from tui_trainer.runs.resolve_model import find_model  # noqa: PLC0415
    from tui_trainer.system.streams import note, results  # noqa: PLC0415
    from tui_trainer.trained.estimator import Classifier  # noqa: PLC0415 --help need not wait for it
    from tui_trainer.trained.predict import predict, read_samples  # noqa: PLC0415

    if show and form == "json":
        raise UserError("draws beside lines of text", option="--show", hint="leave out --format json")
    path = find_model(run, best=best)
    model = Classifier.load(path)
    if show and model.spec_.image_shape is None:
        raise UserError(f"this network takes {model.n_features_in_:,} numbers, which are no image in gray to draw", option="--show")
    told: set[str] = set()
    with results():
        for file in files:
            samples = read_samples(file, model.spec_, invert=invert)
            for text in {samples.note, samples.hint} - told - {""}:
                told.add(text)
                note(f"{file}{' (and any like it)' if len(files) > 1 else ''}: {text}")
            try:
                predictions = predict(model, samples)
            except UserError as error:
                error.path = path
                raise
            if form == "json":
                _print_json(file, samples, predictions)
            else:
                _print_text(file, samples, _drawn(model, samples, predictions) if show else predictions)


def _print_text(file: Path, samples: "Samples", predictions: Iterable["Prediction"]) -> None:
    name, right = printable(str(file)), 0
    for index, prediction in enumerate(predictions):
        parts = [f"{name if samples.is_picture else f'{name}[{index}]'}: {_named(prediction.label)}", f"{prediction.probability:.1%}"]
        if prediction.next_label is not None:
            parts.append(f"then {_named(prediction.next_label)}, {prediction.next_probability:.1%}")
        if prediction.is_right is False:
            parts.append(f"wrong: it is {prediction.truth}")
        right += bool(prediction.is_right)
        print("  ".join(parts))  # noqa: T201
    if samples.labels is not None:
        total = len(samples.labels)
        print(f"{name}: accuracy {right / total:.1%}  {right:,} of {total:,} images")  # noqa: T201


def _print_json(file: Path, samples: "Samples", predictions: Iterable["Prediction"]) -> None:
    from tui_trainer.runs.directory import line  # noqa: PLC0415 --help need not wait for it

    right = 0
    for index, prediction in enumerate(predictions):
        record = {
            "file": str(file),
            "index": index,
            "class": prediction.label,
            "probability": prediction.probability,
            "probabilities": prediction.probabilities,
        }
        if prediction.truth is not None:
            record["label"] = prediction.truth
        right += bool(prediction.is_right)
        print(line(record))  # noqa: T201
    if samples.labels is not None:
        total = len(samples.labels)
        print(line({"file": str(file), "images": total, "correct": right, "accuracy": right / total}))  # noqa: T201


def _drawn(model: "Classifier", samples: "Samples", predictions: Iterable["Prediction"]) -> Iterator["Prediction"]:
    """The predictions, each after its image has been drawn."""
    import numpy as np  # noqa: PLC0415 --help need not wait for it
    from rich.console import Console  # noqa: PLC0415 nor for this, and neither needs whoever does not look

    from tui_trainer.text.drawing import draw  # noqa: PLC0415

    console = Console()
    names = [_named(label) for label in model.classes_.tolist()]
    for index, prediction in enumerate(predictions):
        image = samples.images[index].reshape(model.spec_.image_shape or (1, -1))
        levels = image if image.dtype == np.uint8 else (np.clip(image, 0, 1) * 255).astype(np.uint8)
        console.print(draw(levels, list(zip(names, prediction.probabilities, strict=True)), console))
        yield prediction


def _named(label: str | float) -> str:
    return printable(str(label))
