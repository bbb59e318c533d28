"""The look into a network: by key and by mouse, while it is trained and from disk, at every size, and where there is little to see."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from textual.pilot import Pilot
from textual.widgets import Static

from tui_trainer import Classifier
from tui_trainer.config.options import Config
from tui_trainer.runs import checkpoint
from tui_trainer.runs.follow import Follower
from tui_trainer.runs.run import Run
from tui_trainer.text.drawing import Look
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, Snapshot
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.inside.confusion import ConfusionMatrix
from tui_trainer.ui.inside.gallery import Bars, Gallery, Picture
from tui_trainer.ui.inside.panes import DrawPane
from tui_trainer.ui.inside.screen import BOUND, InsideScreen, Source
from tui_trainer.ui.inside.sketchpad import Sketchpad
from tui_trainer.ui.kit.help import HelpScreen, key_name
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.run.runner import Runner
from tui_trainer.ui.runs.compare import CompareScreen
from tui_trainer.ui.runs.watch import WatchScreen

from .desk import LARGE, LONG, SMALL, USUAL, Desk, Desks, seated
from .sight import overlaps
from .tours import SEVEN

pytestmark = pytest.mark.long

VIEWS = ("1", "2", "3", "4", "5")


@pytest.fixture(autouse=True)
def _many_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever terminal the tests are run in."""
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def inside(desk: Desk) -> InsideScreen:
    assert isinstance(desk.app.screen, InsideScreen)
    return desk.app.screen


def shown(desk: Desk, selector: str) -> str:
    return desk.read(inside(desk).query_one(selector))


def state(desk: Desk) -> str:
    return str(inside(desk).query_one("#state", Static).content)


async def look_inside(desk: Desk) -> InsideScreen:
    await desk.press("escape", "i")
    await desk.until(lambda: isinstance(desk.app.screen, InsideScreen) and desk.app.screen.examination is not None)
    await desk.settle()
    return inside(desk)


async def train(desk: Desk) -> InsideScreen:
    """A run of one epoch, looked into."""
    await desk.press("ctrl+r")
    await desk.until_phase(Phase.ENDED)
    return await look_inside(desk)


def data(path: Path, side: tuple[int, ...] = (6, 6), kinds: int = 10, dtype: Any = np.uint8) -> Path:
    """Images of noise, which nobody can learn from: a network makes mistakes."""
    rng = np.random.default_rng(5)
    arrays: dict[str, Any] = {}
    for part, count in (("train", 200), ("test", 80)):
        images = rng.integers(0, 256, (count, *side))
        arrays[f"x_{part}"] = images.astype(dtype) if dtype == np.uint8 else (images / 255 - 0.5).astype(dtype)
        arrays[f"y_{part}"] = (np.arange(count) % kinds).astype(np.uint8)
    np.savez(path, **arrays)
    return path


@pytest.fixture
def noise(tmp_path: Path) -> dict[str, Any]:
    return {"data": str(data(tmp_path / "noise.npz")), "validation": 0, "epochs": 1}


# By key


async def test_the_worst_mistakes_are_shown_first(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(USUAL, **noise) as desk:
        screen = await train(desk)
        found = screen.examination
        assert found is not None
        wrong = found.mistakes()
        worst = int(wrong[0])
        assert f"test image {worst}" in desk.screen
        assert f"is {found.labels[worst]}, taken for {found.predicted[worst]}" in desk.screen
        assert f"loss {found.losses[worst]:.2f} nats: 1 of {len(wrong)}" in desk.screen
        assert f"{len(wrong)} of 80 wrong" in state(desk)
        bars = shown(desk, "#mistake-bars")
        for label, probability in enumerate(found.probabilities[worst]):
            mark = "▸" if label == found.labels[worst] else " "
            assert re.search(rf"^{mark}{label} .*{probability:.1%}", bars, re.MULTILINE)
        await desk.press("right")
        assert f"test image {wrong[1]}" in desk.screen
        await desk.press("end")
        assert f"test image {wrong[-1]}" in desk.screen
        await desk.press("left")
        assert f"test image {wrong[-2]}" in desk.screen
        await desk.press("home")
        assert f"test image {worst}" in desk.screen
        await desk.press("escape")
        assert desk.at_main_screen()


async def test_pictures_are_paged_through_and_resized(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(SMALL, **noise) as desk:
        screen = await train(desk)
        gallery = screen.query_one("#mistake-gallery", Gallery)
        page = gallery.per_page
        columns, _ = gallery.grid(gallery.across())
        await desk.press("pagedown")
        assert gallery.index == page
        await desk.press("down")
        assert gallery.index == page + columns
        await desk.press("up", "pageup")
        assert gallery.index == 0
        before = gallery.across()
        await desk.press("minus")
        assert gallery.across() < before
        assert gallery.per_page > page
        await desk.press("plus")
        assert gallery.across() == before
        await desk.press(*["plus"] * 9)
        assert gallery.across() == 54  # a multiple of six


async def test_the_cells_of_the_matrix_lead_to_their_images(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(SMALL, **noise) as desk:
        screen = await train(desk)
        found = screen.examination
        assert found is not None
        await desk.press("2")
        matrix, gallery = screen.query_one(ConfusionMatrix), screen.query_one("#cell-gallery", Gallery)
        lines = shown(desk, "#matrix").splitlines()
        assert lines[0].split() == ["true", *map(str, range(10)), "recall"]
        for label in range(10):
            figures = lines[1 + label].replace("·", "0").replace(">", " ").split()
            assert figures[:11] == [str(label), *map(str, found.confusion[label])]
            assert figures[11] == f"{found.recall[label]:.1%}"
        wrong = found.confusion - np.diag(found.confusion.diagonal())
        assert matrix.cell is not None
        assert found.confusion[matrix.cell] == wrong.max()
        assert gallery.count == wrong.max()
        first = matrix.cell
        await desk.press("j")
        assert matrix.cell != first
        assert 0 < found.confusion[matrix.cell] <= wrong.max()
        for key, move in (("down", (1, 0)), ("right", (0, 1)), ("up", (-1, 0)), ("left", (0, -1))):
            before = matrix.cell
            await desk.press(key)
            assert matrix.cell == tuple(min(max(place + by, 0), 9) for place, by in zip(before, move, strict=True))
        label, predicted = matrix.cell
        assert matrix.sentence() in shown(desk, "#matrix")
        assert gallery.count == found.confusion[label, predicted]
        while not found.confusion[matrix.cell]:
            await desk.press("j")
        await desk.press("enter")
        assert screen.focused is gallery
        index = int(found.cell(*matrix.cell)[0])
        assert f">#{index} {found.probabilities[index, matrix.cell[1]]:.0%}" in shown(desk, "#cell-gallery")


async def test_units_are_told_with_what_they_look_for(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(USUAL, **noise, hidden="30") as desk:
        screen = await train(desk)
        assert screen.subject is not None
        first = screen.subject.first
        await desk.press("3")
        await desk.press("right", "right")
        await desk.until_read("unit 2 of 30")
        assert first.headline(2, screen.examination) in shown(desk, "#unit-gallery")
        for line in first.describe(2, screen.examination):
            assert line in desk.screen
        assert "light: above 0, dark: below" in desk.screen
        await desk.press("m", "m")
        assert "+ #: above 0, - =: below" in desk.screen
        weights = first.weights[2].reshape(6, 6)
        signs = shown(desk, "#unit-picture")
        assert set(signs) <= set("=- +#\n")
        strongest = np.unravel_index(np.abs(weights).argmax(), weights.shape)
        assert weights[strongest] != 0
        assert "#" in signs or "=" in signs


async def test_the_output_units_of_a_network_without_hidden_layers(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(USUAL, **noise, hidden="none") as desk:
        await train(desk)
        await desk.press("3")
        gallery = shown(desk, "#unit-gallery")
        for digit in range(10):
            assert f"for {digit}" in gallery
        await desk.press("end")
        assert "speaks for 9" in desk.screen


async def check_help(desk: Desk) -> None:
    """Help and the palette know every key."""
    screen = inside(desk)
    titles = {command.title for command in desk.app.get_system_commands(screen)}
    assert {"Hold", "Characters", "Mistakes", "Confusion", "Units", "Draw", "Network"} <= titles
    await desk.press("f1")
    assert isinstance(desk.app.screen, HelpScreen)
    rows = list(desk.app.screen.keys())
    keys = {key for names, _ in rows for key in names.split(", ")}
    for place in BOUND:
        for binding in place.BINDINGS:
            assert {key_name(key) for key in binding.key.split(",")} <= keys  # type: ignore[union-attr]
    await desk.press("escape")
    assert inside(desk) is screen


async def test_a_digit_drawn_by_keys_is_said_at_once_and_help_and_the_palette_know_every_key(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        screen = await train(desk)
        await check_help(desk)
        await desk.press("4")
        paper = screen.query_one(Sketchpad)
        assert screen.focused is paper
        assert "Draw a digit" in desk.screen
        await desk.press(*SEVEN)
        assert paper.state == "pen down"
        await desk.until(lambda: "%" in shown(desk, "#said"))
        shares = [float(share) for share in re.findall(r"([\d.]+)%", shown(desk, "#said"))]
        assert len(shares) == 10
        assert sum(shares) == pytest.approx(100, abs=1)
        # As MNIST's digits are: from what is shown to the network it says this elsewhere too.
        seen = screen.query_one("#seen", Picture)
        assert seen.pixels is not None
        model = Classifier.load(desk.app.main.directory / "checkpoint.safetensors")  # type: ignore[operator]
        expected = model.predict_proba(seen.pixels.reshape(1, -1))[0]
        np.testing.assert_allclose(screen.query_one("#said", Bars).probabilities, expected, rtol=1e-4, atol=1e-6)
        await desk.press("5")
        await desk.until_read("your drawing: read as")
        assert re.search(r"lit: \d+ of 16 units of dense_1", desk.screen)
        await desk.press("right")
        await desk.until_read("test image")
        await desk.press("down")
        await desk.until_read("dense_2 is the output")
        await desk.press("left", "4")
        inked = paper.sketch.ink.sum()
        await desk.press("e", "up", "up", "up")
        assert paper.state == "eraser down"
        assert paper.sketch.ink.sum() < inked
        await desk.press("space")
        assert paper.state == "eraser up"
        before = paper.sketch.ink.copy()
        await desk.press("left", "left")
        np.testing.assert_array_equal(paper.sketch.ink, before)
        await desk.press("delete")
        assert paper.sketch.is_empty
        assert "%" not in shown(desk, "#said")
        assert screen.query_one("#seen", Picture).pixels is None


async def test_there_is_nothing_to_look_into_before_the_first_run(sit_down: Desks) -> None:
    async with sit_down() as desk:
        await desk.press("escape", "i")
        assert desk.at_main_screen()


# By mouse


async def test_views_pictures_and_cells_are_clicked(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(USUAL, **noise) as desk:
        screen = await train(desk)
        gallery = screen.query_one("#mistake-gallery", Gallery)
        width, height = gallery.tile_size(gallery.across())
        assert await desk.pilot.click("#mistake-gallery", offset=(width + 3, 1))
        await desk.settle()
        assert gallery.index == 1
        assert await desk.pilot.click("#mistake-gallery", offset=(1, height + 1))
        await desk.settle()
        assert gallery.index == gallery.grid(gallery.across())[0]
        await desk.click("#view-confusion")
        await desk.until(lambda: "recall" in desk.screen)
        matrix = screen.query_one(ConfusionMatrix)
        assert await desk.pilot.click("#matrix", offset=(6 + 5 * 3 + 2, 1 + 4))
        await desk.settle()
        assert matrix.cell == (4, 3)
        assert "4 taken for 3" in desk.screen
        await desk.click("#view-units")
        await desk.until_read("unit 0 of 16")
        await desk.click("#view-draw")
        await desk.until_read("Draw a digit")


async def stroke(pilot: Pilot[int], *places: tuple[int, int], button: int = 1) -> None:
    """Drag from place to place."""
    await pilot.mouse_down("#paper", offset=places[0], button=button)
    for place in places[1:]:
        await pilot.hover("#paper", offset=place)
    await pilot.mouse_up("#paper", offset=places[-1])
    await pilot.pause()


async def test_a_digit_drawn_with_the_mouse_at_every_size(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        screen = await train(desk)
        await desk.press("4")
        for size in (SMALL, USUAL, LARGE):
            await desk.resize(size)
            await desk.press("delete")
            assert screen.query_one(Sketchpad).sketch.is_empty
            paper, scale = screen.query_one(Sketchpad), screen.query_one(Sketchpad).scale
            assert scale == (2 if size == LARGE else 1)
            await stroke(desk.pilot, (10 * scale, 3 * scale), (30 * scale, 3 * scale), (20 * scale, 17 * scale))
            assert not desk.app.screen.selections, "no text is selected by the way"
            ink = paper.sketch.ink
            # The stroke leaves no gaps, however far the mouse went between two events.
            assert (ink[6 if scale == 2 else 7, 11:29] > 200).all()
            assert all(ink[row].max() > 200 for row in range(8, 34))
            await desk.until(lambda: "%" in shown(desk, "#said"))
            await stroke(desk.pilot, (20 * scale, 3 * scale), (21 * scale, 3 * scale), button=3)
            assert paper.sketch.ink[7, 20] == 0
            assert paper.sketch.ink[7, 13] > 200
            # Beyond the paper's edge it goes on to be drawn.
            await stroke(desk.pilot, (2, 10 * scale), (0, 10 * scale))
            assert paper.sketch.ink[20, 0] > 200
            await desk.pilot.hover("#paper", offset=(20, 10))
            before = paper.sketch.ink.copy()
            await desk.pilot.hover("#paper", offset=(30, 12))
            np.testing.assert_array_equal(paper.sketch.ink, before)


# While it is trained


async def test_a_network_is_looked_into_while_it_is_trained(sit_down: Desks, noise: dict[str, Any], unpaced: None) -> None:
    async with sit_down(USUAL, **(noise | LONG)) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        screen = await look_inside(desk)
        first = state(desk)
        await desk.until(lambda: state(desk) != first)
        second = screen.subject
        assert second is not None
        # Its own copy, which training does not move.
        runner = desk.app.main.runner
        assert runner is not None
        assert screen.examination is not None
        assert len(screen.examination.labels) == 80
        await desk.press("f")
        assert state(desk).startswith("held after step")
        held = state(desk)
        runner.history.drain()
        assert runner.history.progress is not None
        epoch = runner.history.progress.epoch

        def goes_on() -> bool:
            runner.history.drain()
            return runner.history.progress is not None and runner.history.progress.epoch > epoch + 2

        await desk.until(goes_on)
        assert state(desk) == held
        await desk.press("f")
        await desk.until(lambda: not state(desk).startswith("held") and state(desk) != held.removeprefix("held "))
        await desk.press("4", *SEVEN)
        await desk.until(lambda: "%" in shown(desk, "#said"))
        said = shown(desk, "#said")
        # The drawing is shown to the network again as it learns.
        await desk.until(lambda: shown(desk, "#said") != said)


async def test_a_look_writes_no_checkpoint(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(USUAL, **(noise | LONG), batch_size=1, checkpoint_every=0) as desk:
        # One epoch that does not end, so that none is written for its sake.
        runner = Runner(
            Config.parse({**noise, **LONG, "hidden": "8", "batch_size": 1, "checkpoint_every": 0, "threads": 1}),
            lambda: Run.create(Config.parse({**noise, **LONG, "hidden": "8", "batch_size": 1, "checkpoint_every": 0, "threads": 1})),
            lambda message: None,
        )
        runner.control.pause()
        runner.start()
        await desk.until(lambda: runner.snapshot is not None)
        (folder,) = Path("runs").iterdir()
        before = (folder / "checkpoint.safetensors").stat().st_mtime_ns
        first = runner.snapshot
        runner.control.take_snapshot()
        runner.control.step()
        await desk.until(lambda: runner.snapshot is not first)
        assert runner.snapshot is not None
        assert runner.snapshot.scalars["step"] == 1
        assert (folder / "checkpoint.safetensors").stat().st_mtime_ns == before
        runner.control.stop()
        assert runner.join(20)


async def test_a_paused_run_is_seen_as_it_stands(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(USUAL, **(noise | LONG)) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        runner = desk.app.main.runner
        assert runner is not None
        for key in ("space", "n"):
            await desk.press(key)
            await desk.until(lambda: runner.control.held)
            runner.history.drain()
            assert runner.history.progress is not None
            step = runner.history.progress.step
            await look_inside(desk)
            await desk.until(lambda: f"after step {step:,} " in state(desk))  # noqa: B023 it is waited for here
            await desk.press("escape")


# From disk


async def test_a_run_on_disk_is_looked_into_from_the_list(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(USUAL, **noise) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        await desk.press("c")
        await desk.until(lambda: isinstance(desk.app.screen, CompareScreen) and "completed" in desk.screen)
        await desk.press("i")
        await desk.until(lambda: isinstance(desk.app.screen, InsideScreen) and desk.app.screen.examination is not None)
        assert desk.app.main.directory is not None
        assert desk.app.main.directory.name in desk.screen
        found = inside(desk).examination
        assert found is not None
        await desk.press("escape")
        assert isinstance(desk.app.screen, CompareScreen)
        await desk.press("escape")
        live = await look_inside(desk)
        assert live.examination is not None
        np.testing.assert_array_equal(live.examination.probabilities, found.probabilities)


async def test_a_watched_run_is_looked_into_at_its_checkpoint(tmp_path: Path) -> None:
    snapshot = trained(tmp_path / "run", data(tmp_path / "d.npz"))
    app = TrainerApp(watched=Follower(tmp_path / "run"))
    async with seated(app) as desk:
        await desk.press("i")
        await desk.until(lambda: isinstance(app.screen, InsideScreen) and app.screen.examination is not None)
        assert f"after step {snapshot.scalars['step']} " in state(desk)
        await desk.press("escape")
        assert isinstance(app.screen, WatchScreen)


Opening = Callable[..., AbstractAsyncContextManager[Desk]]


@pytest.fixture
def opening(sit_down: Desks) -> Opening:
    """The screen over a checkpoint of anybody's."""

    @asynccontextmanager
    async def open_(path: Path, size: tuple[int, int] = USUAL) -> AsyncIterator[Desk]:
        async with sit_down(size) as desk:
            desk.app.push_screen(InsideScreen(Source(path.name, checkpoint=path), desk.app.main.marks))
            await desk.until(lambda: isinstance(desk.app.screen, InsideScreen) and bool(desk.app.screen.query("#state")))
            yield desk

    return open_


def trained(folder: Path, dataset: Path, **options: Any) -> Snapshot:
    config = Config.parse({"data": str(dataset), "validation": 0, "epochs": 1, "hidden": "5", "threads": 1, **options})
    run = Run.create(config, folder)
    end = [event for event in run.events(Control()) if isinstance(event, Ended)][-1]
    assert end.snapshot is not None
    return end.snapshot


async def until_examined(desk: Desk) -> None:
    await desk.until(lambda: inside(desk).examination is not None)
    await desk.settle()


async def test_a_checkpoint_that_is_replaced_is_read_again(tmp_path: Path, opening: Opening) -> None:
    snapshot = trained(tmp_path / "run", data(tmp_path / "d.npz"))
    path = tmp_path / "run" / "checkpoint.safetensors"
    async with opening(path) as desk:
        await until_examined(desk)
        assert f"after step {snapshot.scalars['step']} " in state(desk)
        checkpoint.write(path, Snapshot(snapshot.tensors, {**snapshot.scalars, "step": 4321}))
        await desk.until_read("after step 4,321 ")


async def test_data_that_is_gone_leaves_weights_and_drawing(tmp_path: Path, opening: Opening) -> None:
    dataset = data(tmp_path / "d.npz")
    trained(tmp_path / "run", dataset)
    dataset.unlink()
    async with opening(tmp_path / "run" / "checkpoint.safetensors", LARGE) as desk:
        await desk.until_read("without test images")
        assert "There are no test images to examine it on." in desk.screen
        await desk.press("2")
        assert "There are no test images" in desk.screen
        await desk.press("3")
        await desk.until_read("unit 0 of 5")
        await desk.press("4", *SEVEN)
        await desk.until(lambda: "%" in shown(desk, "#said"))


async def test_other_data_than_it_was_trained_on_is_said(tmp_path: Path, opening: Opening) -> None:
    dataset = data(tmp_path / "d.npz")
    trained(tmp_path / "run", dataset)
    data(dataset, kinds=9)
    async with opening(tmp_path / "run" / "checkpoint.safetensors", LARGE) as desk:
        await until_examined(desk)
        assert "is not what this network was trained on" in state(desk)


async def test_no_checkpoint_or_a_broken_one_is_said(tmp_path: Path, opening: Opening) -> None:
    path = tmp_path / "checkpoint.safetensors"
    async with opening(path) as desk:
        await desk.until(lambda: "there is no network yet" in state(desk))
        for key in (*VIEWS, "down", "right", "enter", "j", "pagedown", "end", "f", "m", "space"):
            await desk.press(key)
        path.write_bytes(b"\xff" * 100)
        await desk.until(lambda: "checkpoint" in state(desk) and "no network" not in state(desk))


NAME = "a\x1b]0;owned\x07\x1b[31m[red][@click=app.quit]x[\u202e"


async def test_names_that_a_terminal_would_obey_are_spelled_out(tmp_path: Path, opening: Opening) -> None:
    dataset = data(tmp_path / "d.npz")
    trained(tmp_path / "run", dataset)
    dataset.unlink()
    hostile = tmp_path / NAME
    (tmp_path / "run" / "checkpoint.safetensors").rename(hostile)
    async with opening(hostile, LARGE) as desk:
        await desk.until_read("without test images")
        assert all(line.isprintable() for line in desk.screen.splitlines())
        assert "[@click=app.quit]" in desk.screen
        hostile.unlink()
        await desk.until_read("there is no network yet")
        assert all(line.isprintable() for line in desk.screen.splitlines())


# Where there is little to see


@pytest.mark.parametrize("side", [(1, 1), (40, 40), (70, 70)])
async def test_images_of_any_square_are_drawn(sit_down: Desks, noise: dict[str, Any], tmp_path: Path, side: tuple[int, int]) -> None:
    async with sit_down(SMALL, **(noise | {"data": str(data(tmp_path / "side.npz", side))})) as desk:
        screen = await train(desk)
        for key in VIEWS:
            await desk.press(key)
            assert overlaps(screen) == []
        await desk.press("4", *SEVEN)
        await desk.until(lambda: "%" in shown(desk, "#said"))
        assert screen.query_one("#seen", Picture).pixels.shape == side  # type: ignore[union-attr]


async def test_samples_that_are_no_images_are_counted_but_not_drawn(sit_down: Desks, noise: dict[str, Any], tmp_path: Path) -> None:
    async with sit_down(USUAL, **(noise | {"data": str(data(tmp_path / "rows.npz", (15,)))})) as desk:
        await train(desk)
        assert "taken for" in desk.screen
        await desk.press("2")
        assert "recall" in desk.screen
        await desk.press("3")
        assert "are no images in" in desk.screen
        await desk.press("4", "space", "left", "left")
        assert "are no images in" in desk.screen
        assert "%" not in shown(desk, "#said")


async def test_images_that_are_no_squares_are_drawn_in_their_own_shape(sit_down: Desks, noise: dict[str, Any], tmp_path: Path) -> None:
    async with sit_down(USUAL, **(noise | {"data": str(data(tmp_path / "wide.npz", (4, 16)))})) as desk:
        screen = await train(desk)
        for key, picture in (("1", "#mistake-picture"), ("3", "#unit-picture")):
            await desk.press(key)
            assert overlaps(screen) == []
            drawn = screen.query_one(picture, Picture)
            lines = [line for line in drawn.draw(32, 16) if line]
            assert (sum(len(text) for text, _ in lines[0]), len(lines)) == (32, 4), "two pixels to a character"
        await desk.press("4", "space", "left", "left")
        assert "none can be drawn" in desk.screen
        assert "%" not in shown(desk, "#said")


async def test_numbers_that_are_no_bytes_are_drawn_and_said(sit_down: Desks, noise: dict[str, Any], tmp_path: Path) -> None:
    async with sit_down(USUAL, **(noise | {"data": str(data(tmp_path / "float.npz", dtype=np.float32))})) as desk:
        screen = await train(desk)
        await desk.press("4", *SEVEN)
        await desk.until(lambda: "%" in shown(desk, "#said"))
        seen = screen.query_one("#seen", Picture).pixels
        assert seen is not None
        assert screen.subject is not None
        assert screen.subject.test is not None
        low, high = screen.subject.test.images.min(), screen.subject.test.images.max()
        model = Classifier.load(desk.app.main.directory / "checkpoint.safetensors")  # type: ignore[operator]
        expected = model.predict_proba(seen.reshape(1, -1) / 255 * (high - low) + low)[0]
        np.testing.assert_allclose(screen.query_one("#said", Bars).probabilities, expected, rtol=1e-3, atol=1e-5)


async def test_a_run_that_diverged_shows_the_network_before_and_says_so(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(LARGE, **noise, learning_rate=1e30, optimizer="sgd") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        await desk.press("i")
        await desk.until(lambda: isinstance(desk.app.screen, InsideScreen) and desk.app.screen.examination is not None)
        assert "then training diverged, in dense_" in state(desk)


async def test_a_network_of_no_finite_numbers_is_called_so(tmp_path: Path, opening: Opening) -> None:
    snapshot = trained(tmp_path / "run", data(tmp_path / "d.npz"))
    for tensor in snapshot.tensors.values():
        tensor[:] = np.nan
    path = tmp_path / "burst.safetensors"
    checkpoint.write(path, snapshot)
    async with opening(path) as desk:
        await until_examined(desk)
        assert "its numbers are not finite" in state(desk)
        for key in ("1", "2", "3"):
            await desk.press(key)
            assert "its training diverged." in desk.screen
        await desk.press("4", *SEVEN)
        await desk.until_read("its training diverged.")
        assert "%" not in shown(desk, "#said")


async def test_no_mistakes_at_all(sit_down: Desks) -> None:
    async with sit_down(USUAL, epochs=12) as desk:
        await train(desk)
        assert "test accuracy 100.00%, 0 of 100 wrong" in state(desk)
        assert "No test image was taken for another digit." in desk.screen
        await desk.press("right", "pagedown", "end", "2", "j", "enter")
        assert desk.app.is_running


# What it looks like


async def test_each_view_has_room_at_every_size_and_bears_none(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(SMALL, **noise) as desk:
        screen = await train(desk)
        for size in (SMALL, (80, 45), (120, 24), (1, 1), (20, 5), (40, 10), LARGE, USUAL):
            await desk.resize(size)
            await desk.press(*VIEWS, "4")
            if size < SMALL:
                continue
            assert screen.query_one("#said").size.height >= 10
            assert screen.query_one("#paper").size.width >= 40
            assert screen.query_one("#paper").size.height >= 20
            await desk.press("2")
            assert "recall" in desk.screen
            assert screen.query_one("#cell-gallery").size.height >= 8


def look(screen: InsideScreen) -> Look | None:
    return screen.look


async def test_characters_are_chosen_by_what_the_terminal_shows(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(USUAL, **noise) as desk:
        screen = await train(desk)
        assert look(screen) is Look.SHADES
        await desk.press("m")
        assert look(screen) is Look.BLOCKS
        assert re.search("[▀▄█]", shown(desk, "#mistake-picture"))
        await desk.press("m")
        assert look(screen) is Look.ASCII
        for key in VIEWS:
            await desk.press(key)
            pane = desk.screen.splitlines()[1:-1]
            assert all(line.replace("·", "").isascii() for line in pane)
        await desk.press("m", "escape")
        desk.app.console = Console(color_system="standard", force_terminal=True)
        assert (await look_inside(desk)).look is Look.BLOCKS
        await desk.press("escape")
    async with sit_down(USUAL, plain=True, **noise) as desk:
        assert (await train(desk)).look is Look.ASCII


async def test_the_app_may_be_left_from_here(sit_down: Desks, noise: dict[str, Any]) -> None:
    async with sit_down(USUAL, **(noise | LONG)) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        await look_inside(desk)
        assert inside(desk).query_one(DrawPane)
        await desk.press("ctrl+q", "ctrl+q")
        await desk.until(lambda: desk.app.return_code is not None)
    assert desk.app.return_code == 0
