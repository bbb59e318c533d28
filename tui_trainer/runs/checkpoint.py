"""Checkpoints: one safetensors file with every tensor, and the scalars as JSON in its metadata. Nothing in it can run code."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

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
        content = path.read_bytes()
        # Checks the header against the file's real size before anything is allocated.
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        scalars = json.loads(header["__metadata__"][KEY])
    except OSError as error:
        raise UserError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        reason = "it was not written by this program" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise UserError(f"{path}: not a checkpoint: {reason}") from None
    if not isinstance(scalars, dict):
        raise UserError(f"{path}: not a checkpoint: its scalars are no table")
    return Snapshot(tensors, scalars)
