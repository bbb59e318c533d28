"""What fills the form and what is taken from the screen: presets, layer by layer, copies, pictures and tables."""

import csv
import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from textual.widgets import Input, Select

from tui_trainer.config.options import Config
from tui_trainer.ui.kit.export import save, table_markdown
from tui_trainer.ui.run.copy import CopyScreen
from tui_trainer.ui.run.diagram import diagram
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.layer_editor import GroupRow, LayersScreen
from tui_trainer.ui.run.presets import PRESETS
from tui_trainer.ui.run.run_panel import Phase

from .desk import SMALL, USUAL, Desk, Desks

pytestmark = pytest.mark.long


def config(desk: Desk) -> Config:
    found = desk.app.main.query_one(ConfigForm).config
    assert found is not None
    return found


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_run(name: str) -> None:
    assert Config.parse(PRESETS[name].values)
    assert PRESETS[name].summary.endswith(".")


async def test_a_preset_fills_the_whole_form(sit_down: Desks) -> None:
    async with sit_down(SMALL, learning_rate=7, dropout=0.5) as desk:
        await desk.press("escape", "p")
        await desk.until_read("Vanishing gradients")
        # The keys that follow steer, and change nothing of it.
        await desk.press("down", "down", "enter", "3", "1")
        assert desk.at_main_screen()
        assert config(desk) == Config.parse(PRESETS["Vanishing gradients"].values)
        await desk.click("#presets")
        await desk.press("escape")
        assert desk.at_main_screen()
        assert config(desk) == Config.parse(PRESETS["Vanishing gradients"].values)


async def test_each_layer_takes_its_own_width_activation_and_initializer(sit_down: Desks) -> None:
    async with sit_down(SMALL, hidden="128x4,64") as desk:
        await desk.click("#design")
        assert isinstance(desk.app.screen, LayersScreen)
        rows = list(desk.app.screen.query(GroupRow))
        assert [row.group[:2] for row in rows] == [("128", "4"), ("64", "1")]
        assert "128×4" in desk.screen
        await desk.type("100")
        await desk.press("tab")
        await desk.type("2")
        rows[0].query_one(".activation", Select).value = "tanh"
        await desk.settle()
        assert rows[0].group == ("100", "2", "tanh", "glorot_uniform")
        # What it does is drawn as one comes to it, and what another one would do before it is taken.
        await desk.press("tab")
        assert "slope 1 at 0, flat far out" in desk.screen
        await desk.press("enter", "home")
        assert "slope at most ¼: ten leave 1e-6" in desk.screen
        await desk.press("escape", "tab")
        assert "dense_2: 100 → 100, σ 0.1" in desk.screen
        await desk.press("ctrl+n")
        await desk.type("32")
        desk.app.screen.query(GroupRow).last().query_one(".initializer", Select).value = "uniform"
        await desk.settle()
        await desk.press("ctrl+r")
        found = config(desk)
        assert found.hidden == (100, 100, 64, 32)
        assert found.activations == ("tanh", "tanh", "relu", "relu")
        assert found.initializers == ("glorot_uniform", "glorot_uniform", "he_normal", "uniform", "he_normal")
        assert desk.phase() is Phase.IDLE


async def test_layers_can_be_taken_away_to_the_last_and_what_is_wrong_is_said(sit_down: Desks) -> None:
    async with sit_down(USUAL, hidden="16,8") as desk:
        await desk.press("escape", "d")
        desk.app.screen.query(GroupRow).first().query_one(".units", Input).value = "many"
        await desk.until_read("✗ row 1, units: many is no whole number from 1 to 65,536; type one")
        await desk.press("ctrl+r")
        assert isinstance(desk.app.screen, LayersScreen)
        for _ in range(2):
            await desk.click(".tool.remove")
        assert not desk.app.screen.query(GroupRow)
        await desk.click("#apply")
        assert config(desk).hidden == ()


async def test_rows_of_layers_are_copied_moved_and_taken_away_and_the_command_says_the_same(sit_down: Desks) -> None:
    async with sit_down(SMALL, hidden="16,8") as desk:
        await desk.press("escape", "d")
        assert "tui-trainer --hidden 16,8 " in desk.screen
        assert re.search(r" [\d,]+ parameters", desk.screen)
        await desk.press("ctrl+d")
        await desk.type("32")
        await desk.press("shift+up")
        assert "tui-trainer --hidden 32,16,8" in desk.screen
        await desk.press("shift+up", "shift+down", "shift+down", "shift+down")
        assert "tui-trainer --hidden 16,8,32" in desk.screen
        await desk.click(".tool.down")
        assert "tui-trainer --hidden 8,16,32" in desk.screen
        await desk.press("ctrl+k", "ctrl+k", "ctrl+r")
        assert config(desk).hidden == (8,)


async def test_leaving_the_layers_changes_nothing(sit_down: Desks) -> None:
    async with sit_down(hidden="16,8") as desk:
        before = config(desk)
        await desk.press("escape", "d")
        await desk.type("99")
        await desk.press("escape")
        assert desk.at_main_screen()
        assert config(desk) == before


async def test_the_run_is_copied_in_words(sit_down: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    async with sit_down(SMALL, hidden="128x8", activation="elu") as desk:
        monkeypatch.setattr(desk.app, "copy_to_clipboard", copied.append)
        for key, button in (("c", "#command"), ("t", "#toml")):
            await desk.press("escape", "k")
            assert "tui-trainer --no-ui --hidden 128x8" in desk.screen
            await desk.press(key)
            await desk.click("#copy")
            assert isinstance(desk.app.screen, CopyScreen)
            await desk.click(button)
            assert desk.at_main_screen()
            # What it says lies over what is read next.
            desk.app.clear_notifications()
        expected = config(desk)
    command, again, file, same = copied
    assert command == again
    assert "--activation elu" in command
    assert file == same
    assert Config.parse(tomllib.loads(file)) == expected


async def test_what_is_on_the_screen_can_be_saved(sit_down: Desks, tmp_path: Path) -> None:
    async with sit_down(USUAL, output=tmp_path / "run") as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        for steps, name in enumerate(("screen.svg", "charts.svg", "curves.csv", "layers.csv", "layers.md")):
            await desk.press("v", *["down"] * steps, "enter")
            await desk.until((tmp_path / "run" / name).exists)
        await desk.press("v", "enter")
        await desk.until((tmp_path / "run" / "screen-2.svg").exists)
    folder = tmp_path / "run"
    for name in ("screen.svg", "charts.svg"):
        ET.parse(folder / name)
    assert "Accuracy" in (folder / "charts.svg").read_text()
    with (folder / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["curve", "step", "epoch", "seconds", "value"]
    assert sum(row["curve"] == "batch loss" for row in rows) == 50  # two epochs of 500 images, twenty at a time
    assert [float(row["epoch"]) for row in rows if row["curve"] == "validation accuracy, %"] == [1, 2]
    assert all(0 <= float(row["value"]) <= 100 for row in rows if "accuracy" in row["curve"])
    table = (folder / "layers.md").read_text().splitlines()
    assert table[0].startswith("| layer | type | units |")
    assert any(line.startswith("| dense_1 | Dense | 16 | (784 + 1) × 16 = | 12,560 |") for line in table)
    assert len((folder / "layers.csv").read_text().splitlines()) == len(table) - 1


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    names = [save(tmp_path, "curves.csv", str(number)).name for number in range(3)]
    assert names == ["curves.csv", "curves-2.csv", "curves-3.csv"]
    assert (tmp_path / "curves.csv").read_text() == "0"


def test_a_bar_in_a_cell_does_not_break_a_table() -> None:
    assert table_markdown([["a"], ["x|y"]]) == "| a |\n| --- |\n| x\\|y |\n"


@pytest.mark.parametrize("sizes", [(784, 256, 10), (784, *[128] * 8, 64, 10), (784, 10), (1, 1), (784, *range(100, 160), 10)])
@pytest.mark.parametrize("plain", [True, False])
def test_the_picture_of_a_network_fits_and_names_its_ends(sizes: tuple[int, ...], plain: bool) -> None:
    for width in (20, 33, 70):
        lines = diagram(sizes, width, plain=plain)
        assert len({len(line) for line in lines}) == 1
        assert len(lines[0]) <= width
        if len(set(sizes)) > 1:
            labels = lines[-1].split()
            assert (labels[0], labels[-1]) == (str(sizes[0]), str(sizes[-1]))
        if plain:
            assert "".join(lines).isascii()
    assert len(lines) == 3
