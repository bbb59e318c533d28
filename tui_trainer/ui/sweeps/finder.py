"""Finds the sweeps there are and looks into each, in a thread: there may be many, on a slow disk."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from tui_trainer.errors import UserError
from tui_trainer.sweep.board import Board, BoardReader, find_sweeps
from tui_trainer.system import folders
from tui_trainer.ui.kit.background import Background


@dataclass
class SweepsFound(Message):
    """What there is: boards by folders, or why one cannot be read."""

    sweeps: Mapping[Path, Board | str]
    problem: str = ""


class SweepFinder(Background):
    """Finds them each time it is woken."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        super().__init__("finding sweeps", post)

    def work(self) -> None:
        self.rest()
        while not self.is_stopping:
            self.post(_look_into(folders.sweeps()))
            self.rest()


def _look_into(folder: Path) -> SweepsFound:
    try:
        return SweepsFound({path: _board(path) for path in find_sweeps(folder)})
    except UserError as error:
        return SweepsFound({}, str(error))


def _board(folder: Path) -> Board | str:
    with closing(BoardReader(folder)) as onlooker:
        try:
            return onlooker.look()
        except UserError as error:
            return str(error)
