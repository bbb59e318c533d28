"""The readers of data, a file each: one is found here by the class that it derives from."""

from typing import Final

from tui_trainer.datasets.reader import Reader
from tui_trainer.nn.registry import Parts

READERS: Final = Parts("reader", Reader, __name__)  # type: ignore[type-abstract] # its subclasses are asked for
