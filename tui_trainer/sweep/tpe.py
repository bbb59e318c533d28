"""A search by a tree-structured Parzen estimator (Bergstra et al. 2011), which prunes the worst runs. Needs Optuna.

A suggested configuration is trained with every seed; its value is the mean score. Its first run is compared with the others' first runs:
one that was never as good as three quarters of them at the same epoch is pruned with its other seeds (Golovin et al. 2017, who prune half).
"""

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import read_run
from tui_trainer.sweep.search import Planned
from tui_trainer.sweep.space import SEED, Axis, Number, Space, Value, Values, value_text
from tui_trainer.sweep.statistics import score_of
from tui_trainer.sweep.store import RUNS, Figures, Result, RunStatus, Store, run_key

KEPT: Final = 75.0
"""Percent of the runs that are not pruned: half would be too few where all are about equally good."""

JUDGED_AFTER: Final = 5
"""Configurations that must have a value before any run is pruned."""

FIRST_JUDGED: Final = 2
"""The first epoch at which a run may be pruned: after one epoch good runs may still look bad."""

SUGGESTIONS: Final = 20
"""Consecutive suggestions that are known or not valid, after which a configuration is drawn at random."""

DRAWS: Final = 1000
"""Consecutive draws without a new configuration, after which the search ends."""


@dataclass(eq=False)
class _Suggestion:
    """A configuration and its results so far."""

    trial: optuna.Trial
    runs: list[Planned]
    results: dict[str, Result] = field(default_factory=dict)
    reported: set[int] = field(default_factory=set)
    """Epochs reported to the study."""
    is_told: bool = False
    """Whether the study knows its value."""

    @property
    def first(self) -> str:
        """The key of the run that it is judged by."""
        return self.runs[0].key

    @property
    def is_given_up(self) -> bool:
        return any(result.status is RunStatus.PRUNED for result in self.results.values())


class ParzenSearch:
    """A search over `samples` configurations, each suggested from the results so far; the store's results count from the start.

    Listed values are categories without order; an interval is continuous.
    """

    def __init__(self, space: Space, samples: int, seed: int, data: Mapping[str, Dataset], store: Store, results: Sequence[Result]) -> None:
        self._space = space
        self._data = data
        self._store = store
        self._axes = {name: axis for name, axis in space.axes.items() if name != SEED}
        self._distributions = {name: _distribution(axis) for name, axis in self._axes.items()}
        self._limit = min(samples, space.size or samples)
        self._suggestions: dict[str, _Suggestion] = {}
        """By the key of the first run."""
        self._of_run: dict[str, _Suggestion] = {}
        self._waiting: deque[Planned] = deque()
        self._place = max((result.place for result in results), default=-1) + 1
        noted = store.facts().get("asked")
        asked = noted if isinstance(noted, dict) else {}
        # A resumed search must not draw the same configurations again.
        states = np.random.SeedSequence((seed, len(results) + len(asked))).generate_state(2).tolist()
        self._rng = np.random.default_rng(states[1])
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            direction="maximize",
            # The default sampler is multivariate, and treats running trials as poor ones.
            sampler=optuna.samplers.TPESampler(seed=states[0]),
            pruner=optuna.pruners.PercentilePruner(KEPT, n_startup_trials=JUDGED_AFTER, n_warmup_steps=FIRST_JUDGED),
        )
        known = {result.key: result for result in results if result.status.is_final}
        for key, texts in [*((result.key, result.point) for result in results), *asked.items()]:
            self._recall(key, texts, known)

    @property
    def left(self) -> int:
        return max(self._limit - len(self._suggestions), 0) * len(self._space.seeds) + len(self._waiting)

    def ask(self) -> Planned | None:
        while not self._waiting:
            if len(self._suggestions) >= self._limit or not self._suggest():
                return None
        return self._waiting.popleft()

    def tell(self, planned: Planned, status: RunStatus, figures: Figures) -> None:
        suggestion = self._of_run[planned.key]
        result = Result(planned.key, planned.place, planned.trial.config.record(), planned.trial.point, status, figures)
        self._take(suggestion, result)

    def gives_up(self, planned: Planned, figures: Figures) -> bool:
        suggestion = self._of_run[planned.key]
        if suggestion.is_given_up:
            return True
        if planned.key != suggestion.first or suggestion.is_told or figures.epochs >= planned.trial.config.epochs:
            return False
        _report(suggestion, {figures.epochs: figures.validation_accuracy})
        return suggestion.trial.should_prune()

    def _suggest(self) -> bool:
        """Queue another configuration; False when all valid ones are tried."""
        for _ in range(SUGGESTIONS):
            trial = self._study.ask(self._distributions)
            point = {name: _value(axis, trial.params[name]) for name, axis in self._axes.items()}
            try:
                runs = self._runs(point)
            except UserError:  # the options are not valid together
                self._study.tell(trial, state=TrialState.FAIL)
                continue
            if (known := self._suggestions.get(runs[0].key)) is None:
                self._begin(_Suggestion(trial, runs))
                return True
            self._repeat(trial, known)
        for _ in range(DRAWS):
            point = self._space.point(self._rng)
            with suppress(UserError):
                runs = self._runs(point)
                if runs[0].key not in self._suggestions:
                    self._begin(_Suggestion(self._placed(point), runs))
                    return True
        self._limit = len(self._suggestions)
        return False

    def _recall(self, key: str, texts: Mapping[str, str], known: Mapping[str, Result]) -> None:
        """Restore the configuration of an earlier run, if it is in this space."""
        try:
            point = {name: _read(axis, texts[name]) for name, axis in self._axes.items()}
            runs = self._runs(point)
        except (KeyError, TypeError, ValueError, UserError):
            return
        if runs[0].key in self._suggestions or all(run.key != key for run in runs):
            return
        suggestion = _Suggestion(self._placed(point), runs)
        self._begin(suggestion, known)
        for result in [known[run.key] for run in runs if run.key in known]:
            self._take(suggestion, result)

    def _runs(self, point: Mapping[str, Value]) -> list[Planned]:
        """A configuration's runs, one for each seed. Raises UserError where its options are not valid together."""
        trials = [self._space.trial(point, seed) for seed in self._space.seeds]
        keys = [run_key(trial.config, self._data[trial.config.data].fingerprint) for trial in trials]
        return [Planned(trial, key, self._place + number) for number, (trial, key) in enumerate(zip(trials, keys, strict=True))]

    def _placed(self, point: Mapping[str, Value]) -> optuna.Trial:
        """A trial of the study at a given point."""
        self._study.enqueue_trial({name: _parameter(axis, point[name]) for name, axis in self._axes.items()})
        return self._study.ask(self._distributions)

    def _begin(self, suggestion: _Suggestion, known: Mapping[str, Result] | None = None) -> None:
        self._place += len(suggestion.runs)
        self._suggestions[suggestion.first] = suggestion
        self._of_run |= dict.fromkeys((run.key for run in suggestion.runs), suggestion)
        self._waiting += [run for run in suggestion.runs if run.key not in (known or {})]
        if known is None:
            # So that runs without results are resumed too.
            asked = {key: each.runs[0].trial.point for key, each in self._suggestions.items() if not each.is_told}
            with suppress(UserError):  # then another takes its place
                self._store.put_facts(asked=asked)

    def _take(self, suggestion: _Suggestion, result: Result) -> None:
        suggestion.results[result.key] = result
        if result.key == suggestion.first:
            _report(suggestion, self._curve(result))
        if suggestion.is_given_up:
            self._waiting = deque(run for run in self._waiting if run not in suggestion.runs)
        self._settle(suggestion)

    def _settle(self, suggestion: _Suggestion) -> None:
        """Tell the study a configuration's value once it is known."""
        if suggestion.is_told or not (suggestion.is_given_up or len(suggestion.results) == len(suggestion.runs)):
            return
        suggestion.is_told = True
        self._tell(suggestion.trial, suggestion)

    def _repeat(self, trial: optuna.Trial, known: _Suggestion) -> None:
        """Tell the study the value of a configuration that it suggests again; a failure while that is still being trained."""
        if not known.is_told:
            self._study.tell(trial, state=TrialState.FAIL)
            return
        if first := known.results.get(known.first):
            _report(_Suggestion(trial, known.runs), self._curve(first))
        self._tell(trial, known)

    def _tell(self, trial: optuna.Trial, known: _Suggestion) -> None:
        scores = [score for result in known.results.values() if (score := score_of(result)) is not None]
        if known.is_given_up:
            self._study.tell(trial, state=TrialState.PRUNED)
        elif scores:
            self._study.tell(trial, sum(scores) / len(scores))
        else:
            self._study.tell(trial, state=TrialState.FAIL)

    def _curve(self, result: Result) -> dict[int, float | None]:
        """The validation accuracy after each epoch, as far as the run's files are on this machine."""
        curve = {result.figures.epochs: result.figures.validation_accuracy}
        with suppress(UserError):
            curve |= {epoch.number: epoch.validation_accuracy for epoch in read_run(self._store.folder / RUNS / result.key).epochs}
        return curve


def check(space: Space, seed: int) -> None:
    """Raise UserError if none of many random configurations is valid."""
    rng = np.random.default_rng(seed)
    for left in reversed(range(DRAWS)):
        try:
            space.trial(space.point(rng), space.seeds[0])
        except UserError:
            if not left:
                raise
        else:
            return


def _distribution(axis: Axis) -> BaseDistribution:
    if isinstance(axis, Values):
        return CategoricalDistribution([value_text(value) for value in axis.values])
    # The position on the axis's scale.
    return FloatDistribution(0, 1)


def _value(axis: Axis, parameter: Any) -> Value:
    return _read(axis, parameter) if isinstance(axis, Values) else axis.at(parameter)


def _parameter(axis: Axis, value: Value) -> str | float:
    return value_text(value) if isinstance(axis, Values) else axis.share(float(value))


def _read(axis: Axis, text: str) -> Value:
    """The axis's value for a text. Raises KeyError or ValueError where it has none."""
    if isinstance(axis, Values):
        return {value_text(value): value for value in axis.values}[text]
    number: Number = int(text) if axis.is_whole else float(text)
    if not axis.at(0) <= number <= axis.at(1):
        raise ValueError(f"{text} lies outside")
    return number


def _report(suggestion: _Suggestion, curve: Mapping[int, float | None]) -> None:
    for epoch, accuracy in sorted(curve.items()):
        if accuracy is not None and epoch not in suggestion.reported:
            suggestion.reported.add(epoch)
            suggestion.trial.report(accuracy, epoch)
