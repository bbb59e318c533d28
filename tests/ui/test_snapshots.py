"""Every screen as it was last approved, at three sizes and in both default themes.

After a change that is meant, look at `snapshot_report.html`'s pictures or at the files themselves, and approve them with
`pytest tests/ui/test_snapshots.py --snapshot-update`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from history import story
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion

from tui_trainer.datasets.spec import MNIST_SPEC
from tui_trainer.runs.run import Run
from tui_trainer.training.events import LayerHealth
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.messages import RunEnded, RunStarted
from tui_trainer.ui.run.runner import Runner

from .desk import LARGE, SMALL, USUAL, Desk, Desks
from .test_compare import make_run

OPTIONS: dict[str, Any] = {"hidden": "64x3", "activation": "tanh,relux2", "data": "mnist", "validation": 5000, "epochs": 4}


def health() -> Iterator[LayerHealth]:
    """A gradient that vanishes on its way back."""
    for layer in range(1, 5):
        yield LayerHealth(f"dense_{layer}", 10.0 ** (2 * layer - 8), 3.0, 2e-3, 0.1, 0.5, 0.1 * layer, 0.2)


async def train(desk: Desk) -> Runner:
    """A run that tells of itself, but is the same at every time and on every machine."""
    main = desk.app.main
    config = main.query_one(ConfigForm).config
    assert config is not None
    runner = Runner(config, lambda: Run.create(config), main.panel.post_message)
    for epoch in range(1, 4):
        for step in range(story.BATCHES * (epoch - 1) + 1, story.BATCHES * epoch + 1):
            runner.history.add(story.progress(step, layers=tuple(health())))
        runner.history.add(story.epoch_ended(epoch))
    main.panel.take(runner)
    main.panel.post_message(RunStarted(runner, Path("runs/20260101-120000"), MNIST_SPEC, ()))
    await desk.pilot.pause(0.2)
    main.panel.look()
    await desk.pilot.pause(0.2)
    return runner


@pytest.mark.parametrize("theme", ["textual-dark", pytest.param("textual-light", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "size",
    [SMALL, pytest.param(USUAL, marks=pytest.mark.long), pytest.param(LARGE, marks=pytest.mark.long)],
    ids=["small", "usual", "large"],
)
async def test_every_screen_is_as_it_was_approved(
    sit_down: Desks, tmp_path: Path, snapshot: SnapshotAssertion, size: tuple[int, int], theme: str
) -> None:
    for number in range(1, 4):
        make_run(tmp_path / "runs" / f"2026010{number}-000000", 0.9 + 0.01 * number, hidden=[number], seed=number)
    approved = snapshot.use_extension(SVGImageExtension)
    different = []
    async with sit_down(size, **OPTIONS) as desk:
        desk.app.theme = theme

        async def look(name: str) -> None:
            await desk.pilot.pause(0.1)
            if desk.app.export_screenshot() != approved(name=name):
                different.append(name)

        await look("setup")
        for key, name in (("p", "presets"), ("d", "design"), ("k", "copy"), ("v", "save"), ("f1", "help")):
            await desk.press("escape", key)
            await look(name)
            await desk.press("escape")
        runner = await train(desk)
        await look("charts")
        for key, name in (("3", "layers"), ("t", "change"), ("ctrl+q", "quit")):
            await desk.press(key)
            await look(name)
            await desk.press("escape")
        desk.app.main.panel.post_message(RunEnded(runner, "completed", 3, 0.1, 0.971, 1.5, None))
        await desk.press("2")
        await look("ended")
        await desk.press("g")
        await look("gradients")
        await desk.press("c")
        await desk.until_read("20260103")
        await desk.press("down", "space", "down", "space")
        await look("compare")
        desk.app.main.panel.runner = None
    assert different == []
