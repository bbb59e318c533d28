"""What it costs to look: `python benchmarks/observing.py`, with the program installed.

Layer health, evaluation and checkpoints as shares of training time; the app's speed beside the headless one, in interleaved pairs; how
late the app's event loop is while a network trains; memory.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, thread_time
from typing import Any
from unittest.mock import patch

from threadpoolctl import threadpool_limits

from tui_trainer import Config, Control, Run, load_data
from tui_trainer.runs import checkpoint
from tui_trainer.training import engines, health
from tui_trainer.training.batch_loader import BatchLoader, evaluate
from tui_trainer.training.events import EpochEnded, Started
from tui_trainer.training.loop import Training
from tui_trainer.training.training_state import TrainingState

NETWORKS = {"256": 8, "128x8": 4, "100x30": 6}
"""Hidden layers, and for how many epochs they are trained: some 5 to 15 seconds of each."""

MEASURED_PER_SECOND = 2


def costs(hidden: str, suffix: str) -> None:
    """Health, evaluation and a checkpoint beside an epoch of training."""
    data = load_data("mnist")
    training = Training(Config.parse({"hidden": hidden, "epochs": 3, "threads": 1}), data)
    network, snapshot, epochs = training.state.network, None, []
    for event in training.events(Control()):
        if isinstance(event, Started):
            snapshot = event.snapshot
        if isinstance(event, EpochEnded):
            epochs.append(event.seconds)
    epoch = median(epochs)

    def seconds(call: Any) -> float:
        times = []
        for _ in range(7):
            started = perf_counter()
            call()
            times.append(perf_counter() - started)
        return median(times)

    before, gradients, test = network.parameters.copy(), network.gradients.copy(), BatchLoader(data.test)
    looking = seconds(lambda: health.measure(network, training.probe.first(network), before, gradients))
    examination = seconds(lambda: evaluate(network, test))
    with tempfile.TemporaryDirectory() as folder:
        keeping = seconds(lambda: checkpoint.write(Path(folder) / "c", snapshot))
    shares = " | ".join(f"{part / epoch:.1%}" for part in (looking, looking * epoch * MEASURED_PER_SECOND, examination, keeping))
    print(f"| {hidden}{suffix} | {epoch:.2f} | {shares} |", flush=True)


def following(hidden: str) -> None:
    """What a run of five epochs spends on its layers when they are followed, as shares of the processor's time, while nobody looks."""
    spent: Counter[str] = Counter()

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*arguments: Any) -> Any:
            started = thread_time()
            found = call(*arguments)
            spent[name] += thread_time() - started
            return found

        return measured

    training, control = Training(Config.parse({"hidden": hidden, "epochs": 5, "threads": 1}), load_data("mnist")), Control()
    control.follow_layers()
    with (
        patch.object(health, "measure", timed("measured", health.measure)),
        patch.object(health, "distributions", timed("counted", health.distributions)),
        patch.object(TrainingState, "snapshot", timed("kept", TrainingState.snapshot)),
    ):
        started = thread_time()
        for _event in training.events(control):
            pass
        whole = thread_time() - started
    print(f"| {hidden} | " + " | ".join(f"{spent[name] / whole:.1%}" for name in ("measured", "counted", "kept")) + " |", flush=True)


def headless_speed(hidden: str) -> float:
    """Samples per second of a run as `--no-ui` has it, with its files."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Config.parse({"hidden": hidden, "epochs": NETWORKS[hidden], "threads": 1}), Path(folder) / "run")
        return median(event.samples_per_second for event in run.events(Control()) if isinstance(event, EpochEnded))


async def app_speed(hidden: str, *, watched: bool = False) -> float:
    """Samples per second in the app with its charts live at 120×40; watched, the event loop's lateness at the 99th percentile, in seconds.

    Not both at once: whoever asks a hundred times a second how late it is takes the interpreter's lock as often.
    """
    from tui_trainer.ui.app import TrainerApp

    with tempfile.TemporaryDirectory() as folder:
        app = TrainerApp({"hidden": hidden, "epochs": NETWORKS[hidden], "threads": 1}, Path(folder) / "run")
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.press("ctrl+r")
            await asyncio.sleep(0.5)
            late = []
            while app.main.phase.going_on:
                pause = 0.01 if watched else 0.5
                due = perf_counter() + pause
                await asyncio.sleep(pause)
                late.append(perf_counter() - due)
        events = map(json.loads, (Path(folder) / "run" / "metrics.jsonl").read_text().splitlines())
        speeds = [event["samples_per_second"] for event in events if event["event"] == "epoch"]
    return quantiles(late, n=100)[98] if watched else median(speeds)


def memory() -> None:
    """The largest resident set of a run of 2 and of one of 100 epochs."""
    for epochs in (2, 100):
        with tempfile.TemporaryDirectory() as folder:
            code = (
                "from tui_trainer import Config, Control, Run; from pathlib import Path\n"
                f"run = Run.create(Config.parse({{'epochs': {epochs}, 'batch_size': 128, 'threads': 1}}), Path({folder!r}))\n"
                "for event in run.events(Control()): pass\n"
                # The high-water mark that getrusage gives a child begins at its parent's.
                "print(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1])"
            )
            kibibytes = int(subprocess.check_output([sys.executable, "-c", code], text=True))
            print(f"| peak memory, {epochs} epochs, MiB | {kibibytes // 1024} |")


def main() -> None:
    """Print the tables."""
    threadpool_limits(1, user_api="blas")
    print("| hidden layers | epoch, s | health once an epoch | health twice a second | evaluating 10,000 images | a checkpoint an epoch |")
    print("| --- | --- | --- | --- | --- | --- |")
    serves = engines.service
    for suffix, service in (("", serves), (", NumPy alone", lambda: engines.Service(None, "numpy"))):
        engines.service = service
        for hidden in NETWORKS:
            costs(hidden, suffix)
    engines.service = serves
    print("\n| hidden layers | app at 120×40 ÷ headless, samples per second | event loop late by, p99, ms |\n| --- | --- | --- |")
    for hidden in NETWORKS:
        ratios, lateness = [], []
        for _ in range(3):
            ratios.append(asyncio.run(app_speed(hidden)) / headless_speed(hidden))
            lateness.append(asyncio.run(app_speed(hidden, watched=True)))
        print(f"| {hidden} | {median(ratios):.2f} | {1000 * median(lateness):.1f} |", flush=True)
    print("\n| hidden layers | layers measured | distributions counted | states kept |\n| --- | --- | --- | --- |")
    for hidden in NETWORKS:
        following(hidden)
    print("\n| | |\n| --- | --- |")
    memory()


if __name__ == "__main__":
    main()
