"""Limits on reading files: memory that a header claims is allocated only as the bytes arrive."""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
from numpy.typing import NDArray

from tui_trainer.errors import UserError, reason_of

MOST_BYTES = 4 << 30
"""No array may be larger: what a header claims is allocated only up to here."""

CHUNK = 8 << 20
"""Bytes that are read at a time; of an .npz, the list of its contents too."""

UNSUSPECTED = 64 << 20
MOST_RATIO = 200
"""What unpacks to more than these bytes and this many times its size is a bomb: images never do, and deflate can go to 1,030 times."""

LONGEST_COMPLAINT = 200
"""Characters: it may quote the file."""


def read_exactly(stream: IO[bytes], path: Path, shape: tuple[int, ...], packed: int, weight: int = 1) -> NDArray[np.uint8]:
    """The bytes that `shape` announces, no fewer and no more; one byte beyond is read, so a bomb costs nothing.

    `packed` is how many they are in the file, `weight` how many become of each: labels become machine integers.
    """
    size = size_of(path, shape, 1)
    chunks = bytearray()
    while len(chunks) <= size:
        # Memory grows with what is there, not with what the header claims.
        chunk = stream.read(min(size + 1 - len(chunks), CHUNK))
        if not chunk:
            break
        chunks += chunk
        if len(chunks) * weight > UNSUSPECTED and size > MOST_RATIO * packed:
            raise UserError(f"its header announces {size:,} bytes, more than {MOST_RATIO} times what they are packed in", path=path)
    if len(chunks) < size:
        raise UserError(f"truncated: its header announces {size:,} bytes, and {len(chunks):,} follow", path=path)
    if len(chunks) > size:
        raise UserError(f"more bytes follow than the {size:,} its header announces", path=path)
    return np.frombuffer(chunks, np.uint8).reshape(shape)


def size_of(path: Path, shape: tuple[int, ...], itemsize: int) -> int:
    """How many bytes an array of this shape has. Raises UserError when no array that is read has so many."""
    size = itemsize
    for dimension in shape:
        if not 0 <= dimension < 1 << 63:
            raise UserError("its header announces a dimension that no array has", path=path)
        size *= dimension
    if size > MOST_BYTES:
        raise UserError(f"its header announces {size:,} bytes", path=path, hint=f"at most {MOST_BYTES:,} are read")
    return size


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """A context manager that turns decoders' errors into a UserError with the file's name."""
    try:
        yield
    except gzip.BadGzipFile as error:
        raise UserError(f"damaged gzip: {error}", path=path) from None
    except (EOFError, zlib.error) as error:
        raise UserError(f"damaged or truncated: {error}", path=path) from None
    except zipfile.BadZipFile as error:
        raise UserError(f"damaged zip: {error}", path=path) from None
    # TokenError: NumPy takes the header of an array for Python's.
    except (ValueError, TypeError, SyntaxError, TokenError, OverflowError, RuntimeError, struct.error) as error:
        raise UserError(f"cannot be read: {' '.join(str(error).split())[:LONGEST_COMPLAINT]}", path=path) from None
    except (OSError, io.UnsupportedOperation) as error:
        raise UserError(reason_of(error), path=path) from None
