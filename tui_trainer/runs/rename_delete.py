"""Renaming and deleting runs. A running run is refused, and files of others stay."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_trainer.errors import UserError, reason_of
from tui_trainer.runs.archive import LONGEST_LINE, began, is_run
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.runs.log import MalformedError, NotJSONError, parse_object
from tui_trainer.runs.run_status import NEWEST
from tui_trainer.system.files import FilesOf, sync_folder
from tui_trainer.system.locks import TakenError, is_held
from tui_trainer.system.reading import opened

LONGEST_NAME: Final = 200


@dataclass(frozen=True)
class Deleted:
    """The result of deleting a run."""

    path: Path
    files: int
    size: int
    """Bytes."""
    left: tuple[str, ...]
    """Names of files of others, which stay, as does the folder then."""


def own_files(run: Path) -> dict[str, int]:
    """The program's files in a run's folder, with their sizes; a link counts its own size."""
    return {path.name: path.lstat().st_size for path in RunDirectory(run).files() if os.path.lexists(path)}


def run_folder(run: Path) -> Path:
    """The run's folder as a path that ends in its name. Raises UserError when it holds no run."""
    folder = RunDirectory(run)
    if not is_run(run):
        raise UserError(f"not a run: it holds neither {folder.metrics.name} nor {folder.config.name}", path=run)
    if not _is_ours(folder):
        raise UserError(
            f"not a run: its {folder.metrics.name} is missing, or was not written by this program", path=run, hint="nothing is changed"
        )
    return run if run.name not in ("", "..") else run.resolve()


def _is_ours(folder: RunDirectory) -> bool:
    """Whether the program wrote the files: other programs use such names too, and a lone config.toml is the user's.

    The first line of the log decides. Where the log is not JSON, or a link, the folder must hold no other files.
    """
    if not os.path.lexists(folder.metrics):
        return False
    if folder.metrics.is_file() and not folder.metrics.is_symlink():
        with opened(folder.metrics) as file:
            first = file.readline(LONGEST_LINE)
        # A kill or a broken disk may leave a line that is not JSON.
        with suppress(NotJSONError):
            return _begins_run(first)
    try:
        return {path.name for path in folder.path.iterdir()} <= {path.name for path in folder.files()}
    except OSError as error:
        raise UserError(reason_of(error), path=folder.path) from error


def _begins_run(line: bytes) -> bool:
    try:
        return parse_object(line).get("event") == "start"
    except NotJSONError:
        raise
    except MalformedError:
        return False


def idle_run(run: Path) -> Path:
    """The folder of a run that may be renamed or deleted. Raises UserError when it is a link, or the run is running."""
    run = run_folder(run)
    if run.is_symlink():
        raise UserError("a link", path=run, hint=f"name the folder that it leads to, {run.resolve()}")
    if is_held(RunDirectory(run).metrics):
        raise _going_on(run)
    return run


def rename_run(run: Path, name: str) -> Path:
    """Give the run's folder another name beside its present one. Raises UserError."""
    run = idle_run(run)
    _check_name(name)
    target = run.with_name(name)
    with _held(run):
        try:
            # Whoever makes the folder has the name: a rename alone would replace an empty folder that another just made.
            target.mkdir()
        except FileExistsError:
            raise UserError(f"the name is taken: {target} exists", value=name) from None
        except OSError as error:
            raise UserError(reason_of(error), path=target) from None
        try:
            _keep_date(run)
            run.rename(target)
            sync_folder(run.parent)
        except OSError as error:
            with suppress(OSError):
                target.rmdir()
            raise UserError(reason_of(error), path=run) from None
    return target


def _check_name(name: str) -> None:
    if not name or name.startswith(".") or "/" in name or not name.isprintable() or name != name.strip():
        raise UserError("not a name for a run: printable characters, no / in it, no . or space in front of it", value=name)
    if len(os.fsencode(name)) > LONGEST_NAME:
        raise UserError(f"a run's name has at most {LONGEST_NAME} bytes", value=f"{name[:40]}…")
    if name == NEWEST:
        raise UserError("stands for the newest run", value=name, hint="take another name")


def _keep_date(run: Path) -> None:
    """A run of an earlier version began when its first name says, and under any other name when its config.toml was written."""
    config = RunDirectory(run).config
    if config.is_file() and not config.is_symlink():
        date, _ = began(run)
        with suppress(PermissionError):  # shared folders let nobody set a time
            os.utime(config, (date, date))


def delete_run(run: Path) -> Deleted:
    """Delete the files that the program wrote into the run's folder, and the folder when it is empty then. Raises UserError."""
    run = idle_run(run)
    files = size = 0
    with _held(run):
        try:
            folder = FilesOf(run)
        except OSError as error:
            raise UserError(reason_of(error), path=run) from None
        with folder:
            try:
                for name in (path.name for path in RunDirectory(run).files()):
                    with suppress(FileNotFoundError, IsADirectoryError):
                        size += folder.delete(name)
                        files += 1
                left = tuple(sorted(folder.names()))
                if not left:
                    run.rmdir()
                    sync_folder(run.parent)
            except OSError as error:
                raise UserError(reason_of(error), path=run, hint=f"{files} files were deleted") from None
    return Deleted(run, files, size, left)


@contextmanager
def _held(run: Path) -> Iterator[None]:
    """The run cannot be resumed meanwhile."""
    metrics = RunDirectory(run).metrics
    journal = None
    # What is no file no run can be resumed.
    if metrics.is_file() and not metrics.is_symlink():
        try:
            journal = LockedLog.hold(metrics)
        except TakenError:
            raise _going_on(run) from None
        except OSError as error:
            raise UserError(reason_of(error), path=metrics) from None
    try:
        yield
    finally:
        if journal:
            journal.close()


def _going_on(run: Path) -> UserError:
    return UserError("the run is going on, in another window or process", path=run, hint="wait for its end, or stop it first")
