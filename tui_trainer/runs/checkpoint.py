"""Checkpoints: one safetensors file with every tensor, and the scalars as JSON in its metadata. Nothing in it can run code."""

import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from tui_trainer.errors import UserError
from tui_trainer.runs.files import replace
from tui_trainer.training.events import Snapshot

FORMAT = "tui-trainer 1"


def write(path: Path, snapshot: Snapshot) -> None:
    """Replace the checkpoint at `path`. Raises OSError."""
    # safetensors writes the memory of an array that is not C-contiguous as if it were.
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in snapshot.tensors.items()}
    metadata = {"format": FORMAT, "scalars": json.dumps(snapshot.scalars, allow_nan=False, sort_keys=True)}
    replace(path, save(tensors, metadata))


def read(path: Path) -> Snapshot:
    """Load a checkpoint. Raises UserError when the file is missing, broken or not one of ours."""
    try:
        content = path.read_bytes()
        header_size = int.from_bytes(content[:8], "little")
        tensors = load(content)
        header = json.loads(content[8 : 8 + header_size])
    except OSError as error:
        raise UserError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except (SafetensorError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: not a checkpoint: {error}") from None
    metadata = header.get("__metadata__", {})
    if metadata.get("format") != FORMAT:
        raise UserError(f"{path}: not a checkpoint of this program (its format is {metadata.get('format')!r})")
    return Snapshot(tensors, json.loads(metadata["scalars"]))
