"""Data of strangers: labels of any kind, scales, tables, pictures by class, and what is said of them."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tui_trainer.datasets.dataset import Dataset, load, peek
from tui_trainer.datasets.division import divide
from tui_trainer.datasets.labels import encode
from tui_trainer.datasets.scaling import choose
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError

RNG = np.random.default_rng(5)


def names(data: Dataset) -> set[str]:
    return {notice.name for notice in data.notices}


def complaint(data: Path | str, **options: Any) -> str:
    with pytest.raises(UserError) as refused:
        load(str(data), **options)
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


@pytest.mark.parametrize(
    ("labels", "classes", "called", "encoded"),
    [
        ([0, 1, 2, 1], 3, (), [0, 1, 2, 1]),
        ([1, 2, 3, 2], 3, (1, 2, 3), [0, 1, 2, 1]),
        ([-1, 1, -1, 1], 2, (-1, 1), [0, 1, 0, 1]),
        ([[7], [9], [7], [9]], 2, (7, 9), [0, 1, 0, 1]),
        ([0.0, 2.0, 0.0, 2.0], 3, (), [0, 2, 0, 2]),
        ([0.5, 1.5, 0.5, 1.5], 2, ("0.5", "1.5"), [0, 1, 0, 1]),
        ([True, False, True, False], 2, (), [1, 0, 1, 0]),
        (["cat", "dog ", " cat", "dog"], 2, ("cat", "dog"), [0, 1, 0, 1]),
        ([b"b", b"a", b"b", b"a"], 2, ("a", "b"), [1, 0, 1, 0]),
        (["1", "2", "1", "2"], 2, (1, 2), [0, 1, 0, 1]),
        (["01", "2", "01", "2"], 2, ("01", "2"), [0, 1, 0, 1]),
        (np.eye(3)[[2, 0, 1, 1]], 3, (), [2, 0, 1, 1]),
        ([10**12, 5, 5, 5], 2, (5, 10**12), [1, 0, 0, 0]),
    ],
)
def test_labels_of_every_kind(labels: Any, classes: int, called: tuple[str | int, ...], encoded: list[int]) -> None:
    found, found_names, (part,) = encode([("y_train", np.asarray(labels))])
    assert (found, found_names, part.tolist()) == (classes, called, encoded)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (RNG.normal(size=500), "not whole"),
        (np.arange(5000) * 7, "5,000 different values (0, 7, 14, …) for 5,000 samples: these are no classes; --label"),
        (np.ones((4, 2)), "row 0 is 1 1; a row of several numbers for a sample has to be a 1 among zeros"),
        (np.zeros((4, 2, 2)), "y has shape (4, 2, 2)"),
        ([np.nan, 1.0], "y 0 is not finite; each sample needs a label"),
        (["x" * 300, "y", "y"], "a class has a name of 300 characters"),
    ],
)
def test_what_cannot_be_labels(labels: Any, message: str) -> None:
    with pytest.raises(UserError) as refused:
        encode([("y", np.asarray(labels))])
    assert message in str(refused.value)


def test_a_class_of_the_test_set_alone_is_a_class() -> None:
    classes, called, (train, test) = encode([("y_train", np.array(["a", "c"])), ("y_test", np.array(["b", "c"]))])
    assert (classes, called, train.tolist(), test.tolist()) == (3, ("a", "b", "c"), [0, 2], [1, 2])


@pytest.mark.parametrize(
    ("numbers", "is_table", "name", "low", "high"),
    [
        (np.arange(256, dtype=np.uint8).reshape(16, 16), False, "255", 0.0, 1.0),
        (np.arange(256, dtype=np.float32).reshape(16, 16), False, "255", 0.0, 1.0),
        ((np.arange(256) % 17).astype(np.uint8).reshape(16, 16), False, "unit", 0.0, 1.0),
        ((np.arange(256) % 2).astype(np.uint8).reshape(16, 16), False, "unit", 0.0, 1.0),
        ((np.arange(256) / 255).astype(np.float32).reshape(16, 16), False, "none", 0.0, 1.0),
        (RNG.normal(size=(200, 16)).astype(np.float32), False, "none", None, None),
        (np.arange(256, dtype=np.float32).reshape(16, 16) * 257, False, "unit", 0.0, 1.0),
        (np.arange(256, dtype=np.float32).reshape(16, 16), True, "standard", None, None),
        ((np.arange(256) % 2).astype(np.float32).reshape(16, 16), True, "none", 0.0, 1.0),
    ],
)
def test_what_auto_takes_for_a_scale(numbers: np.ndarray, is_table: bool, name: str, low: float | None, high: float | None) -> None:
    choice = choose("auto", numbers, is_table=is_table)
    assert choice.scaling.name == name
    assert choice.reason
    inputs = choice.scaling.inputs(numbers) / np.float32(255 if numbers.dtype == np.uint8 and name == "255" else 1)
    if low is not None:
        assert (inputs.min(), inputs.max()) == (low, high)
    np.testing.assert_allclose(choice.scaling.numbers(choice.scaling.inputs(numbers)), numbers, rtol=1e-5, atol=1e-3)


def test_standardised_features_have_mean_0_and_deviation_1_and_a_constant_one_stays_finite() -> None:
    numbers = np.concatenate([RNG.normal([5, -300], [0.01, 40], (500, 2)), np.full((500, 1), 7.0)], axis=1).astype(np.float32)
    inputs = choose("standard", numbers, is_table=True).scaling.inputs(numbers).astype(np.float64)
    np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(inputs.std(axis=0), [1, 1, 0], atol=1e-4)


def test_pixels_from_elsewhere_are_scaled_as_the_training_images_were() -> None:
    levels = RNG.integers(0, 256, (30, 64)).astype(np.uint8)
    levels[0, :2] = 0, 255
    shares = (levels / np.float32(255)).astype(np.float32)
    for numbers in (levels, shares, shares * 2 - 1, levels.astype(np.float32)):
        spec = DataSpec((8, 8), scaling=choose("auto", numbers, is_table=False).scaling)
        own = spec.inputs(numbers)
        expected = own / np.float32(255) if own.dtype == np.uint8 else own
        from_bytes = spec.inputs(levels)
        found = from_bytes / np.float32(255) if from_bytes.dtype == np.uint8 else from_bytes
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_test_set_is_held_out_of_each_class_and_always_the_same() -> None:
    labels = np.repeat([0, 1, 2, 3], [50, 100, 2, 1])
    kept, tested = divide(labels, 5)
    assert sorted([*kept, *tested]) == list(range(153))
    assert np.bincount(labels[tested], minlength=4).tolist() == [10, 20, 1, 0]
    np.testing.assert_array_equal(divide(labels, 5)[1], tested)
    assert np.count_nonzero(np.diff(labels[kept])) > 20, "a sorted file is shuffled"


IRIS = "\n".join(f"{5 + row % 7 / 10},{3 + row % 5 / 10},{'setosa' if row % 3 else 'virginica'}" for row in range(60))


@pytest.mark.parametrize(
    ("content", "features", "called"),
    [
        (f"length,width,species\n{IRIS}\n", ("length", "width"), ("setosa", "virginica")),
        (IRIS, ("column 1", "column 2"), ("setosa", "virginica")),
        (f"\ufefflength;width;species\r\n{IRIS.replace(',', ';').replace('.', ',')}".replace("\n", "\r\n"), ("length", "width"), None),
        (f"length\twidth\tspecies\n{IRIS.replace(',', chr(9))}", ("length", "width"), None),
        (
            "id,length,species,width\n" + "\n".join(f"{row},{row % 7}.5,{'ab'[row % 2]},{row % 5}" for row in range(60)),
            ("length", "width"),
            ("a", "b"),
        ),
        ("label,a,b\n" + "\n".join(f"{row % 3 + 4},{row % 7}.5,{row % 5}" for row in range(60)), ("a", "b"), (4, 5, 6)),
        ("\n".join(f"{row % 7}.5,{row % 5}.25,{row % 3}" for row in range(60)), ("column 1", "column 2"), ()),
        ("a,b,c\n" + "\n".join(f'"{row % 7}.5","{row % 5}","x, y{row % 2}"' for row in range(60)), ("a", "b"), ("x, y0", "x, y1")),
        ("a,sex,class\n" + "\n".join(f"{row % 7}.5,{'mf'[row % 2]},{row % 3}" for row in range(60)), ("a", "sex=f", "sex=m"), ()),
        (
            "a,b,class\n" + "\n".join(f"{'NA' if row == 3 else row % 7},{'' if row == 4 else row},{row % 3}" for row in range(60)),
            ("a", "b"),
            (),
        ),
    ],
)
def test_tables_as_people_write_them(tmp_path: Path, content: str, features: tuple[str, ...], called: tuple[str | int, ...] | None) -> None:
    (tmp_path / "t.csv").write_bytes(content.encode())
    data = load(str(tmp_path / "t.csv"))
    assert data.spec.feature_names == features
    assert called is None or data.spec.class_names == called
    assert data.spec.image_shape is None
    assert data.test is not None
    assert len(data.training.labels) + len(data.test.labels) == 60
    assert np.isfinite(data.training.images).all()
    assert peek(str(tmp_path / "t.csv")) == data.spec


def test_numbers_and_labels_of_a_table_are_those_of_the_file(tmp_path: Path) -> None:
    for label, text in (("species", IRIS), ("3", IRIS), ("-1", IRIS)):
        (tmp_path / "t.csv").write_text(f"length,width,species\n{text}")
        data = load(str(tmp_path / "t.csv"), label, "none")
        assert data.test is not None
        rows = {
            (*(round(float(each), 1) for each in row), data.spec.names[kind])
            for split in (data.training, data.test)
            for row, kind in zip(*split, strict=True)
        }
        assert rows == {(float(a), float(b), kind) for a, b, kind in (line.split(",") for line in IRIS.splitlines())}
    assert data.label == "-1"


def test_pixels_in_a_table_are_an_image(tmp_path: Path) -> None:
    pixels, labels = RNG.integers(0, 256, (50, 49)), np.arange(50) % 5
    head = ",".join(["label", *(f"pixel{number}" for number in range(49))])
    body = "\n".join(",".join(map(str, [label, *row])) for label, row in zip(labels, pixels.tolist(), strict=True))
    for content in (f"{head}\n{body}", body):
        (tmp_path / "kaggle.csv.gz").write_bytes(gzip.compress(content.encode()))
        data = load(str(tmp_path / "kaggle.csv.gz"))
        assert (data.spec.image_shape, data.classes) == ((7, 7), 5)
        assert data.training.images.dtype == np.uint8
        assert set(map(bytes, data.training.images)) <= set(map(bytes, pixels.astype(np.uint8)))


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            "a,b\n1.5,2.5\n2.5,3.25\n3.5,1.75\n",
            {},
            "not clear which column holds the labels; name it with --label, or by its number from 1; there are a, b",
        ),
        ("a,b,class\n1,2,x\n2,3,y\n", {"label": "kind"}, "--label kind: there is no such column"),
        ("a,b,class\n1,2,x\n2,3\n3,4,y\n", {}, "has 2 values, and most have 3; a value with the delimiter in it belongs into quotes"),
        ("a,b,class\n1,2,x\n2,3,x\n", {}, "every label is x: there is nothing to tell apart"),
        ("name,class\nu,x\nv,y\nw,x\nz,y\nq,x\n", {"label": "class"}, "no column but class has numbers"),
        ("a,b,class\n300,2,x\n2,3,y\n", {"scale": "255"}, "--scale 255 is for numbers from 0 to 255, and these go from 2 to 300"),
        (
            "a,price\n" + "\n".join(f"{row}.5,{row * 3}.25" for row in range(300)),
            {"label": "price"},
            "no classes; --label names another column",
        ),
    ],
)
def test_a_table_that_cannot_be_learned_from_names_what_helps(tmp_path: Path, content: str, options: dict[str, str], message: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    assert message in complaint(tmp_path / "t.csv", **options)


def test_a_label_column_is_refused_where_there_are_no_columns(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=RNG.random((20, 3)), y=np.arange(20) % 2)
    assert "--label y names a column, and an .npz file has none" in complaint(tmp_path / "d.npz", label="y")
    assert "--label y names a column, and mnist has none" in complaint("mnist", label="y")


def test_tables_of_a_folder_and_of_arrow(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    columns = {
        "a": [row + 0.5 for row in range(60)],
        "b": [None if row == 3 else row % 7 for row in range(60)],
        "kind": ["x", "y", "z"] * 20,
    }
    parquet.write_table(pyarrow.table(columns), tmp_path / "one.bin")
    feather.write_feather(pyarrow.table(columns), str(tmp_path / "two.bin"))
    for name in ("one.bin", "two.bin"):
        data = load(str(tmp_path / name))
        assert (data.spec.feature_names, data.spec.class_names) == (("a", "b"), ("x", "y", "z"))
        assert "missing_values" in names(data)
    folder = tmp_path / "both"
    folder.mkdir()
    for part, rows in (("train", 40), ("test", 12), ("val", 8)):
        (folder / f"my_{part}.csv").write_text("a,b,kind\n" + "\n".join(f"{row}.5,{row % 7},{'xyz'[row % 3]}" for row in range(rows)))
    data = load(str(folder))
    assert data.test is not None
    assert data.validation is not None
    assert [len(each.labels) for each in (data.training, data.test, data.validation)] == [40, 12, 8]
    assert data.hold_out(5000) == (data.training, data.validation)
    assert data.hold_out(0) == (data.training, None)


def test_pictures_by_class(tmp_path: Path) -> None:
    for part, count in (("train", 12), ("test", 4)):
        for number, name in enumerate(("circle", "square")):
            (tmp_path / "gray" / part / name).mkdir(parents=True)
            for each in range(count):
                Image.fromarray(np.full((6, 9), 100 * number + each, np.uint8)).save(tmp_path / "gray" / part / name / f"{each}.png")
    data = load(str(tmp_path / "gray"))
    assert (data.spec.image_shape, data.spec.names, data.reader) == ((6, 9), ("circle", "square"), "picture_folder")
    assert data.test is not None
    assert sorted(data.training.images[:, 0].tolist()) == [*range(12), *range(100, 112)]
    np.testing.assert_array_equal(data.training.images[:, 0] >= 100, data.training.labels == 1)
    assert "sorted_file" not in names(data)
    for number, name in enumerate(("red", "blue")):
        (tmp_path / "coloured" / name).mkdir(parents=True)
        for each in range(10):
            pixels = np.zeros((100 + each, 120, 3), np.uint8)
            pixels[..., 2 * number] = 255
            Image.fromarray(pixels).save(tmp_path / "coloured" / name / f"{each}.{'jpg' if each % 2 else 'bmp'}")
    data = load(str(tmp_path / "coloured"))
    assert data.spec.is_coloured
    assert data.spec.image_shape is not None
    assert max(data.spec.image_shape) == 64
    assert "fitted" in names(data)
    red = data.training.images.reshape(-1, *data.spec.sample_shape)[data.training.labels == 1]
    assert red[..., 0].mean() > 240
    assert red[..., 2].mean() < 15
    assert data.spec.levels(data.training.images[0]).shape == data.spec.image_shape


def _idx(array: np.ndarray, code: int = 8) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize(
    ("folder", "spelling", "data"),
    [
        ("MNIST/raw", "{part}-{kind}-idx{n}-ubyte", "MNIST"),
        ("gzip", "emnist-letters-{part}-{kind}-idx{n}-ubyte.gz", "gzip/emnist-letters"),
        ("x", "{part}-{kind}.idx{n}-ubyte", "x"),
        ("k/{part}-{kind}-idx{n}-ubyte", "{part}-{kind}-idx{n}-ubyte", "k"),
    ],
)
def test_idx_files_as_they_circulate(tmp_path: Path, folder: str, spelling: str, data: str) -> None:
    for part, count in (("train", 30), ("test", 20)):
        for kind, array in (
            ("images", RNG.integers(0, 256, (count, 4, 5), dtype=np.uint8)),
            ("labels", (1 + np.arange(count) % 3).astype(np.uint8)),
        ):
            facts = {"part": "t10k" if part == "test" and "emnist" not in spelling else part, "kind": kind, "n": array.ndim}
            path = tmp_path / folder.format(**facts) / spelling.format(**facts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(_idx(array)) if path.suffix == ".gz" else _idx(array))
    if "gzip" in folder:
        for path in [*(tmp_path / "gzip").iterdir()]:
            (tmp_path / "gzip" / path.name.replace("letters", "digits")).write_bytes(path.read_bytes())
        assert "it holds several data sets: emnist-digits, emnist-letters; name one after the folder" in complaint(tmp_path / "gzip")
    found = load(str(tmp_path / data))
    assert (found.spec.sample_shape, found.spec.class_names) == ((4, 5), (1, 2, 3))
    assert ("sideways" in names(found)) == ("emnist" in spelling)
    assert peek(str(tmp_path / data)) == found.spec


def test_qmnists_labels_of_eight_columns(tmp_path: Path) -> None:
    for part in ("train", "test"):
        (tmp_path / f"qmnist-{part}-images-idx3-ubyte").write_bytes(_idx(RNG.integers(0, 256, (30, 4, 4), dtype=np.uint8)))
        rows = np.stack([np.arange(30) % 10, *[np.arange(30) * 1000] * 7], axis=1).astype(">i4")
        (tmp_path / f"qmnist-{part}-labels-idx2-int").write_bytes(_idx(rows, 0x0C))
    data = load(str(tmp_path))
    assert (data.classes, data.training.labels[:3].tolist()) == (10, [0, 1, 2])


@pytest.mark.parametrize(
    "arrays",
    [
        {"train_images": 0, "train_labels": 1, "val_images": 0, "val_labels": 1, "test_images": 0, "test_labels": 1},
        {"x_train": 0, "y_train": 1, "x_test": 0, "y_test": 1},
        {"X": 0, "y": 1},
        {"data": 0, "target": 1, "target_names": 2},
        {"testX": 0, "testY": 1, "trainX": 0, "trainY": 1},
    ],
    ids=lambda arrays: next(iter(arrays)),
)
def test_npz_as_others_call_their_arrays(tmp_path: Path, arrays: dict[str, int]) -> None:
    pixels = RNG.integers(0, 256, (40, 6, 6, 3), dtype=np.uint8)
    contents: tuple[Any, ...] = pixels, (np.arange(40) % 2)[:, None], np.array(["no", "yes"])
    np.savez(tmp_path / "d.npz", **{name: contents[each] for name, each in arrays.items()})
    data = load(str(tmp_path / "d.npz"))
    assert (data.spec.sample_shape, data.spec.image_shape, data.spec.is_coloured) == ((6, 6, 3), (6, 6), True)
    assert (data.validation is not None) == ("val_images" in arrays)
    assert data.spec.names == (("no", "yes") if "target_names" in arrays else ("0", "1"))
    assert peek(str(tmp_path / "d.npz")) == data.spec


def test_parts_of_different_scales_are_refused_and_of_different_types_are_one(tmp_path: Path) -> None:
    pixels, y = RNG.integers(0, 256, (40, 8, 8)), np.arange(40) % 4
    np.savez(tmp_path / "d.npz", x_train=pixels.astype(np.uint8), y_train=y, x_test=pixels / 255, y_test=y)
    assert "training images go from 0 to 255 but test images from 0 to 1; give both in the same scale" in complaint(tmp_path / "d.npz")
    other = RNG.integers(0, 256, (40, 8, 8))
    np.savez(tmp_path / "d.npz", x_train=pixels.astype(np.uint8), y_train=y, x_test=other.astype(float), y_test=y)
    data = load(str(tmp_path / "d.npz"))
    assert data.test is not None
    np.testing.assert_allclose(data.training.images, pixels.reshape(40, 64) / 255, rtol=1e-6)
    np.testing.assert_allclose(data.test.images, other.reshape(40, 64) / 255, rtol=1e-6)


def test_what_trips_people_up_is_found(tmp_path: Path) -> None:
    x, y = RNG.integers(0, 256, (100, 4, 4), dtype=np.uint8), np.repeat(np.arange(10), 10)
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y, x_test=x[:50], y_test=y[:50])
    data = load(str(tmp_path / "d.npz"))
    assert {"sorted_file", "duplicates", "class_not_tested"} <= names(data)
    assert "50 test samples (100.0%)" in "".join(data.warnings)
    rows = [f"{RNG.normal():.3f},7,{RNG.normal():.3f},{'ab'[number % 2]}" for number in range(200)]
    (tmp_path / "t.csv").write_text("\n".join(["p,q,r,kind", *rows, "0,7,900,a", "0,7,0,c", "0,7,1,c"]))
    data = load(str(tmp_path / "t.csv"))
    assert {"constant_feature", "far_outside", "rare_class"} <= names(data)
    assert "q" in next(notice.text for notice in data.notices if notice.name == "constant_feature")
    rng = np.random.default_rng(1)
    (tmp_path / "fine.csv").write_text("p,q,kind\n" + "\n".join(f"{rng.normal()},{rng.normal()},{'ab'[each % 2]}" for each in range(200)))
    assert load(str(tmp_path / "fine.csv")).warnings == ()


def test_small_data_is_validated_on_a_share() -> None:
    data = load("sklearn:iris")
    training, validation = data.hold_out(5000)
    assert validation is not None
    assert (len(training.labels), len(validation.labels)) == (96, 24)
    assert data.spec.names == ("setosa", "versicolor", "virginica")
    assert "there are sklearn:breast_cancer, sklearn:digits" in complaint("sklearn:boston")


def test_a_packed_table_that_is_a_bomb_is_refused_in_a_moment(tmp_path: Path) -> None:
    line = b"0," * 50_000 + b"1\n"
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(line * 700, 9))
    assert "it unpacks to more than 200 times its size" in complaint(tmp_path / "t.csv.gz")
    (tmp_path / "long.csv").write_bytes(b"a,b\n" + b"1," * (9 << 20))
    assert "at most 16,777,216 letters a line are read" in complaint(tmp_path / "long.csv")
