"""An .npz file of four arrays."""

from pathlib import Path

import numpy as np

from tui_trainer.datasets.npz import ARRAYS, Npz, begins_npz, open_npz
from tui_trainer.datasets.reader import Contents, Reader
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError


class NpzFile(Reader):
    """One file of four arrays: images and labels to train on, and to test with."""

    kind = "an .npz file"

    def claims(self, path: Path, start: bytes) -> bool:
        return begins_npz(start)

    def peek(self, path: Path) -> DataSpec:
        with open_npz(path) as npz:
            self._require_all(npz, path)
            return npz.spec("x_train")

    def example(self, folder: Path) -> Path:
        path = folder / "example.npz"
        (x_train, y_train), (x_test, y_test) = (
            ((np.arange(16 * n) % 10).reshape(n, 4, 4).astype(np.uint8), np.arange(n) % 10) for n in (20, 10)
        )
        np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        return path

    def read(self, path: Path) -> Contents:
        with open_npz(path) as npz:
            self._require_all(npz, path)
            train, test = ((npz.images(f"x_{part}"), npz.labels(f"y_{part}")) for part in ("train", "test"))
            return Contents(npz.spec("x_train"), *train, *test)

    @staticmethod
    def _require_all(npz: Npz, path: Path) -> None:
        for name in ARRAYS:
            if name not in npz.names:
                raise UserError(f"it has no {name}", path=path, hint="an .npz needs x_train, y_train, x_test and y_test")
