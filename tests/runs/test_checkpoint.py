"""Checkpoints: exact, whole or absent, and read without trust."""

import json
import os
import resource
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_trainer.errors import UserError
from tui_trainer.runs import checkpoint
from tui_trainer.system import files
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
        assert found.tensors[name].dtype == tensor.dtype
    assert found.tensors.keys() == snapshot().tensors.keys()


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


def with_header(header: bytes) -> bytes:
    return len(header).to_bytes(8, "little") + header


OURS = json.dumps({checkpoint.KEY: "{}"})


@pytest.mark.parametrize(
    "tensor",
    [
        '{"dtype": "F32", "shape": [1], "data_offsets": [0, 1099511627776]}',
        '{"dtype": "F32", "shape": [274877906944], "data_offsets": [0, 4]}',
        '{"dtype": "F32", "shape": [4611686018427387904, 4611686018427387904], "data_offsets": [0, 4]}',
        '{"dtype": "F32", "shape": [0, 4611686018427387904, 4611686018427387904], "data_offsets": [0, 0]}',
        '{"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}',
        '{"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}',
        '{"dtype": "F32", "shape": [1], "data_offsets": [18446744073709551612, 0]}',
        '{"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}',
        '{"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}',
        '{"dtype": "O", "shape": [1], "data_offsets": [0, 4]}',
        "3",
        "null",
        "[" * 10_000,
    ],
    ids=lambda text: text[:70],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, tensor: str) -> None:
    path = tmp_path / "c"
    path.write_bytes(with_header(f'{{"__metadata__": {OURS}, "x": {tensor}}}'.encode()) + b"abcd")
    assert read_or_complain(path) is None


@pytest.mark.parametrize("scalars", ["", "[1]", "3", "null", '{"a": NaN}', '{"a": Infinity}', '{"a": ' + "1" * 5000 + "}", "[" * 100_000])
def test_scalars_that_are_no_table_of_strict_json_are_refused(tmp_path: Path, scalars: str) -> None:
    path = tmp_path / "c"
    path.write_bytes(with_header(json.dumps({"__metadata__": {checkpoint.KEY: scalars}}).encode()))
    assert read_or_complain(path) is None


def test_the_size_of_a_file_is_not_allocated_before_its_header_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "c"
    checkpoint.write(path, snapshot())
    for beginning in (b"", path.read_bytes()):
        path.write_bytes(beginning)
        # No machine holds that much: reading the file whole would raise MemoryError.
        os.truncate(path, 1 << 43)
        assert read_or_complain(path) is None


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null")):
        assert read_or_complain(path) is None


def test_folders_and_absent_files_are_named(tmp_path: Path) -> None:
    assert read_or_complain(tmp_path) is None
    assert read_or_complain(tmp_path / "absent") is None


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever after"])
@pytest.mark.parametrize(("owner", "call"), [(Path, "open"), (os, "fsync"), (Path, "replace")], ids=["open", "fsync", "replace"])
def test_whichever_call_fails_the_old_file_or_the_new_one_is_whole(tmp_path: Path, owner: Any, call: str, for_ever: bool) -> None:
    path = tmp_path / "c"
    genuine = getattr(owner, call)
    old, new = snapshot(), Snapshot({"other": np.ones(3, np.float32)}, {"step": 4})
    for fails_at in count(1):
        checkpoint.write(path, old)
        calls = count(1)

        def refuse(*arguments: Any, fails_at: int = fails_at, calls: Iterator[int] = calls, **keywords: Any) -> Any:
            number = next(calls)
            if number == fails_at or (for_ever and number > fails_at):
                raise OSError(28, "No space left on device")
            return genuine(*arguments, **keywords)

        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(owner, call, refuse)
            try:
                checkpoint.write(path, new)
            except OSError as error:
                assert error.strerror == "No space left on device"  # noqa: PT017 raises() would not let a success pass
                written = False
            else:
                written = True
        found = checkpoint.read(path)
        assert found.scalars in (new.scalars, *([] if written else [old.scalars]))
        assert [kept.name for kept in tmp_path.iterdir()] == ["c"]
        if next(calls) <= fails_at:
            break
    assert written
    assert fails_at > 1


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "c"
    checkpoint.write(path, snapshot())
    before = path.read_bytes()
    _, hard = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            checkpoint.write(path, Snapshot({"large": np.ones(1000, np.float32)}, {}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert [kept.name for kept in tmp_path.iterdir()] == ["c"]


def test_remains_that_cannot_be_removed_do_not_hide_what_went_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(message: str) -> Callable[..., None]:
        def raise_it(*_: Any, **__: Any) -> None:
            raise OSError(5, message)

        return raise_it

    monkeypatch.setattr(os, "fsync", refuse("the disk broke"))
    monkeypatch.setattr(Path, "unlink", refuse("nothing works now"))
    with pytest.raises(OSError, match="the disk broke"):
        files.replace(tmp_path / "c", b"content")


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
