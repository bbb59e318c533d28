"""One run in a thread of its own: drains the stream of events and never waits for the screen."""

from collections.abc import Callable
from contextlib import suppress

from textual.message import Message

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Split
from tui_trainer.diagnosis.case import Case, DataFacts, Predictions
from tui_trainer.errors import UserError
from tui_trainer.history.history import History
from tui_trainer.runs.resumed_history import resumed_history
from tui_trainer.runs.run import Run
from tui_trainer.trained.restore import network_alone, restore
from tui_trainer.training.control import Control
from tui_trainer.training.events import Changed, Divergence, Ended, EpochEnded, Event, Noted, Progress, Snapshot, Started, Status
from tui_trainer.ui.kit.background import Background
from tui_trainer.ui.run import messages


class Runner(Background):
    """Trains in the background; `history` fills as it goes, and what may not be missed is posted.

    `create` is called there too. A run that `resumes` has a config of its own, which takes the place of `config`, and a history.
    """

    def __init__(self, config: Config, create: Callable[[], Run], post: Callable[[Message], object], *, resumes: bool = False) -> None:
        super().__init__("training", post)
        self.resumes = resumes
        self.config = config
        self.options = config
        """As they are now, after the changes that were made."""
        self.control = Control()
        self.history = History()
        self.trouble: UserError | None = None
        """Why the run's folder lacks something, while it does."""
        self.snapshot: Snapshot | None = None
        """The network as it was told last, without what is beside it."""
        self.test: Split | None = None
        """What it is examined on, once it is read."""
        self.learned_from: Split | None = None
        """What it is trained on, once that is read."""
        self.facts: DataFacts | None = None
        """Of what it is trained on, once that is read."""
        self.predictions: Predictions | None = None
        """What the network that was trained says of the test set."""
        self.divergence: Divergence | None = None
        self._create = create

    @property
    def case(self) -> Case:
        """The run for a diagnosis, as it stands."""
        began = self.history.config
        # The data and the threads as they were found: the same run again needs the same ones.
        found = {"data": began.data, "threads": began.threads} if began else {}
        return Case(self.options.model_copy(update=found), self.history, self.facts, self.predictions)

    def stop(self, status: Status = "stopped") -> None:
        super().stop()
        self.control.stop(status)

    def work(self) -> None:
        run = self._create()
        self.control.follow_layers()
        self.control.measure_layers()  # a resumed run's first batch is one like any other
        ended: Ended | None = None
        for event in run.events(self.control):
            self._take(event, run)
            if isinstance(event, Ended):
                ended = event
        # Only now, when the stream is exhausted, is all of it on disk.
        self.trouble = run.save_error
        if ended is not None:
            self._examine(ended)
            self.post(_farewell(self, ended))

    def _examine(self, ended: Ended) -> None:
        """Ask the network about the test set, where the run came to its end."""
        if ended.status == "completed" and self.snapshot and self.test and not self.is_stopping:
            # What is too large to be asked once more is diagnosed without.
            with suppress(MemoryError):
                self.predictions = Predictions.of(restore(self.snapshot), self.test)

    def refuse(self, error: UserError) -> None:
        self.post(messages.RunRefused(self, error))

    def _take(self, event: Event, run: Run) -> None:
        if isinstance(event, Started | Progress | EpochEnded | Ended) and event.snapshot:
            self.snapshot = network_alone(event.snapshot)
        if isinstance(event, Ended):
            self.divergence = event.divergence
        if isinstance(event, Started) and self.resumes:
            self._take_up(event, run)
        elif isinstance(event, Started):
            # The number of epochs may have been left to the data.
            self.options = self.options.model_copy(update={"epochs": event.config.epochs})
        self.history.add(event)
        if isinstance(event, Changed):
            self.options = self.options.model_copy(update=dict(event.changes))
            self.post(messages.RunChanged(self, event.step, event.changes))
        elif isinstance(event, Noted):
            self.trouble = run.save_error
            self.post(messages.RunNoted(self, event.text, self.trouble))
        elif isinstance(event, Started):
            self.test = run.test
            self.learned_from = run.learned_from
            self.facts = DataFacts.of(run.learned_from, run.spec.classes)
            self.post(messages.RunStarted(self, run.directory, run.spec, run.warnings, run.notes))

    def _take_up(self, event: Started, run: Run) -> None:
        """Stand where the resumed run does."""
        self.config, self.options = event.config, event.options
        self.history = resumed_history(run)


def _farewell(runner: Runner, event: Ended) -> messages.RunEnded:
    figures = event.test_loss, event.test_accuracy, event.seconds
    return messages.RunEnded(runner, event.status, event.epochs, *figures, event.divergence, runner.trouble)
