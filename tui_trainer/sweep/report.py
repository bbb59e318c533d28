"""What a sweep's folder has to tell, with tables and pictures, while it goes on too."""

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import combinations
from math import sqrt
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any, Final

import tomli_w

from tui_trainer.config import option
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import LATEST, RunRecord, read_run, run_name
from tui_trainer.runs.journal import is_held
from tui_trainer.sweep.document import Block, Code, Document, Heading, Paragraph, Picture, Points, Table
from tui_trainer.sweep.pictures import Cell, Curve, Dot, curve_chart, dot_plot, heat_map
from tui_trainer.sweep.plan import SEARCHES, Plan
from tui_trainer.sweep.space import SEED, Axis, Interval, Values, describe, value_text
from tui_trainer.sweep.statistics import Group, chosen, grouped, ranked
from tui_trainer.sweep.store import LOCK, RUNS, Examined, Result, Standing, Store
from tui_trainer.sweep.telling import HEADS, NONE, duration, group_cells

MOST_ROWS: Final = 500
MOST_DOTS: Final = 40
MOST_CURVES: Final = 10
MOST_MAPS: Final = 6
MOST_LEFT_OUT: Final = 200

MOST_PLACES: Final = 24
"""Values of an option that a heat map has room for."""

BINS: Final = 6
"""Parts of an interval, in a heat map."""


@dataclass(frozen=True)
class Found:
    """A sweep, read from its folder."""

    folder: Path
    facts: Mapping[str, Any]
    results: Sequence[Result]
    examined: Mapping[str, Examined]
    is_going_on: bool

    @classmethod
    def read(cls, folder: Path) -> "Found":
        """Raises UserError where there is none."""
        store = Store(folder)
        try:
            return cls(folder, store.facts(), store.results(), store.examined(), is_held(folder / LOCK))
        finally:
            store.close()

    @cached_property
    def plan(self) -> Plan | None:
        """What the sweep is to do, if this version can read it."""
        with suppress(UserError):
            return Plan.read(self.facts.get("plan"))
        return None

    @cached_property
    def axes(self) -> Mapping[str, Axis]:
        """What is swept, seeds left out."""
        with suppress(UserError):
            return {name: axis for name, axis in (self.plan or Plan()).space().axes.items() if name != SEED}
        return {}

    @cached_property
    def groups(self) -> list[Group]:
        """Its configurations."""
        return grouped(self.results)

    @property
    def seeds(self) -> int:
        """How many runs a whole configuration has."""
        told = self.facts.get("seeds")
        return told if isinstance(told, int) and told > 0 else max((len(group.scores) for group in self.groups), default=1)

    @property
    def ranked(self) -> list[Group]:
        """Those that there is a score of, the best first."""
        return [group for group in ranked(self.groups, self.seeds) if group.scores]

    def count(self, status: Standing) -> int:
        """How many runs stand so."""
        return sum(result.status is status for result in self.results)

    def run(self, result: Result) -> RunRecord | None:
        """The files of a run, if they are here and can be read."""
        with suppress(UserError):
            return read_run(self.folder / RUNS / result.key)
        return None


def report(found: Found, now: datetime) -> Document:
    """All that there is to tell."""
    blocks: list[Block] = [Points(list(_standing(found, now))), *_repeated(found)]
    if found.ranked:
        blocks += [*_chosen(found), *_table(found), *_pictures(found)]
    blocks += _left_out(found)
    if found.ranked:
        blocks += [Heading("How to read this"), Points(_reading(found))]
    blocks += _environment(found)
    return Document(f"Sweep {run_name(found.folder)}", blocks)


def _standing(found: Found, now: datetime) -> Iterator[str]:
    done = sum(result.status.is_final for result in found.results)
    total = found.facts.get("total")
    if found.is_going_on:
        yield f"This sweep is going on: {_several(done, 'run')} done, {found.count(Standing.RUNNING)} being trained. All figures are as of now."
    elif found.facts.get("status") == "completed":
        yield f"Complete: {_several(done, 'run')}."
    else:
        yield f"Not complete: {_several(done, 'run')} done{f' of {total:,}' if isinstance(total, int) else ''}; started again it goes on."
    seconds = sum(result.figures.seconds for result in found.results)
    yield (
        f"{_several(len(found.groups), 'configuration')}, {_several(found.seeds, 'seed')} each; {duration(seconds)} of training, all runs together."
    )
    began = found.facts.get("began")
    started = f"Begun {datetime.fromtimestamp(began).astimezone():%Y-%m-%d %H:%M}; r" if _is_time(began) else "R"
    yield f"{started}eport of {now:%Y-%m-%d %H:%M %Z}."


def _repeated(found: Found) -> Iterator[Block]:
    plan = found.plan
    yield Heading("What was swept")
    if plan is None:
        yield Paragraph("The sweep's plan cannot be read.")
        return
    if found.axes:
        yield Table(["option", "values"], [[name, _axis_text(axis)] for name, axis in found.axes.items()])
    samples = f"; {plan.samples:,} configurations" if plan.samples else ""
    yield Paragraph(f"Search: {plan.search}, {SEARCHES[plan.search]}{samples}. The same again:")
    yield Code(command(plan))
    if plan.table:
        yield Paragraph(f"{plan.file or 'The file'}, as it was then:")
        yield Code(tomli_w.dumps(plan.table))


def command(plan: Plan) -> str:
    """What to type for the same sweep, with the same file."""
    words = ["tui-trainer", "sweep", *(["--config", plan.file] if plan.file else [])]
    for name, value in plan.options.items():
        words += [option(name), value]
    words += ["--search", plan.search] if plan.search != "grid" else []
    words += ["--samples", str(plan.samples)] if plan.samples else []
    words += ["--search-seed", str(plan.search_seed)] if plan.search_seed else []
    return shlex.join(words)


def _chosen(found: Found) -> Iterator[Block]:
    best = chosen(found.groups, found.seeds)
    if best is None:
        return
    is_over = found.facts.get("status") == "completed" and not found.is_going_on
    yield Heading("The chosen configuration" if is_over else "The best so far")
    lines = [f"{_named(best)}: mean validation accuracy {best.mean or 0:.2%}"]
    examined = found.examined.get(best.key)
    if is_over and examined and examined.test_accuracy is not None:
        lines.append(f"Test accuracy {examined.test_accuracy:.2%}, mean of {_several(len(examined.keys), 'seed')}")
    lines.append(
        f"The test set was shown to {_several(len(found.examined), 'configuration')} of this sweep; the validation set alone chose."
        if found.examined
        else "The test set was not touched; it is shown to the chosen configuration once all runs are done."
    )
    yield Points(lines)


def _table(found: Found) -> Iterator[Block]:
    names = _names(found.groups)
    shown = found.ranked[:MOST_ROWS]
    first = next(group for group in found.groups if group.scores)
    heads = [*names, *HEADS, "pruned", "failed"]
    rows = [
        [
            *group_cells(group, first, names, found.seeds),
            *(str(group.count(status) or NONE) for status in (Standing.PRUNED, Standing.FAILED)),
        ]
        for group in shown
    ]
    kept = [index for index in range(len(heads)) if index < len(names) + 2 or any(row[index] != NONE for row in rows)]
    yield Heading("Configurations")
    yield Paragraph(f"By mean validation accuracy, the best first. The first of the sweep is {_named(first)}.")
    yield Table([heads[index] for index in kept], [[row[index] for index in kept] for row in rows], range(len(names), len(kept)))
    if len(found.ranked) > len(shown):
        yield Paragraph(f"And {len(found.ranked) - len(shown):,} more: tui-trainer sweep report --format json has all.")


def _pictures(found: Found) -> Iterator[Block]:
    dots = []
    for group in found.ranked[:MOST_DOTS]:
        mean = group.mean or 0.0
        low, high = group.interval or (mean, mean)
        dots.append(Dot(_short(group), mean, low, high, list(group.scores.values())))
    best = f"the best {MOST_DOTS} of " if len(found.ranked) > MOST_DOTS else ""
    yield Heading("Pictures")
    yield Picture(
        "accuracy",
        dot_plot(dots),
        f"Validation accuracy of {best}{_several(len(found.ranked), 'configuration')}: seeds pale, mean and interval strong; {_order(found)}.",
    )
    yield from _heat_maps(found)
    curves = [Curve(_short(group), points) for group in found.ranked[:MOST_CURVES] if (points := _curve(found, group))]
    if curves:
        yield Picture(
            "curves", curve_chart(curves), f"Validation accuracy over the epochs, the best {len(curves)}, mean over seeds; {_order(found)}."
        )


def _heat_maps(found: Found) -> Iterator[Picture]:
    places = {name: placed for name in _names(found.ranked) if (placed := _places(found, name))}
    effects = {name: _effect(found.ranked, name, place) for name, (_, place) in places.items()}
    pairs = sorted(combinations(places, 2), key=lambda pair: -(effects[pair[0]] + effects[pair[1]]))[:MOST_MAPS]
    for number, pair in enumerate(pairs, 1):
        down, across = sorted(pair, key=lambda name: len(places[name][0]))
        (rows, row), (columns, column) = places[down], places[across]
        cells: dict[tuple[str, str], list[Group]] = defaultdict(list)
        for group in found.ranked:
            cells[row(group.point[down]), column(group.point[across])].append(group)
        averaged = ", over all other options" if any(len(groups) > 1 for groups in cells.values()) else ""
        made = {place: _cell(f"{down} {place[0]}, {across} {place[1]}", groups) for place, groups in cells.items()}
        shown = [label for label in rows if any(label == place[0] for place in made)]
        yield Picture(
            f"heat-{number}",
            heat_map(_spaced(across), [label for label in columns if any(label == place[1] for place in made)], _spaced(down), shown, made),
            f"{_spaced(down)} and {_spaced(across)}: mean validation accuracy in %{averaged}, ± the standard deviation over seeds.",
        )


def _places(found: Found, name: str) -> tuple[list[str], Callable[[str], str]] | None:
    """The rows or columns of an option, and in which of them a value of it lies; None where a map has no use or no room for it."""
    texts = list(dict.fromkeys(group.point[name] for group in found.ranked if name in group.point))
    if len(texts) < 2 or not all(name in group.point for group in found.ranked):
        return None
    axis = found.axes.get(name)
    if isinstance(axis, Interval):
        ends = [value_text(axis.at(index / BINS)) for index in range(BINS + 1)]
        labels = [f"{low}–{high}" for low, high in zip(ends, ends[1:], strict=False)]
        try:
            bins = {text: labels[min(int(axis.share(float(text)) * BINS), BINS - 1)] for text in texts}
        except ValueError:
            return None
        return labels, bins.__getitem__
    if len(texts) > MOST_PLACES:
        return None
    order = [value_text(value) for value in axis.values] if isinstance(axis, Values) else []
    return sorted(texts, key=lambda text: order.index(text) if text in order else len(order)), str


def _effect(groups: Sequence[Group], name: str, place: Callable[[str], str]) -> float:
    """How far apart the means of an option's values are."""
    means: dict[str, list[float]] = defaultdict(list)
    for group in groups:
        means[place(group.point[name])].append(group.mean or 0.0)
    return pstdev(map(fmean, means.values()))


def _cell(where: str, groups: Sequence[Group]) -> Cell:
    mean = fmean(group.mean or 0.0 for group in groups)
    deviations = [group.deviation for group in groups if group.deviation is not None]
    spread = sqrt(fmean(deviation**2 for deviation in deviations)) if deviations else None
    diverged = sum(group.count(Standing.DIVERGED) for group in groups)
    runs = sum(len(group.scores) for group in groups)
    told = f"{where}: {mean:.2%}, {_several(len(groups), 'configuration')}, {_several(runs, 'run')}"
    return Cell(mean, spread, f"{told}, {diverged} of them diverged" if diverged else told)


def _curve(found: Found, group: Group) -> dict[int, float]:
    """The mean over the seeds that got so far."""
    values: dict[int, list[float]] = defaultdict(list)
    for result in group.results:
        for epoch in run.epochs if (run := found.run(result)) else ():
            if epoch.validation_accuracy is not None:
                values[epoch.number].append(epoch.validation_accuracy)
    return {number: fmean(found) for number, found in values.items()}


def _left_out(found: Found) -> Iterator[Block]:
    failed = [result for result in found.results if result.status is Standing.FAILED]
    lines = []
    if diverged := found.count(Standing.DIVERGED):
        lines.append(f"{_several(diverged, 'run')} diverged: not left out, but counted as right in 0%.")
    if pruned := found.count(Standing.PRUNED):
        lines.append(
            f"{_several(pruned, 'run')} given up by the search, worse than others at the same epoch: no score; the configuration cannot be chosen."
        )
    if failed:
        lines.append(f"{_several(len(failed), 'run')} could not be trained to the end; started again, the sweep tries them again.")
    if not lines and not found.results:
        lines.append("No run has been begun yet.")
    yield Heading("What was left out")
    yield Points(lines or ["Nothing: every run that was begun counts."])
    if failed:
        rows = [[describe(result.point), result.note] for result in failed[:MOST_LEFT_OUT]]
        yield Table(["run", "why"], rows)
        if len(failed) > len(rows):
            yield Paragraph(f"And {len(failed) - len(rows):,} more.")


def _reading(found: Found) -> list[str]:
    seeds, count = found.seeds, len(found.ranked)
    least = f" With {seeds} seeds it cannot be less than {2 / 2**seeds:.2g}." if 1 < seeds < 10 else ""
    return [
        "Accuracies are those of the validation set; runs that differ in their seed alone are repetitions of one configuration, one that "
        "diverged counts as 0, and sd is how much single runs scatter, not how sure the mean is.",
        "The interval says where the mean of ever more seeds would lie, by the bootstrap; with fewer than about ten seeds it is too narrow, "
        f"and here there {'is one' if seeds == 1 else f'are {seeds}'}.",
        "The difference from the first configuration is taken seed by seed, and p is how often it would be as large if the two were alike."
        + least,
        f"{_several(count, 'configuration')} are compared: of twenty that are no different from the first one has p below 0.05 by chance, so "
        "that what looks best here should be tried again with other seeds before it is believed.",
        "The best of many looks better in what it was chosen by than it is: quote the test accuracy, which is worth the less the more "
        "configurations the test set was shown to.",
    ]


def _environment(found: Found) -> Iterator[Block]:
    records = [found.run(result) for group in found.ranked[:MOST_CURVES] for result in group.results]
    environments = list(dict.fromkeys(tuple(sorted(record.environment.items())) for record in records if record and record.environment))
    if environments:
        yield Heading("Environment")
        if len(environments) > 1:
            yield Paragraph(f"The best configurations were trained in {len(environments)} environments.")
        for environment in environments[:MOST_CURVES]:
            yield Table(["what", "is"], [list(pair) for pair in environment])


def _names(groups: Sequence[Group]) -> list[str]:
    return list(dict.fromkeys(name for group in groups for name in group.point))


def _order(found: Found) -> str:
    return ", ".join(map(_spaced, _names(found.ranked))) or "all options alike"


def _short(group: Group) -> str:
    return ", ".join(group.point.values()) or "the only one"


def _named(group: Group) -> str:
    return describe(group.point)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _axis_text(axis: Axis) -> str:
    if isinstance(axis, Values):
        return "; ".join(map(value_text, axis.values))
    return f"{'log' if axis.is_log else 'lin'}:{axis.low:g}:{axis.high:g}"


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and 0 < value < LATEST
