"""Exports of a run: epochs or batches as CSV, everything as JSON."""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator
from math import isfinite
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tui_trainer.errors import UserError, reason_of
from tui_trainer.history.quantities import EPOCHS
from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.batches import COLUMNS, MOST_BATCHES, read_batches
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.summary import epoch_rows, run_document
from tui_trainer.system.files import replacing
from tui_trainer.system.folders import printable
from tui_trainer.system.reading import opened

AT_ONCE: Final = 1 << 14
"""Batches read at once."""


def epochs_csv(run: RunRecord) -> Iterator[str]:
    """Yield CSV lines of the epochs after a head; empty where not measured or not finite."""
    rows = epoch_rows(run)
    layers = list(dict.fromkeys(name for row in rows for name in row["gradient_norms"]))
    yield _line([*EPOCHS, *(f"gradient_norm_{printable(name)}" for name in layers)])
    for row in rows:
        yield _line([*(row[name] for name in EPOCHS), *(row["gradient_norms"].get(name) for name in layers)])


def batches_csv(run: RunRecord) -> Iterator[str]:
    """Yield CSV lines of the kept batches after a head. Raises UserError where there are none, or they cannot be read."""
    path = RunDirectory(run.path).batches
    if not os.path.lexists(path):
        raise UserError("the run kept no batches", path=path)
    yield _line(["step", "epoch", *COLUMNS[1:]])
    for first, rows in batches(run):
        yield "".join(_line([step, *map(_plain, row)]) for step, row in enumerate(rows, first) if row[0] > 0)


def batches(run: RunRecord) -> Iterator[tuple[int, NDArray[Any]]]:
    """The run's batches, many at once, each time with the step of the first of them; rows whose position is 0 were lost.

    Raises UserError when there is a file that cannot be read; without one there are none.
    """
    path = RunDirectory(run.path).batches
    if not os.path.lexists(path):
        return
    with opened(path) as file:
        for start in range(0, MOST_BATCHES, AT_ONCE):
            rows = read_batches(file, start, AT_ONCE)
            if not len(rows):
                return
            yield start + 1, rows


def json_document(run: RunRecord) -> Iterator[str]:
    """The run without its batches, as one strict-JSON object."""
    yield json.dumps(run_document(run), indent=2, allow_nan=False) + "\n"


def _line(cells: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _plain(value: np.float32) -> str:
    """The shortest text that is read back as the same float32; empty for NaN."""
    return str(value) if isfinite(value) else ""


def refuse_taken(paths: Iterable[Path]) -> None:
    """Raise UserError for the first path that exists."""
    if taken := next((path for path in paths if os.path.lexists(path)), None):
        raise UserError("exists already", option="--output", path=taken, hint="give another name, or --force to replace it")


def write_file(path: Path, parts: Iterable[bytes], *, force: bool) -> None:
    """Write a file atomically; an existing one stays unless `force`. Raises UserError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, over=force) as file:
            for part in parts:
                file.write(part)
    except OSError as error:
        if not force:
            refuse_taken([path])
        raise UserError(reason_of(error), option="--output", path=path) from None
