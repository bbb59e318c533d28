"""An .npz file, with arrays called as Keras, MedMNIST or scikit-learn call them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.labels import encode
from tui_trainer.datasets.npz import Npz, begins_npz, open_npz
from tui_trainer.datasets.reader import Contents, Reader, made
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError

SAMPLES: Final = "x|images?|data|samples|features|inputs"
LABELS: Final = "y|labels?|targets?|classes"
PARTS: Final = "train(?:ing)?|test(?:ing)?|val(?:id(?:ation)?)?"
SPELLING: Final = re.compile(
    rf"(?:(?P<x>{SAMPLES})|(?P<y>{LABELS}))(?P<after>{PARTS})?|(?P<before>{PARTS})(?:(?P<x2>{SAMPLES})|(?P<y2>{LABELS}))"
)
"""`x_train`, `train_images`, `X`, `target`: without hyphens and in small letters."""

NEEDED: Final = "an .npz needs x_train, y_train, x_test and y_test"


class NpzFile(Reader):
    """One file of arrays: images and labels to train on, to test with, and perhaps to validate on."""

    kind = "an .npz file"

    def claims(self, path: Path, start: bytes) -> bool:
        return begins_npz(start)

    def peek(self, path: Path) -> DataSpec | None:
        with open_npz(path) as npz:
            names = _find(npz, path)
            spec = npz.spec(names["x_train"])
            classes, class_names, _ = encode([(key, npz.targets(name)) for key, name in names.items() if key.startswith("y")])
            return replace(spec, classes=classes, class_names=class_names or _called(npz, classes))

    def example(self, folder: Path) -> Path:
        path = folder / "example.npz"
        (x_train, y_train), (x_test, y_test) = (
            ((np.arange(16 * n) % 10).reshape(n, 4, 4).astype(np.uint8), np.arange(n) % 10) for n in (20, 10)
        )
        np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        return path

    def read(self, path: Path) -> Contents:
        with open_npz(path) as npz:
            names = _find(npz, path)
            spec = npz.spec(names["x_train"])
            arrays: dict[str, NDArray[Any]] = {}
            for key, name in names.items():
                arrays[key] = npz.images(name) if key.startswith("x") else npz.targets(name)
            return made(replace(spec, class_names=_called(npz)), arrays)


def _find(npz: Npz, path: Path) -> dict[str, str]:
    """The names of the arrays by what they hold: `x_train`, `y_train`, … Raises UserError."""
    found: dict[str, str] = {}
    for name in npz.names:
        if match := SPELLING.fullmatch(re.sub(r"[-_. ]", "", name.lower())):
            part = match["after"] or match["before"] or "train"
            part = "train" if part.startswith("train") else "test" if part.startswith("test") else "validation"
            key = f"{'x' if match['x'] or match['x2'] else 'y'}_{part}"
            if {name, found.get(key)} == {"data", "images"}:  # scikit-learn's digits, as rows and as images
                found[key] = "images"
            elif key in found:
                raise UserError(f"both {found[key][:60]} and {name[:60]} may be {key}", path=path, hint="leave one out")
            else:
                found[key] = name
    needed = ["x_train", "y_train"]
    for part in ("test", "validation"):
        # Where there is neither there is no such part; but then the four of Keras are what is missed first.
        if found.keys() & {f"x_{part}", f"y_{part}"}:
            needed += [f"x_{part}", f"y_{part}"]
    for key in needed:
        if key not in found:
            raise UserError(f"it has no {key}", path=path, hint=NEEDED)
    return {key: found[key] for key in needed}


def _called(npz: Npz, classes: int | None = None) -> tuple[str, ...]:
    """The names of the classes, where an array has them and, if that is known, there are as many."""
    for name in ("target_names", "class_names", "label_names"):
        if name in npz.names:
            texts = npz.targets(name)
            if texts.ndim == 1 and texts.dtype.kind == "U" and classes in (None, len(texts)) and len(set(texts.tolist())) == len(texts):
                return tuple(texts.tolist())
    return ()
