"""Checkpoints: exact, whole or absent, and read without trust."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_trainer.errors import UserError
from tui_trainer.runs import checkpoint, files
from tui_trainer.training.events import Snapshot

SCALARS = {"step": 3, "order_state": np.random.default_rng(1).bit_generator.state, "loss_sum": 0.1}


def snapshot() -> Snapshot:
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    return Snapshot({"plain": base, "transposed": base.T, "strided": base[::2, ::3], "empty": base[:0]}, SCALARS)


def test_round_trip_of_any_memory_order_and_of_large_integers(tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "c", snapshot())
    found = checkpoint.read(tmp_path / "c")
    assert found.scalars == SCALARS
    for name, tensor in snapshot().tensors.items():
        np.testing.assert_array_equal(found.tensors[name], tensor)


def test_equal_snapshots_make_equal_files(tmp_path: Path) -> None:
    for name in "ab":
        checkpoint.write(tmp_path / name, snapshot())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def read_or_complain(path: Path) -> Snapshot | None:
    complaint = ""
    try:
        return checkpoint.read(path)
    except UserError as error:
        complaint = str(error)
    assert len(complaint.splitlines()) == 1
    assert str(path) in complaint
    return None


def test_a_truncated_file_is_refused_at_every_length(tmp_path: Path) -> None:
    path = tmp_path / "c"
    checkpoint.write(path, snapshot())
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert read_or_complain(path) is None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_flipped_bits_load_or_are_refused_in_one_line(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "c"
    checkpoint.write(path, snapshot())
    content = bytearray(path.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=3)):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    read_or_complain(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        (1 << 40).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"[]",
        b"\x80\x04K\x01.",
    ],
)
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c"
    path.write_bytes(content)
    assert read_or_complain(path) is None


def test_metadata_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save

    tensor = {"x": np.zeros(1, np.float32)}
    for metadata in (None, {"format": "other"}, {checkpoint.KEY: ""}, {checkpoint.KEY: "[1]"}):
        (tmp_path / "c").write_bytes(save(tensor, metadata))
        assert read_or_complain(tmp_path / "c") is None


def test_folders_and_absent_files_are_named(tmp_path: Path) -> None:
    assert read_or_complain(tmp_path) is None
    assert read_or_complain(tmp_path / "absent") is None


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    path = tmp_path / "c"
    checkpoint.write(path, snapshot())
    before = path.read_bytes()

    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os if fails == "fsync" else Path, fails, refuse)
        with pytest.raises(OSError, match="No space left"):
            checkpoint.write(path, Snapshot({"other": np.ones(3, np.float32)}, {}))
    assert path.read_bytes() == before
    assert [kept.name for kept in tmp_path.iterdir()] == ["c"]


def test_the_new_file_is_on_the_disk_before_it_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        order.append("fsync folder" if Path(f"/proc/self/fd/{descriptor}").is_dir() else "fsync file")
        fsync(descriptor)

    def note_replace(path: Path, target: Path) -> Path:
        order.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    files.replace(tmp_path / "c", b"content")
    assert order == ["fsync file", "rename", "fsync folder"]


def test_the_scalars_are_readable_json(tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "c", snapshot())
    content = (tmp_path / "c").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert json.loads(header["__metadata__"][checkpoint.KEY])["step"] == 3
