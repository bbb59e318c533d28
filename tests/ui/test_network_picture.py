"""The network as a picture: at every size, of every depth, with every set of characters."""

from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from tui_trainer.config.options import Config
from tui_trainer.text.drawing import Look
from tui_trainer.trained.activity import Activity, activity
from tui_trainer.training.model import build_network
from tui_trainer.ui.inside.network_picture import Column, NetworkPicture, Shown

RNG = np.random.default_rng(2)


def lit(hidden: str, classes: int = 10) -> Activity:
    network = build_network(Config.parse({"hidden": hidden, "activation": "relu"}), 64, classes)
    network.initialize(np.random.default_rng(1))
    return activity(network, RNG.random(64).astype(np.float32), RNG.random((20, 64)).astype(np.float32))


def drawn(found: Activity, size: tuple[int, int], look: Look, *, image: bool = True, truth: int | None = None) -> list[str]:
    picture = NetworkPicture()
    picture.look = look
    picture.shown = Shown(RNG.integers(0, 256, (8, 8), dtype=np.uint8) if image else None, found, truth)
    rows = picture.draw(*size)
    return ["".join(text for text, _ in row) for row in rows]


@pytest.mark.parametrize("hidden", ["none", "5", "100,30", "100x10", "128x30", "1000,2"])
def test_it_fits_at_every_size(hidden: str) -> None:
    found = lit(hidden)
    for size in ((78, 18), (42, 24), (116, 30), (196, 50)):
        for look in Look:
            rows = drawn(found, size, look, image=size[0] > 50)
            assert len(rows) == size[1]
            assert all(cell_len(row) <= size[0] for row in rows)
            assert all(f"{label} " in "\n".join(rows) for label in range(10))
            assert look is not Look.ASCII or "".join(rows).isascii()


def test_layers_without_room_are_named_and_the_last_ones_are_there() -> None:
    picture = NetworkPicture()
    picture.shown = Shown(None, lit("128x30"), None)
    picture.draw(50, 18)
    assert picture.left_out is not None
    first, last = picture.left_out
    assert 0 < first <= last < 29
    assert picture.chosen == 29
    picture.draw(190, 50)
    assert picture.left_out is None


def test_cells_are_as_bright_as_their_units_and_dead_ones_are_marked() -> None:
    found = lit("4")
    layer = replace(found.layers[0], shares=np.array([0, 1, 0.3, 0.5], np.float32), dead=np.array([False, False, False, True]))
    rows = drawn(replace(found, layers=(layer, found.layers[1])), (60, 13), Look.ASCII)
    for character in "_", "#", "x":
        assert sum(character * 3 in row for row in rows) == 3
    cells = Column.of(100, 34, 1, 80)
    assert (cells.across, cells.down) == (3, 34)
    assert len(set(cells.cells(np.arange(100)).tolist())) == 100
    binned = Column.of(100, 34, 1, 1)
    assert set(binned.cells(np.arange(100)).tolist()) == set(range(34))
    levels = binned.levels(replace(layer, shares=np.eye(1, 100, 99, dtype=np.float32)[0], dead=np.zeros(100, np.bool_)))
    assert levels[-1, 0] == levels.max() > 0  # the brightest of several is seen


def test_the_true_class_is_marked_and_many_classes_are_the_likeliest() -> None:
    marked = [row for row in drawn(lit("5"), (78, 18), Look.ASCII, truth=3)[1:] if ">" in row]
    assert len(marked) == 1
    assert ">3 " in marked[0]
    found = lit("5", classes=40)
    rows = drawn(found, (78, 18), Look.ASCII)
    assert f" {int(found.probabilities.argmax())} " in "\n".join(rows)
    assert sum(row.endswith("%") for row in rows) == 17
