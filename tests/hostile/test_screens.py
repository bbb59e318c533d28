"""The app's screens with names and files that hold escapes, markup and what turns text around: they show them, and do nothing else."""

import json
import os
import shutil
from pathlib import Path

import pytest
from rich.text import Text
from textual.widgets import Static
from ui.desk import SMALL, USUAL, Desk, Desks, seated

from tui_trainer.config.options import Config
from tui_trainer.runs.archive import read_run
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.follow import Follower
from tui_trainer.system import folders
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.runs.compare import CompareScreen
from tui_trainer.ui.runs.run_list import RunList
from tui_trainer.ui.settings import Settings

from .outcome import ESCAPES, is_harmless
from .test_resuming import copied, lines_of
from .test_terminal import NAME, hostile  # noqa: F401 a fixture

pytestmark = pytest.mark.long

MARKUP = "[/]x[red]x[@click=app.quit]x[link=file:x]x[/red]["
"""What Textual and Rich would obey; closing what was never opened is an error in both."""


@pytest.fixture
def sit_down(digits_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desks:
    monkeypatch.chdir(tmp_path)
    return Desks({"data": str(digits_file), "validation": 100, "batch_size": 20, "epochs": 1, "hidden": "16", "threads": 1})


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "settings", lambda: tmp_path / "settings")


def look(desk: Desk) -> str:
    """The screen, of which every character was checked."""
    screen = desk.screen
    wrong = [ascii(line.strip()) for line in screen.splitlines() if not is_harmless(line)]
    assert not wrong
    return screen


@pytest.mark.parametrize("size", [SMALL, USUAL])
async def test_runs_of_anybody_are_listed_and_compared(sit_down: Desks, tmp_path: Path, hostile: Path, size: tuple[int, int]) -> None:  # noqa: F811
    runs = Path(shutil.copytree(hostile, tmp_path / "runs"))
    for name in (MARKUP.replace("/", ""), f"a{MARKUP.replace('/', '')}"):
        copied(next(run for run in hostile.iterdir() if run.name.startswith("environment")), runs / name)
    async with sit_down(size) as desk:
        await desk.press("escape", "c")
        await desk.until(lambda: isinstance(desk.app.screen, CompareScreen))
        table = desk.app.screen.query_one(RunList)
        await desk.until(lambda: table.row_count == 6 and set(table.states) == set(table.paths))
        look(desk)
        for _ in range(6):
            await desk.press("space", "down")
            look(desk)
        for key in ("2", "3", "1", "g", "escape", "t", "v", "enter", "escape"):
            await desk.press(key)
            look(desk)
        cells = [cell for index in range(table.row_count) for cell in table.get_row_at(index)] if table.is_attached else []
        assert all(isinstance(cell, Text) and is_harmless(cell.plain) for cell in cells)


@pytest.mark.parametrize("name", [f"{NAME}{MARKUP}".replace("/", "")], ids=["escapes and markup"])
async def test_a_run_in_a_folder_of_such_a_name(sit_down: Desks, tmp_path: Path, name: str) -> None:
    async with sit_down(output=tmp_path / name) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        look(desk)
        for key in ("v", "down", "enter", "k", "escape", "f1", "escape"):
            await desk.press(key)
            look(desk)
        # There is a run already: the next start is refused, by the folder's name.
        await desk.press("escape", "r")
        await desk.until_phase(Phase.REFUSED, Phase.ENDED)
        look(desk)


@pytest.mark.parametrize("name", [ESCAPES, MARKUP, "~\0", "می\u200cخواهم"], ids=ascii)
async def test_data_of_such_a_name(sit_down: Desks, name: str) -> None:
    async with sit_down(data=name) as desk:
        for key in ("escape", "k", "escape", "ctrl+r"):
            await desk.press(key)
            look(desk)
        await desk.until_phase(Phase.REFUSED)
        look(desk)
        assert desk.value("data") == name.strip(), "what is shown is not what is meant"


async def test_a_run_that_is_gone_on_with_and_then_watched(sit_down: Desks, stopped_run: Path, tmp_path: Path) -> None:
    folder = copied(stopped_run, tmp_path / NAME)
    start, *rest = lines_of(stopped_run)
    start["environment"] = {"machine": ESCAPES + MARKUP, "blas": MARKUP}
    end = {"event": "change", "epoch": 2, "batch": 2, "step": 9, "changes": {"learning_rate": 0.001}}
    folder.metrics.write_text("".join(json.dumps(line) + "\n" for line in [start, *rest, end]))
    async with sit_down(SMALL, resumed=read_run(folder.path)) as desk:
        await desk.until_phase(Phase.ENDED)
        look(desk)
    lines = folder.metrics.read_text().splitlines()
    odd = {"event": "change", "epoch": 1, "batch": 1, "step": 1, "changes": {MARKUP: ESCAPES, "schedule": MARKUP}}
    layers = [{"name": MARKUP, "gradient_norm": 1.0}, {"name": ESCAPES, "gradient_norm": None}]
    lines.insert(1, json.dumps(odd))
    lines.insert(
        2,
        json.dumps(
            json.loads(next(line for line in lines if '"epoch":' in line and '"layers"' in line and '"loss' not in line) or "{}")
            | {"layers": layers}
        ),
    )
    RunDirectory(folder.path).metrics.write_text("".join(line + "\n" for line in lines))
    app = TrainerApp(watched=Follower(folder.path))
    async with seated(app, USUAL) as desk:
        await desk.until(lambda: "reading its files" not in desk.screen)
        for key in ("1", "2", "down", "f1", "escape"):
            await desk.press(key)
            look(desk)


SETTINGS: list[bytes] = [
    b"",
    b"\xff",
    b"theme = 3",
    b"theme = 0x" + b"f" * 6000,
    b"theme = []",
    f"theme = {json.dumps(MARKUP)}".encode(),
    b"options = 3",
    b"options = [[]]",
    b"options = [['epochs', 3]]",
    b"[options]\nepochs = 3.0\nhidden = [4, 4]\nactivation = ['tanh', 'relu']\nseed = true",
    b"[options]\nepochs = 3.0\nhidden = [4, 4]\nactivation = ['tanh', 'relu']\nshuffle = 'no'\nthreads = 1",
    b"a." * 30_000 + b"a = 1",
    b"theme = {" + b"a." * 3000 + b"a = 1}",
    b"[options]\n" + b"a." * 3000 + b"a = 1",
    b"[options]\nchanges = [{step = 1, epochs = 2}]",
    f"[options]\ndata = {json.dumps(ESCAPES)}".encode(),
    b"x = " + b"[" * 60_000,
    b"a = '" + b"x" * 70_000 + b"'",
]


def write_settings(folder: Path, content: bytes) -> Settings:
    (folder / "settings").mkdir(exist_ok=True)
    (folder / "settings" / "settings.toml").write_bytes(content)
    return Settings.load()


@pytest.mark.parametrize("content", SETTINGS, ids=lambda content: content[:40].decode("ascii", "replace"))
def test_settings_are_what_a_form_takes_or_none(tmp_path: Path, content: bytes) -> None:
    found = write_settings(tmp_path, content)
    assert isinstance(found.theme, str)
    assert dict(found.options).items() <= dict(Config.parse(found.options)).items()


async def test_an_app_takes_any_settings_that_are_found(tmp_path: Path) -> None:
    found = [write_settings(tmp_path, content) for content in SETTINGS]
    # Most are as good as none.
    for settings in [each for index, each in enumerate(found) if each not in found[:index]]:
        async with seated(TrainerApp(settings.options, settings=settings)) as desk:
            look(desk)
            assert desk.app.screen.query(Static)


def test_settings_that_are_no_file_are_as_good_as_none(tmp_path: Path) -> None:
    file = tmp_path / "settings" / "settings.toml"
    file.parent.mkdir()
    for make in (os.mkdir, os.mkfifo, lambda path: path.symlink_to(path), lambda path: path.symlink_to("/dev/zero")):
        make(file)
        assert Settings.load() == Settings()
        if file.is_dir():
            file.rmdir()
        else:
            file.unlink()
