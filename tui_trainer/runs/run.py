"""A run as the app and `--no-ui` start it: data, threads, folder, training and files."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from tui_trainer.config.options import AUTO, Config
from tui_trainer.datasets.dataset import Dataset, Split, load, locate
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError, reason_of
from tui_trainer.plugins.blame import blamed, blaming_plugins
from tui_trainer.plugins.loaded import loaded
from tui_trainer.runs import checkpoint
from tui_trainer.runs.batches import BatchFile
from tui_trainer.runs.directory import RunDirectory, line
from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.runs.naming import name_of
from tui_trainer.runs.plugin_copies import keep_plugins
from tui_trainer.runs.resumption import Resumption, read_resumption
from tui_trainer.runs.run_writer import RunWriter
from tui_trainer.system.files import beside, open_to_write, sync_folder
from tui_trainer.system.locks import TakenError
from tui_trainer.training.control import Control
from tui_trainer.training.engines import has_engine
from tui_trainer.training.environment import environment
from tui_trainer.training.events import Ended, Event, Noted, Progress, Started
from tui_trainer.training.loop import Training
from tui_trainer.training.threads import fastest_threads

LEAST_STEPS: Final = 300
"""Steps that small data are trained for, where nothing is said: in as many iris, wine and breast cancer are learned."""

MOST_EPOCHS: Final = 200


class Run:
    """A training with its folder. Make it with `create` or `resume`, then consume `events` to its end."""

    def __init__(
        self,
        config: Config,
        training: Training,
        folder: RunDirectory,
        log: LockedLog,
        warnings: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.config = config
        self.warnings = (*training.warnings, *warnings, *_lacking(folder, log))
        """Messages for the user, a line each."""
        self.notes = (*training.notes, *notes)
        """What was chosen that the options left open, a line each."""
        self._training = training
        self._folder = folder
        self._log = log
        self._writer = RunWriter(folder, log, BatchFile(folder.batches, training.step), config.checkpoint_every)

    @classmethod
    @blaming_plugins()
    def create(cls, config: Config, output: Path | None = None, data: Dataset | None = None) -> "Run":
        """A new run in a new folder. Raises UserError before anything is written.

        With `data`, which may be a part of what the config names, the config must be settled.
        """
        notes: list[str] = []
        if data is None:
            wanted = config.epochs
            config, data = settle(config)
            if config.epochs != wanted:
                notes.append(f"trained for {config.epochs} epochs: {wanted} would be few steps of so few samples; --epochs says otherwise")
        training = _build(config, data)
        folder = RunDirectory.create(output, name_of(config))
        log = _hold(folder, "--output", create=True)
        if log.size:
            log.close()
            raise UserError(
                "another run has just been there", option="--output", path=folder.path, hint="give a folder that does not exist or is empty"
            )
        try:
            keep_plugins(folder, config)
        except OSError as error:
            log.close()
            raise UserError(f"the run cannot be saved ({reason_of(error)})", path=folder.path) from error
        return cls(config, training, folder, log, notes=tuple(notes))

    @classmethod
    @blaming_plugins()
    def resume(cls, path: Path, given: Mapping[str, Any] | None = None, data: Dataset | None = None) -> "Run":
        """The run in a folder, resumed from its last checkpoint, with options overridden by `given`.

        `data` is what its config names, if already loaded. Raises UserError before anything is written when the run cannot be resumed,
        or an option differs that may not.
        """
        folder = RunDirectory(path)
        log = _hold(folder, "--resume")
        try:
            found = read_resumption(folder, given or {})
            config, data = _settled_again(found.config, folder) if data is None else (found.config, data)
            training = _build(config, data)
            try:
                training.restore(found.snapshot, found.seconds, found.epoch_seconds)
            except UserError as error:
                raise UserError(f"cannot continue from here: {error}", path=folder.checkpoint) from None
            except MemoryError as error:
                raise _too_large() from error
            differences = _differences(found, config)
            _refuse_strangers(folder)
            _cut(folder, log, found)
            warnings = [*found.warnings]
            if differences:
                now = {"environment": {**environment(), "threads": str(config.threads)}}
                log.add(line({"event": "resume", "step": training.step, **now}))
                change = "; ".join(differences)
                warnings.append(f"{path}: {change}: the numbers may come to differ in their last digits from those of a run never stopped")
            return cls(config, training, folder, log, tuple(warnings))
        except BaseException:
            log.close()
            raise

    @property
    def directory(self) -> Path:
        """The run's folder."""
        return self._folder.path

    @property
    def spec(self) -> DataSpec:
        """The description of the data."""
        return self._training.spec

    @property
    def learned_from(self) -> Split:
        """The training set, without what is held out."""
        return self._training.learned_from

    @property
    def test(self) -> Split | None:
        """The test set, if any."""
        return self._training.test

    @property
    def progress_so_far(self) -> Progress:
        """The position at which training begins or resumes."""
        return self._training.progress_so_far()

    @property
    def save_error(self) -> UserError | None:
        """The reason why the run's files are not complete; None while they are."""
        error = self._writer.save_error
        return UserError(f"the run cannot be saved ({reason_of(error)})", path=self.directory) if error else None

    def close(self) -> None:
        """Unlock the folder of a run that is not trained; `events` does so at its end."""
        self._log.close()

    def events(self, control: Control) -> Iterator[Event]:
        """Train, yielding each event after its files are written.

        Raises UserError when the first files cannot be written, and when memory runs out. A later write error does not end the run.
        """
        try:
            for event in self._training.events(control):
                before = self._writer.save_error
                if isinstance(event, Progress):
                    self._writer.add_batch(event, control)
                elif not isinstance(event, Noted):
                    self._writer.add_event(event)
                now = self.save_error
                if now and isinstance(event, Started):
                    raise now
                yield event
                if now and not before and not isinstance(event, Ended):
                    yield Noted(f"{now}; training continues, and this is tried again")
                elif before and not now:
                    yield Noted(f"{self.directory}: the run is kept again, and whole")
        except MemoryError:
            raise self._out_of_memory() from None
        except UserError:
            raise
        except Exception as error:
            told = blamed(error)
            if told is None:
                raise
            told.context, told.hint = f"in step {self._training.step:,}", self._way_on()
            raise told from None
        finally:
            self.close()

    def _out_of_memory(self) -> UserError:
        reached = f"out of memory after step {self._training.step:,}"
        return UserError(f"{reached}: free some, or take a smaller --batch-size or a smaller network", hint=self._way_on())

    def _way_on(self) -> str:
        with suppress(OSError):
            if self._folder.checkpoint.is_file():
                return f"{self._folder.checkpoint} is whole, and --resume {self.directory} continues from there"
        return ""


def _hold(folder: RunDirectory, option: str, *, create: bool = False) -> LockedLog:
    refused = partial(UserError, option=option, path=folder.path)
    try:
        return LockedLog.hold(folder.metrics, create=create)
    except TakenError:
        raise refused("a run is going on there, in another window or process", hint="wait for its end, or stop it first") from None
    except ValueError:  # a path with a NUL
        raise refused("no such folder") from None
    except FileNotFoundError:
        raise refused(f"not a run that can be resumed: it has no {folder.metrics.name}") from None
    except OSError as error:
        raise refused(f"{folder.metrics.name}: {reason_of(error)}") from error


def _cut(folder: RunDirectory, log: LockedLog, found: Resumption) -> None:
    """Cut the log back to the checkpoint, after writing changes that only the log has into the checkpoint."""
    path = folder.checkpoint
    try:
        if found.is_behind:
            checkpoint.write(path, found.snapshot)
        path = folder.metrics
        log.cut(found.metrics_size)
    except OSError as error:
        raise UserError(reason_of(error), path=path) from error


def _lacking(folder: RunDirectory, log: LockedLog) -> list[str]:
    """Warnings of what the file system lacks, a line each."""
    found = []
    if not log.is_locked:
        found.append(f"{folder.path}: this file system has no locks: nothing but you keeps a second process from resuming the run")
    # Other errors show when the folder is written to.
    with suppress(OSError):
        if not sync_folder(folder.path):
            found.append(f"{folder.path}: this file system cannot make renames last: a loss of power may cost the last checkpoint")
    return found


def _refuse_strangers(folder: RunDirectory) -> None:
    """Raise UserError for a file that cannot be written, before any is."""
    for file in (folder.config, folder.best, folder.checkpoint):
        for path in (file, beside(file)):
            if path.is_dir() and not path.is_symlink():
                raise UserError("a folder is where a file of the run belongs", path=path)
    try:
        os.close(open_to_write(folder.batches))
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(reason_of(error), path=folder.batches) from error


def _differences(found: Resumption, config: Config) -> list[str]:
    """The differences between the environment of the last training and this one, a text each."""
    now, before = dict(environment()), dict(found.environment)
    if not has_engine():  # whose bits do not depend on their number
        now["threads"] = str(config.threads)
        before.setdefault("threads", str(found.state.options.threads))
    return [f"{name} was {before[name]}, and is {now[name]}" for name in now if name in before and before[name] != now[name]]


def settle(config: Config) -> tuple[Config, Dataset]:
    """The config with the data's absolute name and the number of threads, and the data. Raises UserError."""
    name = locate(config.data)
    data = load(name, *config.read_by)
    config = config.model_copy(update={"data": name, **_longer(config, data)})
    if config.threads == AUTO:
        try:
            config = config.model_copy(update={"threads": fastest_threads(config, data)})
        except MemoryError:
            raise _too_large() from None
        except Exception as error:
            # The run itself tells what is wrong with a plugin, and at which step.
            if blamed(error) is None:
                raise
            config = config.model_copy(update={"threads": 1})
    return config, data


def _settled_again(config: Config, folder: RunDirectory) -> tuple[Config, Dataset]:
    """As `settle`; where the data cannot be read, a plugin that read it may be missing."""
    try:
        return settle(config)
    except UserError as error:
        known = {plugin.source for plugin in loaded()}
        if missing := [str(copy) for copy in folder.plugin_copies() if copy.read_bytes() not in known]:
            error.hint = error.hint or f"the run was made with plugins that are not given: {', '.join(missing)}"
        raise


def _longer(config: Config, data: Dataset) -> Mapping[str, int]:
    """More epochs for a small table, where their number is not said: the usual ones would be a handful of steps."""
    if not (data.spec.is_table or data.is_divided) or "epochs" in config.model_fields_set:
        return {}
    steps = -(-len(data.hold_out(config.validation)[0].labels) // config.batch_size)
    return {"epochs": min(max(-(-LEAST_STEPS // steps), config.epochs), MOST_EPOCHS)}


def _build(config: Config, data: Dataset) -> Training:
    try:
        return Training(config, data)
    except MemoryError as error:
        raise _too_large() from error


def _too_large() -> UserError:
    return UserError("this network does not fit into the memory of this machine", option="--hidden", hint="take fewer or smaller layers")
