"""Checkpoints: one safetensors file with every tensor, and the scalars as JSON in its metadata. Nothing in it can run code."""

import json
import stat
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tui_trainer.errors import UserError
from tui_trainer.runs.files import replace
from tui_trainer.training.events import Snapshot

KEY = "tui-trainer checkpoint 1"
"""The one entry of the metadata, which says what the file is: of several the order would change from file to file."""


def write(path: Path, snapshot: Snapshot) -> None:
    """Replace the checkpoint at `path`; equal snapshots make equal files. Raises OSError."""
    # safetensors writes the memory of an array that is not C-contiguous as if it were.
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in snapshot.tensors.items()}
    replace(path, save(tensors, {KEY: json.dumps(snapshot.scalars, allow_nan=False, sort_keys=True)}))


def read(path: Path) -> Snapshot:
    """Load a checkpoint. Raises UserError when the file is missing, broken or not one of ours."""
    try:
        # A pipe would never open, and a device never end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UserError(f"{path}: not a regular file")
        # Maps the file and checks its header against its real size: what a header claims is never allocated.
        with safe_open(path, "numpy") as file:
            scalars = json.loads((file.metadata() or {})[KEY], parse_constant=_refuse_constant)
            tensors = {name: file.get_tensor(name) for name in file.offset_keys()}
    except OSError as error:
        raise UserError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except MemoryError:
        raise UserError(f"{path}: does not fit into memory") from None
    # AttributeError and TypeError: an element type that NumPy does not know.
    except (SafetensorError, KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        reason = "it was not written by this program" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise UserError(f"{path}: not a checkpoint: {reason}") from None
    if not isinstance(scalars, dict):
        raise UserError(f"{path}: not a checkpoint: its scalars are no table")
    return Snapshot(tensors, scalars)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
