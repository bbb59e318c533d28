"""Tables and pictures that mean harm: each is read, or refused in one line."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from tui_trainer.datasets.dataset import load
from tui_trainer.errors import UserError
from tui_trainer.system.folders import printable

from .outcome import ESCAPES, is_one_line

FUZZ = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

CELLS = (
    "1",
    "-2.5",
    "3,5",
    "1e400",
    "-1e39",
    "nan",
    "inf",
    "",
    "x",
    "é",
    '"',
    '"a,b"',
    "0x10",
    "1_000",
    "\x1b[31m",
    "9" * 400,
    " 7 ",
    "NA",
)


def complaint(data: Path, label: str | None = None) -> str:
    """What is wrong with it, or nothing; that it is a line, and no warning beside it, holds of every file."""
    try:
        found = load(str(data), label)
    except UserError as error:
        assert is_one_line(printable(str(error)))  # noqa: PT017 it may be no error
        return str(error)
    assert np.isfinite(found.training.images).all()
    assert all(is_one_line(printable(f"--data {data}: {text}")) for text in (*found.warnings, *found.notes))
    return ""


@FUZZ
@given(
    rows=st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4), min_size=1, max_size=12),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    label=st.sampled_from([None, "1", "-1", "0", "99", "x"]),
)
@example([["1e39", "a"], ["2", "b"]] * 5, ",", "\n", "utf-8", None)
@example([["a", "a", "a"], ["1", "2", "3"]] * 4, ",", "\n", "utf-8", "a")
def test_any_cells(tmp_path: Path, rows: list[list[str]], delimiter: str, end: str, encoding: str, label: str | None) -> None:
    (tmp_path / "t.csv").write_bytes(end.join(delimiter.join(row) for row in rows).encode(encoding))
    complaint(tmp_path / "t.csv", label)


@FUZZ
@given(content=st.binary(max_size=300), start=st.sampled_from([b"", b"a,b,c\n1,2,x\n", b"\xff\xfe", b"\xef\xbb\xbf1,2\n", b"1,2\n\0"]))
def test_any_bytes_for_a_table(tmp_path: Path, content: bytes, start: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(start + content)
    complaint(tmp_path / "t.csv")


@FUZZ
@given(choose=st.data(), kind=st.sampled_from(["parquet", "feather"]))
def test_flipped_bits_of_arrow_files(tmp_path: Path, choose: st.DataObject, kind: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import feather, parquet

    path = tmp_path / f"t.{kind}"
    table = pyarrow.table({"a": [row + 0.5 for row in range(30)], "b": list(range(30)), "kind": ["x", "y", "z"] * 10})
    if kind == "parquet":
        parquet.write_table(table, path)
    else:
        feather.write_feather(table, str(path), compression="uncompressed")
    content = bytearray(path.read_bytes())
    for place in choose.draw(st.lists(st.integers(8, len(content) - 1), min_size=1, max_size=4)):
        content[place] ^= 1 << choose.draw(st.integers(0, 7))
    path.write_bytes(content[: choose.draw(st.integers(len(content) // 2, len(content)))])
    try:
        load(str(path))
    except UserError as error:
        assert is_one_line(printable(str(error)))  # noqa: PT017 it may be no error


@FUZZ
@given(
    content=st.binary(max_size=200),
    start=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"BM", b"RIFF\0\0\0\0WEBP"]),
)
def test_any_bytes_for_a_picture(tmp_path: Path, content: bytes, start: bytes) -> None:
    for name in "ab":
        (tmp_path / name).mkdir(exist_ok=True)
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / name / "0.png")
    (tmp_path / "b" / "1.png").write_bytes(start + content)
    assert "1.png" in complaint(tmp_path)


def test_names_in_tables_cannot_command_the_terminal(tmp_path: Path) -> None:
    name = ESCAPES.translate({ord(letter): None for letter in "\0\r\n"})
    (tmp_path / "t.csv").write_text(f"{name},b,class\n" + f"1,{name},x\n2,u,y\n" * 20, newline="")
    complaint(tmp_path / "t.csv")
    complaint(tmp_path / "t.csv", name)


def test_a_picture_that_announces_too_much_and_folders_of_odd_things(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((4, 4), ord(name), np.uint8)).save(tmp_path / name / "0.png")
    stream = io.BytesIO()
    Image.fromarray(np.zeros((1, 1), np.uint8)).save(stream, "BMP")
    content = bytearray(stream.getvalue())
    content[18:26] = (60_000).to_bytes(4, "little") * 2
    (tmp_path / "a" / "1.bmp").write_bytes(content)
    assert "1.bmp" in complaint(tmp_path)
    (tmp_path / "a" / "1.bmp").unlink()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "c").mkdir()
    (tmp_path / "a" / "link.png").symlink_to("/dev/zero")
    assert "not a regular file" in complaint(tmp_path)


def test_honest_tables_at_the_edges(tmp_path: Path) -> None:
    """What is very sparse, very repetitive, wide, or has long names is read."""
    sparse = "\n".join(",".join(["0"] * 2000 + [str(row % 2)]) for row in range(100))
    wide = "\n".join(",".join(str((row * column) % 9) for column in range(3000)) + f",{'ab'[row % 2]}" for row in range(40))
    names = f"{'n' * 3000},b,class\n" + "".join(f"{row % 7}.5,{row},{'xy'[row % 2]}\n" for row in range(40))
    for content in (sparse, wide, names, "a,class\n" + "1,x\n2,y\n" * 20_000):
        (tmp_path / "t.csv").write_text(content)
        assert complaint(tmp_path / "t.csv") == ""
