"""Ways through the app that pass all its screens. What stands on them is the same at every time and on every machine."""

import math
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from history import story
from sweep.story import Story
from textual.widgets import Input

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Split
from tui_trainer.datasets.spec import MNIST_SPEC, DataSpec
from tui_trainer.diagnosis.attempt import Attempt
from tui_trainer.diagnosis.case import Case, DataFacts
from tui_trainer.diagnosis.remedies import changed
from tui_trainer.history.history import History
from tui_trainer.lessons.lesson import Lesson, read_lesson
from tui_trainer.runs.follow import Follower
from tui_trainer.runs.run import Run
from tui_trainer.sweep.store import RunStatus
from tui_trainer.training.events import (
    Distributions,
    Divergence,
    Ended,
    EpochEnded,
    Histogram,
    LayerHealth,
    LayerSummary,
    Progress,
    Snapshot,
)
from tui_trainer.training.training_state import TrainingState
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.inside.screen import InsideScreen
from tui_trainer.ui.lessons.runner import LessonEnded, LessonRunner
from tui_trainer.ui.lessons.screen import LessonScreen
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.messages import RunEnded, RunStarted
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.run.runner import Runner
from tui_trainer.ui.runs.compare import CompareScreen
from tui_trainer.ui.why.screen import WhyScreen
from tui_trainer.ui.why.trial import Trial, TrialEnded

from . import folders
from .desk import Desk, Desks, Watching, seated


@dataclass
class Guide:
    """What a tour needs: ways to open the app, an empty folder that is the present one, and whom to show each screen."""

    sit_down: Desks
    watching: Watching
    folder: Path
    look: Callable[[Desk, str], Awaitable[None]]


Tour = Callable[[Guide], Awaitable[None]]

TOURS: dict[Tour, tuple[str, ...]] = {}
"""Each with the names of what it shows, in their order."""


def shows(*names: str) -> Callable[[Tour], Tour]:
    """Tell what a tour shows."""

    def note(tour: Tour) -> Tour:
        TOURS[tour] = names
        return tour

    return note


NETWORK: Mapping[str, Any] = {"hidden": "64x3", "activation": "tanh,relux2", "data": "mnist", "validation": 5000, "epochs": 4}


@shows("setup", "wrong", "open-list", "portrait", "presets", "design", "copy", "save", "help", "lessons", "palette")
async def form(guide: Guide) -> None:
    """The form, and what lies over it."""
    async with guide.sit_down(**NETWORK) as desk:
        await guide.look(desk, "setup")
        await desk.press("tab", "x")
        await guide.look(desk, "wrong")
        await desk.press("tab", "enter")
        await guide.look(desk, "open-list")
        await desk.press("escape")
        desk.app.main.query_one("#hidden", Input).value = NETWORK["hidden"]
        await guide.look(desk, "portrait")
        for key, name in (("p", "presets"), ("d", "design"), ("k", "copy"), ("v", "save"), ("f1", "help"), ("f2", "lessons")):
            await desk.press("escape", key)
            await guide.look(desk, name)
            await desk.press("escape")
        await desk.press("ctrl+p")
        desk.app.screen.query_one(Input).cursor_blink = False
        await guide.look(desk, "palette")


@shows("deep-setup", "deep-layers")
async def deep(guide: Guide) -> None:
    """A network of more layers than there is room for."""
    async with guide.sit_down(hidden="128x30", activation="leaky_relu") as desk:
        await desk.press("escape")
        await guide.look(desk, "deep-setup")
        await desk.press("3")
        await guide.look(desk, "deep-layers")


class Told(Runner):
    """A run that only tells: nobody trains it, and so it has ended."""

    def join(self, seconds: float | None = None) -> bool:
        return True


def vanishing() -> Iterator[LayerHealth]:
    """A gradient that vanishes on its way back."""
    for layer in range(1, 5):
        yield LayerHealth(f"dense_{layer}", 10.0 ** (2 * layer - 8), 3.0, 2e-3, 0.1, 0.5, 0.1 * layer, 0.2)


async def train(desk: Desk) -> Runner:
    """A run that tells of itself, and of which there is nothing else."""
    main = desk.app.main
    config = main.query_one(ConfigForm).config
    assert config is not None
    runner = Told(config, lambda: Run.create(config), main.panel.post_message)
    for epoch in range(1, 4):
        for step in range(story.BATCHES * (epoch - 1) + 1, story.BATCHES * epoch + 1):
            runner.history.add(story.progress(step, layers=tuple(vanishing())))
        runner.history.add(story.epoch_ended(epoch))
    main.panel.take(runner)
    main.panel.post_message(RunStarted(runner, Path("runs/20260101-120000"), MNIST_SPEC, ()))
    await desk.until_phase(Phase.TRAINING)
    await desk.until(lambda: len(runner.history.validation_loss) == 3)
    return runner


@shows("charts", "layers", "change", "quit", "paused", "ended", "gradients")
async def run(guide: Guide) -> None:
    """A run from its start to its end."""
    async with guide.sit_down(**NETWORK) as desk:
        runner = await train(desk)
        await guide.look(desk, "charts")
        for key, name in (("3", "layers"), ("t", "change"), ("ctrl+q", "quit")):
            await desk.press(key)
            await guide.look(desk, name)
            await desk.press("escape")
        desk.app.main.panel.enter(Phase.PAUSED)
        await guide.look(desk, "paused")
        desk.app.main.panel.post_message(RunEnded(runner, "completed", 3, 0.1, 0.971, 1.5, None))
        await desk.press("2")
        await guide.look(desk, "ended")
        await desk.press("g")
        await guide.look(desk, "gradients")


SIGMOIDS: Mapping[str, Any] = {"hidden": "64x5", "activation": "sigmoid", "initializer": "uniform", "data": "mnist", "epochs": 4}


def fall(history: History, epochs: int, *, by: float, accuracy: float) -> None:
    """Epochs in which gradients shrink by a factor from layer to layer."""
    history.summaries = (LayerSummary("dense_1", "Dense", (64,), 785 * 64),)
    layers = tuple(LayerHealth(f"dense_{layer}", 0.5 * by ** (6 - layer), 3.0, 1e-3, 0.5, 0.02, 0.0, 0.0) for layer in range(1, 7))
    for epoch in range(1, epochs + 1):
        for step in range(story.BATCHES * (epoch - 1) + 1, story.BATCHES * epoch + 1):
            learned = accuracy * (1 - math.exp(-step / 10))
            history.add(story.progress(step, layers=layers, loss=2.3 * (1 - learned), accuracy=0.1 + 0.9 * learned))
        means = {"train_loss": 2.3 * (1 - accuracy), "train_accuracy": 0.1 + 0.9 * accuracy}
        history.add(story.epoch_ended(epoch, **means, validation_loss=2.3 * (1 - accuracy), validation_accuracy=0.1 + 0.9 * accuracy))


@shows("ailing", "why", "cured", "why-help")
async def why(guide: Guide) -> None:
    """A run that does not learn: what is told of it, and a remedy that was tried."""
    async with guide.sit_down(**SIGMOIDS) as desk:
        main = desk.app.main
        config = main.query_one(ConfigForm).config
        assert config is not None
        runner = Told(config, lambda: Run.create(config), main.panel.post_message)
        runner.facts = DataFacts((100,) * 10, 0.3, 0.1)
        fall(runner.history, 3, by=0.06, accuracy=0.01)
        main.panel.take(runner)
        main.panel.post_message(RunStarted(runner, Path("runs/20260101-120000"), MNIST_SPEC, ()))
        await desk.until_phase(Phase.TRAINING)
        await desk.until(lambda: bool(main.panel.findings))
        await guide.look(desk, "ailing")
        await desk.press("x")
        await desk.until(lambda: isinstance(desk.app.screen, WhyScreen) and bool(desk.app.screen.query("FooterKey")))
        await guide.look(desk, "why")
        await desk.press("2")
        screen = desk.app.screen
        assert isinstance(screen, WhyScreen)
        finding, case = screen.findings[0], runner.case
        trial = Trial(case, finding, finding.tried[0], screen.post_message)
        fall(trial.history, 3, by=0.9, accuracy=0.95)
        trial.history.add(Ended("completed", 3, 3, 0.1, 0.95, 1.5, None, None))
        trial.history.drain()
        screen.trial = trial
        after = Case(changed(case.config, finding.tried[0]), trial.history, case.data)
        before = replace(case, history=case.history.condensed())
        screen.post_message(TrialEnded(trial, Attempt(finding, finding.tried[0], before, after, ())))
        await guide.look(desk, "cured")
        await desk.press("f1")
        await guide.look(desk, "why-help")


@shows("compare", "differences", "compared-curves", "compare-help")
async def compare(guide: Guide) -> None:
    """Runs beside one another."""
    deep = {"hidden": [100] * 10, "batch_size": 32}
    runs: Mapping[str, dict[str, Any]] = {
        "sigmoid-100x10-uniform-adam-epochs3": deep | {"activation": "sigmoid", "initializer": "uniform"},
        "sigmoid-100x10-adam-epochs3": deep | {"activation": "sigmoid"},
        "relu-100x10-adam-epochs3": deep,
    }
    for day, (name, config) in enumerate(runs.items(), 1):
        folders.make_run(guide.folder / "runs" / name, 0.9 + 0.01 * day, started=f"2026-01-0{day}T12:00:00", **config)
    async with guide.sit_down(**NETWORK) as desk:
        await desk.press("escape", "c")
        await desk.until(lambda: isinstance(desk.app.screen, CompareScreen) and "relu-100x10" in desk.screen)
        await desk.press("space", "down", "space")
        await guide.look(desk, "compare")
        await desk.press("2")
        await guide.look(desk, "differences")
        await desk.press("3")
        await guide.look(desk, "compared-curves")
        await desk.press("f1")
        await guide.look(desk, "compare-help")


def learn(history: History, index: int) -> None:
    """The higher the index, the less is learned, and the more the loss shakes; the last one diverges."""
    batches = 50
    if index == 3:
        history.add(Ended("diverged", 0, None, None, None, 0.0, Divergence("dense_1", 1, 4), None))
        return
    for step in range(1, 2 * batches + 1):
        layers = tuple(
            LayerHealth(f"dense_{layer}", 10.0 ** (-layer * index), 3.0, 1e-3, 0.0, 0.5**layer, 0.1, 0.2) for layer in range(1, 4)
        )
        loss = 2.3 * math.exp(-step / (20 * 5**index)) * (1 + 0.05 * index * (-1) ** step)
        epoch = (step - 1) // batches + 1
        batch = (step - 1) % batches + 1
        history.add(Progress(epoch, batch, batches, step, loss, 1 - loss / 2.5, batch / batches, 0.1, step / batches, 20 * batch, layers))
        if batch == batches:
            history.add(EpochEnded(epoch, loss, 1 - loss / 2.5, loss, 1 - loss / 2.5, 0.1, 1.0, 100.0, True, (), Snapshot({}, {})))
    history.add(Ended("completed", 2, 2, 0.5, 0.8, 2.0, None, None))


@shows("lesson", "verdict", "lesson-charts", "lesson-help")
async def lesson(guide: Guide) -> None:
    """A lesson, before its runs and after them."""
    async with guide.sit_down() as desk:
        made = read_lesson("learning-rate")
        assert isinstance(made, Lesson)
        desk.app.main.open_lesson(made)
        await desk.until(lambda: isinstance(desk.app.screen, LessonScreen) and bool(desk.app.screen.query("FooterKey")))
        await guide.look(desk, "lesson")
        screen = desk.app.screen
        assert isinstance(screen, LessonScreen)
        runner = LessonRunner(made, {}, screen.post_message)
        for index, history in zip((2, 0, 1, 3), runner.parallel_runs.histories.values(), strict=True):
            learn(history, index)
        screen.runner = runner
        screen.action_view("charts")
        screen.post_message(LessonEnded(runner, made.judge(runner.parallel_runs.histories), 4.0))
        await guide.look(desk, "verdict")
        await desk.press("2")
        await guide.look(desk, "lesson-charts")
        await desk.press("f1")
        await guide.look(desk, "lesson-help")


@shows("quiz")
async def quiz(guide: Guide) -> None:
    """Questions, of which one is answered wrongly."""
    async with guide.sit_down() as desk:
        desk.app.main.open_lesson(read_lesson("counting"))
        await desk.until(lambda: bool(desk.app.screen.query(Input)) and bool(desk.app.screen.query("FooterKey")))
        desk.app.screen.query_one(Input).cursor_blink = False
        await desk.press("1", "enter")
        await guide.look(desk, "quiz")


def fade(step: int, layers: int) -> tuple[LayerHealth, ...]:
    """A gradient that vanishes on its way back, and bursts at step 20."""
    norms = 10.0 ** (0.3 * np.arange(1 - layers, 1) + 0.2 * np.sin(step))
    norms[-5] = 1e5 if step == 20 else norms[-5]
    return tuple(
        LayerHealth(f"dense_{number}", float(norm), 5.0, float(norm) * 1e-3, 0.0, float(norm) + 0.1, number / layers, 0.5)
        for number, norm in enumerate(norms, 1)
    )


def counts(layers: int) -> tuple[Distributions, ...]:
    """Humps that wander from layer to layer."""
    humps = [np.rint(100 * np.exp(-(((np.arange(40) - at) / 4) ** 2))).astype(int) for at in np.linspace(10, 30, layers)]
    return tuple(
        Distributions(f"dense_{number}", Histogram(hump, np.linspace(0, 1, 41)), Histogram(hump, np.linspace(-18, 2, 41), 400))
        for number, hump in enumerate(humps, 1)
    )


def train_deep(desk: Desk, layers: int) -> None:
    """A run of a deep network whose layers were measured."""
    main = desk.app.main
    config = main.query_one(ConfigForm).config
    assert config is not None
    main.panel.runner = Told(config, lambda: Run.create(config), main.post_message)
    history = main.panel.runner.history
    for step in range(1, 31):
        history.add(story.progress(step, layers=fade(step, layers), distributions=counts(layers)))
        if step % story.BATCHES == 0:
            history.add(story.epoch_ended(step // story.BATCHES))
    history.drain()
    main.set_focus(None)


def keep_network(runner: Runner) -> None:
    """Leave a run with a network as it was initialised, which can be measured."""
    rng = np.random.default_rng(3)
    learned_from = Split(rng.integers(0, 256, (2000, 16), np.uint8), rng.integers(0, 4, 2000))
    spec = DataSpec((4, 4), 4)
    config = Config.parse({"hidden": "32x3", "activation": "sigmoid", "optimizer": "sgd", "learning_rate": 1.0, "threads": 1})
    runner.snapshot = TrainingState(config, spec, 2000, "").snapshot()
    runner.learned_from, runner.options = learned_from, config
    runner.history.add(Ended("completed", 3, 3, 0.1, 0.95, 1.5, None, None))
    runner.history.drain()


@shows("distributions", "updates", "over-time", "spread", "weights", "dead", "saturated", "instruments", "health-help")
async def health(guide: Guide) -> None:
    """The layers' health, by every figure."""
    async with guide.sit_down() as desk:
        train_deep(desk, 31)
        assert desk.app.main.runner
        keep_network(desk.app.main.runner)
        await desk.press("h")
        await guide.look(desk, "distributions")
        await desk.press("down", "down", "left", "left", "f")
        await guide.look(desk, "updates")
        await desk.press("d")
        await guide.look(desk, "over-time")
        await desk.press("d")
        for name in ("spread", "weights", "dead", "saturated"):
            await desk.press("f")
            await guide.look(desk, name)
        await desk.press("i")
        await desk.until(lambda: "dense_3" in desk.read(desk.app.screen.query_one("#figures")))
        await guide.look(desk, "instruments")
        await desk.press("escape")
        await desk.press("f1")
        await guide.look(desk, "health-help")


def a_digit(image: int, label: int) -> np.ndarray:
    """Something with strokes."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 6 + label : 9 + label] = 255
    pixels[4 + label : 7 + label, 5:23] = 180
    pixels[20:23, 5 + image % 9 : 20] = 120
    return pixels


SEVEN = ("space", "right", "right", "down", "left", "down")
"""The keys that draw it."""


@shows("mistakes", "confusion", "units", "draw", "network", "inside-help")
async def inside(guide: Guide) -> None:
    """A network that nobody trained, and what it says of some strokes."""
    rng = np.random.default_rng(11)
    labels = np.arange(60) % 10
    test = Split(np.stack([a_digit(index, int(label)) for index, label in enumerate(labels)]).reshape(60, -1), labels)
    tensors = {"dense_1.weight": rng.normal(0, 0.05, (784, 12)), "dense_1.bias": np.zeros(12)}
    tensors |= {"dense_2.weight": rng.normal(0, 0.5, (12, 10)), "dense_2.bias": np.zeros(10)}
    scalars = {"config": {"hidden": [12]}, "features": 784, "classes": 10, "epochs": 2, "step": 3438}
    async with guide.sit_down() as desk:
        runner = Told(Config.parse({}), lambda: Run.create(Config.parse({})), desk.app.main.post_message)
        runner.snapshot = Snapshot({name: tensor.astype(np.float32) for name, tensor in tensors.items()}, scalars)
        runner.test = test
        desk.app.main.panel.runner = runner
        desk.app.main.set_focus(None)
        await desk.press("i")
        await desk.until(lambda: isinstance(desk.app.screen, InsideScreen) and desk.app.screen.examination is not None)
        for key, name in (("1", "mistakes"), ("2", "confusion"), ("3", "units")):
            await desk.press(key)
            await guide.look(desk, name)
        await desk.press("4", *SEVEN)
        await desk.until(lambda: "%" in desk.read(desk.app.screen.query_one("#said")))
        await guide.look(desk, "draw")
        await desk.press("5")
        await guide.look(desk, "network")
        await desk.press("f1")
        await guide.look(desk, "inside-help")


@shows("valley", "diverged", "tilted", "rosenbrock", "paths-help")
async def paths(guide: Guide) -> None:
    """Optimizers on their ways down."""
    async with guide.sit_down() as desk:
        await desk.press("escape", "y", *["n"] * 60)
        await guide.look(desk, "valley")
        await desk.press("plus", "plus", "plus", "plus", "plus")
        await guide.look(desk, "diverged")
        await desk.press("s", "end")
        await guide.look(desk, "tilted")
        await desk.press("s", "down", "down", "down", "down", "enter", "end")
        await desk.until(lambda: re.search("2,000(/| of )2,000", desk.screen) is not None)
        await guide.look(desk, "rosenbrock")
        await desk.press("f1")
        await guide.look(desk, "paths-help")


@shows("sweep-runs", "sweep-found", "sweep-configurations", "sweep-map", "sweep-curves", "sweep-help", "sweeps", "new-sweep", "wrong-sweep")
async def sweep(guide: Guide) -> None:
    """The board of a sweep, the list of sweeps, and a new one."""
    story = Story(
        activations=("relu", "elu", "tanh", "sigmoid"),
        rates=("0.001", "0.01", "0.1", "1"),
        seeds=3,
        others={
            ("relu", "1", 0): RunStatus.DIVERGED,
            ("relu", "1", 1): RunStatus.DIVERGED,
            ("elu", "0.1", 1): RunStatus.FAILED,
            ("sigmoid", "1", 2): RunStatus.RUNNING,
        },
    )
    folder = folders.make_sweep(guide.folder / "sweeps" / "20260101-120000", story, test=None)
    async with guide.watching(folder) as desk:
        await desk.until(lambda: "47" in desk.screen)
        await desk.press("space", "down", "space", "down")
        await guide.look(desk, "sweep-runs")
        await desk.press("slash")
        await desk.type("tanh x")
        await guide.look(desk, "sweep-found")
        await desk.press("escape", "c")
        # The intervals are worked out in a thread of their own.
        await desk.until(lambda: "93.00–93.80" in desk.screen)
        await guide.look(desk, "sweep-configurations")
        for key, name in (("2", "sweep-map"), ("3", "sweep-curves"), ("f1", "sweep-help")):
            await desk.press(key)
            await guide.look(desk, name)
        await desk.press("escape", "1", "escape", "f3")
        await guide.look(desk, "sweeps")
        await desk.press("down", "enter", "space", "down", "space", "left", *["down"] * 6, "enter", "down", "space")
        await desk.until(lambda: " = " in desk.read(desk.app.screen.query_one("#told")))
        await guide.look(desk, "new-sweep")
        await desk.press("c", "end")
        await desk.type(" --seed")
        await guide.look(desk, "wrong-sweep")


@shows("sweep-complete")
async def sweep_that_is_over(guide: Guide) -> None:
    """A sweep with what it chose."""
    folder = folders.make_sweep(guide.folder / "mine", replace(Story(), seeds=2), test=0.931)
    async with guide.watching(folder) as desk:
        await desk.until(lambda: "93.10%" in desk.screen)
        await guide.look(desk, "sweep-complete")


@shows("watched", "watched-layers", "watched-help")
async def watch(guide: Guide) -> None:
    """A run of another process, in its third epoch."""
    run = folders.GrowingRun(Path("runs/20260101-120000"))
    run.tell(folders.START)
    for number in range(1, 4):
        run.train((number - 1) * folders.BATCHES + 1, number * folders.BATCHES - (20 if number == 3 else 0))
        if number < 3:
            run.tell(folders.epoch(number))
    async with seated(TrainerApp(watched=Follower(run.path), looks_per_second=20)) as desk:
        await desk.until(lambda: "30/50" in desk.screen)
        for key, name in (("1", "watched"), ("2", "watched-layers"), ("f1", "watched-help")):
            await desk.press(key)
            await guide.look(desk, name)
    run.leave()
