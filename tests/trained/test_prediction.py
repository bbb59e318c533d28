"""Images from files, as a network takes them, and what it says about them."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tui_trainer import Classifier, UserError
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.trained.predict import predict, read_samples

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 4), dtype=np.uint8)
SPEC = DataSpec((4, 4))
LABELS = np.array([3, 1, 4, 1, 5, 9])


def npz(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.mark.parametrize("zipped", [False, True])
def test_idx_files(tmp_path: Path, zipped: bool) -> None:
    path = tmp_path / ("images.gz" if zipped else "images")
    path.write_bytes(gzip.compress(idx(IMAGES)) if zipped else idx(IMAGES))
    samples = read_samples(path, SPEC)
    np.testing.assert_array_equal(samples.images, IMAGES.reshape(6, 16))
    assert (samples.labels, samples.is_picture) == (None, False)


@pytest.mark.parametrize(
    ("arrays", "has_labels"),
    [
        ({"x": IMAGES, "y": LABELS, "x_test": IMAGES[::-1]}, True),
        ({"x_test": IMAGES, "y_test": LABELS, "x_train": IMAGES[:1], "y_train": LABELS[:1]}, True),
        ({"x_test": IMAGES, "y": LABELS}, False),
        ({"digits": IMAGES.reshape(6, 16), "other": np.zeros((6, 5)), "y": LABELS}, False),
        ({"x": IMAGES}, False),
    ],
)
def test_npz_files(tmp_path: Path, arrays: dict[str, Any], has_labels: bool) -> None:
    samples = read_samples(npz(tmp_path / "d.npz", **arrays), SPEC)
    np.testing.assert_array_equal(samples.images, IMAGES.reshape(6, 16))
    assert (samples.labels is not None and samples.labels.tolist() == LABELS.tolist()) == has_labels


def test_floats_are_taken_as_they_are_and_bytes_by_their_255th(tmp_path: Path) -> None:
    model = Classifier(hidden="5", epochs=2, batch_size=6).fit(IMAGES.reshape(6, 16), LABELS)
    as_bytes = read_samples(npz(tmp_path / "b.npz", x=IMAGES), SPEC)
    as_floats = read_samples(npz(tmp_path / "f.npz", x=IMAGES / np.float32(255)), SPEC)
    assert as_floats.images.dtype == np.float32
    first, second = (np.array([one.probabilities for one in predict(model, samples)]) for samples in (as_bytes, as_floats))
    np.testing.assert_allclose(first, second, rtol=1e-5)
    np.testing.assert_array_equal(first, model.predict_proba(IMAGES))


def test_each_prediction_names_the_likeliest_the_next_and_the_truth(tmp_path: Path) -> None:
    model = Classifier(hidden="9", epochs=400, batch_size=6, learning_rate=0.01).fit(IMAGES, LABELS)
    told = list(predict(model, read_samples(npz(tmp_path / "d.npz", x=IMAGES, y=[3, 1, 4, 1, 5, 0]), SPEC)))
    assert [one.label for one in told] == LABELS.tolist()
    assert [one.is_right for one in told] == [True] * 5 + [False]
    assert [one.truth for one in told] == [3, 1, 4, 1, 5, 0]
    for one in told:
        assert one.probability == max(one.probabilities)
        assert one.next_probability == sorted(one.probabilities)[-2]
        assert one.next_label == model.classes_[one.probabilities.index(one.next_probability)]


def test_classes_may_be_texts_or_one_alone(tmp_path: Path) -> None:
    samples = read_samples(npz(tmp_path / "d.npz", x=IMAGES, y=[7, 7, 7, 7, 7, 8]), SPEC)
    texts = Classifier(hidden="none", epochs=50, batch_size=6).fit(IMAGES, np.array(["7", "7", "7", "7", "7", "8"]))
    assert {one.label for one in predict(texts, samples)} <= {"7", "8"}
    assert any(one.is_right for one in predict(texts, samples))
    single = next(predict(Classifier(hidden="none", epochs=0, batch_size=6).fit(IMAGES, [7] * 6), samples))
    assert (single.label, single.probability, single.next_label) == (7, 1.0, None)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    model = Classifier(hidden="5", epochs=0, batch_size=6).fit(IMAGES, LABELS)
    model.network_.parameters[:] = 3e38
    with pytest.raises(UserError, match="not finite"):
        predict(model, read_samples(npz(tmp_path / "d.npz", x=IMAGES), SPEC))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": IMAGES[:, :3]}, "x has shape (6, 3, 4); this network takes 16 numbers, 4×4 pixels, a sample"),
        ({"x": IMAGES[:0]}, "there are no images in it"),
        ({"x": IMAGES, "y": LABELS[:5]}, "6 images in x but 5 labels in y"),
        ({"x": IMAGES, "y": LABELS / 2}, "labels are whole numbers"),
        ({"x": np.full((6, 4, 4), np.nan)}, "not finite"),
        ({"x": np.array(["a"])}, "x holds <U1; numbers are expected"),
        ({"x": np.zeros(16)}, "x has shape (16,)"),
        ({"a": IMAGES, "b": IMAGES}, "2 arrays is such"),
        ({"a": IMAGES[:, :3], "b": LABELS}, "none is such"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    assert message in complaint(npz(tmp_path / "d.npz", **arrays))


def test_a_pickle_in_an_npz_is_not_opened(tmp_path: Path) -> None:
    assert "x holds object" in complaint(npz(tmp_path / "d.npz", x=np.array([{}, []], dtype=object)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "neither a PNG image, an IDX file of images nor an .npz"),
        (b"\xff\xd8\xff\xe0JFIF", "save the picture as PNG"),
        (idx(LABELS.astype(np.uint8)) + bytes(20), "it has 1 dimensions where 3 are expected"),
        (idx(IMAGES)[:-1], "truncated"),
        (idx(IMAGES) + b"x", "more bytes follow"),
        (struct.pack(">HBB3I", 0, 8, 3, 2**31, 2**31, 9), "at most 4,294,967,296 are read"),
        (idx(IMAGES[:, :2]), "its images have shape (6, 2, 4)"),
        (struct.pack(">HBB3I", 0, 8, 3, 2**32 - 1, 0, 0), "this network takes 16 numbers"),
        (b"PK\x03\x04junk", "damaged zip"),
        (b"\x1f\x8bjunkjunk", "damaged gzip"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
    ],
)
def test_hostile_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert message in complaint(path)


def test_pictures_of_another_shape_are_refused_even_with_as_many_pixels(tmp_path: Path) -> None:
    wide = DataSpec((2, 8))
    assert "x has shape (6, 4, 4); this network takes 16 numbers, 2×8 pixels, a sample" in complaint(
        npz(tmp_path / "d.npz", x=IMAGES), wide
    )
    (tmp_path / "d").write_bytes(idx(IMAGES))
    assert "its images have shape (6, 4, 4); this network takes" in complaint(tmp_path / "d", wide)
    Image.fromarray(IMAGES[0]).save(tmp_path / "square.png")
    assert "its 4×4 pixels (height × width); this network takes opaque images of 2×8" in complaint(tmp_path / "square.png", wide)
    Image.fromarray(IMAGES[0].reshape(2, 8)).save(tmp_path / "wide.png")
    for path in (
        tmp_path / "wide.png",
        npz(tmp_path / "d.npz", x=IMAGES.reshape(6, 16)),
        npz(tmp_path / "e.npz", x=IMAGES.reshape(6, 2, 8)),
    ):
        np.testing.assert_array_equal(read_samples(path, wide).images[0], IMAGES[0].reshape(-1))


def test_a_picture_needs_a_square_network(tmp_path: Path) -> None:
    Image.fromarray(IMAGES[0]).save(tmp_path / "d.png")
    assert read_samples(tmp_path / "d.png", SPEC).is_picture
    assert "this network takes 15 numbers, which are no image in gray" in complaint(tmp_path / "d.png", DataSpec((15,)))


def complaint(path: Path, spec: DataSpec = SPEC) -> str:
    with pytest.raises(UserError) as refused:
        read_samples(path, spec)
    said = str(refused.value)
    assert len(said.splitlines()) == 1
    assert said.startswith(f"{path}: ")
    return said
