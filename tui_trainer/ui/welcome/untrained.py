"""The network before its first step, and the images that it is shown, read in a thread of their own."""

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Split, load
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError
from tui_trainer.trained.restore import network_alone
from tui_trainer.training.control import Control
from tui_trainer.training.events import Snapshot, Started
from tui_trainer.training.loop import Training
from tui_trainer.ui.kit.background import Background
from tui_trainer.ui.welcome.strip import chosen


@dataclass
class UntrainedRead(Message):
    """The network as its initializer leaves it, and some test images."""

    snapshot: Snapshot
    images: Split
    spec: DataSpec


@dataclass
class NothingToShow(Message):
    """There are no images, for a reason of one line."""

    reason: str


class Untrained(Background):
    """Ends when it is told."""

    def __init__(self, config: Config, post: Callable[[Message], object]) -> None:
        super().__init__("welcoming", post)
        # Which threads are fastest need not be found out for a step that is never trained.
        self._config = config.model_copy(update={"threads": 1})

    def work(self) -> None:
        data = load(self._config.data, *self._config.read_by)
        if data.test is None or data.spec.image_shape is None:
            raise UserError("there are no test images to show")
        started = next(iter(Training(self._config, data).events(Control())))
        assert isinstance(started, Started)
        self.post(UntrainedRead(network_alone(started.snapshot), chosen(data.test), data.spec))

    def refuse(self, error: UserError) -> None:
        self.post(NothingToShow(str(error)))
