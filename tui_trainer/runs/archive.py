"""Runs read back from their folders, which may come from anywhere: no file is read without end, and none is believed unchecked.

What a run was made with stands in the first line of its metrics; config.toml, which a person may edit, stands in where that is missing.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final, Literal, NamedTuple

from pydantic import JsonValue

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError, reason_of
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.log import ChangeLine, Epoch, LayerShape, Line, Log, MalformedError, NotJSONError, Place, parse_line, parse_options
from tui_trainer.runs.run_status import NEWEST
from tui_trainer.runs.tags import read_tags
from tui_trainer.system.folders import printable
from tui_trainer.system.locks import is_held
from tui_trainer.system.reading import opened, read_table
from tui_trainer.training.events import Status

MOST_BYTES: Final = 48 << 20
"""Of a metrics.jsonl: some ten thousand epochs of a deep network."""

LONGEST_LINE: Final = 1 << 20
"""Twice an epoch of the most layers that a network may have."""

MOST_CONFIG_BYTES: Final = 1 << 20


class Best(NamedTuple):
    """The best value of a figure, and the epoch after which it was measured."""

    value: float
    epoch: int


@dataclass(frozen=True, slots=True)
class RunRecord:
    """All that the files of a run tell. Texts are as they stand there; only `name` may be shown as it is."""

    path: Path
    started: datetime
    config: Mapping[str, JsonValue] = field(default_factory=dict)
    """Every option as plain data; one that the file leaves out has its default, if this version can read the rest."""
    status: Status | Literal["unfinished"] = "unfinished"
    epochs: tuple[Epoch, ...] = ()
    other_seconds: float = 0.0
    """Training time of the whole epochs that are not among these."""
    changes: tuple[ChangeLine, ...] = ()
    """What was changed while the run went on."""
    parameters: int | None = None
    training_samples: int | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    held: bool = False
    """Whether a run is going on there now, in this process or another."""
    has_checkpoint: bool = False
    divergence: Place | None = None
    layers: tuple[LayerShape, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    """In which it was trained last."""
    tags: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What could not be read, but is no part of the run itself; a line each."""

    @property
    def name(self) -> str:
        """The folder's name."""
        return run_name(self.path)

    @property
    def seconds(self) -> float:
        """Training time of the whole epochs."""
        return self.other_seconds + sum(epoch.seconds for epoch in self.epochs)

    @property
    def last_epoch(self) -> int:
        """How many epochs were trained to their end."""
        return self.epochs[-1].number if self.epochs else 0

    @property
    def planned_epochs(self) -> int | None:
        """How many epochs it is to have in all, after all changes; None where that is not known."""
        planned = self.config.get("epochs")
        for change in self.changes:
            planned = change.changes.get("epochs", planned)
        return planned if isinstance(planned, int) and not isinstance(planned, bool) and 0 <= planned < 1 << 63 else None

    @property
    def batches(self) -> int:
        """How many there are in an epoch, after all changes; 0 where that is not known."""
        sizes = [self.config.get("batch_size"), *(change.changes.get("batch_size") for change in self.changes)]
        size = next((count for value in reversed(sizes) if (count := _count(value))), 0)
        return -(-(self.training_samples or 0) // size) if size else 0

    @property
    def best_accuracy(self) -> Best | None:
        """The highest validation accuracy; the first of equal ones."""
        found = [Best(epoch.validation_accuracy, epoch.number) for epoch in self.epochs if epoch.validation_accuracy is not None]
        return max(found, key=lambda best: best.value, default=None)

    @property
    def best_loss(self) -> Best | None:
        """The lowest validation loss; the first of equal ones."""
        found = [Best(epoch.validation_loss, epoch.number) for epoch in self.epochs if epoch.validation_loss is not None]
        return min(found, key=lambda best: best.value, default=None)

    def condensed(self) -> "RunRecord":
        """The run with those epochs alone that its best and its last figures are of: there is room for a thousand of these."""
        bests = {best.epoch for best in (self.best_accuracy, self.best_loss) if best}
        kept = tuple(epoch for epoch in self.epochs if epoch.number in bests or epoch is self.epochs[-1])
        return replace(self, epochs=kept, other_seconds=self.seconds - sum(epoch.seconds for epoch in kept))

    def steps(self) -> list[int]:
        """Batches trained by the end of each epoch; the epochs themselves where the log does not tell how large a batch was."""
        size, samples = _count(self.config.get("batch_size")), self.training_samples
        if not size or not samples:
            return [epoch.number for epoch in self.epochs]
        steps: list[int] = []
        waiting = list(self.changes)
        # Of the epoch `since`, `seen` images were trained by `batch` of its batches, the last of them step `base`.
        since, base, seen, batch = 1, 0, 0, 0
        for epoch in self.epochs:
            while waiting and waiting[0].epoch <= epoch.number:
                change = waiting.pop(0)
                if change.epoch != since:
                    since, seen, batch = change.epoch, 0, 0
                seen += (change.batch - batch) * size
                base, batch = change.step, change.batch
                size = _count(change.changes.get("batch_size")) or size
            steps.append(base + -(-max(samples - seen, 0) // size) + (epoch.number - since) * -(-samples // size))
        return steps


def find_runs(folder: Path) -> list[Path]:
    """The folders in `folder` that hold a run, newest first; none where there is no such folder. Raises UserError where it cannot look."""
    try:
        with os.scandir(folder) as entries:
            return newest_first([Path(entry.path) for entry in entries if _may_be_run(entry)])
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(reason_of(error), path=folder) from None


def resolve_run(text: str, folder: Path) -> Path:
    """The folder of the run that is meant: a path, the name of a run in `folder`, or `latest` for the newest there. Raises UserError."""
    return resolve(text, folder, find_runs, "run")


def resolve(text: str, folder: Path, find: Callable[[Path], Sequence[Path]], kind: str) -> Path:
    """The same for what `find` finds in a folder, the newest first, and what people call that. Raises UserError."""
    for path in (Path(text), folder / text):
        if path.is_dir():
            return path
    if text == NEWEST:
        for path in find(folder):
            return path
        raise UserError(f"there is no {kind} in {folder}/ yet", value=text)
    raise UserError(f"no such {kind}: neither a folder nor the name of a {kind} in {folder}/", value=text)


def is_run(path: Path) -> bool:
    """Whether the folder holds a run, as far as the names in it tell."""
    folder = RunDirectory(path)
    return os.path.lexists(folder.metrics) or os.path.lexists(folder.config)


def newest_first(paths: Iterable[Path]) -> list[Path]:
    """Runs by when they began, the last one first. Looks at names and times only."""
    return sorted(paths, key=lambda path: (*began(path), path.name), reverse=True)


def run_name(path: Path) -> str:
    """What the run in this folder is called, safe to show."""
    return printable(path.name or path.absolute().name)


def read_run(path: Path) -> RunRecord:
    """What the files in the folder tell. Raises UserError, which names the file and the line, when one of them is broken."""
    folder = RunDirectory(path)
    has_metrics, has_config = os.path.lexists(folder.metrics), os.path.lexists(folder.config)
    if not (has_metrics or has_config):
        raise UserError(f"not a run: it holds neither {folder.metrics.name} nor {folder.config.name}", path=path)
    log = Log()
    for line, _ in lines_with_ends(folder.metrics) if has_metrics else ():
        log.take(line)
    if log.config is None and has_config:
        log.config = _read_config(folder.config)
    return record_of(path, log)


def record_of(path: Path, log: Log) -> RunRecord:
    """What the lines of the run in this folder amount to, with what else lies there."""
    folder = RunDirectory(path)
    start, _ = began(path)
    tags, warnings = _read_tags(path)
    return RunRecord(
        path=path,
        started=datetime.fromtimestamp(start).astimezone(),
        config=_settled(log),
        status=log.status,
        epochs=log.epochs,
        changes=log.changes,
        parameters=log.parameters,
        training_samples=log.training_samples,
        test_loss=log.test_loss,
        test_accuracy=log.test_accuracy,
        held=is_held(folder.metrics),
        has_checkpoint=os.path.lexists(folder.checkpoint),
        divergence=log.end.divergence if log.end else None,
        layers=tuple(log.start.layers) if log.start else (),
        environment=log.environment,
        tags=tags,
        warnings=warnings,
    )


def lines_with_ends(path: Path) -> Iterator[tuple[Line, int]]:
    """The lines of a metrics.jsonl, each with the place in the file where it ends. A last one that is not whole is passed over.

    Raises UserError, which names the file and the line, for one that is broken.
    """
    total = 0
    with opened(path) as file:
        for number in count(1):
            text = file.readline(LONGEST_LINE + 1)
            total += len(text)
            if not text:
                return
            if len(text) > LONGEST_LINE:
                raise UserError(f"line {number}: longer than {LONGEST_LINE:,} bytes", path=path)
            if total > MOST_BYTES:
                raise UserError(f"line {number}: the file is longer than {MOST_BYTES:,} bytes", path=path)
            if text.isspace():
                continue
            try:
                yield parse_line(text), total
            except MalformedError as error:
                if isinstance(error, NotJSONError) and not text.endswith(b"\n"):
                    return  # not written to its end
                raise UserError(f"line {number}: {error}", path=path) from None


def _read_config(path: Path) -> dict[str, JsonValue]:
    try:
        return parse_options(read_table(path, MOST_CONFIG_BYTES))
    except MalformedError as error:
        raise UserError(str(error), path=path) from None


def _read_tags(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tags, or why they cannot be read."""
    try:
        return read_tags(path), ()
    except UserError as error:
        return (), (str(error),)


def _settled(log: Log) -> dict[str, JsonValue]:
    """The options as this version writes them, so that runs of different versions compare; unchanged where it cannot read them."""
    values: dict[str, JsonValue] = {name: value for name, value in (log.config or {}).items() if value is not None}
    if log.changes:
        planned, last = values.get("changes"), log.changes[-1].step
        planned = planned if isinstance(planned, list) else []
        waiting = [change for change in planned if isinstance(change, dict) and _count(change.get("step")) > last]
        made: list[JsonValue] = [{"step": change.step, **change.changes} for change in log.changes]
        values["changes"] = [*made, *waiting]
    try:
        return Config.parse(values).record() if values else values
    except UserError:
        return values


def _count(value: JsonValue) -> int:
    """The value if it is a sane number of images or steps, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 63 else 0


def _may_be_run(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir() and is_run(Path(entry.path))
    except OSError:  # a link that leads to itself
        return False


_NAME = re.compile(r"(\d{8}-\d{6})(?:-(\d{1,6}))?", re.ASCII)

LATEST: Final = 2.5e11
"""A time, in seconds since 1970, that a date can still tell: a file's may be anything."""


def began(path: Path) -> tuple[float, int]:
    """When the run began, and its number among those of the same second: by its name, else by the file that is written first."""
    match = _NAME.fullmatch(path.name)
    if match:
        # The digits may be no date.
        with suppress(ValueError, OverflowError):
            return datetime.strptime(match[1], "%Y%m%d-%H%M%S").timestamp(), int(match[2] or 1)
    for file in (path / "config.toml", path / "metrics.jsonl", path):
        with suppress(OSError):
            return min(max(file.stat().st_mtime, 0.0), LATEST), 1
    return 0.0, 1
