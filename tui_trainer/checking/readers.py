"""Checks of a reader, on an example that it writes itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from tui_trainer.checking.memory import global_state
from tui_trainer.checking.verdict import Checks, Verdict, failed, passed
from tui_trainer.datasets.reader import SIGNATURE, Reader
from tui_trainer.errors import UserError

Kind = type[Reader]

NO_EXAMPLE: Final = "has no example to be read: let `example(folder)` write a small one there and return its path"


@contextmanager
def _example(kind: Kind) -> Iterator[tuple[Reader, Path] | None]:
    with TemporaryDirectory(prefix="tui-trainer-check-") as folder:
        reader, own = kind(), Path(folder) / "example"
        own.mkdir()
        path = reader.example(own)
        yield None if path is None else (reader, Path(path))


def _start(path: Path) -> bytes:
    return b"" if path.is_dir() else path.read_bytes()[:SIGNATURE]


def claims(kind: Kind) -> Verdict:
    """Whether it claims its own files, and not others."""
    if not isinstance(getattr(kind, "kind", None), str):
        return failed("has no `kind`, such as 'a CSV file', which messages say")
    with _example(kind) as found:
        if found is None:
            return failed(NO_EXAMPLE)
        reader, path = found
        if not reader.claims(path, _start(path)):
            return failed(f"does not claim its own example, {path.name}")
        others = path / "others" if path.is_dir() else path.parent / "others"
        others.mkdir()
        for name, content in (("other.bin", b"\x93\x01other"), ("empty.bin", b"")):
            other = others / name
            other.write_bytes(content)
            if reader.claims(other, content):
                return failed(f"claims {name}, which is nothing of its own: every other file would be read by it")
        if not path.is_dir() and reader.claims(others, b""):
            return failed("claims a folder, though its example is a file")
    return passed("claims its own example, and nothing else")


def contents(kind: Kind) -> Verdict:
    """Whether what it reads is what it says: shapes, kinds of numbers, labels."""
    with _example(kind) as found:
        if found is None:
            return failed(NO_EXAMPLE)
        reader, path = found
        spec, read = reader.peek(path), reader.read(path)
        if read.spec != spec:
            return failed(f"peek says {spec}, and read {read.spec}")
        for part, x, y in (("train", read.x_train, read.y_train), ("test", read.x_test, read.y_test)):
            if x.dtype not in (np.dtype(np.uint8), np.dtype(np.float32)):
                return failed(f"x_{part} is of {x.dtype}: bytes (uint8), which are divided by 255, or float32 are trained on")
            if x.shape[1:] != tuple(spec.sample_shape):
                return failed(f"a sample of x_{part} has shape {x.shape[1:]}, but the spec says {tuple(spec.sample_shape)}")
            if len(x) != len(y) or not len(x):
                return failed(f"x_{part} has {len(x)} samples, and y_{part} {len(y)} labels")
            if y.dtype.kind not in "iu" or int(y.min()) < 0 or int(y.max()) >= spec.classes:
                return failed(f"y_{part} has to hold whole numbers from 0 to {spec.classes - 1}")
            if not np.isfinite(x.astype(np.float64)).all():
                return failed(f"x_{part} holds a number that is not finite")
        again = reader.read(path)
        if any(one.tobytes() != other.tobytes() for one, other in zip(read[1:], again[1:], strict=True)):
            return failed("the same file gives other numbers the second time: a run could not be resumed")
    return passed(
        f"reads {len(read.x_train)} samples to train on and {len(read.x_test)} to test with, of {spec.features} numbers, twice the same"
    )


def broken_files(kind: Kind) -> Verdict:
    """Whether a broken file ends in an error that names it, and in no other."""
    with _example(kind) as found:
        if found is None:
            return failed(NO_EXAMPLE)
        reader, path = found
        files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
        for file in files:
            whole = file.read_bytes()
            for content, what in ((whole[: len(whole) // 2], "cut off in the middle"), (whole[:3], "cut off after three bytes")):
                file.write_bytes(content)
                try:
                    reader.read(path)
                except (UserError, OSError, ValueError, MemoryError):
                    pass
                except Exception as error:
                    return failed(
                        f"a file {what} raises {type(error).__name__}: raise UserError, ValueError or OSError, which become one line"
                    )
            file.write_bytes(whole)
    return passed("a broken file ends in one line")


def hidden_state(kind: Kind) -> Verdict:
    """Whether nothing outlasts the object."""

    def use() -> None:
        with _example(kind) as found:
            if found:
                found[0].read(found[1])

    return global_state(kind, use)


CHECKS: Final[Checks] = {"claims": claims, "contents": contents, "broken_files": broken_files, "global_state": hidden_state}
