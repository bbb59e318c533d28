"""Looks what the form's data consists of, in a thread of its own: a folder may lie on a slow server."""

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import MNIST, locate, peek
from tui_trainer.datasets.spec import MNIST_SPEC, DataSpec
from tui_trainer.errors import UserError
from tui_trainer.ui.kit.background import Background


@dataclass
class DataPeeked(Message):
    """What the data of this name consists of."""

    data: str
    label: str | None
    """The column of its labels, where that is said."""
    spec: DataSpec


class Peeker(Background):
    """Peeks at the latest data that it is asked about. Of what cannot be read nothing is told: a run that is started with it says why."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        super().__init__("peeking", post)
        self._known: dict[tuple[str, str | None], DataSpec] = {}
        self._wanted: tuple[str, str | None] | None = None

    def spec_of(self, config: Config) -> DataSpec:
        """What its data consists of; while that is not known, what MNIST does, and it is posted unless another is asked about before."""
        key = config.data, config.label
        if config.data == MNIST:
            return MNIST_SPEC
        if key not in self._known:
            self._wanted = key
            self.wake()
        return self._known.get(key, MNIST_SPEC)

    def learn(self, data: str, label: str | None, spec: DataSpec) -> None:
        """Know this from now on."""
        self._known[data, label] = spec

    def work(self) -> None:
        while not self.is_stopping:
            wanted, self._wanted = self._wanted, None
            if wanted is None:
                self.rest()
                continue
            try:
                spec = peek(locate(wanted[0]), wanted[1])
            except UserError:
                continue
            self.post(DataPeeked(*wanted, spec))
