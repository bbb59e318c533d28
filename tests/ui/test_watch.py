"""The screen that watches a run of another process: what it shows as the files grow, and when they are cut back, left or broken."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion

from tui_trainer.runs.follow import Follower
from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.kit.help import HelpScreen
from tui_trainer.ui.run.layer_table import LayerTable
from tui_trainer.ui.runs.watch import WatchScreen

from .desk import LARGE, SMALL, USUAL, Desk
from .pty_terminal import CTRL_Q, PROGRAM, Terminal
from .test_screens import overlaps

pytestmark = pytest.mark.long

BATCHES = 50
"""In an epoch."""

ESCAPE = "\x1b]0;owned\x07\x1b[31m"

START = {
    "event": "start", "config": {"hidden": [16], "activation": "tanh", "batch_size": 10, "epochs": 4}, "parameters": 12_730,
    "training_samples": 10 * BATCHES, "layers": [
        {"name": "dense_1", "type": "Dense", "output_shape": [16], "parameters": 12_560},
        {"name": "dense_2", "type": "Dense", "output_shape": [10], "parameters": 170},
    ],
}  # fmt: skip
END = {"event": "end", "status": "completed", "epochs": 4, "test_loss": 0.1234, "test_accuracy": 0.971, "seconds": 62.0}


def epoch(number: int) -> dict[str, Any]:
    health = {"weight_norm": 3.0, "update_ratio": 2e-3, "activation_mean": 0.1, "activation_std": 0.5, "saturated_fraction": 0.25}
    layers = [{"name": f"dense_{layer}", "gradient_norm": 10.0**-layer, "dead_fraction": 0.125 * layer, **health} for layer in (1, 2)]
    return {
        "event": "epoch", "epoch": number, "train_loss": 1 / number, "train_accuracy": 1 - 0.3 / number, "validation_loss": 1.2 / number,
        "validation_accuracy": 1 - 0.4 / number, "learning_rate": 0.01, "seconds": 15.5, "samples_per_second": 32.0, "layers": layers,
    }  # fmt: skip


class Run:
    """A run's folder, written as another process would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self._journal: LockedLog | None = LockedLog.hold(path / "metrics.jsonl", create=True)

    def tell(self, *lines: dict[str, Any]) -> None:
        assert self._journal
        for line in lines:
            self._journal.add(json.dumps(line))
        self._journal.flush()

    def train(self, first: int, last: int) -> None:
        """Batches from `first` up to `last`, the last one included."""
        step = np.arange(first, last + 1)
        seconds = ((step - 1) % BATCHES + 1) * 0.31
        rows = np.stack([step / BATCHES, 2 / np.sqrt(step), 1 - 0.9 / np.sqrt(step), np.full(len(step), 0.01), seconds], axis=1)
        with (self.path / "batches.f32").open("ab") as file:
            file.write(rows.astype("<f4").tobytes())

    def cut(self, lines: int, batches: int) -> None:
        """Go back, as a run that is resumed does."""
        assert self._journal
        content = (self.path / "metrics.jsonl").read_bytes().splitlines(keepends=True)
        self._journal.cut(len(b"".join(content[:lines])))
        os.truncate(self.path / "batches.f32", 20 * batches)

    def leave(self) -> None:
        if self._journal:
            self._journal.close()
        self._journal = None

    def take_up(self) -> None:
        self._journal = LockedLog.hold(self.path / "metrics.jsonl")


def whole(path: Path) -> Path:
    run = Run(path)
    run.tell(START)
    change = {"event": "change", "epoch": 3, "batch": 0, "step": 2 * BATCHES, "changes": {"learning_rate": 0.01}}
    for number in range(1, 5):
        run.train((number - 1) * BATCHES + 1, number * BATCHES)
        run.tell(epoch(number), *([change] if number == 2 else []))
    run.tell(END)
    run.leave()
    return path


Watching = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch) -> Watching:
    monkeypatch.setattr("textual._wait.process_time", time.thread_time)

    @asynccontextmanager
    async def watch(path: Path, size: tuple[int, int] = USUAL, *, plain: bool = False) -> AsyncIterator[Desk]:
        app = TrainerApp(watched=Follower(path), looks_per_second=20, plain=plain)
        async with app.run_test(size=size, notifications=True) as pilot:
            desk = Desk(app, pilot)
            await desk.until(lambda: bool(app.screen.query("FooterKey")))
            yield desk
        assert app.fault is None

    return watch


def screen(desk: Desk) -> WatchScreen:
    found = next(screen for screen in desk.app.screen_stack if isinstance(screen, WatchScreen))
    assert found.history is not None
    return found


def points(desk: Desk) -> tuple[int, int]:
    history = screen(desk).history
    assert history
    return len(history.loss), len(history.training_loss)


@pytest.mark.parametrize("size", [SMALL, (80, 45), (120, 28), USUAL, LARGE])
async def test_all_of_a_run_that_ended(watching: Watching, tmp_path: Path, size: tuple[int, int]) -> None:
    async with watching(whole(tmp_path / "my-run"), size) as desk:
        await desk.until_read("✓ completed  4 epochs in 1:02")
        for text in ("my-run", "test accuracy 97.1%  test loss 0.123", "784 → 16 → 10  tanh, adam", "Loss (nats)", " 0.300"):
            assert text in desk.screen, text
        assert points(desk) == (4 * BATCHES, 4)
        assert overlaps(desk.app.screen) == []
        assert ("dense_1" in desk.screen) == (size != SMALL)
        if size == SMALL:
            await desk.press("2")
        await desk.until(lambda: "dense_1" in desk.screen)
        row = next(line for line in desk.screen.splitlines() if "dense_1" in line and "(784 + 1) × 16" in line)
        assert "1.0e-01" in row
        if size in (USUAL, LARGE):
            assert re.search(r"2\.0e-03 +0\.5 +12% +25%", row)
            assert "total 12,730 parameters" in desk.screen


async def test_a_run_as_it_goes_on(watching: Watching, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    async with watching(run.path, SMALL) as desk:
        await desk.until_read("… preparing")
        run.tell(START)
        await desk.until_read("784 → 16 → 10")
        run.train(1, 25)
        await desk.until_read("▶ training  epoch 1/4  batch 25/50  32 images/s")
        assert "0:08 gone, 0:54 left" in desk.screen
        assert "12%" in desk.screen
        run.train(26, 50)
        run.tell(epoch(1))
        await desk.until(lambda: points(desk) == (50, 1))
        await desk.until_read("0:16 gone, 0:46 left")
        run.tell({"event": "change", "epoch": 2, "batch": 0, "step": 50, "changes": {"epochs": 2}})
        run.train(51, 100)
        await desk.until_read("epoch 2/2  batch 50/50")
        assert "┊" in desk.screen
        run.tell(epoch(2), END | {"epochs": 2, "seconds": 31.0})
        run.leave()
        await desk.until_read("✓ completed  2 epochs in 0:31")
        await desk.until(lambda: points(desk) == (100, 2))
        assert "○ epoch 0.500" in desk.screen


async def test_a_run_that_is_killed_cut_back_and_gone_on_with(watching: Watching, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    run.tell(START)
    for number in (1, 2):
        run.train((number - 1) * BATCHES + 1, number * BATCHES)
        run.tell(epoch(number))
    async with watching(run.path) as desk:
        await desk.until_read("▶ training  epoch 2/4")
        run.leave()
        await desk.until_read("✗ gone  it was killed, or its machine is")
        assert "--resume" not in desk.screen, "there is no checkpoint"
        run.take_up()
        run.cut(2, 60)
        await desk.until(lambda: points(desk) == (60, 1))
        await desk.until_read("▶ training  epoch 2/4  batch 10/50")
        run.train(61, 70)
        await desk.until_read("batch 20/50")
        (run.path / "checkpoint.safetensors").touch()
        run.leave()
        await desk.until_read("--resume continues it")


async def test_a_broken_file_is_named_until_it_is_mended(watching: Watching, tmp_path: Path) -> None:
    path = whole(tmp_path / "run")
    content = (path / "metrics.jsonl").read_bytes()
    (path / "metrics.jsonl").write_bytes(content.replace(b'"epoch": 2', b'"epoch": "two"', 1))
    async with watching(path) as desk:
        await desk.until_read("✗ cannot continue")
        await desk.until_read("metrics.jsonl: line 3: epoch.epoch: must be a valid integer")
        (path / "metrics.jsonl").write_bytes(content)
        await desk.until_read("✓ completed")


async def test_keys(watching: Watching, tmp_path: Path) -> None:
    path = whole(tmp_path / "run")
    async with watching(path) as desk:
        await desk.until_read("✓ completed")
        await desk.press("l")
        assert "Loss (nats, log scale)" in desk.screen
        await desk.press("x")
        assert "─ step ─" in desk.screen
        await desk.press("m", "m")
        assert not re.search("[⠁-⣿]", desk.screen)
        await desk.press("o")
        assert screen(desk).charts.view.smoothing == 0.99
        await desk.press("plus")
        assert "enlarged" in desk.screen
        await desk.press("0", "left")
        assert "step 200" in desk.screen
        await desk.press("z")
        assert len([chart for chart in screen(desk).query(Chart) if chart.is_on_screen]) == 1
        await desk.press("escape", "g")
        assert "Learning rate" in desk.screen
        assert "Loss (nats" not in desk.screen
        await desk.press("f1")
        assert isinstance(desk.app.screen, HelpScreen)
        assert "Nothing" not in desk.screen
        rows = list(desk.app.screen.keys())
        keys = {key for names, _ in rows for key in names.split(", ")}
        assert {"x", "o", "l", "m", "z", "g", "v", "1", "2", "f1", "ctrl+q"} <= keys
        assert not {"space", "s", "n", "ctrl+r"} & keys, "nothing here steers a run"
        await desk.press("escape")
        titles = {command.title for command in desk.app.get_system_commands(desk.app.screen)}
        assert {"Save as…", "Log loss", "Help"} <= titles
        assert not {"Start", "Stop", "Pause", "Compare runs"} & titles
        await desk.press("v", "down", "down", "enter")
        await desk.until((path / "curves.csv").exists)
        assert (path / "curves.csv").read_text().count("batch loss") == 4 * BATCHES
        await desk.press("ctrl+q")
    assert desk.app.return_code == 0


async def test_a_run_of_an_earlier_version_has_epochs_alone(watching: Watching, tmp_path: Path) -> None:
    path = whole(tmp_path / "run")
    (path / "batches.f32").unlink()
    async with watching(path) as desk:
        await desk.until_read("✓ completed")
        assert points(desk) == (0, 4)


async def test_options_of_another_version_are_no_obstacle(watching: Watching, tmp_path: Path) -> None:
    path = whole(tmp_path / "run")
    content = (path / "metrics.jsonl").read_text()
    (path / "metrics.jsonl").write_text(content.replace('"activation"', '"telepathy"'))
    async with watching(path) as desk:
        await desk.until_read("✓ completed")
        assert "this version cannot read the run's options" in desk.screen
        assert points(desk)[1] == 4


async def test_nothing_that_a_terminal_obeys_reaches_it(watching: Watching, tmp_path: Path) -> None:
    path = tmp_path / ESCAPE
    run = Run(path)
    run.tell(START)
    run.train(1, 2 * BATCHES)
    ill = epoch(1)
    ill["layers"][0]["name"] = ESCAPE
    change = {"event": "change", "epoch": 2, "batch": 0, "step": BATCHES, "changes": {ESCAPE: ESCAPE}}
    run.tell(ill, change, END | {"status": "diverged", "divergence": {"layer": ESCAPE, "epoch": 2, "step": 7}})
    async with watching(path, LARGE) as desk:
        await desk.until_read("✗ diverged  numbers in \\x1b]0;owned")
        await desk.press("left", *["left"] * 200, "tab", "tab", "g")
        for _ in range(10):
            await desk.press("right")
        await desk.press("g")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", desk.screen)
        with (path / "metrics.jsonl").open("a") as file:
            file.write(f'{{"event": "epoch", "epoch": {json.dumps(ESCAPE)}}}\n')
        await desk.until_read("✗ cannot continue")
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", desk.screen)


async def test_a_plain_terminal_gets_plain_characters(watching: Watching, tmp_path: Path) -> None:
    async with watching(whole(tmp_path / "run"), plain=True) as desk:
        await desk.until_read("completed  4 epochs")
        await desk.until(lambda: points(desk) == (4 * BATCHES, 4))
        charts = "\n".join(desk.read(chart) for chart in screen(desk).query(Chart))
        assert charts.isascii()
        assert "####" in desk.read(screen(desk).query_one(LayerTable).query_one("Lines"))


@pytest.mark.parametrize(
    "size",
    [SMALL, USUAL, LARGE],
    ids=["small", "usual", "large"],
)
async def test_it_looks_as_it_was_approved(
    watching: Watching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion, size: tuple[int, int]
) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run(Path("runs/20260101-120000"))
    run.tell(START)
    for number in range(1, 4):
        run.train((number - 1) * BATCHES + 1, number * BATCHES - (20 if number == 3 else 0))
        if number < 3:
            run.tell(epoch(number))
    different = []
    async with watching(run.path, size) as desk:
        await desk.until(lambda: points(desk) == (130, 2))
        for key, name in (("1", "charts"), ("2", "layers")):
            await desk.press(key)
            await desk.pilot.pause(0.3)
            if desk.app.export_screenshot() != snapshot.use_extension(SVGImageExtension)(name=name):
                different.append(name)
    assert different == []


# As a real program


def train(digits_file: Path, folder: Path) -> subprocess.Popen[bytes]:
    options = ["--data", str(digits_file), "--hidden", "16", "--validation", "100", "--threads", "1", "--epochs", "1000000"]
    return subprocess.Popen([*PROGRAM, "--no-ui", "--format", "quiet", *options, "--output", str(folder)])


def test_a_run_of_another_process_in_a_terminal(digits_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "mine"
    with train(digits_file, folder) as process:
        try:
            while not (folder / "metrics.jsonl").exists():
                assert process.poll() is None
                time.sleep(0.02)
            terminal = Terminal(["watch", "mine", "--refresh", "5"], cwd=tmp_path)
            terminal.until_reads("mine", "▶ training", "images/s", "Loss (nats)", "784 → 16 → 10")
            terminal.press("2")
            terminal.until(lambda text: re.search(r"dense_1.*\d\.\de-\d\d", text) is not None)
            process.kill()
            terminal.until_reads("gone", "--resume continues it")
            terminal.press(CTRL_Q)
            assert terminal.ended() == 0
        finally:
            process.kill()


def test_a_signal_ends_it_and_not_the_run(digits_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "mine"
    with train(digits_file, folder) as process:
        try:
            while not (folder / "metrics.jsonl").exists():
                time.sleep(0.02)
            terminal = Terminal(["watch", "latest"], cwd=tmp_path)
            terminal.until_reads("▶ training")
            terminal.process.kill(signal.SIGTERM)
            assert terminal.ended() == 143
            assert process.poll() is None
        finally:
            process.kill()


def test_without_a_terminal_it_says_what_it_needs(tmp_path: Path) -> None:
    path = whole(tmp_path / "run")
    done = subprocess.run([*PROGRAM, "watch", str(path)], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "--no-ui" in done.stderr
    shutil.rmtree(path)
