"""Write what the shipped sweep found: `python tools/make_sweep.py [FOLDER]`, where FOLDER holds the sweep, run to its end.

From the folder comes `sweeps/activation-initializer-depth.jsonl`, a line for each run; from that file the part of `sweep-table.md` between
two comments. Without a folder only the page is written anew. All else in the page is written by hand.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median
from typing import Any

from tui_trainer.runs.archive import lines_with_ends
from tui_trainer.runs.log import EpochLine
from tui_trainer.sweep.board import Board
from tui_trainer.sweep.phrases import duration
from tui_trainer.sweep.space import describe
from tui_trainer.sweep.statistics import Group, chosen, grouped
from tui_trainer.sweep.store import RUNS, Figures, Result, RunStatus

NAME = "activation-initializer-depth"
SWEEPS = Path(__file__).parents[1].absolute() / "docs" / "sweeps"
SWEEP, RESULTS = SWEEPS / f"{NAME}.toml", SWEEPS / f"{NAME}.jsonl"
PAGE = SWEEPS.parent / "sweep-table.md"

COMMAND = f"tui-trainer sweep --config docs/sweeps/{NAME}.toml --output sweeps/depth --workers 2"

MEASURED = re.compile(r"<!-- measured -->.*<!-- end -->", re.DOTALL)

NONE = "-"


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """The lines of the results: how the sweep was run, its runs with what their layers came to, and what was chosen."""
    board = Board.read(folder)
    best = chosen(board.groups, board.seeds)
    if best is None or not board.is_complete:
        raise SystemExit(f"{folder}: the sweep is not complete")
    environment = next(run.environment for result in board.results if (run := board.run(result)))
    yield {"event": "sweep", "command": COMMAND, "workers": 2, "threads": 1, "seconds": round(board.facts["seconds"], 1)} | {
        "environment": {**environment, "numba": version("numba")}
    }
    for result in board.results:
        figures = result.figures
        yield {
            "event": "run",
            "key": result.key,
            "options": result.point,
            "status": result.status.value,
            "validation_loss": figures.validation_loss,
            "validation_accuracy": figures.validation_accuracy,
            "epochs": figures.epochs,
            "seconds": round(figures.seconds, 3),
            **_layers(folder / RUNS / result.key / "metrics.jsonl"),
        }
    examined = board.examined[best.key]
    yield {"event": "end", "chosen": best.point, "test_accuracy": examined.test_accuracy, "examined_configurations": len(board.examined)}


def _layers(metrics: Path) -> dict[str, float | None]:
    """Of the last epoch: the gradient's norm in the first and in the last layer, and the largest share of dead units in any."""
    epochs = [line for line, _ in lines_with_ends(metrics) if isinstance(line, EpochLine)]
    if not epochs:
        return {"first_gradient_norm": None, "last_gradient_norm": None, "dead_fraction": None}
    layers = epochs[-1].layers
    return {
        "first_gradient_norm": layers[0].gradient_norm,
        "last_gradient_norm": layers[-1].gradient_norm,
        "dead_fraction": max(layer.dead_fraction or 0.0 for layer in layers),
    }


def block(lines: list[Mapping[str, Any]]) -> str:
    """The part of the page that comes from the results."""
    start, *runs, end = lines
    by_key = {run["key"]: run for run in runs}
    groups = grouped([_result(place, run) for place, run in enumerate(runs)])
    seeds = len({run["options"]["seed"] for run in runs})
    environment = start["environment"]
    machine = ", ".join(f"{name} {environment[name]}" for name in ("python", "numpy", "numba", "blas", "machine"))

    def gradients(group: Group) -> str:
        norms = [norm for each in group.results if (norm := by_key[each.key]["first_gradient_norm"]) is not None]
        return f"{median(norms):.1e}" if norms else NONE

    def dead(group: Group) -> str:
        shares = [share for each in group.results if (share := by_key[each.key]["dead_fraction"]) is not None]
        return f"{fmean(shares):.0%}" if shares else NONE

    relu = [group for group in groups if group.point["activation"] == "relu"]
    return "\n".join(
        [
            "<!-- measured -->",
            "```sh",
            start["command"],
            "```",
            "",
            f"{len(runs)} runs, {len(groups)} configurations with {seeds} seeds each, {start['workers']} runs at a time with "
            f"{start['threads']} thread each: {duration(start['seconds'])}; "
            f"{duration(sum(run['seconds'] for run in runs))} of training, all runs together ({machine}).",
            "",
            "Validation accuracy in %, mean ± standard deviation of a single run; a run that diverged counts as 0:",
            "",
            *_table(groups, _accuracy),
            "",
            "The norm of the first layer's gradient in the last epoch, the median of the seeds:",
            "",
            *_table(groups, gradients),
            "",
            "With ReLU, the largest share of dead units in any layer, the mean over the seeds:",
            "",
            *_table(relu, dead),
            "",
            f"Chosen by the validation set: {describe(end['chosen'])}; test accuracy {end['test_accuracy']:.2%}, the test set having been "
            f"shown to {end['examined_configurations']} configuration of the {len(groups)}.",
            "<!-- end -->",
        ]
    )


def _result(place: int, run: Mapping[str, Any]) -> Result:
    figures = Figures(validation_accuracy=run["validation_accuracy"], epochs=run["epochs"], seconds=run["seconds"])
    return Result(run["key"], place, {**run["options"]}, run["options"], RunStatus(run["status"]), figures)


def _table(groups: list[Group], text: Callable[[Group], str]) -> list[str]:
    """A row for each activation and depth, a column for each initializer."""
    initializers = list(dict.fromkeys(group.point["initializer"] for group in groups))
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for group in groups:
        cells.setdefault((group.point["activation"], group.point["hidden"]), {})[group.point["initializer"]] = text(group)
    order = list(dict.fromkeys(activation for activation, _ in cells))
    rows = [[activation, hidden, *(row[name] for name in initializers)] for (activation, hidden), row in cells.items()]
    rows.sort(key=lambda row: order.index(row[0]))
    lines = [["activation", "hidden", *initializers], ["---", "---", *["---:"] * len(initializers)], *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _accuracy(group: Group) -> str:
    text = f"{100 * (group.mean or 0.0):.1f} ± {100 * (group.deviation or 0.0):.1f}"
    diverged = group.count(RunStatus.DIVERGED)
    return f"{text} ({diverged} diverged)" if diverged else text


def read() -> list[Mapping[str, Any]]:
    """The lines of the results."""
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


def main() -> None:
    """Write the results from the folder that is named, if one is, and the page from the results."""
    for folder in sys.argv[1:]:
        RESULTS.write_text("".join(json.dumps(record) + "\n" for record in records(Path(folder))), encoding="utf-8")
    before, after = MEASURED.split(PAGE.read_text(encoding="utf-8"))
    PAGE.write_text(f"{before}{block(read())}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
