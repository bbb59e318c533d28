"""How long the app's screen stalls, whatever is pressed: `python benchmarks/stalls.py`, with the program installed.

While a small network trains, keys that the app or Textual listens to are pressed in a random order, with clicks and other sizes between.
Told is the longest time for which the screen's thread worked without a chance for anything else: so long a user may wait for an answer.
"""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import quantiles

from textual.app import ScreenStackError
from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import OutOfBounds

from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.start import collect_seldom

SIZES = [(40, 10), (80, 24), (120, 40), (200, 60)]
ACTIONS = 300


def bound_keys(kind: type[DOMNode] = DOMNode) -> set[str]:
    """All that a part of the app listens to, or of Textual that it is made of."""
    own = kind.__dict__.get("BINDINGS", ()) if kind.__module__.startswith(("tui_trainer.", "textual.")) else ()
    return {binding.key for binding in Binding.make_bindings(own)}.union(*map(bound_keys, kind.__subclasses__()))


@contextmanager
def watched() -> Iterator[list[float]]:
    """Collects the seconds of work that this thread did between two chances for others; what other processes take is not counted."""
    loop = asyncio.get_running_loop()
    stalls: list[float] = []
    is_over = False

    def look(before: float) -> None:
        stalls.append(time.thread_time() - before)
        wait()

    def wait() -> None:
        # No task that sleeps: such is woken a turn of the loop after its time has come.
        if not is_over:
            loop.call_later(0.002, look, time.thread_time())

    wait()
    try:
        yield stalls
    finally:
        is_over = True


async def use(seed: int) -> list[float]:
    """The stalls of one app that somebody plays with."""
    chance = random.Random(seed)
    keys = [*sorted(bound_keys() - {"ctrl+q", "ctrl+c"}), *["escape"] * 5]
    app = TrainerApp({"hidden": "16", "epochs": 30, "threads": 1})
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+r")
        collect_seldom()
        with watched() as stalls:
            for _ in range(ACTIONS):
                if app.return_code is not None:
                    break
                with suppress(OutOfBounds, ScreenStackError):
                    match chance.choice(["press"] * 6 + ["click", "resize"]):
                        case "press":
                            await pilot.press(chance.choice(keys))
                        case "click":
                            await pilot.click(offset=(chance.randrange(120), chance.randrange(40)))
                        case _:
                            await pilot.resize_terminal(*chance.choice(SIZES))
        if app.main.runner is not None:
            app.main.runner.control.stop()
            app.main.runner.join(20)
    return stalls


def main() -> None:
    """Print the longest stall, and how long most are."""
    seeds = [int(seed) for seed in sys.argv[1:]] or [0, 1, 2]
    print("| seed | longest stall, ms | 99th percentile, ms |\n| --- | --- | --- |")
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            stalls = asyncio.run(use(seed))
            os.chdir(Path(folder).parent)
        print(f"| {seed} | {max(stalls) * 1000:.0f} | {quantiles(stalls, n=100)[98] * 1000:.0f} |", flush=True)


if __name__ == "__main__":
    main()
