"""Reading data: the real MNIST, one's own, and every way in which a file can lie."""

import gzip
import hashlib
import io
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_trainer.datasets.dataset import Batcher, Dataset, Split, load, locate, peek
from tui_trainer.datasets.idx import FILES, read_idx
from tui_trainer.datasets.spec import MNIST_SPEC, DataSpec
from tui_trainer.errors import UserError


def idx(array: np.ndarray, *, code: int = 8, shape: tuple[int, ...] | None = None) -> bytes:
    shape = array.shape if shape is None else shape
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + array.astype(np.uint8).tobytes()


IMAGES = np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8)
LABELS = (np.arange(20) % 10).astype(np.uint8)


def idx_folder(folder: Path, *, zipped: bool = False, **replaced: bytes) -> Path:
    for key, name in FILES.items():
        content = replaced.get(key, idx(IMAGES if key.startswith("x") else LABELS))
        (folder / (f"{name}.gz" if zipped else name)).write_bytes(gzip.compress(content) if zipped else content)
    return folder


def npz(path: Path, **replaced: Any) -> Path:
    arrays = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS, **replaced}
    np.savez_compressed(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def complaint(data: Path | str) -> str:
    try:
        load(str(data))
    except UserError as error:
        return str(error)
    return ""


def test_the_bundled_mnist_is_the_real_one() -> None:
    data = load("mnist")
    assert data.test is not None
    assert data.training.images.shape == (60_000, 784)
    assert data.test.images.shape == (10_000, 784)
    assert data.training.images.dtype == data.test.images.dtype == np.uint8
    assert np.bincount(data.training.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert hashlib.md5(idx(data.training.images.reshape(-1, 28, 28))).hexdigest() == "6bbc9ace898e44ae57da46a324031adb"
    assert hashlib.md5(idx(data.test.images.reshape(-1, 28, 28))).hexdigest() == "2646ac647ad5339dbf082846283269ea"
    assert data.missing_classes == ()


def test_a_damaged_bundle_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tui_trainer.system import folders

    for path in folders.bundled_mnist().iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    broken = tmp_path / "t10k-labels-idx1-ubyte.gz"
    broken.write_bytes(broken.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(folders, "bundled_mnist", lambda: tmp_path)
    assert complaint("mnist") == f"{broken}: the bundled file is damaged; install the program again"
    broken.unlink()
    assert "cannot be read" in complaint("mnist")


@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_of_idx_files(tmp_path: Path, zipped: bool) -> None:
    data = load(str(idx_folder(tmp_path, zipped=zipped)))
    np.testing.assert_array_equal(data.training.images, IMAGES.reshape(20, 16))
    np.testing.assert_array_equal(data.training.labels, LABELS)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (IMAGES, IMAGES.reshape(20, 16)),
        (IMAGES.astype(np.int64), IMAGES.reshape(20, 16)),
        (np.asfortranarray(IMAGES), IMAGES.reshape(20, 16)),
        (IMAGES.astype(">f8"), IMAGES.reshape(20, 16).astype(np.float32)),
        (IMAGES.astype(np.float16) / 300, (IMAGES.reshape(20, 16).astype(np.float16) / 300).astype(np.float32)),
    ],
)
def test_npz_of_any_kind_of_number(tmp_path: Path, array: np.ndarray, expected: np.ndarray) -> None:
    images = load(str(npz(tmp_path / "d.npz", x_train=array, y_train=LABELS[:, None], x_test=array)), scale="none").training.images
    if array.dtype.kind in "iu":
        images = load(str(tmp_path / "d.npz")).training.images
    assert images.dtype == expected.dtype
    np.testing.assert_array_equal(images, expected)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 bytes are too few for an IDX header"),
        (b"\x89PNG" + bytes(40), "not an IDX file: it begins with 89 50 4e 47"),
        (idx(IMAGES, code=0x07), "its type code is 0x07; an IDX file has one of 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e"),
        (idx(IMAGES, code=0x0D), "truncated: its header announces 1,280 bytes, and 320 follow"),
        (idx(LABELS) + bytes(20), "it has 1 dimensions where 3 or 4 are expected"),
        (idx(IMAGES)[:-1], "truncated: its header announces 320 bytes, and 319 follow"),
        (idx(IMAGES) + b"x", "more bytes follow than the 320 its header announces"),
        (idx(IMAGES, shape=(2**31, 4, 4)), "its header announces 34,359,738,368 bytes"),
        (idx(IMAGES, shape=(2**32 - 1,) * 3), "at most 4,294,967,296 are read"),
        (idx(IMAGES[:0]), "20 train labels"),
        (idx(IMAGES[:19]), "19 train images but 20 train labels"),
        (idx(IMAGES[:, :3]), "training images have 12 pixels but test images 16"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_lie_of_an_idx_header(tmp_path: Path, content: bytes, message: str, zipped: bool) -> None:
    said = complaint(idx_folder(tmp_path, zipped=zipped, x_train=content))
    assert message in said
    assert str(tmp_path) in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        ({"y_train": np.full(20, np.nan)}, "y_train 0 is not finite; each sample needs a label"),
        ({"y_train": np.full(20, 7), "y_test": np.full(20, 7)}, "every label is 7: there is nothing to tell apart"),
        ({"y_train": np.ones((20, 2))}, "y_train has shape (20, 2), and row 0 is 1 1; a row of several numbers"),
        ({"y_train": np.array([{}] * 20)}, "y_train holds object; numbers are expected"),
        ({"x_train": IMAGES[:0], "y_train": LABELS[:0]}, "the train set is empty"),
        ({"x_train": np.full((20, 16), np.nan)}, "x_train image 0 holds a number that is not finite"),
        ({"x_train": np.where(np.arange(20)[:, None] == 7, 1e300, np.ones((20, 16)))}, "x_train image 7 holds a number that is not finite"),
        ({"x_train": np.array(["a"] * 20)}, "numbers are expected"),
        ({"x_train": np.array([None] * 20)}, "numbers are expected"),
        ({"x_train": IMAGES.reshape(20, 2, 8)}, "training images have 2×8 pixels but test images 4×4"),
        ({"x_train": np.zeros(20)}, "images need (samples, …)"),
        ({"x_test": None}, "it has no x_test; an .npz needs x_train, y_train, x_test and y_test"),
        ({"x_train": np.zeros((20, 0)), "x_test": np.zeros((20, 0))}, "the images have no pixels"),
    ],
)
def test_every_kind_of_unusable_array(tmp_path: Path, replaced: dict[str, Any], message: str) -> None:
    said = complaint(npz(tmp_path / "d.npz", **replaced))
    assert message in said
    assert str(tmp_path) in said


def test_the_peek_of_mnist_is_what_is_loaded() -> None:
    assert peek("mnist") == load("mnist").spec == MNIST_SPEC
    assert (MNIST_SPEC.features, MNIST_SPEC.classes, MNIST_SPEC.image_shape, MNIST_SPEC.scale) == (784, 10, (28, 28), 255)


@pytest.mark.parametrize("zipped", [False, True])
def test_the_peek_of_a_folder_is_what_is_loaded(tmp_path: Path, zipped: bool) -> None:
    wide = {key: idx(IMAGES.reshape(20, 2, 8)) for key in ("x_train", "x_test")}
    data = str(idx_folder(tmp_path, zipped=zipped, **wide))
    assert peek(data) == load(data).spec == DataSpec((2, 8))


@pytest.mark.parametrize(
    ("array", "spec", "image_shape"),
    [
        (IMAGES, DataSpec((4, 4)), (4, 4)),
        (IMAGES.astype(np.int64), DataSpec((4, 4)), (4, 4)),
        (IMAGES.reshape(20, 16), DataSpec((16,)), (4, 4)),
        (IMAGES.reshape(20, 2, 8, 1), DataSpec((2, 8, 1)), (2, 8)),
        (IMAGES.reshape(20, 2, 2, 4), DataSpec((2, 2, 4)), None),
        (IMAGES.reshape(20, 16)[:, :15].astype(float), DataSpec((15,), is_table=True), None),
        (IMAGES > 100, DataSpec((4, 4), scale=1.0), (4, 4)),
    ],
)
def test_the_peek_of_an_npz_is_what_is_loaded(
    tmp_path: Path, array: np.ndarray, spec: DataSpec, image_shape: tuple[int, int] | None
) -> None:
    data = str(npz(tmp_path / "d.npz", x_train=array, x_test=array))
    assert peek(data) == load(data).spec == spec
    assert load(data).training.images.shape == (20, spec.features)
    assert spec.image_shape == image_shape


def test_a_peek_reads_no_images_and_believes_no_more_of_a_header_than_the_reader(tmp_path: Path) -> None:
    large = npz(tmp_path / "large.npz", x_train=np.zeros((20_000, 100, 10), np.uint8))
    tracemalloc.start()
    assert peek(str(large)) == DataSpec((100, 10))
    assert tracemalloc.get_traced_memory()[1] < 12 << 20
    tracemalloc.stop()
    for broken in (
        idx_folder(tmp_path, x_train=idx(IMAGES, code=0x07)),
        npz(tmp_path / "text.npz", x_train=np.array([["a"]])),
        npz(tmp_path / "flat.npz", x_train=np.zeros(20)),
        npz(tmp_path / "none.npz", x_train=np.zeros((20, 0)), x_test=np.zeros((20, 0))),
        npz(tmp_path / "half.npz", y_test=None),
        tmp_path / "nowhere",
    ):
        with pytest.raises(UserError) as refused:
            peek(str(broken))
        assert str(refused.value) == complaint(broken)


def test_samples_of_another_shape_are_another_kind() -> None:
    assert DataSpec((14, 56)).takes((784,))
    assert DataSpec((14, 56)).takes((14, 56, 1))
    assert not DataSpec((14, 56)).takes((28, 28))
    assert not DataSpec((28, 28, 4)).takes((56, 56))
    assert DataSpec((28, 28, 4)).takes((28, 28, 4))
    assert not DataSpec((784,)).takes((14, 56)), "a row of 784 numbers is an image of 28×28"
    assert DataSpec((15,)).takes((3, 5))


def test_truth_values_are_0_and_1_as_the_estimator_takes_them(tmp_path: Path) -> None:
    data = load(str(npz(tmp_path / "d.npz", x_train=IMAGES > 100, x_test=IMAGES > 100)))
    assert data.training.images.dtype == np.float32
    np.testing.assert_array_equal(data.training.images, (IMAGES > 100).reshape(20, 16))


def test_the_first_bytes_tell_what_is_packed_not_the_name(tmp_path: Path) -> None:
    idx_folder(tmp_path)
    for number, name in enumerate(FILES.values()):
        path = tmp_path / name
        if number % 2:
            path.write_bytes(gzip.compress(path.read_bytes()))
        else:
            path.rename(tmp_path / f"{name}.gz")
    np.testing.assert_array_equal(load(str(tmp_path)).training.images, IMAGES.reshape(20, 16))


def test_a_folder_beside_the_file_is_passed_over(tmp_path: Path) -> None:
    idx_folder(tmp_path)
    for name in FILES.values():
        (tmp_path / name).rename(tmp_path / name.replace("-idx", ".idx"))
        (tmp_path / name).mkdir()
    np.testing.assert_array_equal(load(str(tmp_path)).training.images, IMAGES.reshape(20, 16))


def test_data_is_located_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    assert locate("mnist") == "mnist"
    assert locate("d.npz") == str(tmp_path / "d.npz")
    assert locate("~/d.npz") == "/home/someone/d.npz"


def test_files_that_are_missing_unreadable_or_no_files(tmp_path: Path) -> None:
    assert "no such file or folder" in complaint(tmp_path / "nowhere")
    assert "train-images-idx3-ubyte is missing, and so is train-images-idx3-ubyte.gz" in complaint(tmp_path)
    (tmp_path / "text.npz").write_text("hello")
    assert "nor a folder of four IDX files nor an .npz file nor" in complaint(tmp_path / "text.npz")
    os.mkfifo(tmp_path / "pipe.npz")
    assert "not a regular file" in complaint(tmp_path / "pipe.npz")
    idx_folder(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").unlink()
    (tmp_path / "train-images-idx3-ubyte").mkdir()
    assert "not a regular file" in complaint(tmp_path)
    assert "no such file or folder" in complaint("a\0b")


def test_a_bomb_costs_next_to_nothing(tmp_path: Path) -> None:
    zeros = gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 20, 4, 4) + bytes(1 << 28))
    lying = io.BytesIO()
    np.lib.format.write_array_header_1_0(lying, {"descr": "|u1", "fortran_order": False, "shape": (1 << 20, 1 << 11)})
    with zipfile.ZipFile(tmp_path / "claims.npz", "w") as archive:
        archive.writestr("x_train.npy", lying.getvalue())
        for name in ("y_train", "x_test", "y_test"):
            archive.writestr(f"{name}.npy", lying.getvalue())
    idx_folder(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").unlink()
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(zeros)
    tracemalloc.start()
    assert "more bytes follow" in complaint(tmp_path)
    assert "truncated: its header announces 2,147,483,648 bytes" in complaint(tmp_path / "claims.npz")
    assert tracemalloc.get_traced_memory()[1] < 30 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("kind", ["idx", "idx.gz", "npz"])
def test_truncation_at_every_boundary_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    if kind == "npz":
        target = data = npz(tmp_path / "d.npz", x_train=IMAGES[:, :2, :2], x_test=IMAGES[:, :2, :2])
    else:
        data = idx_folder(tmp_path, zipped=kind == "idx.gz")
        target = data / (FILES["x_train"] + (".gz" if kind == "idx.gz" else ""))
    whole = target.read_bytes()
    assert complaint(data) == ""
    for length in range(len(whole)):
        target.write_bytes(whole[:length])
        said = complaint(data)
        assert said, f"{length} of {len(whole)} bytes were taken for the whole file"
        assert len(said.splitlines()) == 1


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choose=st.data(), kind=st.sampled_from(["idx", "idx.gz", "npz"]))
def test_flipped_bits_load_or_are_refused_in_one_line(tmp_path: Path, choose: st.DataObject, kind: str) -> None:
    folder = tmp_path / kind
    folder.mkdir(exist_ok=True)
    if kind == "npz":
        target = data = npz(folder / "d.npz", x_train=IMAGES[:, :2, :2], x_test=IMAGES[:, :2, :2])
    else:
        data = idx_folder(folder, zipped=kind == "idx.gz")
        target = data / (FILES["x_train"] + (".gz" if kind == "idx.gz" else ""))
    content = bytearray(target.read_bytes())
    for place in choose.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] ^= 1 << choose.draw(st.integers(0, 7))
    target.write_bytes(content)
    assert len(complaint(data).splitlines()) <= 1


def test_plain_is_preferred_to_zipped(tmp_path: Path) -> None:
    idx_folder(tmp_path)
    idx_folder(tmp_path, zipped=True, x_train=b"broken")
    assert complaint(tmp_path) == ""


def test_pixels_become_exactly_their_255th_part_and_nothing_is_allocated() -> None:
    images = np.arange(256, dtype=np.uint8).reshape(16, 16)
    batcher = Batcher(Split(images, np.arange(16)), 4)
    inputs, labels = np.empty((3, 16), np.float32), np.empty(3, np.intp)
    numbers = np.array([15, 0, 7])
    batcher.fill(numbers, inputs, labels)
    tracemalloc.start()
    for _ in range(10):
        batcher.fill(numbers, inputs, labels)
    assert tracemalloc.get_traced_memory()[1] < 2_000
    tracemalloc.stop()
    np.testing.assert_array_equal(inputs, images[[15, 0, 7]].astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(labels, [15, 0, 7])


def test_validation_is_the_end_of_the_file() -> None:
    data = Dataset("d", Split(IMAGES.reshape(20, 16), np.arange(20) % 10), None, DataSpec((4, 4)))
    kept, held_out = data.hold_out(5)
    assert held_out is not None
    np.testing.assert_array_equal(kept.images, IMAGES.reshape(20, 16)[:15])
    np.testing.assert_array_equal(held_out.images, IMAGES.reshape(20, 16)[15:])
    assert np.shares_memory(kept.images, data.training.images)
    assert data.hold_out(0)[1] is None
    with pytest.raises(UserError, match="at most 19 of 20, not 20"):
        data.hold_out(20)


def test_missing_classes_are_named() -> None:
    assert Dataset("d", Split(IMAGES.reshape(20, 16), np.arange(20) % 8), None, DataSpec((4, 4))).missing_classes == (8, 9)


def test_read_idx_gives_back_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(idx(IMAGES))
    np.testing.assert_array_equal(read_idx(tmp_path / "f", 3), IMAGES)
