"""The report of a sweep, running or not, with tables and pictures."""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, TypeGuard

import tomli_w

from tui_trainer.config.source import option
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import LATEST, run_name
from tui_trainer.sweep.board import Board
from tui_trainer.sweep.configurations import configurations
from tui_trainer.sweep.document import Block, Code, Document, Heading, Paragraph, Points, Table
from tui_trainer.sweep.phrases import duration, several
from tui_trainer.sweep.plan import SEARCHES, Plan
from tui_trainer.sweep.plots import MOST_CURVES, pictures
from tui_trainer.sweep.space import SEED, Axis, Values, describe, value_text
from tui_trainer.sweep.statistics import chosen
from tui_trainer.sweep.store import RunStatus

MOST_ROWS: Final = 500
MOST_LEFT_OUT: Final = 200
MOST_ENVIRONMENTS: Final = 10


def report(board: Board, now: datetime) -> Document:
    """The report at the time `now`."""
    blocks: list[Block] = [Points(list(_standing(board, now))), *_repeated(board)]
    if board.ranked:
        blocks += [*_chosen(board), *_table(board), Heading("Pictures"), *pictures(board)]
    blocks += _left_out(board)
    if board.ranked:
        blocks += [Heading("How to read this"), Points(_reading(board)), *_environment(board)]
    return Document(f"Sweep {run_name(board.folder)}", blocks)


def command(plan: Plan) -> str:
    """The command line of the same sweep, with the same file."""
    words = ["tui-trainer", "sweep", *(["--config", plan.file] if plan.file else [])]
    for name, value in plan.options.items():
        words += [option(name), value]
    words += ["--search", plan.search] if plan.search != "grid" else []
    words += ["--samples", str(plan.samples)] if plan.samples else []
    words += ["--search-seed", str(plan.search_seed)] if plan.search_seed else []
    return shlex.join(words)


def _standing(board: Board, now: datetime) -> Iterator[str]:
    done = several(sum(result.status.is_final for result in board.results), "run")
    total = board.facts.get("total")
    if board.is_running:
        yield f"This sweep is going on: {done} done, {board.count(RunStatus.RUNNING)} being trained. All figures are as of now."
    elif board.is_complete:
        yield f"Complete: {done}."
    else:
        yield f"Not complete: {done} done{f' of {total:,}' if isinstance(total, int) else ''}; started again it trains the rest."
    repeated = f"{several(len(board.groups), 'configuration')}, {several(board.seeds, 'seed')} each"
    seconds = board.facts.get("seconds")
    took = f", in {duration(seconds)}" if _is_time(seconds) and not board.is_running else ""
    yield f"{repeated}; {duration(sum(result.figures.seconds for result in board.results))} of training, all runs together{took}."
    began = board.facts.get("began")
    started = f"Begun {datetime.fromtimestamp(began).astimezone():%Y-%m-%d %H:%M}; r" if _is_time(began) else "R"
    yield f"{started}eport of {now:%Y-%m-%d %H:%M %Z}."


def _repeated(board: Board) -> Iterator[Block]:
    yield Heading("What was swept")
    try:
        plan = Plan.read(board.facts.get("plan"))
    except UserError:
        yield Paragraph("The sweep's plan cannot be read.")
        return
    with suppress(UserError):
        axes = plan.space().axes
        yield Table(["option", "values"], [[name, _axis_text(axis)] for name, axis in axes.items() if name != SEED])
    samples = f", {several(plan.samples, 'configuration')}" if plan.samples else ""
    yield Paragraph(f"Search: {plan.search} ({SEARCHES[plan.search]}){samples}. The same again:")
    yield Code(command(plan))
    if plan.table:
        yield Paragraph(f"{plan.file or 'The file'}, as it was then:")
        yield Code(tomli_w.dumps(plan.table))


def _chosen(board: Board) -> Iterator[Block]:
    best = chosen(board.groups, board.seeds)
    if best is None:
        return
    yield Heading("The chosen configuration" if board.is_complete else "The best so far")
    lines = [f"{describe(best.point)}: mean validation accuracy {best.mean or 0.0:.2%}."]
    examined = board.examined.get(best.key)
    if board.is_complete and examined and examined.test_accuracy is not None:
        lines.append(f"Test accuracy {examined.test_accuracy:.2%}, mean of {several(len(examined.keys), 'seed')}.")
    if board.examined:
        lines.append(f"The test set was shown to {several(len(board.examined), 'configuration')} of this sweep; the validation set chose.")
    else:
        lines.append("The test set was not touched: it is shown to the chosen configuration alone, once all runs are done.")
    yield Points(lines)


def _table(board: Board) -> Iterator[Block]:
    names = board.options
    shown = board.ranked[:MOST_ROWS]
    first = next(group for group in board.groups if group.scores)
    counted = RunStatus.DIVERGED, RunStatus.PRUNED, RunStatus.FAILED
    heads, rows = configurations(shown, first, names, board.seeds, counted)
    yield Heading("Configurations")
    yield Paragraph(f"By mean validation accuracy, the best first; the sweep's first is {describe(first.point)}.")
    yield Table(heads, rows, range(len(names), len(heads)))
    if len(board.ranked) > len(shown):
        yield Paragraph(f"And {len(board.ranked) - len(shown):,} more: tui-trainer sweep report --format json has all.")


def _left_out(board: Board) -> Iterator[Block]:
    failed = [result for result in board.results if result.status is RunStatus.FAILED]
    lines = []
    if diverged := board.count(RunStatus.DIVERGED):
        lines.append(f"{several(diverged, 'run')} diverged: not left out, but counted as right in 0%.")
    if pruned := board.count(RunStatus.PRUNED):
        lines.append(f"{several(pruned, 'run')} given up by the search, among the worst at the same epoch: no score, and never chosen.")
    if failed:
        lines.append(f"{several(len(failed), 'run')} could not be trained to the end; started again, the sweep tries them again.")
    if not board.results:
        lines.append("No run has ended yet.")
    yield Heading("What was left out")
    yield Points(lines or ["Nothing: every run that was begun counts."])
    if failed:
        rows = [[describe(result.point), result.note] for result in failed[:MOST_LEFT_OUT]]
        yield Table(["run", "why"], rows)
        if len(failed) > len(rows):
            yield Paragraph(f"And {len(failed) - len(rows):,} more.")


def _reading(board: Board) -> list[str]:
    seeds = board.seeds
    least = f"; with {seeds} seeds it cannot be less than {2 / 2**seeds:.2g}, however large the difference" if 1 < seeds < 10 else ""
    return [
        "Accuracies are those of the validation set; runs that differ in their seed alone are repetitions of one configuration, one "
        "that diverged counts as 0, and sd is how much single runs scatter, not how sure the mean is.",
        "The interval says where the mean of ever more seeds would lie, by the bootstrap; with fewer than about ten seeds it is too "
        f"narrow, and here there {'is one' if seeds == 1 else f'are {seeds}'}.",
        "The difference from the first configuration is taken seed by seed, and p is how often it would be as large if the two were "
        f"alike{least}.",
        f"{several(len(board.ranked), 'configuration')} are compared: of twenty that are no different from the first, about one has p "
        "below 0.05 by chance, given enough seeds, so that what looks best should be tried again with other seeds before it is believed.",
        "The best of many looks better in what it was chosen by than it is: quote the test accuracy, which is worth the less the more "
        "configurations the test set was shown to.",
    ]


def _environment(board: Board) -> Iterator[Block]:
    records = [board.run(result) for group in board.ranked[:MOST_CURVES] for result in group.results]
    environments = list(dict.fromkeys(tuple(record.environment.items()) for record in records if record and record.environment))
    if environments:
        yield Heading("Environment")
        if len(environments) > 1:
            yield Paragraph(f"The best configurations were trained in {len(environments)} environments.")
        for environment in environments[:MOST_ENVIRONMENTS]:
            yield Table(["what", "is"], environment)


def _axis_text(axis: Axis) -> str:
    if isinstance(axis, Values):
        return "; ".join(map(value_text, axis.values))
    return f"{'log' if axis.is_log else 'lin'}:{axis.low:g}:{axis.high:g}"


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and 0 < value < LATEST
