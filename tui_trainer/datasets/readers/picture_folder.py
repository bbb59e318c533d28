"""A folder of pictures, in a folder for each class."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.datasets.notice import Notice
from tui_trainer.datasets.pictures import MOST_PICTURES, SUFFIXES, common_shape, read_pictures
from tui_trainer.datasets.reader import Contents, Reader, made
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError

PARTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("val", "valid", "validation"), "validation"),
}
"""What a folder of a part is called, in small letters."""


class PictureFolder(Reader):
    """Pictures as `CLASS/any.png`, or as `train/CLASS/any.png`, with `test` and `val` beside it."""

    kind = "a folder with a folder of pictures for each class"

    def claims(self, path: Path, start: bytes) -> bool:
        if start or not path.is_dir():
            return False
        return any(_first_picture(folder) for part in (*_parts(path).values(), path) for folder in _folders(part))

    def example(self, folder: Path) -> Path:
        from PIL import Image  # noqa: PLC0415 only pictures need it

        for number, name in enumerate(("dark", "light")):
            (folder / name).mkdir()
            for each in range(10):
                Image.fromarray(np.full((4, 4), 60 + 120 * number + each, np.uint8)).save(folder / name / f"{each}.png")
        return folder

    def read(self, path: Path) -> Contents:
        parts = _parts(path)
        found = {part: _pictures(folder) for part, folder in (parts if "train" in parts else {"train": path}).items()}
        if sum(map(len, found.values())) > MOST_PICTURES:
            raise UserError(f"there are more than {MOST_PICTURES:,} pictures in it", path=path)
        # A folder of a part may be there and empty.
        found = {part: pictures for part, pictures in found.items() if pictures or part == "train"}
        if not found["train"]:
            raise UserError("there are no pictures in its folders", path=path)
        # Folder by folder they are sorted by class, which is an order that nobody meant.
        order = np.random.default_rng(0).permutation(len(found["train"]))
        found["train"] = [found["train"][place] for place in order.tolist()]
        shape = common_shape([picture for _, picture in found["train"]])
        arrays: dict[str, NDArray[Any]] = {}
        fitted = 0
        for part, pictures in found.items():
            arrays[f"x_{part}"], others = read_pictures([picture for _, picture in pictures], shape)
            arrays[f"y_{part}"] = np.array([name for name, _ in pictures])
            fitted += others
        told = f"{fitted:,} pictures of other sizes are scaled to {shape.height}×{shape.width} pixels, their aspect kept"
        notices = (Notice("fitted", told, warns=False),) if fitted else ()
        return made(DataSpec(shape.sample, 0), arrays, notices)


def _parts(path: Path) -> dict[str, Path]:
    """The folders of the parts, where they are called so and the training part is among them."""
    found = {PARTS[folder.name.lower()]: folder for folder in _folders(path) if folder.name.lower() in PARTS}
    return found if "train" in found else {}


def _folders(path: Path) -> list[Path]:
    """The folders in it, in the order of their names; what begins with a point or an underline is hidden."""
    with os.scandir(path) as entries:
        return sorted(Path(entry.path) for entry in entries if _is_folder(entry) and not entry.name.startswith((".", "_")))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


def _first_picture(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(_is_picture(entry) for entry in entries)


def _pictures(part: Path) -> list[tuple[str, Path]]:
    """The pictures of a part, each with the name of its class."""
    found = []
    for folder in _folders(part):
        with os.scandir(folder) as entries:
            found += [(folder.name, Path(name)) for name in sorted(entry.path for entry in entries if _is_picture(entry))]
    return found


def _is_picture(entry: "os.DirEntry[str]") -> bool:
    return Path(entry.name).suffix.lower() in SUFFIXES and not entry.name.startswith(".")
