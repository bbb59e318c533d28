"""A run on disk as a case for a diagnosis: its log, its data, and what its network says of them."""

from dataclasses import replace

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.diagnosis.case import Case, DataFacts, Predictions
from tui_trainer.diagnosis.replay import first_measurement
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord, with_batches
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.resumable import latest_options
from tui_trainer.runs.run import settle
from tui_trainer.trained.restore import read_network, restore


def open_case(record: RunRecord) -> tuple[Case, Dataset | None, UserError | None]:
    """All that there is to know of a run, and its data; or why that cannot be read any more. Raises UserError where its options cannot."""
    options = latest_options(record)
    case = Case(options, with_batches(record))
    try:
        config, data = settle(_as_begun(record, options))
    except UserError as error:
        return case, None, error
    training, validation = data.hold_out(config.validation)
    case = replace(case, config=options.model_copy(update={"threads": config.threads}), data=DataFacts.of(training, data.classes))
    if options.epochs:
        case = replace(case, start=first_measurement(config, data))
    try:
        network = restore(read_network(RunDirectory(record.path).checkpoint))
    except (UserError, OSError):
        return case, data, None  # the log alone tells enough
    if network.inputs == data.features and network.classes == data.classes and not case.diverged:
        case = replace(case, predictions=Predictions.of(network, data.test or validation or training))
    return case, data, None


def _as_begun(record: RunRecord, options: Config) -> Config:
    """The options at the run's start, as far as they are known."""
    try:
        return Config.parse({name: value for name, value in record.config.items() if value is not None})
    except UserError:
        return options
