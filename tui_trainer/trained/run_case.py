"""A run on disk as a case for a diagnosis: its log, its data, and what its network says of them."""

from dataclasses import replace
from typing import NamedTuple

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.diagnosis.case import Case, DataFacts
from tui_trainer.diagnosis.replay import first_measurement, look_into
from tui_trainer.errors import UserError
from tui_trainer.nn.network import Network
from tui_trainer.runs.archive import RunRecord, with_batches
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.resumable import latest_options
from tui_trainer.runs.run import settle
from tui_trainer.trained.restore import read_network, restore


class OpenedCase(NamedTuple):
    """All that there is to know of a run on disk."""

    case: Case
    data: Dataset | None = None
    """Its data, if that can still be read."""
    network: Network | None = None
    """What it has learned, if that was kept and fits the data."""
    problem: UserError | None = None
    """Why the data cannot be read."""


def open_case(record: RunRecord) -> OpenedCase:
    """Read a run with all that belongs to it. Raises UserError where its options cannot be read."""
    options = latest_options(record)
    case = Case(options, with_batches(record))
    try:
        config, data = settle(_as_begun(record, options))
    except UserError as error:
        return OpenedCase(case, problem=error)
    training, validation = data.hold_out(config.validation)
    case = replace(case, config=options.model_copy(update={"threads": config.threads}), data=DataFacts.of(training, data.classes))
    if options.epochs:
        case = replace(case, start=first_measurement(config, data))
    try:
        network = restore(read_network(RunDirectory(record.path).checkpoint))
    except (UserError, OSError):
        return OpenedCase(case, data)  # the log alone tells enough
    if (network.inputs, network.classes) != (data.features, data.classes):
        return OpenedCase(case, data)
    if not case.diverged:
        case = look_into(case, network, data.test or validation or training, training)
    return OpenedCase(case, data, network)


class OpenedNetwork(NamedTuple):
    """A run on disk as far as its instruments need it."""

    network: Network
    config: Config
    training: Split
    step: int
    """Batches that the network was trained for."""


def open_network(record: RunRecord) -> OpenedNetwork:
    """Read what a run has learned, with what it was trained on. Raises UserError, which says what is missing."""
    options = latest_options(record)
    config, data = settle(_as_begun(record, options))
    snapshot = read_network(RunDirectory(record.path).checkpoint)
    network = restore(snapshot)
    if (network.inputs, network.classes) != (data.features, data.classes):
        raise UserError("the data is not what the run was trained on")
    training, _validation = data.hold_out(config.validation)
    return OpenedNetwork(network, options.model_copy(update={"threads": config.threads}), training, int(snapshot.scalars.get("step", 0)))


def _as_begun(record: RunRecord, options: Config) -> Config:
    """The options at the run's start, as far as they are known."""
    try:
        return Config.parse({name: value for name, value in record.config.items() if value is not None})
    except UserError:
        return options
