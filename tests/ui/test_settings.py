"""What the app remembers from one time to the next."""

from pathlib import Path

import pytest

from tui_trainer.config.options import Config
from tui_trainer.lessons.outcome import Outcome
from tui_trainer.system import folders
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.settings import Settings

from .desk import SMALL, Desk, seated

pytestmark = pytest.mark.long


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folders, "settings", lambda: tmp_path / "config" / "tui-trainer")
    return tmp_path / "config" / "tui-trainer"


def test_options_and_theme_come_back() -> None:
    config = Config.parse({"hidden": "64x3", "activation": "tanh,relux2", "optimizer": "sgd", "changes": "3 decay=1"})
    Settings.load().remember(theme="nord", config=config)
    Settings.load().remember(theme="gruvbox")
    for right in (3, 5):
        Settings.load().remember(lessons={"stacking": Outcome(right=right, of=5, seed=7, seconds=8.5)})
    again = Settings.load()
    assert again.lessons == {"stacking": Outcome(right=5, of=5, seed=7, seconds=8.5)}
    assert again.theme == "gruvbox"
    assert Config.parse(again.options) == config.model_copy(update={"changes": ()})


@pytest.mark.parametrize(
    "content",
    [
        b"theme = ",
        b"\xff\xfe",
        b"[options]\nhidden = -3",
        b"options = 3",
        b"theme = 3\n[options]\nnonsense = 1",
        b"x" * 100_000,
        b"[lessons.stacking]\nright = -1",
    ],
)
def test_a_file_that_makes_no_sense_is_as_good_as_none(folder: Path, content: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_bytes(content)
    assert Settings.load() == Settings()


async def test_the_theme_persists(tmp_path: Path) -> None:
    for expected, wanted in (("night", "textual-light"), ("textual-light", "nord"), ("nord", "nord")):
        async with seated(TrainerApp(settings=Settings.load())) as desk:
            assert desk.app.theme == expected
            desk.app.theme = wanted
            await desk.settle()


def test_sizes_of_panes_come_back_as_far_as_they_make_sense(folder: Path) -> None:
    Settings.load().remember(panes={"wide-tall": {"form": 50}, "narrow-short": {}})
    assert Settings.load().panes == {"wide-tall": {"form": 50}}
    (folder / "settings.toml").write_text('[panes]\nx = 3\n[panes.y]\nform = -1\nlayers = "a"\ncharts = 7')
    assert Settings.load().panes == {"y": {"charts": 7}}


async def test_borders_are_dragged_moved_and_remembered_for_each_size() -> None:
    def width(desk: Desk, pane: str) -> int:
        return desk.app.main.query_one(f"#{pane}").outer_size.width

    async with seated(TrainerApp(settings=Settings.load())) as desk:
        form, layers = desk.app.main.query_one("#form").region, desk.app.main.query_one("#layers").region
        await desk.drag((form.right - 1, 5), (form.right + 9, 5))
        assert width(desk, "form") == form.width + 10
        await desk.drag((layers.x + 20, layers.y), (layers.x + 20, layers.y + 3))
        await desk.press("ctrl+down", "ctrl+left")
        assert desk.app.main.query_one("#layers").outer_size.height == layers.height - 4
        assert width(desk, "form") == form.width + 8
        await desk.drag((width(desk, "form"), 5), (119, 5))
        assert width(desk, "form") == 60, "as much stays for the charts"
        await desk.resize(SMALL)
        assert width(desk, "form") == 35, "another size has borders of its own"
        await desk.press("2", "ctrl+left", "ctrl+up")
        assert width(desk, "charts") == 38
        assert desk.is_noted("No two panes stand one over the other")
        await desk.until(lambda: "narrow-short" in Settings.load().panes)
    async with seated(TrainerApp(settings=Settings.load())) as desk:
        assert (width(desk, "form"), desk.app.main.query_one("#layers").outer_size.height) == (60, layers.height - 4)
        await desk.press("ctrl+home")
        assert (width(desk, "form"), desk.app.main.query_one("#layers").outer_size.height) == (form.width, layers.height)
        await desk.until(lambda: "wide-tall" not in Settings.load().panes)


async def test_the_last_runs_options_fill_the_form(digits_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = {"data": str(digits_file), "validation": 100, "epochs": 1, "hidden": "16", "threads": 1, "activation": "elu"}
    async with seated(TrainerApp(options, settings=Settings.load())) as desk:
        await desk.press("ctrl+r")
        await desk.until_read("test accuracy")
    async with seated(TrainerApp(Settings.load().options)) as desk:
        assert desk.app.main.query_one(ConfigForm).config == Config.parse(options)


async def test_a_folder_that_cannot_be_written_is_told_once(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file stands in the way")
    async with seated(TrainerApp(settings=Settings.load())) as desk:
        desk.app.theme = "nord"
        await desk.until(lambda: desk.is_noted("cannot be remembered"))
        assert len(desk.notes) == 1
        desk.app.theme = "gruvbox"
        await desk.settle()
        assert len(desk.notes) == 1
