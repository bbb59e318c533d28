"""Writes docs/depth.md: what normalization and skips do in a network of a hundred layers: `python tools/make_depth.py [SEEDS]`.

Each network is trained on MNIST with each seed; some minutes.
"""

import sys
from math import nan
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any, Final, NamedTuple

from tui_trainer import Config, Control, load_data
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.diagnosis.foresight import foresee
from tui_trainer.system.machine import cores
from tui_trainer.training.events import Ended, EpochEnded, Progress
from tui_trainer.training.loop import Training

PAGE: Final = Path(__file__).parents[1] / "docs" / "depth.md"

LAYERS, EPOCHS = 100, 3
FIRST_SEED = 1001

NETWORKS: Final[dict[str, dict[str, Any]]] = {
    "plain, Glorot's weights": {"initializer": "glorot_uniform"},
    "plain, He's weights": {},
    "batch normalization": {"normalization": "batch"},
    "layer normalization": {"normalization": "layer"},
    "skips": {"residual": 2},
    "batch normalization and skips": {"normalization": "batch", "residual": 2},
    "layer normalization and skips": {"normalization": "layer", "residual": 2},
}
WHAT_IT_SAYS: Final = """\
- **Initial weights alone do not carry a hundred layers.** With Glorot's, ReLU halves the signal's square at each layer, and nothing
  arrives. With He's everything arrives at the first step, and the network still does not learn: all images come out alike.
- **Batch normalization alone makes gradients explode with depth**, as Yang et al. (2019, *A mean field theory of batch normalization*)
  published. It divides by the spread over the batch, from which ReLU's mean has been taken away, but the weights multiply by all of the
  signal: the gradient grows by √(π / (π - 1)) = 1.21 a layer on its way back, some 10^8 times over a hundred layers.
- **Skips alone** give the gradient a way back, but each adds to the signal, which grows 10^7 times.
- **Both together learn**: normalization keeps each branch at the size of 1 while the sum grows only as the root of the depth, so that each
  layer changes the signal a little, and the gradient falls off as slowly. That is the pre-activation residual network of He et al.
  (2016, *Identity mappings in deep residual networks*), and with layer normalization the pre-norm transformer's."""

SHOWN: Final = (1, 20, 40, 60, 80, 100, 101)
"""Layers whose gradients are told, the output layer's last."""


class Run(NamedTuple):
    """What came of one seed."""

    accuracy: float
    status: str
    start: list[float]
    """Every layer's gradient norm at the first step."""
    later: list[float]
    """The same at the end of the first epoch."""


def options(own: dict[str, Any]) -> dict[str, Any]:
    """A network's options."""
    return {"hidden": f"100x{LAYERS}", "activation": "relu", "epochs": EPOCHS, **own}


def train(data: Dataset, seed: int, own: dict[str, Any]) -> Run:
    """Train one of them."""
    start, later = list[float](), list[float]()
    control = Control()
    control.measure_layers()
    accuracy, status = nan, ""
    for event in Training(Config.parse({**options(own), "seed": seed, "threads": cores()}), data).events(control):
        if isinstance(event, Progress) and event.layers:
            start = start or [layer.gradient_norm for layer in event.layers]
        elif isinstance(event, EpochEnded) and event.epoch == 1:
            later = [layer.gradient_norm for layer in event.layers]
        elif isinstance(event, Ended):
            accuracy, status = event.test_accuracy or nan, event.status
    return Run(accuracy, status, start, later)


def profile(runs: list[list[float]]) -> str:
    """The shown layers' gradient norms, each the middle one of the seeds."""
    cells = []
    for layer in SHOWN:
        norms = sorted(run[layer - 1] for run in runs if run)
        cells.append(_norm(norms[len(norms) // 2]) if norms else "")
    return " | ".join(cells)


def _norm(value: float) -> str:
    return f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-") if value else "0"


def foreseen(own: dict[str, Any], data: Dataset) -> str:
    """The same for the start, as arithmetic has it."""
    norms = foresee(Config.parse(options(own)), data.spec).figure("gradient_norm")
    return " | ".join(_norm(norms[layer - 1]) for layer in SHOWN)


def accuracies(runs: list[Run]) -> str:
    """The mean over the seeds, and the lowest and highest."""
    found = [run.accuracy for run in runs if run.status == "completed"]
    diverged = len(runs) - len(found)
    told = f"{mean(found):.1%} ({min(found):.1%} to {max(found):.1%})" if found else ""
    return ", ".join(filter(None, [told, f"{diverged} diverged" if diverged else ""]))


def page(found: dict[str, list[Run]], data: Dataset, minutes: float, seeds: int) -> str:
    """The page."""
    heads = " | ".join("output" if layer > LAYERS else str(layer) for layer in SHOWN)
    rule = "| --- |" + " ---: |" * len(SHOWN)
    lines = [
        "# A hundred layers",
        "",
        f"{LAYERS} hidden layers of 100 ReLU units, MNIST, Adam at 0.001, batch 32, {EPOCHS} epochs, {seeds} seeds each. "
        f"`python tools/make_depth.py {seeds}` measures it anew ({minutes:.0f} minutes on two cores).",
        "",
        "| network | options beside `--hidden 100x100` | test accuracy (lowest to highest) |",
        "| --- | --- | --- |",
    ]
    for name, runs in found.items():
        said = " ".join(f"--{option} {value}" for option, value in NETWORKS[name].items())
        lines.append(f"| {name} | {f'`{said}`' if said else ''} | {accuracies(runs)} |")
    lines += [
        "",
        WHAT_IT_SAYS,
        "",
        "## The gradient, layer by layer",
        "",
        "Norms of the weights' gradients, each the middle one of the seeds. At the first step:",
        "",
        f"| layer | {heads} |",
        rule,
        *(f"| {name} | {profile([run.start for run in runs])} |" for name, runs in found.items()),
        "",
        "As arithmetic foresees them before a step is made (`tui_trainer/diagnosis/foresight.py`):",
        "",
        f"| layer | {heads} |",
        rule,
        *(f"| {name} | {foreseen(NETWORKS[name], data)} |" for name in found),
        "",
        "After the first epoch:",
        "",
        f"| layer | {heads} |",
        rule,
        *(f"| {name} | {profile([run.later for run in runs])} |" for name, runs in found.items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the page."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    data, started = load_data("mnist"), perf_counter()
    found = {name: [train(data, seed, own) for seed in range(FIRST_SEED, FIRST_SEED + seeds)] for name, own in NETWORKS.items()}
    PAGE.write_text(page(found, data, (perf_counter() - started) / 60, seeds), encoding="utf-8")


if __name__ == "__main__":
    main()
