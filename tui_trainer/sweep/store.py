"""A sweep's results in an SQLite file beside its runs' folders. One process writes it; any number may read."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields
from enum import StrEnum
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any, Final, Self

from pydantic import TypeAdapter

from tui_trainer.config.hyperparameters import uses
from tui_trainer.config.options import Config
from tui_trainer.config.origins import KEY
from tui_trainer.config.relevance import hindrance
from tui_trainer.errors import UserError, reason_of
from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.sweep.space import SEED
from tui_trainer.system.locks import TakenError

FILE: Final = "sweep.sqlite"
RUNS: Final = "runs"
LOCK: Final = "sweep.lock"

FORMAT: Final = 1
"""Version of the tables; others are refused."""

INDIFFERENT: Final = ("checkpoint_every", "data", "label", "scale")
"""Options that no result depends on; the data, as they are read and scaled, count by their fingerprint."""

_TABLES: Final = """
create table sweep (name text primary key, value text not null) without rowid;
create table runs (
    key text primary key, place integer not null, config text not null, point text not null, status text not null,
    train_loss real, train_accuracy real, validation_loss real, validation_accuracy real,
    epochs integer not null default 0, seconds real not null default 0, digest text, note text not null default ''
) without rowid;
create table examinations (configuration text primary key, keys text not null, test_loss real, test_accuracy real) without rowid;
"""


class RunStatus(StrEnum):
    """The status of a sweep's run."""

    RUNNING = "running"
    COMPLETED = "completed"
    DIVERGED = "diverged"
    PRUNED = "pruned"
    """ExistingScheduler up by the search, because others were better at the same epoch."""
    FAILED = "failed"
    """Not trained to its end for an external reason; tried again when the sweep is resumed."""

    @property
    def is_final(self) -> bool:
        """Whether it need not be trained again."""
        return self in {RunStatus.COMPLETED, RunStatus.DIVERGED, RunStatus.PRUNED}


@dataclass(frozen=True)
class Figures:
    """A run's figures for the weights that it kept: its last epoch's, or with early stopping its best's. None: not measured."""

    train_loss: float | None = None
    train_accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    epochs: int = 0
    seconds: float = 0.0
    digest: str | None = None
    """SHA-256 of the weights."""


@dataclass(frozen=True)
class Result:
    """A run of the sweep, with its status and figures."""

    key: str
    place: int
    """Its number in the sweep's order."""
    config: Mapping[str, Any]
    """Every option as plain data."""
    point: Mapping[str, str]
    """The swept options."""
    status: RunStatus
    figures: Figures
    note: str = ""
    """The reason of a failure, in a line."""


@dataclass(frozen=True)
class FinalScore:
    """A configuration's score on the test set: means over its seeds."""

    keys: tuple[str, ...]
    test_loss: float | None
    test_accuracy: float | None


FIRST: Final = frozenset(
    (
        *(
            "hidden",
            "activation",
            "alpha",
            "initializer",
            "uniform_limit",
            "optimizer",
            "learning_rate",
            "schedule",
            "decay",
            "decay_every",
        ),
        *("warmup", "momentum", "rho", "beta1", "beta2", "epsilon", "weight_decay", "clip_norm", "dropout", "batch_size", "epochs"),
        *("early_stopping", "validation", "seed", "shuffle", "threads", "changes"),
    )
)
"""The options of the first sweeps, which are part of every key."""


def run_key(config: Config, fingerprint: str) -> str:
    """A run's key: a hash of every option that its results depend on, and of the data.

    Options that there have not always been count where they change something, so that earlier sweeps know their runs.
    """
    record = config.record()
    # A plugin counts by its bytes, whatever its file is called.
    plugins = sorted(each["sha256"] for each in record.pop(KEY, ()))
    values = {name: value for name, value in record.items() if name not in INDIFFERENT and (name in FIRST or _counts(name, record))}
    values |= {KEY: plugins} if plugins else {}
    return sha256(json.dumps({**values, "fingerprint": fingerprint}, sort_keys=True).encode()).hexdigest()[:16]


def _counts(name: str, record: Mapping[str, Any]) -> bool:
    is_usual = name not in uses() and record[name] == Config.model_fields[name].get_default()
    return not is_usual and hindrance(name, record) is None


class Store:
    """The file, opened for reading; `hold` opens it for writing. Raises UserError where it is missing or cannot be read."""

    def __init__(self, folder: Path, lock: LockedLog | None = None) -> None:
        self.folder = folder
        self._lock = lock
        create = lock is not None
        self.path = folder / FILE
        if not create and not self.path.is_file():
            raise UserError(f"not a sweep: it has no {FILE}", path=folder)
        with self._told():
            try:
                self._open("mode=rwc" if create else "mode=ro", create)
            except sqlite3.OperationalError:
                # SQLite's readers write a lock file. In a read-only folder they cannot, and nobody writes the store.
                if create or os.access(folder, os.W_OK):
                    raise
                self._open("immutable=1", create)

    @classmethod
    def hold(cls, folder: Path) -> Self:
        """Create or open the folder and the file for writing, and lock them. Raises UserError."""
        made = not folder.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not made and not (folder / FILE).exists() and any(path.name != LOCK for path in folder.iterdir()):
                raise UserError(
                    "the folder is not empty", option="--output", path=folder, hint="give a sweep's, or one that does not exist or is empty"
                )
            lock = LockedLog.hold(folder / LOCK, create=True)
        except TakenError:
            raise UserError(
                "this sweep is going on in another window or process",
                option="--output",
                path=folder,
                hint="wait for its end, or stop it first",
            ) from None
        except (OSError, ValueError) as error:
            raise UserError(reason_of(error), option="--output", path=folder) from None
        try:
            return cls(folder, lock)
        except BaseException:
            lock.close()
            raise

    def _open(self, how: str, create: bool) -> None:
        # Threads take turns; they need not be the one that opened it.
        self._base = sqlite3.connect(f"{self.path.absolute().as_uri()}?{how}", uri=True, timeout=10, check_same_thread=False)
        try:
            self._prepare(self._base, create)
        except BaseException:
            self._base.close()
            raise

    def _prepare(self, base: sqlite3.Connection, create: bool) -> None:
        base.execute("pragma trusted_schema = off")
        if create:
            base.execute("pragma journal_mode = wal")
            base.execute("pragma synchronous = normal")
        (version,) = base.execute("pragma user_version").fetchone()
        if create and not version and not base.execute("select 1 from sqlite_master").fetchone():
            with base:
                base.executescript(f"begin; {_TABLES} pragma user_version = {FORMAT}; commit;")
        elif version != FORMAT:
            raise UserError("not a sweep that this version can read", path=self.path)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UserError(" ".join(str(error).split()).lower(), path=self.path) from None
        except (ValueError, KeyError, TypeError, RecursionError):  # of which a ValidationError is one
            raise UserError("holds what this version cannot read", path=self.path) from None

    def close(self) -> None:
        """Close the file."""
        if self._lock:
            # Otherwise, with a reader open, the last results would stay in a second file, and the store may be copied alone.
            with suppress(sqlite3.Error):
                self._base.execute("pragma wal_checkpoint")
        self._base.close()
        if self._lock:
            self._lock.close()

    @property
    def version(self) -> int:
        """A number that changes whenever another connection has written."""
        with self._told():
            return int(self._base.execute("pragma data_version").fetchone()[0])

    def results(self) -> list[Result]:
        """All known runs, in the sweep's order."""
        with self._told(), closing(self._base.execute("select * from runs order by place, key")) as rows:
            names = [column[0] for column in rows.description]
            return [_result(dict(zip(names, row, strict=True))) for row in rows]

    def put(self, results: Iterable[Result]) -> None:
        """Save results, replacing those of the same runs; all or none."""
        names = [field.name for field in fields(Figures)]
        columns = ["key", "place", "config", "point", "status", "note", *names]
        holders = ", ".join("?" * len(columns))
        rows = [
            (
                result.key,
                result.place,
                json.dumps(result.config),
                json.dumps(result.point),
                result.status.value,
                result.note,
                *(getattr(result.figures, name) for name in names),
            )
            for result in results
        ]
        with self._told(), self._base:
            self._base.executemany(f"insert or replace into runs ({', '.join(columns)}) values ({holders})", rows)

    def forget_running(self) -> None:
        """Delete all runs with the status running."""
        with self._told(), self._base:
            self._base.execute("delete from runs where status = ?", (RunStatus.RUNNING.value,))

    def facts(self) -> dict[str, Any]:
        """The sweep's facts: its plan, its status and so on."""
        with self._told():
            return {name: json.loads(value) for name, value in self._base.execute("select name, value from sweep")}

    def put_facts(self, **facts: Any) -> None:
        """Save facts, replacing those of the same names."""
        with self._told(), self._base:
            rows = [(name, json.dumps(value)) for name, value in facts.items()]
            self._base.executemany("insert or replace into sweep values (?, ?)", rows)

    def examined(self) -> dict[str, FinalScore]:
        """The scores of tested configurations, by their keys."""
        with self._told():
            rows = self._base.execute("select configuration, keys, test_loss, test_accuracy from examinations")
            return {configuration: FinalScore(tuple(json.loads(keys)), *figures) for configuration, keys, *figures in rows}

    def put_examined(self, configuration: str, examined: FinalScore) -> None:
        """Save a configuration's score on the test set."""
        row = (configuration, json.dumps(examined.keys), examined.test_loss, examined.test_accuracy)
        with self._told(), self._base:
            self._base.execute("insert or replace into examinations values (?, ?, ?, ?)", row)


_RESULT: Final = TypeAdapter(Result)


def _result(row: Mapping[str, Any]) -> Result:
    """A row as a Result, validated: SQLite takes any value for any column, and the file may come from anywhere."""
    figures = {field.name: row[field.name] for field in fields(Figures)}
    result = _RESULT.validate_python({**row, "config": json.loads(row["config"]), "point": json.loads(row["point"]), "figures": figures})
    are_finite = all(isfinite(number) for number in figures.values() if isinstance(number, float))
    if not (are_finite and isinstance(result.config.get(SEED, 0), int)):
        raise ValueError(f"run {result.key} cannot be computed with")
    return result
