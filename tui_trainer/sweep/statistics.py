"""What a sweep's results say, and how sure one may be: repetitions with other seeds are one configuration, and nothing is left out.

What is compared is the validation accuracy. A run that diverged ends with a network that answers nothing, and counts as right in 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from tui_trainer.sweep.space import SEED
from tui_trainer.sweep.store import Result, RunStatus

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 2000


class Interval(NamedTuple):
    """Where a mean lies, with the confidence of `CONFIDENCE`."""

    low: float
    high: float


class Paired(NamedTuple):
    """How another configuration does with the same seeds: the mean of the differences."""

    seeds: int
    difference: float
    interval: Interval | None
    p: float | None
    """How often the difference would be as large if the two were alike, by swapping them in all ways; None for a single seed."""


@dataclass(frozen=True)
class Group:
    """The runs of one configuration, which differ in their seed alone."""

    results: tuple[Result, ...]

    @property
    def point(self) -> dict[str, str]:
        """Its place on the axes."""
        return {name: value for name, value in self.results[0].point.items() if name != SEED}

    @property
    def key(self) -> str:
        """What it is known by: the key of the first of its runs."""
        return self.results[0].key

    @cached_property
    def scores(self) -> dict[Any, float]:
        """What each seed gave."""
        return {result.config.get(SEED): score for result in self.results if (score := score_of(result)) is not None}

    @property
    def mean(self) -> float | None:
        """The mean over the seeds that there is a score of."""
        return float(np.mean(list(self.scores.values()))) if self.scores else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of a single run, from two on."""
        return float(np.std(list(self.scores.values()), ddof=1)) if len(self.scores) > 1 else None

    @cached_property
    def interval(self) -> Interval | None:
        """Where the mean of ever more seeds would lie; None for a single one, and without SciPy."""
        return interval_of(tuple(self.scores.values()))

    @property
    def seconds(self) -> float:
        """Training time of all its runs."""
        return sum(result.figures.seconds for result in self.results)

    def count(self, status: RunStatus) -> int:
        """How many of its runs stand so."""
        return sum(result.status is status for result in self.results)

    def is_whole(self, seeds: int) -> bool:
        """Whether each of so many seeds has a score."""
        return len(self.scores) >= seeds


def score_of(result: Result) -> float | None:
    """What a run counts as; None while that is not known, and for one that was given up."""
    if result.status is RunStatus.DIVERGED:
        return 0.0
    return result.figures.validation_accuracy if result.status is RunStatus.COMPLETED else None


def grouped(results: Iterable[Result]) -> list[Group]:
    """The configurations, in the order in which the sweep came to them."""
    groups: dict[tuple[tuple[str, str], ...], list[Result]] = {}
    for result in results:
        same = tuple(sorted((name, repr(value)) for name, value in result.config.items() if name != SEED))
        groups.setdefault(same, []).append(result)
    return [Group(tuple(found)) for found in groups.values()]


def ranked(groups: Iterable[Group], seeds: int) -> list[Group]:
    """The best first; configurations that lack a seed come after those that do not."""
    return sorted(groups, key=lambda group: (not group.is_whole(seeds), 1.0 if group.mean is None else -group.mean))


def chosen(groups: Sequence[Group], seeds: int) -> Group | None:
    """The configuration of the highest mean validation accuracy among those that every seed was trained of; the first of equal ones."""
    whole = [group for group in groups if group.is_whole(seeds) and group.mean]
    return max(whole, key=lambda group: group.mean or 0.0, default=None)


def paired(group: Group, first: Group) -> Paired | None:
    """`group` against `first`, seed by seed; None where they have no seed in common."""
    seeds = [seed for seed in group.scores if seed in first.scores]
    if not seeds or group is first:
        return None
    ours, theirs = (np.array([each.scores[seed] for seed in seeds]) for each in (group, first))
    differences = ours - theirs
    return Paired(len(seeds), float(differences.mean()), interval_of(tuple(differences.tolist())), _swapped(ours, theirs))


@cache
def interval_of(values: tuple[float, ...]) -> Interval | None:
    """The bootstrap's interval for the mean, bias-corrected and accelerated (Efron 1987). With few values it is rather too narrow."""
    if len(values) < 2 or not has_scipy():
        return None
    if len(set(values)) == 1:
        return Interval(values[0], values[0])
    from scipy.stats import bootstrap  # noqa: PLC0415 an extra, and slow to import

    # From two values the acceleration cannot be told.
    method: Literal["BCa", "percentile"] = "BCa" if len(values) > 2 else "percentile"
    rng = np.random.default_rng(0)
    found = bootstrap((np.array(values),), np.mean, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method=method, rng=rng)
    low, high = found.confidence_interval
    return Interval(float(low), float(high)) if np.isfinite([low, high]).all() else None


def _swapped(ours: np.ndarray[Any, Any], theirs: np.ndarray[Any, Any]) -> float | None:
    if len(ours) < 2 or not has_scipy():
        return None
    from scipy.stats import permutation_test  # noqa: PLC0415

    def statistic(x: Any, y: Any, axis: int) -> Any:
        return np.mean(x - y, axis=axis)

    found = permutation_test((ours, theirs), statistic, permutation_type="samples", n_resamples=9999, rng=np.random.default_rng(0))
    return float(found.pvalue)


@cache
def has_scipy() -> bool:
    """Whether intervals can be computed (`pip install 'tui-trainer[sweep]'`)."""
    return find_spec("scipy") is not None
