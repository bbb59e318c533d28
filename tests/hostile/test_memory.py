"""However much a file claims or unpacks to: what the program holds of it stays below 500 MB, measured in a process of its own."""

import gzip
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from tui_trainer.runs import checkpoint
from tui_trainer.runs.directory import RunDirectory

from .outcome import is_refusal, measured
from .test_data import IMAGES, LABELS, npy, npz
from .test_resuming import copied, rewrite

MOST = 500
"""Megabytes; of them some 60 to 110 are the program's own."""

Made = list[str]


def zeros(size: int) -> bytes:
    """So many zeros as a raw deflate stream, made in no time: a stream may be put together from flushed pieces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    # What follows a full flush depends on nothing before it.
    again = packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece + again * ((size >> 24) - 1) + b"\x03\x00"


def idx_folder(folder: Path, samples: int, pixels: int, *, images: bytes | None = None, labels: bytes | None = None) -> Made:
    """Four gzipped files that keep what their headers announce, in a thousandth of the space."""

    def zipped(header: bytes, size: int) -> bytes:
        pieces = [gzip.compress(header, 1), *[gzip.compress(bytes(1 << 24), 6)] * (size >> 24)]
        return b"".join(pieces)

    contents = {
        "images-idx3-ubyte": images or zipped(struct.pack(">HBB3I", 0, 8, 3, samples, pixels, 1), samples * pixels),
        "labels-idx1-ubyte": labels or zipped(struct.pack(">HBB1I", 0, 8, 1, samples), samples),
    }
    for part in ("train", "t10k"):
        for name, content in contents.items():
            (folder / f"{part}-{name}.gz").write_bytes(content)
    return ["--no-ui", "--data", str(folder)]


def claiming_npz(folder: Path, run: Path) -> Made:
    """236 bytes that claim a terabyte."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (1 << 20, 1 << 20)})
    with zipfile.ZipFile(folder / "d.npz", "w") as archive:
        archive.writestr("x_train.npy", header.getvalue())
        for name in ("y_train", "x_test", "y_test"):
            archive.writestr(f"{name}.npy", b"")
    return ["--no-ui", "--data", str(folder / "d.npz")]


def packed_npz(folder: Path, member: bytes, size: int) -> Made:
    """An .npz whose x_train is a deflate stream made by hand."""
    path = npz(folder / "d.npz")
    name = b"x_train.npy"
    entry = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, 0, len(member), size, len(name), 0)
    local = b"PK\x03\x04" + entry + name + member
    listed = b"PK\x01\x02" + struct.pack("<H", 20) + entry + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    with zipfile.ZipFile(io.BytesIO(), "w") as rest:
        for other, array in (("y_train", LABELS), ("x_test", IMAGES), ("y_test", LABELS)):
            rest.writestr(f"{other}.npy", npy(array))
        tail = rest.fp.getvalue()  # type: ignore[union-attr]
    # Only the first member is looked at: the others are never reached.
    count, directory = 4, listed
    for listed_name in (b"y_train.npy", b"x_test.npy", b"y_test.npy"):
        plain = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, 0, 0, 0, len(listed_name), 0)
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + plain + struct.pack("<HHHII", 0, 0, 0, 0, len(local)) + listed_name
    start = len(local) + len(tail)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), start, 0)
    path.write_bytes(local + tail + directory + end)
    return ["--no-ui", "--data", str(path)]


def npz_bomb(folder: Path, run: Path) -> Made:
    """2 GiB of zeros, as announced."""
    size = 1 << 31
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (1 << 20, 1 << 11)})
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(header.getvalue()) + packer.flush(zlib.Z_FULL_FLUSH)
    return packed_npz(folder, start + zeros(size), size + len(header.getvalue()))


def npz_header_bomb(folder: Path, run: Path) -> Made:
    """A header of 4 GiB, which NumPy would read whole before it looks at it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xFFFFFFFF)) + packer.flush(zlib.Z_FULL_FLUSH)
    return packed_npz(folder, start + zeros(1 << 32), 0xFFFFFFFF)


def idx_bomb(folder: Path, run: Path) -> Made:
    return idx_folder(folder, 1 << 20, 1 << 10)


def labels_bomb(folder: Path, run: Path) -> Made:
    """Labels that would become eight times as large."""
    return idx_folder(folder, 1 << 26, 1)


def lying_idx_bomb(folder: Path, run: Path) -> Made:
    header = struct.pack(">HBB3I", 0, 8, 3, 2, 4, 4)
    return idx_folder(folder, 2, 16, images=gzip.compress(header) + gzip.compress(bytes(1 << 24), 6) * 64)


def dots(folder: Path, run: Path) -> Made:
    (folder / "c.toml").write_text("a." * 500_000 + "a = 1")
    return ["--no-ui", "--config", str(folder / "c.toml")]


def dots_in_lines(folder: Path, run: Path) -> Made:
    (folder / "c.toml").write_text("".join(f"{number}.a.a.a = 1\n" for number in range(70_000)))
    return ["--no-ui", "--config", str(folder / "c.toml")]


def tables(folder: Path, run: Path) -> Made:
    (folder / "c.toml").write_text("".join(f"[{number:x}]\n" for number in range(60_000)))
    return ["--no-ui", "--config", str(folder / "c.toml")]


def wrong_sizes(folder: Path, run: Path) -> Made:
    (folder / "c.toml").write_text("hidden = [" + "''," * 340_000 + "]")
    return ["--no-ui", "--config", str(folder / "c.toml")]


def no_end(folder: Path, run: Path) -> Made:
    with (folder / "c.toml").open("wb") as file:
        file.truncate(1 << 40)
    return ["--no-ui", "--config", str(folder / "c.toml")]


def huge_network(folder: Path, run: Path) -> Made:
    """A checkpoint that claims a thousand layers of 65,536, with tiny tensors."""
    made = copied(run, folder / "run")
    scalars = dict(checkpoint.read(made.checkpoint).scalars)
    rewrite(made, scalars | {"config": scalars["config"] | {"hidden": [65_536] * 1000}})
    return ["--no-ui", "--resume", str(made.path)]


def huge_header(folder: Path, run: Path) -> Made:
    made = copied(run, folder / "run")
    made.checkpoint.write_bytes(save({}, {checkpoint.KEY: '{"a": [' + "[]," * (30 << 20) + "[]]}"}))
    return ["--no-ui", "--resume", str(made.path)]


def many_things(folder: Path, run: Path) -> Made:
    made = copied(run, folder / "run")
    made.checkpoint.write_bytes(save({}, {checkpoint.KEY: '{"config": {"hidden": [' + "{}," * 2_700_000 + "[]]}}"}))
    return ["--no-ui", "--resume", str(made.path)]


def many_tensors(folder: Path, run: Path) -> Made:
    made = copied(run, folder / "run")
    entries = ",".join(f'"{number}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}' for number in range(150_000))
    header = f'{{"__metadata__":{json.dumps({checkpoint.KEY: "{}"})},{entries}}}'.encode()
    made.checkpoint.write_bytes(len(header).to_bytes(8, "little") + header)
    return ["--no-ui", "--resume", str(made.path)]


def sparse_checkpoint(folder: Path, run: Path) -> Made:
    made = copied(run, folder / "run")
    os.truncate(made.checkpoint, 1 << 40)
    return ["--no-ui", "--resume", str(made.path)]


def sparse_metrics(folder: Path, run: Path) -> Made:
    made = copied(run, folder / "run")
    os.truncate(made.metrics, 1 << 40)
    return ["--no-ui", "--resume", str(made.path)]


CASES: list[Callable[[Path, Path], Made]] = [
    claiming_npz,
    npz_bomb,
    npz_header_bomb,
    idx_bomb,
    labels_bomb,
    lying_idx_bomb,
    dots,
    dots_in_lines,
    tables,
    wrong_sizes,
    no_end,
    huge_network,
    huge_header,
    many_things,
    many_tensors,
    sparse_checkpoint,
    sparse_metrics,
]


@pytest.mark.parametrize("make", CASES, ids=lambda make: make.__name__)
def test_what_claims_much_is_refused_and_costs_little(tmp_path: Path, stopped_run: Path, make: Callable[[Path, Path], Made]) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    found = measured(tmp_path, *make(folder, stopped_run))
    assert is_refusal(found), found.stderr[-2000:]
    assert 20 < found.megabytes < MOST


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_longest_log_that_is_read(tmp_path: Path) -> None:
    """48 MiB of epochs, each as short as it may be, given again as JSON: nothing else that is made of a log holds as much."""
    fill_log(tmp_path / "run", 48, 0)
    found = measured(tmp_path, "runs", "show", "run", "--folder", str(tmp_path), "--format", "json", seconds=500)
    assert found.status == 0
    assert found.megabytes < MOST


OWN = 60
"""Megabytes that the program holds of nothing at all."""


@pytest.mark.long
@pytest.mark.parametrize("command", [["show", "b"], ["list"], ["compare", "a", "b"]], ids=lambda command: command[0])
def test_what_is_held_of_logs_grows_no_faster_than_the_longest_may(tmp_path: Path, command: list[str]) -> None:
    """A quarter of the longest logs, of epochs as short and as long as they may be, may take a quarter of the room."""
    for name, layers in (("a", 0), ("b", 1000)):
        fill_log(tmp_path / name, 12, layers)
    found = measured(tmp_path, "runs", *command, "--folder", str(tmp_path))
    assert found.status == 0
    assert found.megabytes < OWN + (MOST - OWN) / 4


def fill_log(path: Path, mebibytes: int, layers: int) -> None:
    folder = RunDirectory(path)
    folder.path.mkdir()
    norms = ",".join(f'{{"name":"a{number}","gradient_norm":0.5}}' for number in range(layers))
    means = '"train_loss":1,"train_accuracy":1,"validation_loss":1,"validation_accuracy":1,"learning_rate":1,"seconds":1'
    size, number = 0, 0
    with folder.metrics.open("w") as file:
        size += file.write('{"event":"start","config":{}}\n')
        while size < (mebibytes << 20) - len(norms) - 300:
            number += 1
            size += file.write(f'{{"event":"epoch","epoch":{number},{means},"layers":[{norms}]}}\n')
