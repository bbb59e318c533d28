import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from history import story

from tui_trainer.history.history import History
from tui_trainer.ui.chart.curve import Shown
from tui_trainer.ui.chart.view import SMOOTHINGS, View
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.run.run_panel import Phase

from ..desk import LONG, SMALL, USUAL, Desk, Desks

pytestmark = pytest.mark.long

EPOCHS = 4
KEYS = ["left", "right", "plus", "equals_sign", "minus", "shift+left", "shift+right", "0", "X", "o", "l", "m", "g", "z"]


class Reader:
    """Somebody who looks at the charts of a run of four epochs, with one of them in focus."""

    def __init__(self, desk: Desk, chart: Chart) -> None:
        self.desk = desk
        self.chart = chart

    @property
    def view(self) -> View:
        """What all charts that can be seen look at."""
        views = {chart.view for chart in self.desk.charts()}
        assert len(views) == 1
        return views.pop()

    @property
    def window(self) -> tuple[float, float]:
        assert self.view.window is not None
        return self.view.window

    @property
    def legend(self) -> str:
        return self.desk.read(self.chart).splitlines()[0]

    def at(self, x: float, chart: Chart | None = None) -> tuple[int, int]:
        """Where in a chart, its border included, the mouse points at this place."""
        chart = chart or self.chart
        low, high = chart.view.window or (0, EPOCHS)
        columns = chart.columns
        return 1 + columns[round((x - low) / (high - low) * (len(columns) - 1))], 6

    async def scroll(self, by: int, x: float) -> None:
        await self.desk.scroll(self.chart, by, self.at(x))

    async def drag(self, start: float, end: float) -> None:
        before, after = self.at(start), self.at(end)
        await self.desk.pilot.mouse_down(self.chart, before)
        await self.desk.pilot.hover(self.chart, after)
        await self.desk.pilot.mouse_up(self.chart, after)
        await self.desk.settle()


@asynccontextmanager
async def reading(sit_down: Desks, quantity: str = "loss", size: tuple[int, int] = USUAL) -> AsyncIterator[Reader]:
    async with sit_down(size) as desk:
        layers = tuple(story.health(f"dense_{index}", 10.0**-index) for index in (1, 2, 3))
        for each in desk.app.main.query(Chart):
            each.follow(Shown("this run", story.told(EPOCHS, layers=layers), EPOCHS))
        chart = desk.app.main.query_one(f"#chart-{quantity}", Chart)
        await desk.press("escape", "2", *(["g"] if quantity in ("rate", "gradients") else []))
        chart.focus()
        await desk.settle()
        yield Reader(desk, chart)


async def test_where_there_is_little_room_the_legend_still_names_every_curve(sit_down: Desks) -> None:
    async with reading(sit_down, size=SMALL) as reader:
        assert re.search(r"━ avg 0\.\d+ +○ epoch 0\.375 +◆ val 0\.250", reader.legend)


async def test_the_legend_has_the_latest_values_and_with_the_arrows_those_under_the_cursor(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        assert re.search(r"○ .*0\.375 +◆ .*0\.250", reader.legend)
        assert "epoch" not in reader.legend.replace("epoch mean", "").replace("○ epoch", "")
        await reader.desk.press("right")
        assert reader.view.cursor == EPOCHS
        assert "epoch 4.00" in reader.legend
        columns = len(reader.chart.columns) - 1
        await reader.desk.press(*["left"] * (columns // 2))
        assert reader.view.cursor == pytest.approx(EPOCHS * (1 - columns // 2 / columns))
        assert f"epoch {reader.view.cursor:.2f}" in reader.legend
        epoch = int(reader.view.cursor)
        assert f"{1.5 / epoch:.3f}" in reader.legend
        assert f"{1 / epoch:.3f}" in reader.legend
        before = reader.view.cursor
        await reader.desk.press("right", "right")
        assert reader.view.cursor == pytest.approx(before + 2 * EPOCHS / columns)
        await reader.desk.press(*["left"] * (columns + 5))
        assert reader.view.cursor == 0
        assert "epoch 0.00" in reader.legend
        assert not re.search(r"\d\.\d\d\d", reader.legend)


async def test_keys_that_come_faster_than_the_screen_all_count_and_0_shows_all_again(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        whole = reader.desk.read(reader.chart)
        await reader.desk.press("left")
        columns = len(reader.chart.columns) - 1
        for _ in range(5):
            reader.chart.action_point(-1)
        await reader.desk.settle()
        assert reader.view.cursor == pytest.approx(EPOCHS - 5 * EPOCHS / columns)
        await reader.desk.press("plus", "plus")
        assert reader.desk.read(reader.chart) != whole
        await reader.desk.press("0")
        assert (reader.view.window, reader.view.cursor) == (None, None)
        assert reader.desk.read(reader.chart) == whole


async def test_the_mouse_reads_the_values_under_it_in_every_chart(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        assert await reader.desk.pilot.hover(reader.chart, reader.at(2.5))
        await reader.desk.settle()
        assert reader.view.cursor == pytest.approx(2.5, abs=0.1)
        assert f"epoch {reader.view.cursor:.2f}" in reader.legend
        assert "0.750" in reader.legend
        assert "0.500" in reader.legend
        accuracy = reader.desk.app.main.query_one("#chart-accuracy", Chart)
        assert "80.0%" in reader.desk.read(accuracy)
        assert reader.desk.screen.count(f"epoch {reader.view.cursor:.2f}") == 2
        assert "┊" in reader.desk.read(accuracy)
        await reader.desk.pilot.hover("#form")
        await reader.desk.settle()
        assert reader.view.cursor is None
        assert "┊" not in reader.desk.read(accuracy)


async def test_plus_enlarges_around_the_end_and_minus_shows_more(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        await reader.desk.press("plus")
        assert reader.window == pytest.approx((EPOCHS * 0.3, EPOCHS))
        assert "enlarged, 0 shows all" in reader.desk.screen
        # The same key where nobody holds shift.
        await reader.desk.press("equals_sign")
        assert reader.window == pytest.approx((EPOCHS * (1 - 0.7**2), EPOCHS))
        await reader.desk.press("minus", "minus")
        assert reader.view.window is None
        assert "enlarged" not in reader.desk.screen


async def test_zooming_goes_around_the_cursor(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        await reader.desk.press(*["left"] * 12)
        cursor = reader.view.cursor
        assert cursor is not None
        await reader.desk.press(*["plus"] * 12)
        assert reader.window[0] < cursor < reader.window[1]
        share = (cursor - reader.window[0]) / (reader.window[1] - reader.window[0])
        assert share == pytest.approx(cursor / EPOCHS)
        assert reader.view.cursor == cursor


async def test_a_part_of_a_run_has_only_its_own_dots_and_a_double_click_shows_all(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        assert reader.desk.read(reader.chart).count("◆") == 1 + EPOCHS
        await reader.desk.press("plus", "plus")
        assert reader.window[0] == pytest.approx(2.04)
        assert reader.desk.read(reader.chart).count("◆") == 1 + 2
        await reader.desk.pilot.click(reader.chart, (20, 6))
        assert reader.view.window is not None
        await reader.desk.pilot.double_click(reader.chart, (20, 6))
        await reader.desk.settle()
        assert reader.view.window is None


async def test_the_wheel_enlarges_what_it_is_over(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        await reader.scroll(-1, 1)
        assert reader.window == pytest.approx((0.3, 1 + 0.7 * 3), abs=0.1)
        before = reader.window
        await reader.scroll(-1, 1)
        await reader.scroll(1, 1)
        assert reader.window == pytest.approx(before, abs=0.1)
        for _ in range(3):
            await reader.scroll(1, 1)
        assert reader.view.window is None


async def test_shift_and_arrows_go_along_the_run(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        await reader.desk.press("plus", "plus")
        low, high = reader.window
        width = high - low
        await reader.desk.press("shift+left")
        assert reader.window == pytest.approx((low - 0.2 * width, high - 0.2 * width))
        await reader.desk.press("shift+right")
        assert reader.window == pytest.approx((low, high))
        await reader.desk.press("shift+right")
        assert reader.window == pytest.approx((low, high))
        await reader.desk.press(*["shift+left"] * 9)
        assert reader.window == pytest.approx((0, width))


async def test_dragging_moves_what_is_shown_with_the_mouse(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        await reader.desk.press("plus", "plus", "plus")
        low, high = reader.window
        await reader.drag(low + 0.2, low + 0.8)
        assert not reader.desk.app.screen.selections, "no text is selected by the way"
        assert reader.window == pytest.approx((low - 0.6, high - 0.6), abs=0.08)
        # Once let go, the mouse only reads.
        before = reader.window
        await reader.desk.pilot.hover(reader.chart, reader.at(before[0] + 0.2))
        await reader.desk.settle()
        assert reader.window == before
        assert reader.view.cursor is not None
        await reader.drag(before[0] + 0.2, before[1])
        await reader.drag(reader.window[0], reader.window[1])
        assert reader.window == pytest.approx((0, high - low))


async def test_x_counts_something_else_in_every_chart(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        await reader.desk.press("plus", "left")
        for scale, last, place in (
            ("step", "40", "step 40"),
            ("step, log scale", "10", "step 40"),
            ("training time", "2 s", "2.0 s"),
            ("epoch", "4", "epoch 4.00"),
        ):
            await reader.desk.press("X")
            assert (reader.view.window, reader.view.cursor) == (None, None)
            assert [str(chart.border_subtitle) for chart in reader.desk.charts()] == [scale, scale]
            assert last in reader.desk.read(reader.chart).splitlines()[-1]
            await reader.desk.press("left")
            assert place in reader.legend


async def test_o_smooths_more_or_not_at_all(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        pictures = set()
        for _ in SMOOTHINGS:
            await reader.desk.press("o")
            told = f"smoothing {reader.view.smoothing:g}" if reader.view.smoothing else "no smoothing"
            await reader.desk.until_read(told)
            pictures.add(reader.desk.read(reader.chart))
        assert len(pictures) == len(SMOOTHINGS)
        assert reader.view == View()


async def test_g_shows_the_learning_rate_and_the_gradients_or_the_others(sit_down: Desks) -> None:
    async with reading(sit_down, size=SMALL) as reader:
        assert [chart.id for chart in reader.desk.charts()] == ["chart-loss", "chart-accuracy"]
        await reader.desk.press("g")
        assert [chart.id for chart in reader.desk.charts()] == ["chart-rate", "chart-gradients"]
        rate, gradients = (reader.desk.read(chart) for chart in reader.desk.charts())
        assert "0.01" in rate.splitlines()[0]
        for norm in ("1.0e-01", "1.0e-02", "1.0e-03"):
            assert norm in gradients.splitlines()[0]
        await reader.desk.press("g")
        assert [chart.id for chart in reader.desk.charts()] == ["chart-loss", "chart-accuracy"]


async def test_charts_that_were_not_shown_follow_the_view_too_and_z_out_of_every_pane_enlarges_the_first(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        await reader.desk.press("plus", "X", "plus", "g")
        assert reader.view.window is not None
        assert reader.desk.screen.count("enlarged, 0 shows all  step") == 2
        await reader.desk.press("g", "0", "escape", "z", "left")
        assert reader.desk.charts() == [reader.chart]
        # Its keys act.
        assert reader.view.cursor is not None


@pytest.mark.parametrize("quantity", ["loss", "gradients"])
async def test_z_gives_the_chart_the_whole_screen_and_back(sit_down: Desks, quantity: str) -> None:
    async with reading(sit_down, quantity) as reader:
        small, picture = reader.chart.size, reader.desk.read(reader.chart)
        for back in ("z", "escape"):
            await reader.desk.press("z")
            assert reader.chart.size.width > 2 * small.width
            assert reader.chart.size.height > small.height
            assert reader.desk.charts() == [reader.chart]
            assert re.search("[⠁-⣿]", reader.desk.screen)
            await reader.desk.press("left", "left", "0", back)
            assert reader.chart.size == small
            assert reader.desk.read(reader.chart) == picture


async def test_l_draws_powers_of_ten_and_the_legend_stays(sit_down: Desks) -> None:
    async with reading(sit_down) as reader:
        legend, linear = reader.legend, reader.desk.read(reader.chart)
        await reader.desk.press("l")
        assert "Loss (nats, log scale)" in reader.desk.screen
        assert reader.legend == legend
        assert reader.desk.read(reader.chart) != linear
        await reader.desk.press("l")
        assert reader.desk.read(reader.chart) == linear


@pytest.mark.parametrize(("quantity", "history"), [("gradients", None), ("loss", History())], ids=["no run", "no data"])
async def test_with_no_data_yet_every_key_and_click_is_harmless(sit_down: Desks, quantity: str, history: History | None) -> None:
    async with sit_down(SMALL) as desk:
        chart = desk.app.main.query_one(f"#chart-{quantity}", Chart)
        for each in desk.app.main.query(Chart):
            each.follow(Shown("this run", history, 0) if history else None)
        await desk.press("escape", "2", *(["g"] if quantity == "gradients" else []))
        chart.focus()
        for _ in range(2):
            await desk.press(*KEYS)
            # Out of the whole screen, and in sight again.
            await desk.press("escape", "g")
            assert chart.is_on_screen
            chart.focus()
            offset = (12, 4)
            await desk.pilot.hover(chart, offset)
            for by in (-1, 1, -1):
                await desk.scroll(chart, by, offset)
            await desk.pilot.mouse_down(chart, offset)
            await desk.pilot.hover(chart, (30, 4))
            await desk.pilot.mouse_up(chart, (30, 4))
            await desk.pilot.double_click(chart, offset)
        assert desk.app.is_running
        assert chart.drawing.heading(chart.view)[:4] in desk.screen


async def test_a_part_stays_in_sight_while_the_run_goes_on(sit_down: Desks) -> None:
    async with sit_down(USUAL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        runner = desk.app.main.runner
        assert runner is not None
        await desk.until(lambda: runner.history.progress is not None)
        chart = desk.app.main.query_one("#chart-loss", Chart)
        chart.focus()
        await desk.press("left", "left", "plus")
        window, progress = chart.view.window, runner.history.progress
        assert window is not None
        await desk.press(*KEYS[2:7])
        await desk.press("0", "plus")
        window = chart.view.window
        await desk.until(lambda: runner.history.progress is not progress)
        assert chart.view.window == window
        await desk.press("0")
        assert chart.view.window is None
        await desk.press("s")
        await desk.until_phase(Phase.ENDED)
