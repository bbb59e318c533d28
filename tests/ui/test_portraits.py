"""Portraits of the form's choices, drawn without the app."""

from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

from tui_trainer.config.options import Config, choices
from tui_trainer.datasets.spec import MNIST_SPEC
from tui_trainer.nn.activations import ACTIVATIONS, drawn
from tui_trainer.nn.activations.prelu import PReLU
from tui_trainer.nn.activations.tanh import Tanh
from tui_trainer.text.drawing import Row
from tui_trainer.ui.chart.raster import BRAILLE, MARKS, PLAIN, Marks
from tui_trainer.ui.run.portraits import LEAST, Portrait, portrait
from tui_trainer.ui.run.rate_test import RatesFound, alike_for_a_test

NARROW = 31
"""Columns of a portrait in the narrowest form."""

LISTS = ("activation", "initializer", "optimizer", "schedule")

EVERY: list[tuple[str, dict[str, Any]]] = [
    *((option, {option: name, "hidden": "100x10", "warmup": 1}) for option in LISTS for name in choices(option)),
    ("initializer", {"hidden": "1"}),
    ("initializer", {"hidden": "none"}),
    ("initializer", {"hidden": "3000,3000"}),
    ("uniform_limit", {"initializer": "uniform", "uniform_limit": 30.0}),
    ("learning_rate", {}),
    ("learning_rate", {"learning_rate": 1e-12}),
    ("learning_rate", {"learning_rate": 1e9, "optimizer": "sgd"}),
    ("warmup", {"warmup": 20, "epochs": 10}),
]


def drawn_of(option: str, **options: Any) -> Portrait:
    found = portrait(option, Config.parse(options), MNIST_SPEC)
    assert found is not None
    return found


def read(rows: list[Row]) -> list[str]:
    return ["".join(piece for piece, _style in row).rstrip() for row in rows]


def text(option: str, size: tuple[int, int] = (34, 7), marks: Marks = BRAILLE, **options: Any) -> str:
    return "\n".join(read(drawn_of(option, **options).rows(*size, marks)))


def check_every_one() -> None:
    for option, options in EVERY:
        found = drawn_of(option, **options)
        told = [line for line, _style in found.told]
        assert all(cell_len(each) <= NARROW for each in told), told
        for marks in MARKS:
            for size in ((NARROW, 5), (34, 6), (39, 7), (60, 14)):
                lines = text(option, size, marks, **options).split("\n")
                assert len(lines) <= size[1]
                assert max(map(cell_len, lines)) <= size[0]
                said = told[: size[1] - LEAST]
                assert lines[len(lines) - len(said) :] == said
        picture = text(option, (39, 7), PLAIN, **options).split("\n")[: -len(told) or None]
        assert "".join(picture).isascii(), picture


def test_every_portrait_fits_wherever_it_is_drawn() -> None:
    check_every_one()


@pytest.mark.usefixtures("korean")
def test_every_portrait_fits_in_korean() -> None:
    check_every_one()


def test_what_is_too_small_for_a_picture_is_told() -> None:
    assert text("activation", (20, 2), activation="relu") == ""
    assert text("optimizer", (34, 4)).endswith("rate 0.1: there in 66 steps")
    assert portrait("activation", Config.parse({"hidden": "none"}), MNIST_SPEC) is None
    assert portrait("schedule", Config.parse({"epochs": 0}), MNIST_SPEC) is None
    assert portrait("seed", Config.parse({}), MNIST_SPEC) is None


@pytest.mark.parametrize(("name", "most"), [("sigmoid", "0.25"), ("tanh", "1"), ("relu", "1"), ("elu", "1")])
def test_the_steepest_slope_of_a_function_is_written_on_it(name: str, most: str) -> None:
    assert f"f' ≤ {most}" in text("activation", activation=name)


def test_the_dead_half_is_marked_and_no_half_of_a_leaky_one() -> None:
    flat = [line for line in text("activation", (34, 9), activation="relu").split("\n") if "░" in line]
    assert [(line.index("░"), line.rindex("░")) for line in flat] == [(0, 15)]
    assert "░" not in text("activation", activation="leaky_relu")
    # Both ends of a tanh.
    assert text("activation", (34, 9), activation="tanh").count("░") > 6


def test_a_function_that_was_registered_has_a_portrait_without_words() -> None:
    class Mine(Tanh):  # type: ignore[misc]  # as somebody's own class might
        remark = ""

    ACTIVATIONS.register("mine", Mine)
    try:
        assert drawn_of("activation", activation="mine").told == ()
        assert "f' ≤ 1" in text("activation", activation="mine")
    finally:
        ACTIVATIONS.unregister("mine")


def test_what_is_drawn_is_the_function_that_trains() -> None:
    x = np.linspace(-4, 4, 9)
    value, slope = drawn(PReLU, x, alpha=0.5)
    np.testing.assert_allclose(value, np.where(x > 0, x, x / 2))
    np.testing.assert_allclose(slope, np.where(x > 0, 1, 0.5))


def test_one_layer_of_several_can_be_looked_at() -> None:
    config = Config.parse({"hidden": "64,32,16", "activation": "tanh,relu,sigmoid", "initializer": "he_normal"})
    found = [portrait(option, config, MNIST_SPEC, layer=2) for option in ("activation", "initializer")]
    assert [each.told[0][0] for each in found if each] == ["slope at most ¼: ten leave 1e-6", "dense_3: 32 → 16, σ 0.25"]


def test_weights_are_as_spread_as_their_layer_has_them() -> None:
    told = text("initializer", initializer="he_normal", hidden="100x10")
    assert "dense_2: 100 → 100, σ 0.141" in told
    assert "signal and gradient ×1" in told
    assert "signal and gradient ×0.071" in text("initializer", initializer="uniform", hidden="100x10", activation="sigmoid")

    def columns(name: str) -> int:
        rows = text("initializer", (60, 14), PLAIN, initializer=name, hidden="100x10").split("\n")
        return rows[10].count("*")

    # ±0.05 on the scale of weights that would do.
    assert columns("uniform") < columns("glorot_uniform") < columns("he_normal")


def test_a_rate_stands_on_a_scale_beside_what_is_usual_and_where_a_run_diverged() -> None:
    assert "usual for adam: 1e-4 to 0.001" in text("learning_rate").replace("0.0001", "1e-4")
    assert "10 times above it" in text("learning_rate", learning_rate=0.01)
    assert "100 times below it" in text("learning_rate", learning_rate=1e-6)
    found = portrait("learning_rate", Config.parse({"learning_rate": 0.01}), MNIST_SPEC, diverged_at=10.0)
    assert found is not None
    lines = read(found.rows(34, 7, BRAILLE))
    assert lines[0].index("▼") < lines[1].index("✗")
    assert "a run diverged at 10" in lines


def test_a_rate_stands_beside_what_a_range_test_found_or_is_said_how_to_have_one() -> None:
    config = Config.parse({"learning_rate": 0.01})
    assert "ctrl+t tries where it bursts" in text("learning_rate", learning_rate=0.01)
    found = portrait("learning_rate", config, MNIST_SPEC, rates=RatesFound(0.0021, 0.68))
    assert found is not None
    lines = read(found.rows(60, 7, BRAILLE))
    assert lines[1].index("◆") < lines[0].index("▼") < lines[1].index("✗")
    assert lines[3] == "tried: take 0.002, 0.7 bursts"
    calm = portrait("learning_rate", config, MNIST_SPEC, rates=RatesFound(0.5, None))
    assert calm is not None
    assert (calm.told[0][0], "✗" in read(calm.rows(60, 7, BRAILLE))[1]) == ("tried: take 0.5, none bursts", False)


def test_a_range_test_is_of_all_runs_that_differ_in_what_it_sets_itself() -> None:
    config = Config.parse({"hidden": "16"})
    assert alike_for_a_test(config, Config.parse({"hidden": "16", "learning_rate": 3.0, "epochs": 9}))
    assert not alike_for_a_test(config, Config.parse({"hidden": "16", "optimizer": "sgd"}))


def test_a_schedule_is_drawn_to_its_end() -> None:
    assert text("schedule", schedule="cosine").endswith("\nfrom 0.001 to 0")
    rows = text("schedule", (40, 10), PLAIN, schedule="cosine", warmup=1).split("\n")
    # Up in the warm-up, a fifth of the run, and down to the end.
    top = rows[0].index("*")
    assert 6 <= top <= 9
    assert rows[-3].rindex("*") > 30
