"""Images and labels that mean harm. What else may be wrong with them is in tests/test_dataset.py."""

import bz2
import gzip
import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tui_trainer.datasets.dataset import load
from tui_trainer.datasets.idx import FILES
from tui_trainer.errors import UserError
from tui_trainer.system.folders import printable

from .outcome import ESCAPES, is_harmless, is_one_line, outcome

FUZZ = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

IMAGES = (np.arange(320) % 256).astype(np.uint8).reshape(20, 4, 4)
LABELS = (np.arange(20) % 10).astype(np.uint8)


def npy(array: np.ndarray, header: bytes | str | None = None, *, version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    """An .npy file with the array's numbers, and any header."""
    if header is None:
        file = io.BytesIO()
        np.save(file, array)
        return file.getvalue()
    content = header.encode("latin-1", "replace") if isinstance(header, str) else header
    size = struct.pack("<H" if version == (1, 0) else "<I", len(content) if length is None else length)
    return b"\x93NUMPY" + bytes(version) + size + content + array.tobytes()


def npz(path: Path, *, method: int = zipfile.ZIP_STORED, **members: Any) -> Path:
    whole = {"x_train": npy(IMAGES), "y_train": npy(LABELS), "x_test": npy(IMAGES), "y_test": npy(LABELS)} | members
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in whole.items():
            archive.writestr(f"{name}.npy", content)
    return path


def idx_folder(folder: Path, *, zipped: bool = False) -> Path:
    for key, name in FILES.items():
        array = IMAGES if key.startswith("x") else LABELS
        content = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
        (folder / (f"{name}.gz" if zipped else name)).write_bytes(gzip.compress(content) if zipped else content)
    return folder


def complaint(data: Path | str) -> str:
    """What is wrong with it, or nothing; that it is a line, and no warning beside it, holds of every file."""
    try:
        load(str(data))
    except UserError as error:
        assert is_one_line(printable(str(error)))  # noqa: PT017 it may be no error
        return str(error)
    return ""


HEADER = "{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}"

DESCRIPTIONS = [
    "'|u1'",
    "'<i8'",
    "'>f2'",
    "'|O'",
    "'|b1'",
    "'<f16'",
    "'<c16'",
    "'<U3'",
    "'|V9'",
    "'<M8[s]'",
    "'16u1'",
    "'u1,u1'",
    "[('a', '|u1')]",
    "[('\\x1b[31m', '|u1')]",
    "('|u1', (4, 4))",
    "'|u0'",
    "'<f4:'",
    "None",
    "3",
    "'\\d'",
    "''",
    "b'|u1'",
    "{}",
]
ORDERS = ["False", "True", "1", "None", "'no'"]
SHAPES = [
    "(20, 4, 4)",
    "(20, 16)",
    "(20,)",
    "()",
    "20",
    "(20L, 4L, 4L)",
    "(-1, 4, 4)",
    "(-20, -16)",
    "(20, -16)",
    "(0, 4)",
    "(0, 2**70)",
    f"(0, {2**70})",
    f"(0, {2**62}, {2**62})",
    f"(20, {10**30})",
    f"(20, 0, {2**62})",
    "(20.0, 16)",
    "(True, 320)",
    "('20', 16)",
    "(None,)",
    "[20, 16]",
    "((20, 16),)",
    "(1,) * 99",
    "(" + "1, " * 70 + ")",
    "(" * 300,
    "-" * 3000 + "1",
    "9" * 5000,
]


@FUZZ
@given(
    descr=st.sampled_from(DESCRIPTIONS),
    order=st.sampled_from(ORDERS),
    shape=st.sampled_from(SHAPES),
    name=st.sampled_from(["x_train", "y_test"]),
)
@example("'|u1'", "False", f"(0, {2**70})", "x_train")
@example("'|u1'", "False", "(20L, 4L, 4L)", "x_train")
@example("'\\d'", "False", "(20, 16)", "x_train")
def test_any_header_of_an_array(tmp_path: Path, descr: str, order: str, shape: str, name: str) -> None:
    text = HEADER.format(descr=descr, order=order, shape=shape)
    members: dict[str, Any] = {name: npy(IMAGES if name == "x_train" else LABELS, text)}
    told = complaint(npz(tmp_path / "d.npz", **members))
    assert not told or "d.npz" in told


@FUZZ
@given(
    header=st.one_of(st.binary(max_size=60), st.text("{}()[],:'\"\\ \n#0123456789descrfortanhpTF|<u-", max_size=80)),
    version=st.sampled_from([(1, 0), (2, 0), (3, 0), (9, 9)]),
)
def test_any_bytes_for_a_header(tmp_path: Path, header: bytes | str, version: tuple[int, int]) -> None:
    assert complaint(npz(tmp_path / "d.npz", x_train=npy(IMAGES, header, version=version)))


def test_numbers_that_no_image_has_are_told_without_a_warning(tmp_path: Path) -> None:
    whole = np.zeros((20, 4), np.float32)
    for numbers in ([np.inf, -np.inf], [np.nan, 1], [np.inf, np.nan]):
        array = whole.copy()
        array[3, :2] = numbers
        assert "image 3 holds a number that is not finite" in complaint(npz(tmp_path / "d.npz", x_train=npy(array)))
    signalling = np.full((20, 4), 0x7FF0000000000001, np.uint64).view(np.float64)
    assert "image 0 holds a number that is not finite" in complaint(npz(tmp_path / "d.npz", x_train=npy(signalling)))
    assert complaint(npz(tmp_path / "d.npz", x_train=npy(-whole), x_test=npy(whole))) == "", "a negative zero is a zero"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "lzma"])
def test_packing_that_numpy_does_not_do_is_refused_before_it_is_unpacked(tmp_path: Path, method: int) -> None:
    path = npz(tmp_path / "d.npz", method=method)
    assert "is compressed in a way that NumPy does not write" in complaint(path)
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    assert complaint(path)


def test_a_member_that_claims_to_be_packed_in_another_way(tmp_path: Path) -> None:
    content = npz(tmp_path / "d.npz").read_bytes()
    for method in (1, 8, 9, 12, 14, 93, 95, 99):
        # The method stands at 10 of each member's own header, and at 10 of its entry in the list, counted from its signature and version.
        made = bytearray(content)
        at = made.index(b"PK\x01\x02") + 10
        struct.pack_into("<H", made, at, method)
        struct.pack_into("<H", made, 8, method)
        (tmp_path / "d.npz").write_bytes(made)
        assert complaint(tmp_path / "d.npz")


def test_a_member_that_says_it_is_encrypted_twice_there_or_linked(tmp_path: Path) -> None:
    content = npz(tmp_path / "d.npz").read_bytes()
    made = bytearray(content)
    struct.pack_into("<H", made, made.index(b"PK\x01\x02") + 8, 1)
    struct.pack_into("<H", made, 6, 1)
    (tmp_path / "d.npz").write_bytes(made)
    assert "encrypted" in complaint(tmp_path / "d.npz")
    with zipfile.ZipFile(npz(tmp_path / "d.npz"), "a") as archive:
        archive.writestr("../../x_train.npy", b"")
        archive.writestr(f"{ESCAPES}.npy".replace("\0", ""), b"")
        for number in range(1001):
            archive.writestr(f"{number}.npy", b"")
    assert "at most 1,000 are looked at" in complaint(tmp_path / "d.npz")


def test_a_list_of_contents_without_end_is_not_read(tmp_path: Path) -> None:
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<HHH", 1, 0, 0) + bytes(12) + b"a"
    count = (9 << 20) // len(entry)
    entries = entry * count
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count & 0xFFFF, count & 0xFFFF, len(entries), 0, 0)
    (tmp_path / "d.npz").write_bytes(b"PK\x03\x04" + entries + end)
    assert "its list of contents is too long" in complaint(tmp_path / "d.npz")


class Touching:
    """Pickled, it writes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.path),)


def test_no_pickle_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_run: Path) -> None:
    touched = tmp_path / "touched"
    payload = pickle.dumps(Touching(touched))
    pickle.loads(payload)
    assert touched.exists(), "the payload works"
    touched.rmdir()

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError

    for name in ("load", "loads", "Unpickler", "_Unpickler", "_load", "_loads"):
        monkeypatch.setattr(pickle, name, refuse)
    header = HEADER.format(descr="'|O'", order="False", shape="(20, 4)")
    member = npy(np.frombuffer(payload, np.uint8), header)
    assert "holds object; numbers are expected" in complaint(npz(tmp_path / "d.npz", x_train=member))
    # What torch.save writes is a zip with a data.pkl, or, from earlier versions, a pickle.
    with zipfile.ZipFile(tmp_path / "torch.npz", "w") as archive:
        archive.writestr("archive/data.pkl", payload)
    assert complaint(tmp_path / "torch.npz")
    files: dict[str, bytes] = {
        "a.npz": payload,
        "a.pkl": payload,
        "a.safetensors": payload,
        "a.npy": member,
        "torch.safetensors": (tmp_path / "torch.npz").read_bytes(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        for arguments in (
            ["--no-ui", "--data"],
            ["--no-ui", "--config"],
            ["predict", str(stopped_run)],
            ["predict"],
            ["export"],
            ["runs", "show"],
        ):
            found = outcome(*arguments, str(tmp_path / name))
            assert found.status == 2
            assert is_harmless(found.stderr)
    assert not touched.exists()


@pytest.mark.parametrize("name", ["x_train", "y_test"])
def test_folders_pipes_devices_and_links_in_circles_in_place_of_files(tmp_path: Path, name: str) -> None:
    file = idx_folder(tmp_path) / FILES[name]
    for make in (os.mkdir, os.mkfifo, lambda path: path.symlink_to(path), lambda path: path.symlink_to("/dev/zero")):
        file.unlink()
        make(file)
        told = complaint(tmp_path)
        assert FILES[name] in told
        if file.is_dir():
            file.rmdir()
            file.touch()


@FUZZ
@given(
    content=st.binary(max_size=200),
    start=st.sampled_from([b"", b"\x1f\x8b\x08", b"\x1f\x8b\x08\x08", b"\x1f\x8b\x08\x1c", b"\0\0\x08\x03"]),
    name=st.sampled_from(["x_train", "y_test"]),
    zipped=st.booleans(),
)
def test_any_bytes_for_an_idx_file(tmp_path: Path, content: bytes, start: bytes, name: str, zipped: bool) -> None:
    folder = tmp_path / str(zipped)
    folder.mkdir(exist_ok=True)
    file = idx_folder(folder, zipped=zipped) / (FILES[name] + (".gz" if zipped else ""))
    file.write_bytes(start + content)
    assert file.name in complaint(folder)


@FUZZ
@given(content=st.binary(max_size=200), start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY", bz2.compress(b"x")]))
def test_any_bytes_for_an_npz(tmp_path: Path, content: bytes, start: bytes) -> None:
    (tmp_path / "d.npz").write_bytes(start + content)
    assert complaint(tmp_path / "d.npz")


@pytest.mark.parametrize("name", ["\0", "a\0b", "~\0", "~nobody-of-this-name/x", "\udcff", "x" * 300, "x/" * 300, ESCAPES])
def test_names_of_data(name: str) -> None:
    if "\0" not in name:
        found = outcome("--no-ui", f"--data={name}")
        assert found.status == 2
        assert is_harmless(found.stderr)
        assert found.stderr.count("\n") == 1
    assert "\n" not in printable(complaint(name))
