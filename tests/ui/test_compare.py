"""The screen that compares runs: by key and by mouse, at every size, and with folders that nobody should trust."""

import asyncio
import json
import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static
from textual.widgets._footer import FooterKey

from tui_trainer.runs.archive import read_run, with_batches
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.kit.help import HelpScreen
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.runs.compare import CompareScreen
from tui_trainer.ui.runs.differences import Differences
from tui_trainer.ui.runs.run_list import RunList

from .desk import LARGE, LONG, SMALL, USUAL, Desk, Desks
from .folders import make_run

pytestmark = pytest.mark.long


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Seven runs, of which `20260107-000000` is the newest and first in the list."""
    folder = tmp_path / "runs"
    for number in range(1, 8):
        make_run(folder / f"2026010{number}-000000", 0.9 + 0.01 * number, hidden=[number], seed=number)
    return folder


def compare(desk: Desk) -> CompareScreen:
    assert isinstance(desk.app.screen, CompareScreen)
    return desk.app.screen


def row(desk: Desk, index: int) -> list[str]:
    return [str(cell) for cell in compare(desk).query_one(RunList).get_row_at(index)]


def marks(desk: Desk) -> str:
    table = compare(desk).query_one(RunList)
    return "".join(str(table.get_row_at(index)[0]) or "." for index in range(table.row_count))


def table(desk: Desk) -> dict[str, list[str]]:
    """The differences, by their labels; the heads under an empty label."""
    differences = compare(desk).query_one(Differences)
    rows = [[str(cell) for cell in differences.get_row_at(index)] for index in range(differences.row_count)]
    heads = [str(column.label) for column in differences.ordered_columns]
    return {"": heads[1:]} | {label: cells for label, *cells in rows}


def legend(chart: Chart) -> str:
    return "\n".join(chart.render_line(y).text for y in range(2))


async def open_and_read(desk: Desk) -> None:
    await desk.press("escape", "c")
    await desk.until(lambda: isinstance(desk.app.screen, CompareScreen))
    runs = compare(desk).query_one(RunList)
    await desk.until(lambda: runs.row_count > 0 and set(runs.states) == set(runs.paths))


async def click_row(desk: Desk, index: int) -> None:
    assert await desk.pilot.click("#list", offset=(8, 1 + index))
    await desk.settle()


async def click_footer(desk: Desk, description: str) -> None:
    key = next(key for key in desk.app.screen.query(FooterKey) if key.description == description)
    assert await desk.pilot.click(key)
    await desk.settle()


async def show(desk: Desk, view: str, *, by_mouse: bool) -> None:
    if by_mouse and desk.app.size.width < 120:
        await desk.click(f"#view-{view}")
    else:
        await desk.press({"runs": "1", "differences": "2", "charts": "3"}[view])


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(("size", "by_mouse"), [(SMALL, True), (USUAL, False)], ids=["mouse", "keys"])
async def test_marked_runs_are_compared_and_stay_in_the_main_charts(sit_down: Desks, size: tuple[int, int], by_mouse: bool) -> None:
    async with sit_down(size) as desk:
        await open_and_read(desk)
        assert row(desk, 0)[1:] == [
            "20260107-000000",
            "90.33%",
            "hidden7 seed7",
            "97.00%",
            "completed",
            "3",
            "0.4000",
            "4.5",
            "7 relu he_normal adam",
        ]
        assert "20260107-000000" in desk.screen
        if by_mouse:
            await click_row(desk, 0)
            await click_row(desk, 3)
        else:
            await desk.press("space", "down", "down", "down", "enter")
        assert marks(desk) == "▲..■..."
        assert "2 of 6 marked" in desk.screen

        await show(desk, "differences", by_mouse=by_mouse)
        for text in ("validation accuracy", "▲ hidden7 seed7", "■ hidden4 seed4", "90.33% ✦", "87.33%", "97.00% ✦", "hidden", "seed"):
            assert text in desk.screen
        assert table(desk) == {
            "": ["▲ hidden7 seed7", "■ hidden4 seed4"],
            "validation accuracy": ["90.33% ✦", "87.33%"],
            "validation loss": ["0.4000", "0.4000"],
            "test accuracy": ["97.00% ✦", "94.00%"],
            "seconds": ["4.5", "4.5"],
            "epochs trained": ["3", "3"],
            "options": ["", ""],
            "hidden": ["7", "4"],
            "seed": ["7", "4"],
        }

        await show(desk, "charts", by_mouse=by_mouse)
        for chart, values in zip(compare(desk).query(Chart), (("0.400", "0.400"), ("90.3%", "87.3%")), strict=True):
            assert chart.region.area
            assert re.search(rf"▲ hidden7 seed7 {values[0]}\s+■ hidden4 seed4 {values[1]}", legend(chart))
        assert re.search("[⠁-⣿]", desk.screen)

        if by_mouse:
            await click_footer(desk, "Back")
        else:
            await desk.press("escape")
        await desk.until(desk.at_main_screen)
        await desk.press("2")
        await desk.settle()
        assert len(desk.charts()) >= 2
        for chart in desk.charts()[:2]:
            assert re.search(r"▲ hidden7 seed7 [\s\S]*■ hidden4 seed4\b", legend(chart))

        await desk.press("c")
        await desk.until(lambda: marks(desk) == "▲..■...")
        await desk.press("u", "escape")
        await desk.until(desk.at_main_screen)
        assert not any("▲" in legend(chart) for chart in desk.charts())


async def test_without_runs_it_says_what_to_do(sit_down: Desks, tmp_path: Path) -> None:
    async with sit_down(SMALL, epochs=1) as desk:
        await desk.press("escape", "c")
        await desk.until_read("No runs in")
        assert str(tmp_path) in desk.screen.replace("│\n│", "").replace(" ", "")
        assert "ctrl+r goes back and starts one" in desk.screen
        await desk.press("space", "enter", "down", "u", "2", "3", "1")
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        assert desk.at_main_screen()


async def test_broken_runs_are_grey_and_say_why(sit_down: Desks, runs: Path) -> None:
    hostile = runs / "\x1b[31mred[b]\x07"
    hostile.mkdir()
    (hostile / "metrics.jsonl").write_text("{}\n{}\n")
    (runs / "20260108-000000").mkdir()
    os.mkfifo(runs / "20260108-000000" / "metrics.jsonl")
    (runs / "20260109-000000").mkdir()
    (runs / "20260109-000000" / "config.toml").write_text("[broken")
    async with sit_down(SMALL) as desk:
        await open_and_read(desk)
        listed = compare(desk).query_one(RunList)
        assert listed.row_count == 10
        names = [row(desk, index)[1] for index in range(10)]
        assert "\\x1b[31mred[b]\\x07" in names
        for name, reason in (
            ("\\x1b[31mred[b]\\x07", "line 1: line.event: Field required"),
            ("20260108-000000", "not a regular file"),
            ("20260109-000000", "not a TOML file"),
        ):
            index = names.index(name)
            assert row(desk, index)[5] == "unreadable"
            styles = {cell.style for cell in listed.get_row_at(index)[1:]}
            assert styles.isdisjoint({cell.style for cell in listed.get_row_at(names.index("20260107-000000"))[1:7]})
            await click_row(desk, index)
            detail = " ".join(desk.read(compare(desk).query_one("#detail", Static)).split())
            assert reason in detail
            assert detail.isprintable()
        assert not marks(desk).strip(".")
        assert "\x1b" not in desk.screen


async def test_at_most_six_are_marked_and_marks_move_up(sit_down: Desks, runs: Path) -> None:
    async with sit_down(SMALL) as desk:
        await open_and_read(desk)
        for _ in range(7):
            await desk.press("space", "down")
        assert marks(desk) == "▲■▼★●▶."
        await desk.until_read("6 runs are marked")
        desk.app.clear_notifications()
        await desk.until_read("6 of 6 marked")
        assert len(table(desk)[""]) == 6
        await desk.press("home", "ctrl+home", "space")
        assert marks(desk) == ".▲■▼★●."
        await desk.press("u")
        assert marks(desk) == "......."
        assert "0 of 6 marked" in desk.screen
        assert len(list(runs.iterdir())) == 7


async def test_the_run_that_goes_on_is_compared_as_it_goes(sit_down: Desks, runs: Path, tmp_path: Path) -> None:
    async with sit_down(USUAL, output=tmp_path / "elsewhere" / "mine", **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        runner = desk.app.main.runner
        assert runner is not None
        await desk.until(lambda: len(runner.history.training_loss) > 0)
        await desk.press("c")
        listed = compare(desk).query_one(RunList)
        await desk.until(lambda: listed.row_count == 8 and len(listed.states) == 8)
        assert (row(desk, 0)[:2], row(desk, 0)[5]) == (["━", "mine"], "going on")
        await desk.press("down", "space")
        await desk.until(lambda: table(desk)[""] == ["━ this run", "▲ 20260107-000000"])
        chart = compare(desk).query(Chart).first()
        assert re.search("━ .*○ .*◆ ", desk.read(chart))
        before, curve = table(desk)["epochs trained"][0], desk.read(chart)
        await desk.until(lambda: table(desk)["epochs trained"][0] != before and desk.read(chart) != curve)

        await desk.press("up", "space")
        assert table(desk)[""] == ["▲ 20260107-000000"]
        assert marks(desk)[:2] == ".▲"
        assert "━" not in desk.read(chart)
        await desk.press("space")
        runner.control.stop()
        await desk.until_phase(Phase.ENDED)
        await desk.until(lambda: row(desk, 0)[5] == "stopped" and row(desk, 0)[4] != "—")

        await desk.press("escape")
        await desk.until(desk.at_main_screen)
        assert re.search(r"▲ \S+ ", desk.read(desk.charts()[0]))
        # The next run leaves the one before it on disk, and is compared with the same.
        await desk.press("ctrl+r")
        await desk.until(lambda: desk.app.main.runner is not runner and desk.phase() is Phase.TRAINING)
        assert re.search(r"▲ \S+ ", desk.read(desk.charts()[0]))
        await desk.press("c")
        await desk.until(lambda: marks(desk).startswith("━.▲") and len(compare(desk).query_one(RunList).states) == 9)
        assert (row(desk, 1)[1], row(desk, 1)[5]) == ("mine", "stopped")


async def test_the_screen_answers_while_hundreds_of_runs_are_read(sit_down: Desks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(300):
        make_run(tmp_path / "runs" / f"run{number:03}", epochs=1)
    held, threads = threading.Event(), set[str]()

    def slow(path: Path) -> Any:
        threads.add(threading.current_thread().name)
        if path.name == "run150":
            held.wait(20)
        return read_run(path)

    monkeypatch.setattr("tui_trainer.ui.runs.reader.read_run", slow)
    async with sit_down(SMALL) as desk:
        try:
            await desk.press("escape", "c")
            listed = compare(desk).query_one(RunList)
            await desk.until(lambda: listed.row_count == 300)
            await desk.press("2", "1", "down", "f1")
            assert isinstance(desk.app.screen, HelpScreen)
            await desk.press("escape")
            assert len(listed.states) < 300
            index = next(index for index, path in enumerate(listed.paths) if path not in listed.states)
            listed.move_cursor(row=index)
            await desk.press("space")
            await desk.until_read("This run is still")
        finally:
            held.set()
        await desk.until(lambda: len(listed.states) == 300)
        assert marks(desk).index("▲") == index
        assert threads == {"reading runs"}


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("pauses", [0, 1, 3, 10, 30])
async def test_leaving_while_the_screen_opens_is_no_fault(sit_down: Desks, pauses: int) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("escape")
        desk.app.main.action_compare()
        for _ in range(pauses):
            await asyncio.sleep(0)
        desk.app.exit(0)
        await desk.until(lambda: not desk.app.is_running)
        assert desk.app.return_code == 0


async def test_leaving_stops_the_reading(sit_down: Desks, runs: Path) -> None:
    async with sit_down(SMALL) as desk:
        await open_and_read(desk)
        await desk.press("escape")
        await desk.until(lambda: all(thread.name != "reading runs" for thread in threading.enumerate()))
        assert runs.exists()


@pytest.mark.usefixtures("runs")
async def test_help_lists_the_keys_of_this_screen(sit_down: Desks) -> None:
    async with sit_down((100, 60)) as desk:
        await open_and_read(desk)
        await desk.press("f1")
        assert isinstance(desk.app.screen, HelpScreen)
        text = desk.screen
        for key in ("space, enter", "escape", "u", "r", "ctrl+r", "X", "l", "m", "z", "1", "2", "3"):
            assert re.search(rf"│ +{re.escape(key)} +[A-Z]", text), key
        assert "Mark a run" in text or "mark a run" in text
        assert "Pause the run" not in text
        await desk.press("escape")
        assert isinstance(desk.app.screen, CompareScreen)


@pytest.mark.usefixtures("runs")
async def test_main_screen_names_the_key_in_footer_help_and_palette(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("escape")
        assert re.search(r"\bc Runs\b", desk.screen)
        titles = {command.title: command for command in desk.app.get_system_commands(desk.app.main)}
        titles["Compare runs"].callback()
        await desk.until_read("20260107-000000")
        titles = {command.title: command for command in desk.app.get_system_commands(desk.app.screen)}
        assert {"Unmark", "Read again", "X axis"} <= set(titles)
        assert "Compare runs" not in titles


@pytest.mark.usefixtures("runs")
async def test_a_letter_typed_into_a_field_compares_nothing(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("tab", "c")
        assert desk.at_main_screen()


async def test_runs_that_appear_are_found_again(sit_down: Desks, runs: Path) -> None:
    async with sit_down(USUAL) as desk:
        await open_and_read(desk)
        await desk.press("down", "space")
        make_run(runs / "20260201-000000")
        await desk.press("r")
        await desk.until(lambda: marks(desk) == "..▲.....")
        assert row(desk, 0)[1] == "20260201-000000"
        assert compare(desk).query_one(RunList).cursor_row == 2


@pytest.mark.usefixtures("runs")
async def test_words_choose_among_the_runs_as_they_are_typed(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        await open_and_read(desk)
        listed = compare(desk).query_one(RunList)
        await desk.press("down", "space", "slash")
        await desk.type("seed=6")
        assert [row(desk, index)[1] for index in range(listed.row_count)] == ["20260106-000000"]
        assert (marks(desk), listed.cursor_row) == ("▲", 0)
        await desk.type("6")
        assert "no row fits the filter" in desk.screen
        await desk.press("backspace", "enter")
        # Keys act upon what is listed, and the cursor stays with its run.
        await desk.press("space")
        assert marks(desk) == "."
        await desk.press("space", "escape")
        assert isinstance(desk.app.screen, CompareScreen)
        assert (marks(desk), listed.cursor_row) == (".▲.....", 1)
        await desk.press("slash")
        await desk.type("2026010 lr=0.001 seed4")
        assert listed.row_count == 1
        await desk.press("escape", "escape")
        await desk.until(desk.at_main_screen)


async def test_a_marked_run_that_vanishes_can_be_unmarked(sit_down: Desks, runs: Path) -> None:
    async with sit_down(USUAL) as desk:
        await open_and_read(desk)
        await desk.press("space")
        (runs / "20260107-000000" / "metrics.jsonl").unlink()
        await desk.press("r")
        await desk.until(lambda: row(desk, 0)[5] == "unreadable")
        assert marks(desk)[0] == "▲"
        await desk.press("space")
        assert not marks(desk).strip(".")


async def test_tags_stand_before_what_differs(sit_down: Desks, runs: Path) -> None:
    (runs / "20260107-000000" / "tags.toml").write_text('tags = ["good", "[red]\\u001b[31m"]')
    (runs / "20260106-000000" / "tags.toml").write_text("broken")
    async with sit_down(SMALL) as desk:
        await open_and_read(desk)
        assert row(desk, 0)[3].startswith("[good, [red]\\x1b[31m] ")
        assert not row(desk, 1)[3].startswith("[")


@pytest.mark.usefixtures("runs")
async def test_a_plain_terminal_gets_letters(sit_down: Desks) -> None:
    async with sit_down(USUAL, plain=True) as desk:
        await open_and_read(desk)
        await desk.press("space", "down", "space")
        assert marks(desk) == "AB....."
        assert table(desk)["test accuracy"] == ["97.00% *", "96.00%"]
        for chart in compare(desk).query(Chart):
            assert desk.read(chart).isascii()
        assert "A hidden7 seed7" in desk.screen
        await desk.press("m")
        assert marks(desk) == "▲■....."


@pytest.mark.usefixtures("runs")
async def test_every_theme_and_size_draws_it(sit_down: Desks) -> None:
    async with sit_down(USUAL) as desk:
        await open_and_read(desk)
        await desk.press("space", "down", "space")
        colours = set()
        for theme in ("textual-light", "ansi-dark", "nord", "textual-dark"):
            desk.app.theme = theme
            await desk.settle()
            cell = compare(desk).query_one(RunList).get_row_at(0)[0]
            colours.add(str(cell.spans[0].style if cell.spans else cell.style))
        assert len(colours) > 2
        for size in ((40, 10), (20, 5), (1, 1), LARGE, SMALL):
            await desk.resize(size)
        await desk.press("3", "z")
        assert compare(desk).maximized is not None
        await desk.press("escape")
        assert isinstance(desk.app.screen, CompareScreen)
        assert compare(desk).maximized is None


def test_the_curves_of_a_run_on_disk(tmp_path: Path) -> None:
    record = read_run(make_run(tmp_path / "run", 0.9, 3))
    found = with_batches(record)
    step, epoch, seconds = (found.validation_accuracy.points(place)[0].tolist() for place in (0, 1, 2))
    assert (step, epoch, seconds) == ([10, 20, 30], [1, 2, 3], [1.5, 3.0, 4.5])
    assert found.validation_accuracy.points(1)[1].tolist() == pytest.approx([0.7, 0.8, 0.833333333])
    assert found.training_loss.points(1)[1].tolist() == pytest.approx([1, 1 / 2, 1 / 3])
    assert {name: list(series.points(1)[1]) for name, series in found.gradient_norms.items()} == {
        "dense_1": [0.1] * 3,
        "dense_2": [0.2] * 3,
    }
    assert (record.name, found.last_epoch) == ("run", 3)


async def test_figures_beyond_all_measure_are_drawn(sit_down: Desks, tmp_path: Path) -> None:
    path = make_run(tmp_path / "runs" / "wild")
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    lines[0]["training_samples"] = (1 << 40) - 1
    lines[0]["config"]["batch_size"] = 1
    for number in (1, 2, 3):
        lines[number] |= {"epoch": 10**9 - number, "train_loss": 1e308, "validation_loss": 1.7e308, "learning_rate": 1.7e308}
        lines[number] |= {"seconds": 1e9, "layers": [{"name": "\x1b[2J", "gradient_norm": 1e308}]}
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    async with sit_down(USUAL) as desk:
        await open_and_read(desk)
        await desk.press("space", *"xxxxl")
        assert marks(desk) == "▲"
        assert row(desk, 0)[7] == "1.7e+308"
        await desk.press("escape", "g", "2", *"xxxx")
        await desk.until(desk.at_main_screen)
        assert "▲" in desk.screen


async def test_runs_are_grouped_by_an_option_and_marked_and_filtered_in_their_groups(sit_down: Desks, tmp_path: Path) -> None:
    for number, activation in enumerate(["relu", "tanh", "relu"], 1):
        make_run(tmp_path / "runs" / f"run{number}", 0.9 + 0.01 * number, activation=activation, seed=number)
    async with sit_down(USUAL) as desk:
        await open_and_read(desk)
        await desk.press("b")
        await desk.until_read("Group the runs by")
        assert "relu, tanh" in desk.screen
        await desk.press("down", "enter")
        await desk.until_read("activation relu")
        runs = compare(desk).query_one(RunList)
        assert [row(desk, index)[1] for index in range(5)] == ["activation relu", "run3", "run1", "activation tanh", "run2"]
        assert row(desk, 0)[3].startswith("2 runs, mean")
        await desk.press("ctrl+home", "space", "down", "space")
        assert [bool(row(desk, index)[0]) for index in range(5)] == [False, True, False, False, False]
        await desk.press("slash")
        await desk.type("tanh")
        await desk.until(lambda: runs.row_count == 2)
        assert row(desk, 0)[1] == "activation tanh"
        await desk.press("escape", "b", "home", "enter")
        await desk.until(lambda: list(runs.paths) == list(runs.found) and runs.row_count == 3)
