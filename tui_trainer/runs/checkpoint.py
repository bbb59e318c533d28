"""Checkpoints: one safetensors file with every tensor, and the scalars as JSON in its metadata. Nothing in it can run code."""

import json
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tui_trainer.config.origins import MissingPluginError
from tui_trainer.errors import UserError, reason_of
from tui_trainer.system.files import replace
from tui_trainer.training.events import Snapshot

KEY = "tui-trainer checkpoint 1"
"""The only entry of the metadata, which identifies the file. The order of several would vary from file to file."""


MOST_HEADER = 8 << 20
"""The most bytes of names, shapes and scalars: twice those of the largest network. Parsing takes up to thirty times as much memory."""

Shape = tuple[int, ...]


def write(path: Path, snapshot: Snapshot, also: Path | None = None) -> None:
    """Replace the checkpoint at `path` and at `also`. Equal snapshots give equal files. Raises OSError."""
    # safetensors writes the memory of an array that is not C-contiguous as if it were.
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in snapshot.tensors.items()}
    replace(path, save(tensors, {KEY: json.dumps(snapshot.scalars, allow_nan=False, sort_keys=True)}), also)


def read(path: Path, wanted: Callable[[Mapping[str, Any]], Mapping[str, Shape]] | None = None) -> Snapshot:
    """The snapshot in a checkpoint. Raises UserError when the file is missing, broken or not a checkpoint of this program.

    `wanted` returns, for the scalars, the shapes of the float32 tensors to load, or raises UserError; all are checked before any is loaded.
    Without it all tensors are loaded.
    """
    try:
        # Opening a pipe would block, and a device has no end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError("it is not a regular file")
        with path.open("rb") as start:
            if int.from_bytes(start.read(8), "little") > MOST_HEADER:
                raise UserError(f"its header is longer than {MOST_HEADER:,} bytes")
        # safe_open maps the file and checks the header against its size: it never allocates what a header claims.
        with safe_open(path, "numpy") as file:
            scalars = json.loads((file.metadata() or {})[KEY], parse_constant=_refuse_constant)
            if not isinstance(scalars, dict):
                raise UserError("its scalars are no table")
            names: Iterable[str] = file.offset_keys()
            if wanted:
                expected = wanted(scalars)
                _check(file, expected)
                names = expected
            elif foreign := [name for name in names if file.get_slice(name).get_dtype() != "F32"]:
                # The types that NumPy knows depend on other imports.
                raise UserError(f"{foreign[0][:60]} is not of float32")
            tensors = {name: file.get_tensor(name) for name in names}
    except MissingPluginError as error:
        error.path = path
        error.look_beside(path.parent)
        raise
    except UserError as error:
        raise UserError(f"not a checkpoint that this version can read: {error}", path=path) from None
    except OSError as error:
        raise UserError(reason_of(error), path=path) from error
    except MemoryError as error:
        raise UserError("does not fit into memory", path=path) from error
    # AttributeError and TypeError come from an element type that NumPy does not know.
    except (SafetensorError, KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        reason = "it was not written by this program" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise UserError(f"not a checkpoint: {reason}", path=path) from None
    return Snapshot(tensors, scalars)


def _check(file: Any, expected: Mapping[str, Shape]) -> None:
    there = set(file.offset_keys())
    for name, shape in expected.items():
        if name not in there:
            raise UserError(f"it has no {name}")
        tensor = file.get_slice(name)
        if tensor.get_dtype() != "F32" or tuple(tensor.get_shape()) != shape:
            raise UserError(f"{name} is {tensor.get_dtype()} of shape {tuple(tensor.get_shape())}, not F32 of shape {shape}")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
