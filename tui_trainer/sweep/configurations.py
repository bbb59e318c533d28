"""A sweep's configurations as an English table, each with its results and the difference from the first."""

from collections.abc import Sequence

from tui_trainer.sweep.statistics import Group, Paired, paired
from tui_trainer.sweep.store import RunStatus

NONE = "-"

HEADS = ("runs", "accuracy", "sd", "95% interval", "against the first", "p")
"""Heads between the options and the counts of statuses."""


def configurations(
    groups: Sequence[Group], first: Group, names: Sequence[str], seeds: int, counted: Sequence[RunStatus] = (RunStatus.DIVERGED,)
) -> tuple[list[str], list[list[str]]]:
    """Heads and rows: the named options, runs and accuracy, then the columns that are not empty."""
    heads = [*names, *HEADS, *map(str, counted)]
    rows = [[*_cells(group, first, names, seeds), *(str(group.count(standing) or NONE) for standing in counted)] for group in groups]
    kept = [index for index in range(len(heads)) if index < len(names) + 2 or any(row[index] != NONE for row in rows)]
    return [heads[index] for index in kept], [[row[index] for index in kept] for row in rows]


def _cells(group: Group, first: Group, names: Sequence[str], seeds: int) -> list[str]:
    against = paired(group, first)
    return [
        *(group.point.get(name, NONE) for name in names),
        f"{len(group.scores)}/{seeds}" if len(group.scores) != seeds else str(seeds),
        NONE if group.mean is None else f"{group.mean:.2%}",
        NONE if group.deviation is None else f"{100 * group.deviation:.2f}",
        NONE if group.interval is None else f"{group.interval.low:.2%} to {group.interval.high:.2%}",
        NONE if against is None else difference_text(against),
        NONE if against is None or against.p is None else f"{against.p:.3f}",
    ]


def difference_text(against: Paired) -> str:
    """A difference of accuracies in percentage points, with its interval."""
    text, interval = f"{100 * against.difference:+.2f}", against.interval
    return f"{text} ({100 * interval.low:+.2f} to {100 * interval.high:+.2f})" if interval else text
