"""Reads a run's folder and its data in the background: a network is asked, and a first batch trained."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from tui_trainer.diagnosis.case import Case
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import read_run
from tui_trainer.trained.run_case import open_case
from tui_trainer.ui.kit.background import Background


@dataclass
class CaseRead(Message):
    """What there is to know of the run; `case` is None where its files do not tell."""

    case: Case | None
    problem: UserError | None


class CaseReader(Background):
    """Reads once."""

    def __init__(self, path: Path, post: Callable[[Message], object]) -> None:
        super().__init__("case", post)
        self._path = path

    def work(self) -> None:
        try:
            opened = open_case(read_run(self._path))
        except MemoryError:
            raise UserError("this network does not fit into the memory of this machine") from None
        self.post(CaseRead(opened.case, opened.problem))

    def refuse(self, error: UserError) -> None:
        self.post(CaseRead(None, error))
