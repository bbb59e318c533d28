"""A folder of four IDX files."""

import struct
from math import prod
from pathlib import Path

import numpy as np

from tui_trainer.datasets.idx import BYTES, FILES, find, peek_idx, read_idx
from tui_trainer.datasets.reader import Contents, Reader
from tui_trainer.datasets.spec import DataSpec


class IdxFolder(Reader):
    """Four files: images and labels to train on, and to test with."""

    kind = "a folder of four IDX files"

    def claims(self, path: Path, start: bytes) -> bool:
        return not start and path.is_dir()

    def peek(self, path: Path) -> DataSpec:
        return DataSpec(peek_idx(find(path, FILES["x_train"]), dimensions=3)[1:])

    def example(self, folder: Path) -> Path:
        for name, shape in zip(FILES.values(), ((20, 4, 4), (20,), (10, 4, 4), (10,)), strict=True):
            numbers = (np.arange(prod(shape)) % 10).astype(np.uint8)
            (folder / name).write_bytes(struct.pack(f">BBBB{len(shape)}I", 0, 0, BYTES, len(shape), *shape) + numbers.tobytes())
        return folder

    def read(self, path: Path) -> Contents:
        arrays = {key: read_idx(find(path, name), 3 if key.startswith("x") else 1) for key, name in FILES.items()}
        return Contents(DataSpec(arrays["x_train"].shape[1:]), **arrays)
