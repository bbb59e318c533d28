"""Statistics of a sweep's results: runs that differ in the seed alone repeat one configuration, and none is left out.

Configurations are compared by validation accuracy. A run that diverged counts as accuracy 0.
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
    """A confidence interval of a mean, at the level CONFIDENCE."""

    low: float
    high: float


class Paired(NamedTuple):
    """The mean difference between two configurations, seed by seed."""

    seeds: int
    difference: float
    interval: Interval | None
    p: float | None
    """The p-value of a permutation test; None for a single seed."""


@dataclass(frozen=True)
class Group:
    """A configuration: its runs, which differ in the seed alone."""

    results: tuple[Result, ...]

    @property
    def point(self) -> dict[str, str]:
        """Its swept options, without the seed."""
        return {name: value for name, value in self.results[0].point.items() if name != SEED}

    @property
    def key(self) -> str:
        """The key of its first run."""
        return self.results[0].key

    @cached_property
    def scores(self) -> dict[Any, float]:
        """The score of each seed."""
        return {result.config.get(SEED): score for result in self.results if (score := score_of(result)) is not None}

    @property
    def mean(self) -> float | None:
        """The mean score over the seeds that have one."""
        return float(np.mean(list(self.scores.values()))) if self.scores else None

    @property
    def deviation(self) -> float | None:
        """The sample standard deviation of the scores; None for fewer than two."""
        return float(np.std(list(self.scores.values()), ddof=1)) if len(self.scores) > 1 else None

    @cached_property
    def interval(self) -> Interval | None:
        """The confidence interval of the mean; None for a single seed, and without SciPy."""
        return interval_of(tuple(self.scores.values()))

    @property
    def seconds(self) -> float:
        """Training time of all its runs."""
        return sum(result.figures.seconds for result in self.results)

    def count(self, status: RunStatus) -> int:
        """The number of its runs with a status."""
        return sum(result.status is status for result in self.results)

    def is_whole(self, seeds: int) -> bool:
        """Whether all `seeds` have a score."""
        return len(self.scores) >= seeds


def score_of(result: Result) -> float | None:
    """A run's score; None while it is not known, and for a pruned or failed run."""
    if result.status is RunStatus.DIVERGED:
        return 0.0
    return result.figures.validation_accuracy if result.status is RunStatus.COMPLETED else None


def grouped(results: Iterable[Result]) -> list[Group]:
    """The configurations, in the sweep's order."""
    groups: dict[tuple[tuple[str, str], ...], list[Result]] = {}
    for result in results:
        same = tuple(sorted((name, repr(value)) for name, value in result.config.items() if name != SEED))
        groups.setdefault(same, []).append(result)
    return [Group(tuple(found)) for found in groups.values()]


def ranked(groups: Iterable[Group], seeds: int) -> list[Group]:
    """The configurations, the best first, those that lack a seed last."""
    return sorted(groups, key=lambda group: (not group.is_whole(seeds), 1.0 if group.mean is None else -group.mean))


def chosen(groups: Sequence[Group], seeds: int) -> Group | None:
    """The configuration with the highest mean validation accuracy among those with every seed; the first of equal ones."""
    whole = [group for group in groups if group.is_whole(seeds) and group.mean]
    return max(whole, key=lambda group: group.mean or 0.0, default=None)


def paired(group: Group, first: Group) -> Paired | None:
    """`group` compared with `first`, seed by seed; None where they share no seed."""
    seeds = [seed for seed in group.scores if seed in first.scores]
    if not seeds or group is first:
        return None
    ours, theirs = (np.array([each.scores[seed] for seed in seeds]) for each in (group, first))
    differences = ours - theirs
    return Paired(len(seeds), float(differences.mean()), interval_of(tuple(differences.tolist())), _swapped(ours, theirs))


@cache
def interval_of(values: tuple[float, ...]) -> Interval | None:
    """The mean's bootstrap interval, bias-corrected and accelerated (Efron 1987); too narrow for few values."""
    if len(values) < 2 or not has_scipy():
        return None
    if len(set(values)) == 1:
        return Interval(values[0], values[0])
    from scipy.stats import bootstrap  # noqa: PLC0415 an extra, and slow to import

    # The acceleration needs three values.
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
