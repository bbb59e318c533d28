"""The report of one run, for people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tui_trainer.errors import UserError
from tui_trainer.headless.tables import say, say_table
from tui_trainer.history.quantities import EPOCHS
from tui_trainer.history.quantity import Quantity, finite, nats, percent, time, whole
from tui_trainer.runs.comparison import option_text
from tui_trainer.system.folders import printable

if TYPE_CHECKING:
    from tui_trainer.history.history import Epoch
    from tui_trainer.runs.archive import RunRecord

NONE = "-"

ABBREVIATED = {"train_accuracy": "train_acc", "validation_loss": "val_loss", "validation_accuracy": "val_acc"}
"""Heads of an epoch's figures that are shorter than their names."""

MOST_SHOWN = 1000
"""The most epochs shown; a log may hold half a million."""


def say_run(run: "RunRecord", files: Mapping[str, int], *, can: bool, why: str) -> None:
    """Print the report."""
    say_table(("run", run.name), [[label, value] for label, value in _facts(run, can, why).items()])
    for title, heads, rows, numbers in (
        ("options that are not the defaults", ("option", "value"), _options(run), ()),
        ("layers", ("layer", "output", "parameters"), _layers(run), (1, 2)),
        (
            _epochs_title(run),
            ["epoch", *(ABBREVIATED.get(name, name) for name in _shown())],
            _epochs(run),
            range(1 + len(_shown())),
        ),
        ("changes", ("step", "epoch", "from then on"), _changes(run), (0, 1)),
        ("environment", ("what", "is"), [[printable(name), printable(text)] for name, text in run.environment.items()], ()),
        ("files", ("file", "size"), [[name, size_text(size)] for name, size in files.items()], (1,)),
    ):
        if rows:
            say(f"\n{title}")
            say_table(heads, rows, numbers)


def size_text(size: float) -> str:
    """A file's size as text."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _facts(run: "RunRecord", can: bool, why: str) -> dict[str, str]:
    from tui_trainer.runs.listing import run_status  # noqa: PLC0415

    planned, where = run.planned_epochs, run.divergence
    best, lowest = run.history.best_accuracy, run.history.best_loss
    facts: dict[str, Any] = {
        "folder": printable(str(run.path)),
        "status": run_status(run),
        "diverged": f"in epoch {where.epoch}, at step {where.step:,}, in {printable(where.layer)}" if where else None,
        "began": f"{run.started:%Y-%m-%d %H:%M:%S}",
        "tags": printable(" ".join(run.tags)),
        "epochs": str(run.last_epoch) if planned is None else f"{run.last_epoch} of {planned}",
        "training time": f"{time(run.seconds)} s",
        "parameters": None if run.parameters is None else f"{run.parameters:,}",
        "best validation accuracy": f"{percent(best.value)} (epoch {best.epoch})" if best else None,
        "best validation loss": f"{nats(lowest.value)} (epoch {lowest.epoch})" if lowest else None,
        "test accuracy": None if run.test_accuracy is None else percent(run.test_accuracy),
        "test loss": None if run.test_loss is None else nats(run.test_loss),
        "can be resumed": f"{'yes' if can else 'no'}: {printable(why)}",
    }
    return {label: value for label, value in facts.items() if value}


def _options(run: "RunRecord") -> list[list[str]]:
    from tui_trainer.config.command_line import essentials  # noqa: PLC0415
    from tui_trainer.config.options import Config  # noqa: PLC0415

    try:
        names = set(essentials(Config.parse({name: value for name, value in run.config.items() if value is not None})))
    except UserError:  # of another version: its defaults are not known
        names = set(run.config)
    return [[printable(name), option_text(value)] for name, value in run.config.items() if name in names and name != "changes"]


def _layers(run: "RunRecord") -> list[list[str]]:
    return [[printable(layer.name), "×".join(map(str, layer.output_shape)), whole(layer.parameters)] for layer in run.layers]


def _epochs_title(run: "RunRecord") -> str:
    if len(run.epochs) <= MOST_SHOWN:
        return "epochs"
    return f"epochs: the last {MOST_SHOWN:,} of {len(run.epochs):,}; all are in `tui-trainer runs export`"


def _epochs(run: "RunRecord") -> list[list[str]]:
    return [[str(epoch.number), *(_figure(figure, epoch) for figure in _shown().values())] for epoch in run.epochs[-MOST_SHOWN:]]


def _shown() -> dict[str, Quantity]:
    return {name: figure for name, figure in EPOCHS.items() if name not in ("epoch", "step")}


def _figure(figure: Quantity, epoch: "Epoch") -> str:
    value = finite(figure.take(epoch))
    return NONE if value is None else figure.scale.exact(value)


def _changes(run: "RunRecord") -> list[list[str]]:
    return [[str(change.step), str(change.epoch), option_text(dict(change.changes))] for change in run.changes]
