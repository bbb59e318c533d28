"""The map as text: what can be read of it with no colour at all."""

import numpy as np
import pytest
from history.test_health import PLACES, told, values

from tui_trainer.history.health import HealthHistory
from tui_trainer.history.quantities import FIGURES
from tui_trainer.history.quantity import LayerQuantity
from tui_trainer.text.drawing import Row
from tui_trainer.training.events import Histogram
from tui_trainer.ui.chart import heat
from tui_trainer.ui.chart.bars import histogram_rows
from tui_trainer.ui.chart.heat import DOTS, PLAIN, SHADES, Cursor

GRADIENT = FIGURES["gradient_norm"]


def vanishing(layers: int = 5) -> HealthHistory:
    """A gradient that loses two powers of ten at each layer on its way back."""
    table = values(100, layers)
    table[:, :, PLACES["gradient_norm"]] = np.append(3 * 100.0 ** np.arange(1 - layers, 0), 1)
    return told(table)


def drawn(
    fates: HealthHistory,
    figure: LayerQuantity = GRADIENT,
    *,
    width: int = 76,
    height: int = 18,
    at: Cursor | None = None,
    top: int = 0,
    ramp: str = SHADES,
) -> list[Row]:
    room = heat.frame(fates, figure, width, height)
    cells = fates.cells(figure, 200, room.columns)
    return heat.rows(fates, figure, cells, 200, at or Cursor(), top, room, ramp)


def text(rows: list[Row]) -> list[str]:
    return ["".join(piece for piece, _ in row) for row in rows]


def test_a_gradient_that_vanishes_can_be_read_without_colour() -> None:
    lines = text(drawn(vanishing()))
    layers = lines[heat.HEAD_ROWS : heat.HEAD_ROWS + 5]
    assert [line.split()[0] for line in layers] == [f"dense_{number}" for number in range(1, 6)]
    assert [line.split()[-2:] for line in layers] == [
        ["3e-08", "vanishing"],
        ["3e-06", "vanishing"],
        ["0.0003", "vanishing"],
        ["0.03", "healthy"],
        ["1", "healthy"],
    ]
    levels = [SHADES.index(line.split()[1][0]) for line in layers]
    assert levels == sorted(levels)
    assert levels[0] < levels[-1]


def test_the_legend_says_where_the_lines_are_and_whose() -> None:
    _, limits, source = text(drawn(vanishing()))[: heat.HEAD_ROWS]
    for words in ("vanishing < 0.01", "healthy", "exploding ≥ 100", "output layer"):
        assert words in limits
    assert "Glorot & Bengio 2010" in source


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)
@pytest.mark.parametrize("ramp", [SHADES, DOTS, PLAIN])
def test_every_figure_fits_a_small_terminal(figure: LayerQuantity, ramp: str) -> None:
    lines = text(drawn(vanishing(), figure, ramp=ramp))
    assert max(map(len, lines)) <= 76
    assert len(lines) <= 18
    assert ramp != PLAIN or "\n".join(lines).isascii()


def test_the_cursor_tells_layer_step_value_and_what_it_is_judged_by() -> None:
    rows = drawn(vanishing(), at=Cursor(1, 10))
    assert text(rows)[0].startswith(" dense_2 ")
    assert "worst of steps " in text(rows)[0]
    assert "3e-06 vanishing" in text(rows)[0]
    assert "3e-06 × the last layer's" in text(rows)[0]
    cursor = [piece for piece, style in rows[heat.HEAD_ROWS + 1] if style == "heat--cursor"]
    assert cursor[0].strip() == "dense_2"
    assert cursor[1] in SHADES


def test_a_cursor_where_nothing_is_measured_says_so() -> None:
    assert "nothing is measured there" in text(drawn(vanishing(), at=Cursor(1, 45)))[0]
    assert text(drawn(HealthHistory()))[0] == "nothing is measured yet"


def test_colours_say_whether_it_is_right() -> None:
    styles = [{style for _, style in row} for row in drawn(vanishing())[heat.HEAD_ROWS :][:5]]
    assert ["heat--low" in found for found in styles] == [True, True, True, False, False]
    assert ["heat--healthy" in found for found in styles] == [False, False, False, True, True]


def test_of_many_layers_a_part_is_drawn() -> None:
    lines = text(drawn(vanishing(30), top=20))
    assert [line.split()[0] for line in lines[heat.HEAD_ROWS : -1]] == [f"dense_{number}" for number in range(21, 31)]


def test_the_last_row_counts_steps_under_their_columns() -> None:
    fates = vanishing()
    line = text(drawn(fates))[-1]
    room = heat.frame(fates, GRADIENT, 76, 18)
    assert line.startswith("step")
    assert line.index("100") + 1 - room.name == pytest.approx(room.columns / 2, abs=2)


@pytest.mark.parametrize("width", [1, 5, 20, 30, 40, 200])
def test_no_width_is_too_narrow(width: int) -> None:
    lines = text(drawn(vanishing(), width=width, height=12))
    assert any("dense_1"[: max(1, width)] in line for line in lines)


def test_a_histogram_is_as_high_as_its_counts() -> None:
    histogram = Histogram(np.array([8, 4, 0, 1]), np.linspace(0, 1, 5))
    rows = text(histogram_rows(histogram, 4, 3))
    assert rows[:2] == ["█   ", "██ ▂"]
    assert text(histogram_rows(histogram, 4, 3, plain=True))[:2] == ["#   ", "## #"]
    assert text(histogram_rows(histogram, 8, 3))[:2] == ["██      ", "████  ▂▂"]


def test_a_histogram_of_more_bins_than_columns_keeps_every_count() -> None:
    histogram = Histogram(np.array([0] * 99 + [1]), np.linspace(-20, 2, 101))
    bars, axis = text(histogram_rows(histogram, 30, 2, powers=True))
    assert bars == " " * 29 + "█"
    assert "1e-10" in axis
    assert text(histogram_rows(Histogram(np.zeros(4, int), np.linspace(0, 1, 5)), 8, 2))[0] == " " * 8


@pytest.mark.parametrize("end", [1, 2, 3, 5, 17, 3438, 1_000_000])
@pytest.mark.parametrize("columns", [8, 40, 88, 160])
def test_the_scale_tells_whole_steps_from_the_first_on(end: int, columns: int) -> None:
    told_steps = [int(label.replace(",", "")) for label in heat.scale_of_steps(float(end), columns).split()]
    assert told_steps[0] == 0
    assert told_steps == sorted(set(told_steps))
    assert told_steps[-1] <= end
    if columns >= 40:
        assert len(told_steps) >= 2, "one step alone is no scale"


def test_a_run_that_diverged_at_its_third_step_is_shown_from_0_on() -> None:
    table = values(2, 5)
    room = heat.frame(fates := told(table), GRADIENT, 76, 18)
    lines = text(heat.rows(fates, GRADIENT, fates.cells(GRADIENT, 2, room.columns), 2, Cursor(), 0, room, SHADES))
    assert lines[-1].split() == ["step", "0", "1", "2"]
    assert " " not in lines[heat.HEAD_ROWS].split(maxsplit=1)[1][: room.columns].strip(), "no column is blank"


def test_nothing_measured_yet_is_said_over_a_scale_that_can_be_read() -> None:
    lines = text(drawn(HealthHistory()))
    assert lines[0] == "nothing is measured yet"
    assert lines[-1].split()[:2] == ["step", "0"]
