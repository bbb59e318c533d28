"""A search that learns: what it tries next lies near what did well, and runs that are hopeless are given up. Needs Optuna.

A configuration is suggested by a tree-structured Parzen estimator (Bergstra et al. 2011), trained with every seed, and worth the mean of
its scores. Its first run is measured against the first runs of the others: one that was never as good as three quarters of them were at the
same epoch is given up, and its other seeds with it: the rule of Golovin et al. (2017), who give up half, for what is hopeless alone.
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
"""Percent of the runs that are resumed: among good ones that are all but alike half would be given up for nothing."""

JUDGED_AFTER: Final = 5
"""Configurations that must have a value before a run is given up for being worse than they were."""

FIRST_JUDGED: Final = 2
"""The first epoch that a run is judged by: of the very first many a good run makes little."""

SUGGESTIONS: Final = 20
"""Times in a row that the estimator may suggest what is known or does not fit; then anything untried is drawn."""

DRAWS: Final = 1000
"""Times in a row that this may give nothing new; then all is tried."""


@dataclass(eq=False)
class _Suggestion:
    """A configuration, and what is known of it."""

    trial: optuna.Trial
    runs: list[Planned]
    results: dict[str, Result] = field(default_factory=dict)
    reported: set[int] = field(default_factory=set)
    """Epochs that the study knows of."""
    is_told: bool = False
    """Whether the study knows what it is worth."""

    @property
    def first(self) -> str:
        """The run that it is judged by."""
        return self.runs[0].key

    @property
    def is_given_up(self) -> bool:
        return any(result.status is RunStatus.PRUNED for result in self.results.values())


class ParzenSearch:
    """So many configurations, each suggested by what is known when a worker is free; the store's are known from the first.

    Of listed values each is a case of its own, whatever their order; along an interval neighbours are taken to be alike.
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
        # Started again it must not draw again what it drew before.
        states = np.random.SeedSequence((seed, len(results) + len(asked))).generate_state(2).tolist()
        self._rng = np.random.default_rng(states[1])
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            direction="maximize",
            # By its defaults it draws options together, and keeps away from what is being trained, as if it were poor.
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
        """Have another configuration wait to be trained; False when all that fits is tried."""
        for _ in range(SUGGESTIONS):
            trial = self._study.ask(self._distributions)
            point = {name: _value(axis, trial.params[name]) for name, axis in self._axes.items()}
            try:
                runs = self._runs(point)
            except UserError:  # these options do not fit each other
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
        """Go on with the configuration of a run that was asked for before, if it is one of this space."""
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
        """The runs of a configuration, one for each seed. Raises UserError where its options do not fit each other."""
        trials = [self._space.trial(point, seed) for seed in self._space.seeds]
        keys = [run_key(trial.config, self._data[trial.config.data].fingerprint) for trial in trials]
        return [Planned(trial, key, self._place + number) for number, (trial, key) in enumerate(zip(trials, keys, strict=True))]

    def _placed(self, point: Mapping[str, Value]) -> optuna.Trial:
        """The study's trial for a point that is not of its own choice."""
        self._study.enqueue_trial({name: _parameter(axis, point[name]) for name, axis in self._axes.items()})
        return self._study.ask(self._distributions)

    def _begin(self, suggestion: _Suggestion, known: Mapping[str, Result] | None = None) -> None:
        self._place += len(suggestion.runs)
        self._suggestions[suggestion.first] = suggestion
        self._of_run |= dict.fromkeys((run.key for run in suggestion.runs), suggestion)
        self._waiting += [run for run in suggestion.runs if run.key not in (known or {})]
        if known is None:
            # A run that is stopped before it has given anything is resumed all the same.
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
        """Tell the study what a configuration is worth, once that is known."""
        if suggestion.is_told or not (suggestion.is_given_up or len(suggestion.results) == len(suggestion.runs)):
            return
        suggestion.is_told = True
        self._tell(suggestion.trial, suggestion)

    def _repeat(self, trial: optuna.Trial, known: _Suggestion) -> None:
        """Tell the study what it asks for again; nothing where that is still being trained."""
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
        """The validation accuracy after each epoch, as far as this machine has it."""
        curve = {result.figures.epochs: result.figures.validation_accuracy}
        with suppress(UserError):
            curve |= {epoch.number: epoch.validation_accuracy for epoch in read_run(self._store.folder / RUNS / result.key).epochs}
        return curve


def check(space: Space, seed: int) -> None:
    """Raise UserError, as the last of them says, where of many configurations not one has options that fit each other."""
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
    # How far along its scale, which the axis itself makes a number of.
    return FloatDistribution(0, 1)


def _value(axis: Axis, parameter: Any) -> Value:
    return _read(axis, parameter) if isinstance(axis, Values) else axis.at(parameter)


def _parameter(axis: Axis, value: Value) -> str | float:
    return value_text(value) if isinstance(axis, Values) else axis.share(float(value))


def _read(axis: Axis, text: str) -> Value:
    """The value behind a text. Raises KeyError or ValueError where the axis has none such."""
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
