"""Loads batches of a data split into the workspaces of a network."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from tui_trainer.datasets.dataset import Batcher, Split
from tui_trainer.datasets.sparse import Samples, SparseRows
from tui_trainer.nn.arrays import Labels
from tui_trainer.nn.network import Network, Workspace

EVALUATION_ROWS = 500
"""Samples per pass in evaluation: many enough for efficient products, few enough to stay in the cache."""


class BatchLoader:
    """Fills workspaces with samples of one split, at most `rows` at once. `sparse` is the split's sparse form, if already known."""

    def __init__(self, split: Split, rows: int = EVALUATION_ROWS, sparse: SparseRows | None = None) -> None:
        self.samples = len(split.labels)
        self._split = split
        self.resize(rows)
        self._numbers = np.arange(self.samples)
        self._sparse = sparse

    @cached_property
    def whole(self) -> Samples:
        """All samples, in the form in which the engine takes them."""
        images, labels = self._split.images, np.ascontiguousarray(self._split.labels, np.intp)
        images = images if images.flags.c_contiguous else images.copy()
        return Samples(self._sparse or SparseRows.of(images) or images, labels)

    def resize(self, rows: int) -> None:
        """Load at most `rows` samples at once from now on."""
        self.rows = min(rows, max(self.samples, 1))
        self._batcher = Batcher(self._split, self.rows)

    def allocate(self, network: Network) -> None:
        """Allocate the training workspace of a full batch. Raises MemoryError where it does not fit."""
        network.workspace(self.rows, training=True)

    def load(self, network: Network, indices: Labels, *, training: bool = False) -> Workspace:
        """The network's workspace filled with the samples at `indices` (rows,)."""
        batch = network.workspace(len(indices), training=training)
        self._batcher.fill(indices, batch.inputs, batch.labels)
        return batch

    def first(self, network: Network) -> Workspace:
        """A workspace filled with the first samples in file order."""
        return self.load(network, self._numbers[: self.rows])

    def all(self, network: Network) -> Iterator[Workspace]:
        """Yield workspaces that together hold every sample in file order."""
        for start in range(0, self.samples, self.rows):
            yield self.load(network, self._numbers[start : start + self.rows])


@np.errstate(all="ignore")
def evaluate(network: Network, loader: BatchLoader) -> tuple[float, float]:
    """Mean cross-entropy in nats, and accuracy, over the loader's split."""
    loss_sum, correct = 0.0, 0
    for batch in loader.all(network):
        batch.forward()
        batch_loss, batch_correct = batch.loss()
        loss_sum += batch_loss
        correct += batch_correct
    return loss_sum / loader.samples, correct / loader.samples
