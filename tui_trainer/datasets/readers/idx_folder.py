"""A folder of IDX files."""

import struct
from math import prod
from pathlib import Path

import numpy as np

from tui_trainer.datasets.idx import BYTES, FILES, find_sets, peek_idx, read_idx, read_idx_labels
from tui_trainer.datasets.labels import encode
from tui_trainer.datasets.notice import Notice
from tui_trainer.datasets.reader import Contents, Reader, made
from tui_trainer.datasets.samples import as_samples
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError

ON_ITS_SIDE = Notice(
    "sideways", "EMNIST's images are mirrored and lie on their side: a network that learns them reads upright pictures badly"
)


class IdxFolder(Reader):
    """IDX files: images and labels to train on, to test with, and perhaps to validate on."""

    kind = "a folder of four IDX files"

    def claims(self, path: Path, start: bytes) -> bool:
        return not start and (path.is_dir() or (path.parent.is_dir() and path.name.lower() in find_sets(path.parent)))

    def peek(self, path: Path) -> DataSpec | None:
        files = _find(path)
        shape = peek_idx(files["x_train"], 3, 4)
        classes, names, _ = encode([(key, read_idx_labels(file)) for key, file in files.items() if key.startswith("y")])
        return DataSpec(shape[1:], classes, names)

    def example(self, folder: Path) -> Path:
        for name, shape in zip(FILES.values(), ((20, 4, 4), (20,), (10, 4, 4), (10,)), strict=True):
            numbers = (np.arange(prod(shape)) % 10).astype(np.uint8)
            (folder / name).write_bytes(struct.pack(f">BBBB{len(shape)}I", 0, 0, BYTES, len(shape), *shape) + numbers.tobytes())
        return folder

    def read(self, path: Path) -> Contents:
        files = _find(path)
        read = {
            key: as_samples(read_idx(file, 3, 4), file, "its") if key.startswith("x") else read_idx_labels(file)
            for key, file in files.items()
        }
        notices = (ON_ITS_SIDE,) if files["x_train"].name.lower().startswith("emnist") else ()
        return made(DataSpec(read["x_train"].shape[1:], 0), read, notices)


def _find(path: Path) -> dict[str, Path]:
    """The files of the one set that is meant. Raises UserError where there are several, or one is missing."""
    folder, wanted = (path, None) if path.is_dir() else (path.parent, path.name.lower())
    sets = {name: files for name, files in find_sets(folder).items() if wanted in (None, name)}
    if len(sets) > 1:
        names = ", ".join(sorted(name or "without a name" for name in sets)[:12])
        raise UserError(f"it holds several data sets: {names}", option="--data", path=path, hint="name one after the folder: FOLDER/NAME")
    name, files = next(iter(sets.items()), ("", {}))
    needed = ["x_train", "y_train", *(["x_test", "y_test"] if files.keys() & {"x_test", "y_test"} or not files else [])]
    needed += ["x_validation", "y_validation"] if files.keys() & {"x_validation", "y_validation"} else []
    for key in needed:
        if key not in files:
            spelled = FILES.get(key) or FILES[key.replace("validation", "train")].replace("train", "validation")
            missing = f"{name}-{spelled}" if name else spelled
            hint = "a folder needs all four IDX files"
            raise UserError(f"{missing} is missing, and so is {missing}.gz", option="--data", path=folder, hint=hint)
    return {key: files[key] for key in needed}
