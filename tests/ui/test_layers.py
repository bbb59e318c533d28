import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.ui.run.layer_table import layer_rows


def test_the_rows_of_the_default_network() -> None:
    rows = layer_rows(Config.parse({}))
    assert [(row.name, row.arithmetic, row.parameters) for row in rows] == [
        ("flatten", "28 × 28 → 784", 0),
        ("dense_1", "(784 + 1) × 256", 200_960),
        ("relu_1", "", 0),
        ("dense_2", "(256 + 1) × 10", 2_570),
        ("softmax", "", 0),
    ]


def test_learned_slopes_are_counted() -> None:
    rows = {row.name: row for row in layer_rows(Config.parse({"activation": "prelu", "hidden": "256"}))}
    assert (rows["prelu_1"].arithmetic, rows["prelu_1"].parameters) == ("256", 256)


@pytest.mark.parametrize(("hidden", "total"), [("none", 7_850), ("128x8", 217_354), ("256", 203_530)])
def test_the_total_is_the_sum(hidden: str, total: int) -> None:
    assert sum(row.parameters for row in layer_rows(Config.parse({"hidden": hidden}))) == total


def test_images_need_not_be_square() -> None:
    assert layer_rows(Config.parse({}), DataSpec((30,)))[0].arithmetic == ""


def test_the_first_row_is_an_image_of_the_datas_own_shape_and_the_last_has_its_classes() -> None:
    first, *_, last = layer_rows(Config.parse({"hidden": "none"}), DataSpec((14, 56), classes=3))
    assert (first.arithmetic, first.units, last.units) == ("14 × 56 → 784", 784, 3)
