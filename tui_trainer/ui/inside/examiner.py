"""Examines copies of a network in a thread of its own, so that ten thousand images hold up neither the screen nor the training."""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import monotonic, thread_time

import numpy as np
from numpy.typing import NDArray
from textual.message import Message

from tui_trainer.datasets.dataset import Split, load
from tui_trainer.datasets.png import Gray, fit
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError, reason_of
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.network import Network
from tui_trainer.text.language import _
from tui_trainer.trained.activity import Activity, activity, as_inputs, references
from tui_trainer.trained.inspection import Examination, FirstLayer, examine, say, with_scaling
from tui_trainer.trained.restore import read_network, restore
from tui_trainer.training.batch_loader import BatchLoader
from tui_trainer.training.events import Snapshot
from tui_trainer.training.run_state import read_model_state
from tui_trainer.ui.kit.background import Background

SHARE = 0.05
"""Of the time, how much may go into examinations, for the processor may have other work: somebody looks at a network that is trained."""

SHORTEST_REST = 1.0
"""Seconds between two examinations at least."""

SHORTEST_PAUSE = 0.25
"""Seconds between two networks at least that are shown a drawing or one image."""


@dataclass(frozen=True)
class Subject:
    """What is known of a network without showing it anything."""

    snapshot: Snapshot
    first: FirstLayer
    classes: int
    spec: DataSpec
    """What it was trained on."""
    test: Split | None
    """What it is examined on, if that could be read."""
    note: str = ""
    """What is odd about it, in a line that may hold anything."""

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Of the samples, where they are images."""
        return self.spec.image_shape

    @property
    def side(self) -> int | None:
        """Of the images, where they are squares, as one that is drawn by hand has to be."""
        match self.image_shape:
            case (height, width) if height == width:
                return height
        return None


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


Sample = Gray | int
"""What was drawn, or a test image by its number."""


@dataclass
class NetworkLit(Message):
    """What the latest network does with a sample, layer by layer."""

    subject: Subject
    levels: NDArray[np.uint8] | None
    """The image in levels of gray (height, width); None where it is none."""
    test_image: int | None
    """Its number; None for what was drawn."""
    activity: Activity


Work = Generator[None, None, None]


class Examiner(Background):
    """Does the latest of what it is asked, what is drawn or looked at before all else."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        super().__init__("examining", post)
        self._wish: deque[Callable[[], Work]] = deque(maxlen=1)
        self._ink: deque[Gray] = deque(maxlen=1)
        self._sample: deque[Sample] = deque(maxlen=1)
        self._rested_at = 0.0
        self._network: Network | None = None
        self._subject: Subject | None = None
        self._feed: tuple[Split, BatchLoader] | None = None
        self._examines = False
        """Whether the latest network is examined, and not only taken."""
        self._references: tuple[Split, Array] | None = None
        self._data: tuple[tuple[str, str | None, str, float], Split | None, str] | None = None
        self._seen: tuple[int, int] | None = None

    @property
    def is_rested(self) -> bool:
        """Whether the last examination is paid for."""
        return not self._wish and monotonic() >= self._rested_at

    def look_at(self, snapshot: Snapshot, test: Split | None) -> None:
        """Examine this network."""
        self._want(lambda: self._examine(snapshot, test, "" if test else _("there are no test images")))

    def take(self, snapshot: Snapshot, test: Split | None) -> None:
        """Have this network as the latest, without an examination, which costs more than all else."""
        self._want(lambda: self._announce(snapshot, test, ""))

    def look_into(self, path: Path) -> None:
        """Examine the network in a checkpoint, if it is another one than the last time."""
        self._want(lambda: self._open(path))

    def read(self, ink: Gray) -> None:
        """Tell what the latest network sees in what was drawn."""
        self._ink.append(ink.copy())
        self.wake()

    def light(self, sample: Sample) -> None:
        """Tell what the latest network does with a sample, layer by layer."""
        self._sample.append(sample if isinstance(sample, int) else sample.copy())
        self.wake()

    def _want(self, wish: Callable[[], Work]) -> None:
        self._wish.append(wish)
        self.wake()

    def work(self) -> None:
        """Examine in small parts, between which a drawing is looked at and the end noticed."""
        begun: Work | None = None
        began = 0.0
        while not self.is_stopping:
            if self._ink:
                self._at_once(lambda: self._read(self._ink.popleft()))
            elif self._sample:
                self._at_once(lambda: self._light(self._sample.popleft()))
            elif begun:
                if not self._goes_on(begun):
                    begun = None
                    shortest = SHORTEST_REST if self._examines else SHORTEST_PAUSE
                    self._rested_at = monotonic() + max((thread_time() - began) / SHARE, shortest)
            elif self._wish:
                # Not rested until all of this is done.
                self._rested_at = inf
                begun, began = self._wish.popleft()(), thread_time()
            else:
                self.rest()

    def _at_once(self, call: Callable[[], None]) -> None:
        """Do something more urgent than examinations, which rest the longer for it."""
        began = thread_time()
        call()
        self._rested_at = max(self._rested_at, monotonic() + (thread_time() - began) / SHARE)

    def _goes_on(self, work: Work) -> bool:
        """Do some of the work, and tell whether there is more."""
        try:
            next(work)
        except StopIteration:
            return False
        except UserError as error:
            self.post(NetworkMissing(str(error)))
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
        snapshot = read_network(path)
        yield
        options = read_model_state(snapshot.scalars).options
        name = options.data
        key = name, *options.read_by
        if self._data is None or self._data[0] != key:
            try:
                data = load(*key)
            except UserError as error:
                self._data = key, None, str(error)
            else:
                # The training images, which are many, are not kept.
                self._data = key, data.test, data.fingerprint
        test, told = self._data[1:]
        note = _("without test images: {reason}").format(reason=told) if test is None else ""
        if test and snapshot.scalars.get("data") not in (told, None):
            note = _("{data} is not what this network was trained on").format(data=name)
        yield from self._examine(snapshot, test, note)

    def _announce(self, snapshot: Snapshot, test: Split | None, note: str) -> Work:
        """Have this network as the latest, and say so: a drawing that is shown to a network is shown to the one that was announced."""
        self._examines = False
        try:
            self._network = network = restore(snapshot, self._network)
        except MemoryError:
            raise UserError("a second network of this size does not fit into memory") from None
        spec = with_scaling(read_model_state(snapshot.scalars).spec, test)
        self._subject = Subject(snapshot, FirstLayer.of(network, spec.names), network.classes, spec, test, note)
        self.post(NetworkRead(self._subject))
        yield from ()

    def _examine(self, snapshot: Snapshot, test: Split | None, note: str) -> Work:
        yield from self._announce(snapshot, test, note)
        assert self._network
        assert self._subject
        self._examines = True
        if test is None:
            return
        if self._feed is None or self._feed[0] is not test:
            self._feed = test, BatchLoader(test)
        yield
        subject = self._subject
        self.post(NetworkExamined(subject, (yield from examine(self._network, self._feed[1], test))))

    def _read(self, ink: Gray) -> None:
        network, subject = self._network, self._subject
        if network is None or subject is None or subject.side is None:
            return
        levels = fit(ink, subject.side)
        self.post(SketchRead(levels, say(network, as_inputs(subject.spec.of_levels(levels)))))

    def _light(self, sample: Sample) -> None:
        network, subject = self._network, self._subject
        if network is None or subject is None:
            return
        levels: NDArray[np.uint8] | None = None
        if isinstance(sample, int):
            if subject.test is None or sample >= len(subject.test.images):
                return
            image = subject.test.images[sample]
            inputs = as_inputs(image)
            if subject.image_shape:
                levels = subject.spec.levels(image)
        elif subject.side is None:
            return
        else:
            levels = fit(sample, subject.side)
            inputs = as_inputs(subject.spec.of_levels(levels))
        if len(inputs) != network.inputs:
            return
        if subject.test and (self._references is None or self._references[0] is not subject.test):
            self._references = subject.test, references(subject.test)
        others = self._references[1] if subject.test and self._references else np.empty((0, network.inputs), np.float32)
        number = sample if isinstance(sample, int) else None
        self.post(NetworkLit(subject, levels, number, activity(network, inputs, others)))
