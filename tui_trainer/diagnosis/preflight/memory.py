"""Whether the run fits into the machine's memory."""

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Final

from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.diagnosis.preflight.outcome import Outcome, Span
from tui_trainer.diagnosis.preflight.subject import Subject, Trial
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.system import machine
from tui_trainer.training.batch_loader import EVALUATION_ROWS, BatchLoader
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended
from tui_trainer.training.loop import Training
from tui_trainer.training.model import build_layers, parameters

ERROR: Final = 0.2
"""How far the foreseen memory may be off: `benchmarks/preflight.py` holds it against that of runs."""

FLOAT32: Final = 4

GIB: Final = 1 << 30


def memory(subject: Subject) -> Outcome:
    """The bytes of memory that the run will hold at most: measured on an epoch of few samples, and on the loading of all."""
    most = machine.memory()
    least = _least(subject)
    if most is not None and least > most:
        # Trying would end this process, and perhaps others.
        found = f"parameters, gradients and what the optimizer keeps take {least / GIB:.3g} GiB; this machine has {most / GIB:.3g}"
        return Outcome(False, least, Span(None, most), found, "take fewer or smaller layers (--hidden)", ends=True)
    # A step loads what the run needs and tracemalloc does not see: the BLAS's buffers, compiled loops.
    for _ in Trial(subject, subject.sample(subject.rows), 1, batch_size=subject.rows).steps():
        pass
    needed = (machine.resident() or 0) + _peak(partial(_short_run, subject)) + sum(_loading(subject))
    told = f"about {needed / GIB:.2f} GiB, give or take {ERROR:.0%}"
    if most is None:
        return Outcome(True, needed, Span(), f"{told}; this system does not tell how much there is", error=ERROR * needed)
    expected = Span(None, most)
    found = f"{told}, of this machine's {most / GIB:.3g}"
    if expected.holds(needed):
        return Outcome(True, needed, expected, found, error=ERROR * needed)
    return Outcome(False, needed, expected, found, "take a smaller --hidden or --batch-size, or less --data", ERROR * needed)


def _least(subject: Subject) -> int:
    """The bytes of the parameters, their gradients and the optimizer's slots, and of a checkpoint's copy of them, without trying."""
    count = sum(map(parameters, build_layers(subject.config, subject.spec.features, subject.spec.classes)))
    slots = len(OPTIMIZERS[subject.config.optimizer].slots)
    return FLOAT32 * count * (2 + slots + 1 + slots)


def _short_run(subject: Subject) -> None:
    """The whole course of a run, with its own batches but few of them: training, validation, test, and a checkpoint's copies."""
    validation = EVALUATION_ROWS if subject.validation else 0
    samples = subject.sample(max(subject.config.batch_size, EVALUATION_ROWS) + validation)
    validation = min(validation, len(samples.labels) - subject.config.batch_size)
    options = {"epochs": 1, "validation": validation, "changes": (), "early_stopping": subject.config.early_stopping if validation else 0}
    test = subject.test and Split(subject.test.images[:EVALUATION_ROWS], subject.test.labels[:EVALUATION_ROWS])
    for event in Training(subject.config.model_copy(update=options), Dataset("trial", samples, test, subject.spec)).events(Control()):
        if isinstance(event, Ended) and event.snapshot:
            # A checkpoint is made in memory before it is written.
            _ = [tensor.tobytes() for tensor in event.snapshot.tensors.values()]


def _loading(subject: Subject) -> list[int]:
    """The bytes that a loader of each part keeps."""
    return [_peak(partial(BatchLoader, split)) for split in (subject.training, subject.validation, subject.test) if split]


def _peak(call: Callable[[], object]) -> int:
    """The most bytes that were allocated at a time by `call`."""
    tracemalloc.start()
    try:
        _ = call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
