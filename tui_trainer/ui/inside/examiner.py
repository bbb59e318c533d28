"""Examines copies of a network in a thread of its own, so that ten thousand images hold up neither the screen nor the training."""

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, thread_time

import numpy as np
from numpy.typing import NDArray
from textual.message import Message

from tui_trainer.datasets.dataset import Split, load
from tui_trainer.datasets.png import Gray, fit
from tui_trainer.errors import UserError, reason_of
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.network import Network
from tui_trainer.runs import checkpoint
from tui_trainer.text.language import _
from tui_trainer.trained.inspection import Examination, FirstLayer, Scale, examine, restore, say
from tui_trainer.trained.predict import side_of
from tui_trainer.training.batch_loader import BatchLoader
from tui_trainer.training.events import Snapshot
from tui_trainer.training.run_state import read_model_state
from tui_trainer.ui.run import messages

SHARE = 0.05
"""Of the time, how much may go into examinations, for the processor may have other work: somebody looks at a network that is trained."""

SHORTEST_REST = 1.0
"""Seconds between two examinations at least."""


@dataclass(frozen=True)
class Subject:
    """What is known of a network without showing it anything."""

    snapshot: Snapshot
    first: FirstLayer
    classes: int
    side: int | None
    """Of the images, where they are square."""
    test: Split | None
    """What it is examined on, if that could be read."""
    scale: Scale
    """That of these images."""
    note: str = ""
    """What is odd about it, in a line that may hold anything."""


@dataclass
class NetworkRead(Message):
    """There is a network to look at; its examination follows, if there are images."""

    subject: Subject


@dataclass
class NetworkExamined(Message):
    """What it said about them."""

    subject: Subject
    examination: Examination


@dataclass
class NetworkMissing(Message):
    """There is none, or it cannot be examined, for a reason of one line."""

    reason: str


@dataclass
class SketchRead(Message):
    """What the latest network sees in what was drawn, and says about it."""

    levels: NDArray[np.uint8]
    """(side, side)"""
    probabilities: Array


Work = Generator[None, None, None]


class Examiner:
    """Does the latest of what it is asked, what is drawn before all else. `post` must be safe to call from any thread.

    A daemon thread and not a Textual worker, for the reason that `Runner` gives.
    """

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._changed = threading.Condition()
        self._wish: Callable[[], Work] | None = None
        self._ink: Gray | None = None
        self._work: Work | None = None
        """What is begun."""
        self._closed = False
        self._rested_at = 0.0
        self._network: Network | None = None
        self._subject: Subject | None = None
        self._feed: tuple[Split, BatchLoader] | None = None
        self._data: tuple[str, Split | None, str] | None = None
        self._seen: tuple[int, int] | None = None
        self._thread = threading.Thread(target=self._run, name="examining", daemon=True)

    def start(self) -> None:
        """Begin to wait for wishes."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the batch that is looked at."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def is_rested(self) -> bool:
        """Whether the last examination is paid for."""
        return self._work is None and self._wish is None and monotonic() >= self._rested_at

    def look_at(self, snapshot: Snapshot, test: Split | None) -> None:
        """Examine this network."""
        self._want(lambda: self._examine(snapshot, test, "" if test else _("there are no test images")))

    def look_into(self, path: Path) -> None:
        """Examine the network in a checkpoint, if it is another one than the last time."""
        self._want(lambda: self._open(path))

    def read(self, ink: Gray) -> None:
        """Tell what the latest network sees in what was drawn."""
        with self._changed:
            self._ink = ink.copy()
            self._changed.notify_all()

    def _want(self, wish: Callable[[], Work]) -> None:
        with self._changed:
            self._wish = wish
            self._changed.notify_all()

    def _run(self) -> None:
        began = 0.0
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._ink is not None or self._wish or self._work)
                    if self._closed:
                        return
                    ink, self._ink = self._ink, None
                    if self._work is None and self._wish:
                        self._work, began = self._wish(), thread_time()
                        self._wish = None
                if ink is not None:
                    self._read(ink)
                elif self._work and not self._goes_on(self._work):
                    self._rested_at = monotonic() + max((thread_time() - began) / SHARE, SHORTEST_REST)
                    self._work = None
        except BaseException as error:
            self._post(messages.RunFailed(self, error))

    def _goes_on(self, work: Work) -> bool:
        """Do some of the work, and tell whether there is more."""
        try:
            next(work)
        except StopIteration:
            return False
        except UserError as error:
            self._post(NetworkMissing(str(error)))
            return False
        return True

    def _open(self, path: Path) -> Work:
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            raise UserError(f"there is no network yet: {path}: {reason_of(error)}") from None
        if (seen := (status.st_mtime_ns, status.st_size)) == self._seen:
            return
        self._seen = seen
        snapshot = checkpoint.read(path, lambda scalars: read_model_state(scalars).model_shapes())
        yield
        name = read_model_state(snapshot.scalars).options.data
        if self._data is None or self._data[0] != name:
            try:
                data = load(name)
            except UserError as error:
                self._data = name, None, str(error)
            else:
                # The training images, which are many, are not kept.
                self._data = name, data.test, data.fingerprint
        test, told = self._data[1:]
        note = _("without test images: {reason}").format(reason=told) if test is None else ""
        if test and snapshot.scalars.get("data") not in (told, None):
            note = _("{data} is not what this network was trained on").format(data=name)
        yield from self._examine(snapshot, test, note)

    def _examine(self, snapshot: Snapshot, test: Split | None, note: str) -> Work:
        # A drawing that is shown to a network is shown to the one that was announced.
        self._network = network = restore(snapshot, self._network)
        scale = Scale.of(test.images) if test else Scale(0.0, 255.0)
        side = side_of(network.inputs)
        self._subject = subject = Subject(snapshot, FirstLayer.of(network), network.classes, side, test, scale, note)
        self._post(NetworkRead(subject))
        if test is None:
            return
        if self._feed is None or self._feed[0] is not test:
            self._feed = test, BatchLoader(test)
        yield
        self._post(NetworkExamined(subject, (yield from examine(network, self._feed[1], test))))

    def _read(self, ink: Gray) -> None:
        network, subject = self._network, self._subject
        if network is None or subject is None or subject.side is None:
            return
        levels = fit(ink, subject.side)
        as_bytes = subject.test is None or subject.test.images.dtype == np.uint8
        self._post(SketchRead(levels, say(network, subject.scale.inputs(levels.reshape(-1), as_bytes=as_bytes))))
