"""Computes a network's surface in a thread of its own, the latest of what is asked for."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, thread_time

from textual.message import Message

from tui_trainer.errors import UserError
from tui_trainer.nn.network import Network
from tui_trainer.trained.restore import restore
from tui_trainer.trained.surface import Surface, Window, surface
from tui_trainer.training.events import Snapshot
from tui_trainer.ui.kit.background import Background

SHARE = 0.05
"""Of the time, how much may go into surfaces: the training goes on beside them."""


@dataclass(frozen=True)
class Wanted:
    """A surface to be computed."""

    snapshot: Snapshot
    window: Window
    columns: int
    rows: int
    units: bool
    """Whether those of the hidden layers' units are wanted too."""


@dataclass
class SurfaceComputed(Message):
    """Here it is."""

    wanted: Wanted
    surface: Surface


class Plotter(Background):
    """Rests after each surface until computing is but a share of the time."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        super().__init__("surface", post)
        self._wish: deque[Wanted] = deque(maxlen=1)
        self._network: Network | None = None
        self._rested_at = 0.0

    @property
    def is_rested(self) -> bool:
        """Whether the last surface is paid for."""
        return not self._wish and monotonic() >= self._rested_at

    def want(self, wanted: Wanted) -> None:
        """Compute this one, in place of any that has not been begun."""
        self._wish.append(wanted)
        self.wake()

    def work(self) -> None:
        while not self.is_stopping:
            if not self._wish:
                self.rest()
                continue
            wanted, began = self._wish.popleft(), thread_time()
            try:
                self._network = restore(wanted.snapshot, self._network)
                found = surface(self._network, wanted.window, wanted.columns, wanted.rows, units=wanted.units)
            except (UserError, MemoryError):
                # The next network may be another one.
                continue
            self._rested_at = monotonic() + (thread_time() - began) / SHARE
            self.post(SurfaceComputed(wanted, found))
