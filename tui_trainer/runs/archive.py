"""Runs read from their folders, which may come from anywhere: sizes are limited, and contents validated.

A run's options are in the first line of its metrics; config.toml, which a user may edit, is read where that is missing.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final, Literal

from pydantic import JsonValue

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError, reason_of
from tui_trainer.history.history import AppliedChange, Epoch, History
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.log import LayerShape, Line, MalformedError, NotJSONError, StartLine, parse_line, parse_options
from tui_trainer.runs.recording import Recording, count_of
from tui_trainer.runs.run_status import NEWEST
from tui_trainer.runs.tags import read_tags
from tui_trainer.system.folders import printable
from tui_trainer.system.locks import is_held
from tui_trainer.system.reading import opened, read_table
from tui_trainer.training.events import Divergence, Status

MOST_BYTES: Final = 48 << 20
"""The largest metrics.jsonl: some ten thousand epochs of a deep network."""

LONGEST_LINE: Final = 1 << 20
"""In bytes, twice an epoch of the deepest network."""

MOST_CONFIG_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run's folder and its history. Only `name` is safe to show; other texts are as in the files."""

    path: Path
    started: datetime
    history: History = field(default_factory=History)
    config: Mapping[str, JsonValue] = field(default_factory=dict)
    """Every option as plain data; a missing one has its default, if this version can read the others."""
    start: StartLine | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """The environment of the last training."""
    held: bool = False
    """Whether this process or another is training the run now."""
    has_checkpoint: bool = False
    tags: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What could not be read but is not part of the run itself; a line each."""
    recording: Recording | None = None
    """The run's files as read so far."""

    @property
    def name(self) -> str:
        """The folder's name."""
        return run_name(self.path)

    @property
    def epochs(self) -> Sequence[Epoch]:
        """The whole epochs."""
        return self.history.epochs

    @property
    def last_epoch(self) -> int:
        """The number of whole epochs trained."""
        return self.history.last_epoch

    @property
    def seconds(self) -> float:
        """Training time of whole epochs."""
        return self.history.seconds

    @property
    def changes(self) -> Sequence[AppliedChange]:
        """The changes made during the run."""
        return self.history.changes

    @property
    def status(self) -> Status | Literal["unfinished"]:
        """The run's last status."""
        return self.history.ended.status if self.history.ended else "unfinished"

    @property
    def test_loss(self) -> float | None:
        """The loss on the test set; None before the end."""
        return self.history.ended.test_loss if self.history.ended else None

    @property
    def test_accuracy(self) -> float | None:
        """The accuracy on the test set; None before the end."""
        return self.history.ended.test_accuracy if self.history.ended else None

    @property
    def divergence(self) -> Divergence | None:
        """The divergence, if the run diverged."""
        return self.history.ended.divergence if self.history.ended else None

    @property
    def parameters(self) -> int | None:
        """The network's number of parameters."""
        return self.start.parameters if self.start else None

    @property
    def training_samples(self) -> int | None:
        """The number of training images."""
        return self.start.training_samples if self.start else None

    @property
    def layers(self) -> Sequence[LayerShape]:
        """The layers with parameters."""
        return self.start.layers if self.start else ()

    @property
    def planned_epochs(self) -> int | None:
        """The total number of epochs, after all changes; None where it is not known."""
        planned = self.config.get("epochs")
        for change in self.changes:
            planned = change.changes.get("epochs", planned)
        return planned if isinstance(planned, int) and not isinstance(planned, bool) and 0 <= planned < 1 << 63 else None

    def condensed(self) -> "RunRecord":
        """The run with its best and its last epochs alone, small enough to keep a thousand."""
        return replace(self, history=self.history.condensed(), recording=None)


def find_runs(folder: Path) -> list[Path]:
    """The runs' folders in `folder`, newest first; empty where it does not exist. Raises UserError where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return newest_first([Path(entry.path) for entry in entries if _may_be_run(entry)])
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(reason_of(error), path=folder) from None


def resolve_run(text: str, folder: Path) -> Path:
    """The folder of a run given as a path, a name in `folder`, or `latest` for the newest there. Raises UserError."""
    return resolve(text, folder, find_runs, "run")


def resolve(text: str, folder: Path, find: Callable[[Path], Sequence[Path]], kind: str) -> Path:
    """As `resolve_run` for anything that `find` lists, newest first; `kind` is its name in messages. Raises UserError."""
    for path in (Path(text), folder / text):
        if path.is_dir():
            return path
    if text == NEWEST:
        for path in find(folder):
            return path
        raise UserError(f"there is no {kind} in {folder}/ yet", value=text)
    raise UserError(f"no such {kind}: neither a folder nor the name of a {kind} in {folder}/", value=text)


def is_run(path: Path) -> bool:
    """Whether the folder holds a run, by the names of its files."""
    folder = RunDirectory(path)
    return os.path.lexists(folder.metrics) or os.path.lexists(folder.config)


def newest_first(paths: Iterable[Path]) -> list[Path]:
    """Runs sorted by their start, the newest first."""
    return sorted(paths, key=lambda path: (*began(path), path.name), reverse=True)


def run_name(path: Path) -> str:
    """The run's name, safe to show."""
    return printable(path.name or path.absolute().name)


def read_run(path: Path, *, until_step: int | None = None, in_short: bool = False) -> RunRecord:
    """The record of the run in a folder, up to `until_step` if given; `in_short` with the best and the last figures alone.

    Raises UserError, which names the file and the line, for a broken file.
    """
    folder = RunDirectory(path)
    has_metrics, has_config = os.path.lexists(folder.metrics), os.path.lexists(folder.config)
    if not (has_metrics or has_config):
        raise UserError(f"not a run: it holds neither {folder.metrics.name} nor {folder.config.name}", path=path)
    recording = Recording(until_step, in_short=in_short)
    for line, _ in lines_with_ends(folder.metrics) if has_metrics else ():
        recording.take(line)
    options = None if recording.start or not has_config else _read_config(folder.config)
    record = record_of(path, recording, options)
    return record.condensed() if in_short else record


def read_history(path: Path, *, until_step: int | None = None) -> History:
    """The history of the run in a folder with its batches, up to `until_step` if given. Raises UserError as `read_run` does."""
    record = read_run(path, until_step=until_step)
    if record.recording:
        record.recording.read_batches(RunDirectory(path))
    return record.history


def with_batches(record: RunRecord) -> History:
    """The record's history with its batches, which are read now; the record itself keeps none."""
    if record.recording is None:
        return record.history
    recording = record.recording.branched()
    recording.read_batches(RunDirectory(record.path))
    return recording.history


def record_of(path: Path, recording: Recording, options: Mapping[str, JsonValue] | None = None) -> RunRecord:
    """The record from a recording and the folder's other files; `options` are used where the log has none."""
    folder = RunDirectory(path)
    start, _ = began(path)
    tags, warnings = _read_tags(path)
    return RunRecord(
        path=path,
        started=datetime.fromtimestamp(start).astimezone(),
        history=recording.history,
        config=_settled(recording.start.config if recording.start else options or {}, recording.history.changes),
        start=recording.start,
        environment=recording.environment,
        held=is_held(folder.metrics),
        has_checkpoint=os.path.lexists(folder.checkpoint),
        tags=tags,
        warnings=warnings,
        recording=recording,
    )


def lines_with_ends(path: Path) -> Iterator[tuple[Line, int]]:
    """Yield the lines of a metrics.jsonl, each with the offset of its end. An incomplete last line is skipped.

    Raises UserError, which names the file and the line, for a broken line.
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
                    return  # an incomplete last line
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


def _settled(options: Mapping[str, JsonValue], made: Sequence[AppliedChange]) -> dict[str, JsonValue]:
    """The options as this version writes them, so that versions compare; unchanged where it cannot read them."""
    values: dict[str, JsonValue] = {name: value for name, value in options.items() if value is not None}
    if made:
        planned, last = values.get("changes"), made[-1].step
        planned = planned if isinstance(planned, list) else []
        waiting = [change for change in planned if isinstance(change, dict) and count_of(change.get("step")) > last]
        values["changes"] = [*({"step": change.step, **change.changes} for change in made), *waiting]
    try:
        return Config.parse(values).record() if values else values
    except UserError:
        return values


def _may_be_run(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir() and is_run(Path(entry.path))
    except OSError:  # a link to itself
        return False


_NAME = re.compile(r"(\d{8}-\d{6})(?:-(\d{1,6}))?", re.ASCII)

_STARTED = re.compile(r'{"event": "start", "version": "[^"\\]*", "started": "([^"\\]*)"')

_BEGINNING: Final = 256
"""Bytes of a log that tell when it was begun."""

LATEST: Final = 2.5e11
"""The latest time, in seconds since 1970, that fits a date; a file's time may be anything."""


def began(path: Path) -> tuple[float, int]:
    """The run's start, and its number within that second: from its name, else from its log, else from its oldest file."""
    match = _NAME.fullmatch(path.name)
    if match:
        # The digits may not form a date.
        with suppress(ValueError, OverflowError):
            return datetime.strptime(match[1], "%Y%m%d-%H%M%S").timestamp(), int(match[2] or 1)
    with suppress(UserError, ValueError, OverflowError), opened(path / "metrics.jsonl") as log:
        if match := _STARTED.match(log.read(_BEGINNING).decode(errors="replace")):
            return min(max(datetime.fromisoformat(match[1]).timestamp(), 0.0), LATEST), 1
    for file in (path / "config.toml", path / "metrics.jsonl", path):
        with suppress(OSError):
            return min(max(file.stat().st_mtime, 0.0), LATEST), 1
    return 0.0, 1
