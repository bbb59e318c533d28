"""The screen that watches a run of another process: what it shows as the files grow, and when they are cut back, left or broken."""

import json
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from waiting import until

from tui_trainer.runs.follow import Follower
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.kit.help import HelpScreen
from tui_trainer.ui.run.staircase import Staircase
from tui_trainer.ui.runs.watch import WatchScreen

from .desk import LARGE, SMALL, USUAL, Desk, seated
from .folders import BATCHES, END, START, GrowingRun, epoch, make_watched_run
from .pty_terminal import CTRL_Q, PROGRAM, Terminal

pytestmark = pytest.mark.long

ESCAPE = "\x1b]0;owned\x07\x1b[31m"

Watching = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def watching() -> Watching:
    @asynccontextmanager
    async def watch(path: Path, size: tuple[int, int] = USUAL, *, plain: bool = False) -> AsyncIterator[Desk]:
        async with seated(TrainerApp(watched=Follower(path), looks_per_second=20, plain=plain), size) as desk:
            yield desk

    return watch


def screen(desk: Desk) -> WatchScreen:
    found = next(screen for screen in desk.app.screen_stack if isinstance(screen, WatchScreen))
    assert found.history is not None
    return found


def points(desk: Desk) -> tuple[int, int]:
    history = screen(desk).history
    assert history
    return len(history.loss), len(history.training_loss)


@pytest.mark.parametrize("size", [SMALL, USUAL])
async def test_all_of_a_run_that_ended(watching: Watching, tmp_path: Path, size: tuple[int, int]) -> None:
    async with watching(make_watched_run(tmp_path / "my-run"), size) as desk:
        await desk.until_read("✓ completed  4 epochs in 1:02")
        for text in ("my-run", "test accuracy 97.1%  test loss 0.123", "784 → 16 → 10  tanh, glorot_unifor", "Loss (nats)", " 0.300"):
            assert text in desk.screen, text
        assert points(desk) == (4 * BATCHES, 4)
        if size == SMALL:
            await desk.press("2")
        await desk.until(lambda: re.search("dense_1 .*1.0e-01", desk.screen) is not None)
        row = next(line for line in desk.screen.splitlines() if "dense_1" in line)
        # Where there is little room, the share of dead units, which is wrong, and not the update.
        assert ("2.0e-03" in row, "12%" in row) == (size == USUAL, True)
        await desk.press("f")
        await desk.until_read("(784 + 1) × 16 =")
        assert "total 12,730 parameters" in desk.screen


async def test_a_run_as_it_goes_on(watching: Watching, tmp_path: Path) -> None:
    run = GrowingRun(tmp_path / "run")
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
    run = GrowingRun(tmp_path / "run")
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
    path = make_watched_run(tmp_path / "run")
    content = (path / "metrics.jsonl").read_bytes()
    (path / "metrics.jsonl").write_bytes(content.replace(b'"epoch": 2', b'"epoch": "two"', 1))
    async with watching(path) as desk:
        await desk.until_read("✗ cannot continue")
        await desk.until_read("metrics.jsonl: line 3: epoch.epoch: must be a valid integer")
        (path / "metrics.jsonl").write_bytes(content)
        await desk.until_read("✓ completed")


async def test_keys(watching: Watching, tmp_path: Path) -> None:
    path = make_watched_run(tmp_path / "run")
    async with watching(path) as desk:
        await desk.until_read("✓ completed")
        await desk.press("l")
        assert "Loss (nats, log scale)" in desk.screen
        await desk.press("X")
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
        assert {"x", "X", "o", "l", "m", "z", "g", "v", "1", "2", "f1", "ctrl+q"} <= keys
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
    path = make_watched_run(tmp_path / "run")
    (path / "batches.f32").unlink()
    async with watching(path) as desk:
        await desk.until_read("✓ completed")
        assert points(desk) == (0, 4)


async def test_options_of_another_version_are_no_obstacle(watching: Watching, tmp_path: Path) -> None:
    path = make_watched_run(tmp_path / "run")
    content = (path / "metrics.jsonl").read_text()
    (path / "metrics.jsonl").write_text(content.replace('"activation"', '"telepathy"'))
    async with watching(path) as desk:
        await desk.until_read("✓ completed")
        assert "this version cannot read the run's options" in desk.screen
        assert points(desk)[1] == 4


async def test_nothing_that_a_terminal_obeys_reaches_it(watching: Watching, tmp_path: Path) -> None:
    path = tmp_path / ESCAPE
    run = GrowingRun(path)
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
    async with watching(make_watched_run(tmp_path / "run"), plain=True) as desk:
        await desk.until_read("completed  4 epochs")
        await desk.until(lambda: points(desk) == (4 * BATCHES, 4))
        charts = "\n".join(desk.read(chart) for chart in screen(desk).query(Chart))
        assert charts.isascii()
        assert "####" in desk.read(screen(desk).query_one(Staircase))


# As a real program


def train(digits_file: Path, folder: Path) -> subprocess.Popen[bytes]:
    options = ["--data", str(digits_file), "--hidden", "16", "--validation", "100", "--threads", "1", "--epochs", "1000000"]
    return subprocess.Popen([*PROGRAM, "--no-ui", "--format", "quiet", *options, "--output", str(folder)])


def test_a_run_of_another_process_in_a_terminal(digits_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "mine"
    with train(digits_file, folder) as process:
        try:
            until((folder / "metrics.jsonl").exists)
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
            until((folder / "metrics.jsonl").exists)
            terminal = Terminal(["watch", "latest"], cwd=tmp_path)
            terminal.until_reads("▶ training")
            terminal.process.kill(signal.SIGTERM)
            assert terminal.ended() == 143
            assert process.poll() is None
        finally:
            process.kill()


def test_without_a_terminal_it_says_what_it_needs(tmp_path: Path) -> None:
    path = make_watched_run(tmp_path / "run")
    done = subprocess.run([*PROGRAM, "watch", str(path)], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "--no-ui" in done.stderr
    shutil.rmtree(path)
