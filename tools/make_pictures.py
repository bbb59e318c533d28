"""Make the pictures of the documentation, `python tools/make_pictures.py [NAME …]`: the real app after real runs, some minutes for all."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from picturing import DOCS, empty_folder, opened, train
from textual.pilot import Pilot

from tui_trainer.runs.follow import Follower
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.run.runner import Runner
from tui_trainer.ui.sweeps.sweep import SweepScreen

LARGE, SMALL = (120, 40), (80, 24)

VANISHING = {"hidden": "100x10", "activation": "sigmoid", "initializer": "uniform", "optimizer": "sgd", "epochs": 2}


@dataclass(frozen=True)
class Picture:
    """A screen: the runs that come before it, one after the other, the keys that lead to it, and the seconds that it takes to fill."""

    size: tuple[int, int] = LARGE
    runs: Sequence[dict[str, Any]] = field(default_factory=list)
    again: dict[str, Any] = field(default_factory=dict)
    """What is changed for another run after the last one, which then stands behind it."""
    keys: Sequence[str] = ()
    seconds: float = 0.5
    is_watched: bool = False
    """Whether the last run is watched from another app."""
    welcomes: bool = False
    """Whether the app begins with the first minute."""
    sweep: Sequence[str] = ()
    """The options of a sweep that is looked at when it has ended."""


PICTURES = {
    "screen": Picture(runs=[VANISHING], again={"activation": "relu", "initializer": "he_normal"}),
    "small": Picture(SMALL, [VANISHING], again={"activation": "relu", "initializer": "he_normal"}),
    "welcome": Picture(SMALL, keys=("1",), seconds=12, welcomes=True),
    "form": Picture(keys=("escape", "tab", "tab")),
    "vanishing": Picture(runs=[VANISHING]),
    "plane": Picture(
        runs=[{"data": "spiral", "noise": 0.03, "hidden": "8x2", "activation": "tanh", "learning_rate": 0.01, "epochs": 300}], seconds=3
    ),
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


async def make(name: str, wanted: Picture) -> None:
    """Save one wanted."""
    picture = DOCS / f"{name}.svg"
    with empty_folder():
        for number, options in enumerate(wanted.runs, 1):
            app = TrainerApp(options)
            is_shown = number == len(wanted.runs) and not wanted.is_watched
            async with opened(app, wanted.size, picture if is_shown else None) as pilot:
                await train(pilot, partial(has_ended, app))
                if is_shown and wanted.again:
                    app.main.query_one(ConfigForm).fill(wanted.again)
                    await train(pilot, partial(has_ended, app, app.main.runner))
                if is_shown:
                    await show(pilot, wanted)
        if wanted.is_watched or not wanted.runs:
            async with opened(looking(wanted), wanted.size, picture) as pilot:
                await show(pilot, wanted)


def has_ended(app: TrainerApp, before: Runner | None = None) -> bool:
    """Whether the run that was started has come to its end, another one than `before`."""
    return app.main.phase is Phase.ENDED and app.main.runner is not before


def looking(wanted: Picture) -> TrainerApp:
    """An app that trains nothing: it looks at what has been trained, or at nothing yet."""
    if wanted.sweep:
        folder = Path("sweeps/20260101-120000")
        command = [sys.executable, "-m", "tui_trainer", "sweep", *wanted.sweep, "--output", str(folder), "--format", "quiet"]
        subprocess.run(command, check=True)
        return TrainerApp(opening=partial(SweepScreen, folder))
    if wanted.is_watched:
        return TrainerApp(watched=Follower(next(Path("runs").iterdir())))
    return TrainerApp(VANISHING if not wanted.welcomes else None, welcomes=wanted.welcomes)


async def show(pilot: Pilot[int], wanted: Picture) -> None:
    """Go to the screen, and let it fill."""
    await pilot.press(*wanted.keys)
    await pilot.pause(wanted.seconds)


async def main() -> None:
    """Make them one after the other: two runs at once would show half the speed."""
    for name in sys.argv[1:] or PICTURES:
        await make(name, PICTURES[name])


if __name__ == "__main__":
    asyncio.run(main())
