"""How far a run is: whole epochs, and the batches of the one that is trained, whose size may change within it."""

from typing import NamedTuple

from tui_trainer.errors import UserError
from tui_trainer.training.run_state import RunState


class BatchSegment(NamedTuple):
    """Where in an epoch batches of their present size began: the first batch, the sample, and the share of the epoch that lay behind it."""

    batch: int = 0
    sample: int = 0
    share: float = 0.0


class EpochProgress:
    """A place in a run over so many samples, and what this epoch's batches gave up to there."""

    def __init__(self, samples: int, batch_size: int) -> None:
        self.samples = samples
        self._batch_size = batch_size
        self.epochs = 0
        """Whole ones."""
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        self.batch = 0
        """Batches of this epoch trained so far."""
        self._begin_stretch(BatchSegment())
        self.loss_sum = 0.0
        self.correct = 0
        self.seconds = 0.0
        """Training time of this epoch so far."""

    def _begin_stretch(self, stretch: BatchSegment) -> None:
        self.stretch = stretch
        self.batches = stretch.batch - (stretch.sample - self.samples) // self._batch_size
        """Batches in this epoch."""

    @property
    def sample(self) -> int:
        """Samples of this epoch trained so far."""
        return min(self.stretch.sample + (self.batch - self.stretch.batch) * self._batch_size, self.samples)

    @property
    def share(self) -> float:
        """The part of this epoch trained so far."""
        first, _, share = self.stretch
        return share + (1 - share) * ((self.batch - first) / (self.batches - first))

    @property
    def passed(self) -> float:
        """Epochs trained so far, with the part of this one."""
        return self.epochs + self.share

    @property
    def is_at_end(self) -> bool:
        """Whether every sample of this epoch was trained."""
        return self.batch == self.batches

    def end_epoch(self) -> None:
        """Go on to the next."""
        self.epochs += 1
        self._begin_epoch()

    def resize(self, batch_size: int) -> None:
        """Take batches of another size from here on."""
        sample, share = self.stretch.sample + (self.batch - self.stretch.batch) * self._batch_size, self.share
        self._batch_size = batch_size
        self._begin_stretch(BatchSegment(self.batch, sample, share))

    def restore(self, state: RunState) -> None:
        """Stand where a snapshot was taken. Raises UserError when it contradicts itself."""
        self.epochs, self.loss_sum, self.correct = state.epochs, state.loss_sum, state.correct
        self._begin_stretch(BatchSegment(*state.stretch))
        self.batch = state.batch
        if not (self.stretch.sample < self.samples and self.stretch.batch <= self.batch < self.batches):
            raise UserError("its position is not in an epoch")
        # Of every whole epoch at least one batch was trained, and of the first one as many as of all.
        most = state.batch if not state.epochs else self.samples * state.epochs + state.batch
        if not (state.epochs + state.batch <= state.step <= most and state.correct <= self.sample and state.best_epoch <= state.epochs):
            raise UserError("its position contradicts itself")
