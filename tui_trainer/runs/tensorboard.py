"""A run as an event file of TensorBoard: scalars of its batches and epochs at their steps, its options as text and as hyperparameters.

The messages are those of tensorboardX; its writer is not used, which puts time and host into the file's name and works in a thread.
"""

import struct
from collections.abc import Iterator, Mapping
from math import ceil, inf, isfinite
from typing import TYPE_CHECKING, Any, Final

from tui_trainer.config.per_layer import abridged
from tui_trainer.errors import UserError
from tui_trainer.history.quantities import BATCHES, EPOCHS, FIGURES, RUNS
from tui_trainer.history.quantity import Quantity
from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.batches import COLUMNS
from tui_trainer.runs.comparison import option_text
from tui_trainer.runs.export import batches
from tui_trainer.system.folders import printable

if TYPE_CHECKING:
    from tensorboardX.proto.event_pb2 import Event

FILE_NAME: Final = "events.out.tfevents.0.tui-trainer"
"""Always the same, so that a new export replaces the last one."""


def _tagged(figures: Mapping[str, Quantity]) -> list[Quantity]:
    """The figures with a tag, in the order of the columns of batches.f32."""
    kinds = [_kind(figure) for figure in BATCHES.values()]
    found = [figure for figure in figures.values() if figure.tag]
    return sorted(found, key=lambda figure: kinds.index(_kind(figure)) if _kind(figure) in kinds else len(kinds))


def _kind(figure: Quantity) -> str:
    return figure.tag.partition("/")[0]


def check_installed() -> None:
    """Raise UserError where tensorboardX is not installed."""
    try:
        import tensorboardX  # noqa: F401, PLC0415
    except ImportError:
        raise UserError("needs tensorboardX: pip install 'tui-trainer[tensorboard]'", option="--to", value="tensorboard") from None


def event_file(run: RunRecord) -> Iterator[bytes]:
    """Yield the bytes of the file. A step's wall time is the run's start plus the training time so far."""
    from tensorboardX.record_writer import masked_crc32c  # noqa: PLC0415

    for event in _events(run):
        content = event.SerializeToString()
        length = struct.pack("<Q", len(content))
        yield b"".join((length, struct.pack("<I", masked_crc32c(length)), content, struct.pack("<I", masked_crc32c(content))))


def _events(run: RunRecord) -> Iterator["Event"]:
    from tensorboardX.proto.event_pb2 import Event  # noqa: PLC0415
    from tensorboardX.summary import hparams, text  # noqa: PLC0415

    began = run.started.timestamp()
    yield Event(wall_time=began, file_version="brain.Event:2")
    yield Event(wall_time=began, summary=text("options", _options_table(run)))
    values = {printable(name): _hyperparameter(value) for name, value in run.config.items() if value is not None}
    of_epochs, of_run = _tagged(EPOCHS), _tagged(RUNS)
    metrics = EPOCHS["validation_accuracy"], *of_run
    for summary in hparams(values, dict.fromkeys(figure.tag for figure in metrics)):
        yield Event(wall_time=began, summary=summary)
    ends = _epoch_ends(run)
    tags = [BATCHES[name].tag for name in COLUMNS[1:-1]]
    for first, rows in batches(run):
        for step, (position, *figures, seconds) in enumerate(rows.tolist(), first):
            if 0 < position < inf and isfinite(seconds):  # otherwise it was lost
                # The position of an epoch's last batch is the epoch's number.
                found = dict(zip(tags, figures, strict=True))
                yield _scalars(step, began + ends.get(ceil(position) - 1, 0.0) + seconds, found)
    step, moment = 0, began
    of_layers = FIGURES["gradient_norm"].tag
    for epoch in run.epochs:
        step, moment = epoch.step, began + ends[epoch.number]
        found = {figure.tag: figure.take(epoch) for figure in of_epochs}
        yield _scalars(step, moment, found | {f"{of_layers}/{name}": norm for name, norm in epoch.gradient_norms.items()})
    yield _scalars(step, moment, {figure.tag: figure.take(run.history) for figure in of_run})


def _epoch_ends(run: RunRecord) -> dict[int, float]:
    """Training time by the end of each epoch."""
    ends, total = {}, 0.0
    for epoch in run.epochs:
        total += epoch.seconds
        ends[epoch.number] = total
    return ends


def _scalars(step: int, moment: float, values: Mapping[str, float | None]) -> "Event":
    from tensorboardX.proto.event_pb2 import Event  # noqa: PLC0415
    from tensorboardX.proto.summary_pb2 import Summary  # noqa: PLC0415

    # Figures that were not measured are left out.
    found = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items() if value is not None and isfinite(value)]
    return Event(wall_time=moment, step=step, summary=Summary(value=found))


def _options_table(run: RunRecord) -> str:
    """The options as a Markdown table."""
    rows = ((_cell(option_text(name)), _cell(option_text(value))) for name, value in run.config.items())
    return "".join(["| option | value |\n| --- | --- |\n", *(f"| {name} | {value} |\n" for name, value in rows)])


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _hyperparameter(value: Any) -> str | bool | float:
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        # Of a seed of forty digits a float keeps sixteen.
        return float(value) if abs(value) < 1 << 53 else str(value)
    return abridged(value) if isinstance(value, str) and "," in value else option_text(value)
