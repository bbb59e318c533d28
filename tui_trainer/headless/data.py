"""Data before it is trained on, without a screen: sizes, classes, range, scale, examples and warnings."""

from collections.abc import Iterator
from typing import Any, Final, Literal

import numpy as np

from tui_trainer.datasets.dataset import USUAL_VALIDATION, Dataset, Split, load, locate
from tui_trainer.datasets.spec import times
from tui_trainer.headless.tables import say, say_json, say_table
from tui_trainer.system.folders import printable
from tui_trainer.system.streams import results

MOST_CLASSES: Final = 50
"""Classes whose samples are listed, and columns; of more the rest is told in a line."""

ACROSS: Final = 14
"""Pixels of an example: half as many as MNIST's images have."""

GAP: Final = "  "

EXAMPLES: Final = 10


def tell_data(name: str, label: str | None, scale: str, noise: float, form: Literal["text", "json"]) -> None:
    """Read the data and print what is in it. Raises UserError where it cannot be trained on."""
    data = load(locate(name), label, scale, noise)
    with results():
        if form == "json":
            say_json(_record(data))
        else:
            _say_text(data)


def _parts(data: Dataset) -> dict[str, Split]:
    found = {"training": data.training, "validation": data.validation, "test": data.test}
    return {name: split for name, split in found.items() if split is not None}


def _counts(data: Dataset, split: Split) -> list[int]:
    counts: list[int] = np.bincount(split.labels, minlength=data.classes).tolist()
    return counts


def _range(data: Dataset) -> tuple[float, float]:
    """The least and the greatest of the training numbers as the files have them."""
    images, scaler = data.training.images, data.spec.scaler
    return (float(images.min()), float(images.max())) if images.dtype == np.uint8 else (scaler.low, scaler.high)


def _record(data: Dataset) -> dict[str, Any]:
    spec = data.spec
    names = list(spec.class_names or range(spec.classes))
    counted = {part: dict(zip(spec.names, _counts(data, split), strict=True)) for part, split in _parts(data).items()}
    return {
        "event": "data",
        "data": data.name,
        "reader": data.reader,
        "training_samples": len(data.training.labels),
        "validation_samples": len(data.validation.labels) if data.validation else 0,
        "test_samples": len(data.test.labels) if data.test else 0,
        "features": spec.features,
        "feature_names": list(spec.feature_names),
        "sample_shape": list(spec.sample_shape),
        "classes": spec.classes,
        "class_names": names,
        "image_shape": list(spec.image_shape) if spec.image_shape else None,
        "counts": counted.pop("training"),
        **{f"{part}_counts": counts for part, counts in counted.items()},
        "range": list(_range(data)),
        "scale": spec.scaler.name,
        "warnings": [{"name": notice.name, "text": notice.text} for notice in data.notices if notice.warns],
        "notes": [{"name": notice.name, "text": notice.text} for notice in data.notices if not notice.warns],
    }


def _say_text(data: Dataset) -> None:
    spec, parts = data.spec, _parts(data)
    low, high = _range(data)
    image = f"images of {times(spec.image_shape)}{' in colours' if spec.is_coloured else ''}: " if spec.image_shape else ""
    held_out = "" if data.validation else f", {data.held_out(USUAL_VALIDATION):,} of them to validate on unless --validation says otherwise"
    sizes = ", ".join(f"{len(split.labels):,} {part}" for part, split in parts.items())
    say(f"data      {printable(data.name)}, read as {data.reader}")
    say(f"samples   {sizes}{held_out}")
    say(f"features  {image}{spec.features:,} numbers from {low:.6g} to {high:.6g}")
    say(f"classes   {spec.classes}")
    for notice in data.notices:
        say(f"{'WARNING' if notice.warns else 'note':<8}  {printable(notice.text)}")
    say("")
    counts = [_counts(data, split) for split in parts.values()]
    rows = [[printable(name), *map(str, row)] for name, *row in zip(spec.names, *counts, strict=True)]
    say_table(["class", *parts], rows[:MOST_CLASSES], numbers=range(1, len(parts) + 1))
    if len(rows) > MOST_CLASSES:
        say(f"and {len(rows) - MOST_CLASSES:,} more classes")
    say("")
    if spec.image_shape:
        _say_examples(data)
    else:
        _say_columns(data)


def _say_examples(data: Dataset) -> None:
    """An image of each class, as many as there is room for, in half-blocks."""
    from rich.console import Console  # noqa: PLC0415 --help need not wait for it
    from rich.text import Text  # noqa: PLC0415

    from tui_trainer.text.cells import cut, ljust  # noqa: PLC0415
    from tui_trainer.text.drawing import gray, look_of, resized  # noqa: PLC0415

    console = Console()
    look = look_of(console)
    classes, places = np.unique(data.training.labels, return_index=True)
    drawn = []
    for label, place in zip(classes.tolist(), places.tolist(), strict=True):
        rows = gray(np.rint(resized(data.spec.levels(data.training.images[place]), ACROSS)).astype(np.uint8), look)
        width = sum(len(text) for text, _ in rows[0])
        drawn.append([*rows, [(ljust(cut(printable(data.spec.names[label]), width), width), "")]])
    width = sum(len(text) for text, _ in drawn[0][0])
    room = max((console.width + len(GAP)) // (width + len(GAP)), 1)
    for line in zip(*drawn[: min(room, EXAMPLES)], strict=True):
        text = Text(no_wrap=True, overflow="crop")
        for row in line:
            for piece, style in row:
                text.append(piece, style)
            text.append(GAP)
        console.print(text)


def _say_columns(data: Dataset) -> None:
    """The least, mean and greatest of each feature of the training samples."""
    rows = list(_columns(data))
    say_table(["feature", "least", "mean", "greatest"], rows[:MOST_CLASSES], numbers=(1, 2, 3))
    if len(rows) > MOST_CLASSES:
        say(f"and {len(rows) - MOST_CLASSES:,} more features")


def _columns(data: Dataset) -> Iterator[list[str]]:
    images, spec = data.training.images, data.spec
    figures = np.stack([images.min(axis=0), images.mean(axis=0, dtype=np.float64), images.max(axis=0)]).astype(np.float32)
    names = spec.feature_names or tuple(f"number {each}" for each in range(1, spec.features + 1))
    for name, column in zip(names, spec.scaler.numbers(figures).T.tolist(), strict=True):
        # Scaled and back, a zero has become nearly one.
        widest = max(map(abs, column))
        yield [printable(name), *(f"{figure if abs(figure) > 1e-6 * widest else 0:.4g}" for figure in column)]
