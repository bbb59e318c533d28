"""A run's position: whole epochs, and the batches of the present one, whose size may change within an epoch."""

from typing import NamedTuple

from tui_trainer.errors import UserError
from tui_trainer.training.run_state import RunState


class BatchSegment(NamedTuple):
    """The beginning of the batches of one size: the first batch, its first sample, and the share of the epoch before it."""

    batch: int = 0
    sample: int = 0
    share: float = 0.0


class EpochProgress:
    """A position in a run over `samples` per epoch, and the sums over this epoch's batches so far."""

    def __init__(self, samples: int, batch_size: int) -> None:
        self.samples = samples
        self._batch_size = batch_size
        self.epochs = 0
        """Whole epochs trained so far."""
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self.batch = 0
        """Batches of this epoch trained so far."""
        self._begin_segment(BatchSegment())
        self.loss_sum = 0.0
        self.correct = 0
        self.seconds = 0.0
        """Training time of this epoch so far."""

    def _begin_segment(self, segment: BatchSegment) -> None:
        self.segment = segment
        self.batches = segment.batch - (segment.sample - self.samples) // self._batch_size
        """Batches in this epoch."""

    @property
    def sample(self) -> int:
        """Samples of this epoch trained so far."""
        return min(self.segment.sample + (self.batch - self.segment.batch) * self._batch_size, self.samples)

    @property
    def share(self) -> float:
        """The share of this epoch trained so far."""
        first, _, share = self.segment
        return share + (1 - share) * ((self.batch - first) / (self.batches - first))

    @property
    def epochs_passed(self) -> float:
        """Epochs trained so far, with the share of this one."""
        return self.epochs + self.share

    @property
    def is_at_end(self) -> bool:
        """Whether every sample of this epoch has been trained."""
        return self.batch == self.batches

    def end_epoch(self) -> None:
        """Begin the next epoch."""
        self.epochs += 1
        self._begin_epoch()

    def resize(self, batch_size: int) -> None:
        """Change the batch size from here on."""
        sample, share = self.segment.sample + (self.batch - self.segment.batch) * self._batch_size, self.share
        self._batch_size = batch_size
        self._begin_segment(BatchSegment(self.batch, sample, share))

    def restore(self, state: RunState) -> None:
        """Return to a snapshot's position. Raises UserError when it contradicts itself."""
        self.epochs, self.loss_sum, self.correct = state.epochs, state.loss_sum, state.correct
        self._begin_segment(BatchSegment(*state.stretch))
        self.batch = state.batch
        if not (self.segment.sample < self.samples and self.segment.batch <= self.batch < self.batches):
            raise UserError("its position is not in an epoch")
        # Each whole epoch had at least one batch and at most one per sample.
        most = state.batch if not state.epochs else self.samples * state.epochs + state.batch
        if not (state.epochs + state.batch <= state.step <= most and state.correct <= self.sample and state.best_epoch <= state.epochs):
            raise UserError("its position contradicts itself")
