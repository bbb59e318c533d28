"""Training data in memory once for all workers of a machine: arrays in files that each of them maps, and none can write to."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tui_trainer.dataset import Dataset, Split
from tui_trainer.errors import UserError


@dataclass(frozen=True)
class SharedData:
    """Where the data lies. The test set is not among it: whoever trains has no use for it."""

    name: str
    images: Path
    labels: Path
    classes: int
    fingerprint: str

    @classmethod
    def write(cls, data: Dataset, folder: Path) -> "SharedData":
        """Write the training set into `folder`. Raises UserError."""
        stem = data.fingerprint
        shared = cls(data.name, folder / f"{stem}-images.npy", folder / f"{stem}-labels.npy", data.classes, data.fingerprint)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path, array in ((shared.images, data.training.images), (shared.labels, data.training.labels)):
                np.save(path, array)
        except OSError as error:
            raise UserError(f"{folder}: the data cannot be put there for the workers ({(error.strerror or str(error)).lower()})") from None
        return shared

    def dataset(self) -> Dataset:
        """The data, mapped. Raises UserError."""
        return untested(Dataset(self.name, Split(_mapped(self.images), _mapped(self.labels)), None, self.classes), self.fingerprint)

    def remove(self) -> None:
        """Delete the files."""
        for path in (self.images, self.labels):
            path.unlink(missing_ok=True)


def untested(data: Dataset, fingerprint: str) -> Dataset:
    """The data without its test set, under the fingerprint of the whole, so that a run can be gone on with outside the sweep."""
    without = replace(data, test=None)
    without.__dict__["fingerprint"] = fingerprint
    return without


def _mapped(path: Path) -> NDArray[Any]:
    try:
        # A plain array over the mapping: the subclass makes each indexing slower.
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: {' '.join(str(error).split()).lower()}") from None
