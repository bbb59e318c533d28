"""A comparison of runs: the options in which they differ, and their figures."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from pydantic import JsonValue

from tui_trainer.config.layer_sizes import format_hidden
from tui_trainer.config.options import Config
from tui_trainer.config.origins import SHOWN
from tui_trainer.config.per_layer import abridged
from tui_trainer.history.quantities import COMPARED
from tui_trainer.history.quantity import Quantity
from tui_trainer.runs.archive import RunRecord
from tui_trainer.system.folders import printable

NONE: Final = "—"


class ComparisonRow(NamedTuple):
    """One option or figure of every run."""

    label: str
    texts: tuple[str, ...]
    best: frozenset[int] = frozenset()
    """The indices of the runs with the best value, if one is better."""


def figure_text(figure: Quantity, run: RunRecord, none: str = NONE) -> str:
    """The figure of a run as text, or `none`."""
    value = figure.take(run.history)
    return none if value is None else figure.scale.exact(value)


def compare_figures(runs: Sequence[RunRecord]) -> list[ComparisonRow]:
    """A row for each figure, with the best values marked."""
    return [
        ComparisonRow(figure.head, tuple(figure_text(figure, run) for run in runs), _best(figure, runs)) for figure in COMPARED.values()
    ]


def _best(figure: Quantity, runs: Sequence[RunRecord]) -> frozenset[int]:
    values = {index: value for index, run in enumerate(runs) if (value := figure.take(run.history)) is not None}
    # Equal values have no best.
    if figure.better is None or len(set(values.values())) < 2:
        return frozenset()
    best = figure.better(list(values.values()))
    return frozenset(index for index, value in values.items() if value == best)


def compare_options(runs: Sequence[RunRecord]) -> list[ComparisonRow]:
    """A row for each option in which the runs differ, in the order of the form."""
    known = [name for name in Config.model_fields if any(name in run.config for run in runs)]
    unknown = sorted({name for run in runs for name in run.config} - set(known))
    rows: list[ComparisonRow] = []
    for name in (*known, *unknown):
        values = [run.config.get(name) for run in runs]
        if any(value != values[0] for value in values):
            rows.append(ComparisonRow(printable(name).replace("_", " "), tuple(option_text(value) for value in values)))
    return rows


def option_text(value: JsonValue) -> str:
    """An option's value as on the command line, safe to show."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        sizes = [size for size in value if isinstance(size, int)]
        if len(sizes) == len(value):
            return format_hidden(tuple(sizes))
        return ", ".join(option_text(item) for item in value)
    if isinstance(value, dict):
        # A plugin's bytes are what it is, whatever it is called.
        plugin = f"{value.get('file')} {sha256[:SHOWN]}" if isinstance(sha256 := value.get("sha256"), str) else ""
        return printable(plugin) or " ".join(f"{printable(name)}={option_text(item)}" for name, item in value.items())
    return printable(value) if isinstance(value, str) else str(value)


def network(config: Mapping[str, JsonValue]) -> str:
    """The network and its optimizer in short: `128x8 relu he_normal adam`."""
    names = ("hidden", "activation", "initializer", "optimizer")
    return " ".join(abridged(option_text(config[name])) for name in names if name in config)
