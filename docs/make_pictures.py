"""Make the pictures of the documentation, `python docs/make_pictures.py [NAME …]`: the real app after real runs, some minutes for all."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from picturing import empty_folder, picture, until
from textual.pilot import Pilot

from tui_trainer.runs.follow import Follower
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.sweeps.sweep import SweepScreen

DOCS = Path(__file__).parent.absolute()

LARGE, SMALL = (120, 40), (80, 24)

VANISHING = {"hidden": "100x10", "activation": "sigmoid", "initializer": "uniform", "optimizer": "sgd", "epochs": 2}


@dataclass(frozen=True)
class Picture:
    """A screen: the runs that come before it, one after the other, the keys that lead to it, and the seconds that it takes to fill."""

    size: tuple[int, int] = LARGE
    runs: Sequence[dict[str, Any]] = field(default_factory=list)
    keys: Sequence[str] = ()
    seconds: float = 0.5
    is_watched: bool = False
    """Whether the last run is watched from another app."""
    sweep: Sequence[str] = ()
    """The options of a sweep that is looked at when it has ended."""


PICTURES = {
    "screen": Picture(runs=[{"hidden": "256,128", "activation": "prelu", "epochs": 5}]),
    "small": Picture(SMALL, [{"epochs": 3}]),
    "vanishing": Picture(runs=[VANISHING]),
    "health": Picture(runs=[VANISHING], keys="h", seconds=2),
    "inside-mistakes": Picture(runs=[{"hidden": "128", "epochs": 3}], keys="i", seconds=4),
    "inside-units": Picture(runs=[{"hidden": "128", "epochs": 3, "weight_decay": 1e-4}], keys="i3", seconds=4),
    "paths": Picture(keys=("escape", "y", "end"), seconds=2),
    "lessons": Picture(keys=("f2",), seconds=1),
    "compare": Picture(
        runs=[{"activation": name, "epochs": 3} for name in ("sigmoid", "tanh", "relu")],
        keys=("c", "down", "space", "down", "space"),
        seconds=2,
    ),
    "sweep": Picture(
        keys=("space", "down", "space", "down", "space"),
        seconds=3,
        sweep=["--activation", "sigmoid,tanh,relu", "--lr", "log:1e-3:1:4", "--seed", "0:3", "--epochs", "3", "--optimizer", "sgd"],
    ),
    "watching": Picture(runs=[{"hidden": "100x3", "activation": "elu", "epochs": 3}], seconds=2, is_watched=True),
}


async def train(pilot: Pilot[int], app: TrainerApp) -> None:
    """Start the run that the form describes, and see it to its end."""
    await pilot.press("ctrl+r")
    await until(pilot, lambda: app.main.phase is Phase.ENDED)
    await pilot.pause(0.5)


async def make(name: str, wanted: Picture) -> None:
    """Save one wanted."""
    with empty_folder():
        app = TrainerApp()
        for number, options in enumerate(wanted.runs, 1):
            last = number == len(wanted.runs)
            app = TrainerApp(options, Path("runs") / f"20260101-12000{number}")
            async with app.run_test(size=wanted.size) as pilot:
                await train(pilot, app)
                if last and not wanted.is_watched:
                    await show(pilot, name, wanted)
        if wanted.sweep:
            command = [sys.executable, "-m", "tui_trainer", "sweep", *wanted.sweep, "--output", "sweeps/20260101-120000"]
            subprocess.run([*command, "--format", "quiet"], check=True)
            app = TrainerApp(opening=partial(SweepScreen, Path("sweeps/20260101-120000")))
        if wanted.is_watched:
            app = TrainerApp(watched=Follower(next(Path("runs").iterdir())))
        if wanted.is_watched or not wanted.runs:
            async with app.run_test(size=wanted.size) as pilot:
                await show(pilot, name, wanted)


async def show(pilot: Pilot[int], name: str, wanted: Picture) -> None:
    """Go to the screen, and save what is on it."""
    await pilot.press(*wanted.keys)
    await pilot.pause(wanted.seconds)
    (DOCS / f"{name}.svg").write_text(picture(pilot), encoding="utf-8")


async def main() -> None:
    """Make them one after the other: two runs at once would show half the speed."""
    for name in sys.argv[1:] or PICTURES:
        await make(name, PICTURES[name])


if __name__ == "__main__":
    asyncio.run(main())
