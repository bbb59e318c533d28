"""A run from end to end, as the app and `--no-ui` both start it: data, threads, folder, training, and the files as the events pass."""

from collections.abc import Iterator
from pathlib import Path

from threadpoolctl import threadpool_limits

from tui_trainer.config import AUTO, Config
from tui_trainer.dataset import MNIST, Dataset, load
from tui_trainer.errors import UserError
from tui_trainer.runs import checkpoint
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.threads import fastest_threads
from tui_trainer.training.control import Control
from tui_trainer.training.events import Changed, Ended, EpochEnded, Event, Started, record
from tui_trainer.training.loop import Training


class Run:
    """Training with its folder. Make one with `create`, then consume `events` to its end."""

    def __init__(self, config: Config, training: Training, folder: RunDirectory) -> None:
        self.config = config
        self._training = training
        self._folder = folder

    @classmethod
    def create(cls, config: Config, output: Path | None = None) -> "Run":
        """Load the data, settle the threads, build the network and make the folder. Raises UserError before anything is written."""
        config, data = settle(config)
        training = _build(config, data)
        return cls(config, training, RunDirectory.create(output))

    @property
    def directory(self) -> Path:
        """The run's folder."""
        return self._folder.path

    @property
    def warnings(self) -> tuple[str, ...]:
        """What does not stop the run, but whoever started it should know; a line each."""
        return self._training.warnings

    def events(self, control: Control) -> Iterator[Event]:
        """Train, yielding each event after its files are written. Raises UserError when they cannot be."""
        # The limit holds for the whole process; a run is the only heavy user of the BLAS in it.
        with threadpool_limits(limits=int(self.config.threads), user_api="blas"):
            for event in self._training.events(control):
                try:
                    self._keep(event)
                except OSError as error:
                    reason = (error.strerror or str(error)).lower()
                    raise UserError(f"{self.directory}: cannot keep the run ({reason}); what was written before is whole") from None
                yield event

    def _keep(self, event: Event) -> None:
        if isinstance(event, Started):
            self._folder.write_config(event.config)
            checkpoint.write(self._folder.checkpoint, event.snapshot)
        elif isinstance(event, Changed):
            self._folder.write_config(event.config)
        elif isinstance(event, EpochEnded):
            checkpoint.write(self._folder.checkpoint, event.snapshot)
            if event.best:
                checkpoint.write(self._folder.best, event.snapshot)
        elif isinstance(event, Ended) and event.snapshot is not None:
            checkpoint.write(self._folder.checkpoint, event.snapshot)
        if isinstance(event, Started | Changed | EpochEnded | Ended):
            self._folder.append(record(event, str(self.directory)))


def settle(config: Config) -> tuple[Config, Dataset]:
    """Load the data, and replace what depends on folder and machine by what it stands for here. Raises UserError."""
    try:
        # An absolute name, so that a config.toml finds the data from any folder.
        name = config.data if config.data == MNIST else str(Path(config.data).expanduser().absolute())
    except (OSError, RuntimeError) as error:  # the current folder is gone; the user of ~user is unknown
        raise UserError(f"--data {config.data}: {(getattr(error, 'strerror', None) or str(error)).lower()}") from None
    data = load(name)
    config = config.model_copy(update={"data": name})
    if config.threads == AUTO:
        try:
            config = config.model_copy(update={"threads": fastest_threads(config, data)})
        except MemoryError:
            raise _too_large() from None
    return config, data


def _build(config: Config, data: Dataset) -> Training:
    try:
        return Training(config, data)
    except MemoryError:
        raise _too_large() from None


def _too_large() -> UserError:
    return UserError("--hidden: this network does not fit into the memory of this machine; take fewer or smaller layers")
