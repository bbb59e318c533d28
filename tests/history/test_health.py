"""The layers' past: no spike is lost, however much is joined, and memory has an end."""

import threading
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.history import health as module
from tui_trainer.history.health import Cells, HealthHistory
from tui_trainer.history.quantities import FIGURES

pytestmark = pytest.mark.long

GRADIENT, UPDATE, WEIGHT = FIGURES["gradient_norm"], FIGURES["update_ratio"], FIGURES["weight_norm"]
PLACES = {name: index for index, name in enumerate(FIGURES)}


def values(measurements: int, layers: int = 3) -> np.ndarray:
    """Figures that are all healthy."""
    healthy = np.empty((measurements, layers, len(FIGURES)))
    healthy[...] = [{"update_ratio": 1e-3, "dead_fraction": 0, "saturated_fraction": 0.5}.get(name, 1.0) for name in FIGURES]
    return healthy


def names(layers: int = 3) -> list[str]:
    return [f"dense_{number}" for number in range(1, layers + 1)]


def told(table: np.ndarray, steps: Sequence[float] | None = None) -> HealthHistory:
    fates = HealthHistory()
    fates.add(names(table.shape[1]), steps or range(1, len(table) + 1), table)
    return fates


def words(cells: Cells, name: str, layer: int) -> list[str]:
    return ["" if np.isnan(judged) else FIGURES[name].band(float(judged)).word for judged in cells.judged[layer]]


@pytest.mark.parametrize("count", [1, 2, 7, 1023, 1024, 1025, 5000])
def test_all_measurements_are_in_some_bucket_and_in_order(count: int) -> None:
    fates = told(values(count, 1))
    whole, last = fates.kept
    first, until = (np.concatenate([whole[place], last[place]]) for place in (0, 1))
    assert first[0] == 1
    assert until[-1] == count
    assert (first[1:] == until[:-1] + 1).all()
    assert len(fates) <= module.MOST


@given(st.integers(0, 2999), st.integers(0, 2), st.sampled_from([1e-9, 1e5, np.inf, 0.0]), st.integers(1, 150))
def test_no_spike_is_ever_hidden(at: int, layer: int, value: float, columns: int) -> None:
    table = values(3000)
    table[at, layer, PLACES["update_ratio"]] = value
    cells = told(table).cells(UPDATE, 3000, columns)
    spiked = words(cells, "update_ratio", layer)
    assert [word for word in spiked if word != "healthy"] == ["slow" if value < 1 else "fast"]
    column = spiked.index("slow" if value < 1 else "fast")
    assert cells.first[column] <= at + 1 <= cells.last[column]
    assert cells.values[layer, column] == pytest.approx(value)
    for other in {0, 1, 2} - {layer}:
        assert set(words(cells, "update_ratio", other)) == {"healthy"}


def test_of_too_large_and_too_small_what_is_too_large_is_shown() -> None:
    table = values(10)
    table[3, 0, PLACES["update_ratio"]], table[4, 0, PLACES["update_ratio"]] = 1e-7, 0.5
    cells = told(table).cells(UPDATE, 10, 1)
    assert (words(cells, "update_ratio", 0), float(cells.values[0, 0])) == (["fast"], 0.5)


def test_a_layer_is_judged_by_another_at_the_same_moment() -> None:
    """The first layer's gradient goes up and down with the last one's: neither ever vanishes beside the other."""
    table = values(4000, 2)
    table[:, :, PLACES["gradient_norm"]] = (10.0 ** np.linspace(-6, 0, 4000))[:, None]
    cells = told(table).cells(GRADIENT, 4000, 5)
    assert set(words(cells, "gradient_norm", 0)) == {"healthy"}
    table[2000, 0, PLACES["gradient_norm"]] *= 1e-3
    assert words(told(table).cells(GRADIENT, 4000, 5), "gradient_norm", 0).count("vanishing") == 1


def test_a_figure_without_lines_shows_its_highest() -> None:
    table = values(100)
    table[50, 1, PLACES["weight_norm"]] = 7
    assert told(table).cells(WEIGHT, 100, 2).values[1].max() == 7


def test_a_column_without_a_measurement_shows_the_one_before_it() -> None:
    table = values(3)
    table[:, 0, PLACES["update_ratio"]] = 1e-3, 2e-3, 3e-3
    cells = told(table, [20, 50, 70]).cells(UPDATE, 100, 10)
    np.testing.assert_allclose(cells.values[0], [np.nan] * 2 + [1e-3] * 3 + [2e-3] * 2 + [3e-3] + [np.nan] * 2, rtol=1e-6)
    np.testing.assert_array_equal(cells.last[2:8], [20, 20, 20, 50, 50, 70])


def test_what_was_not_measured_is_a_gap() -> None:
    table = values(2)
    table[0, :, PLACES["activation_std"]] = np.nan
    cells = told(table, [1, 3]).cells(FIGURES["activation_std"], 4, 4)
    assert np.isnan(cells.values).tolist() == [[True, True, True, False]] * 3


def test_nothing_yet() -> None:
    cells = HealthHistory().cells(GRADIENT, 10, 4)
    assert cells.values.shape == (0, 4)
    assert np.isnan(cells.last).all()


def test_another_network_begins_anew() -> None:
    fates = told(values(5))
    fates.add(names(2), [6], values(1, 2))
    assert (fates.names, len(fates)) == (("dense_1", "dense_2"), 1)


def test_a_deep_network_takes_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CELLS", 1 << 10)
    fates = told(values(500, 20))
    assert len(fates) <= 51
    assert sum(part.low.nbytes for part in fates.kept) <= 2 * 50 * 20 * len(FIGURES) * 2 * 4
    assert set(words(fates.cells(UPDATE, 500, 10), "update_ratio", 19)) == {"healthy"}


def test_one_thread_may_add_while_another_looks() -> None:
    fates, table = HealthHistory(), values(1, 4)
    fates.add(names(4), [0], table)

    def measure() -> None:
        for step in range(1, 6000):
            fates.add(names(4), [step], table)

    thread = threading.Thread(target=measure)
    thread.start()
    while thread.is_alive():
        cells = fates.cells(UPDATE, 6000, 40)
        shown = ~np.isnan(cells.last)
        assert shown.any()
        assert (np.diff(cells.last[shown]) >= 0).all()
        np.testing.assert_allclose(cells.values[:, shown], 1e-3, rtol=1e-6)
    thread.join()


def test_the_first_batch_is_shown_from_step_0_on() -> None:
    table = values(2)
    table[:, 0, PLACES["update_ratio"]] = 1e-3, 2e-3
    np.testing.assert_allclose(told(table, [1, 2]).cells(UPDATE, 4, 8).values[0], [*[1e-3] * 4, 2e-3, *[np.nan] * 3], rtol=1e-6)
