"""The folder of a run: config.toml, metrics.jsonl, batches.f32, checkpoint.safetensors, best.safetensors, tags.toml, copies of plugins."""

import json
import time
from pathlib import Path
from typing import Any

from tui_trainer.config.origins import COPY
from tui_trainer.errors import UserError, reason_of
from tui_trainer.system import folders
from tui_trainer.system.files import beside


class RunDirectory:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.toml"
        self.metrics = path / "metrics.jsonl"
        self.batches = path / "batches.f32"
        self.checkpoint = path / "checkpoint.safetensors"
        self.best = path / "best.safetensors"
        self.tags = path / "tags.toml"

    def files(self) -> tuple[Path, ...]:
        """All files that this program writes here, with temporary ones; those that make a folder a run come last."""
        files = (*self.plugin_copies(), self.best, self.checkpoint, self.batches, self.tags, self.config, self.metrics)
        return (*(beside(file) for file in files), *files)

    def plugin_copies(self) -> list[Path]:
        """The copies of plugins, by name."""
        return sorted(self.path.glob(f"*{COPY}.py"))

    def clear(self) -> None:
        """Delete all files. Raises OSError."""
        for path in self.files():
            path.unlink(missing_ok=True)

    @classmethod
    def create(cls, output: Path | None, name: str = "") -> "RunDirectory":
        """Make the folder: `output`, which must not exist or be empty, or a fresh one under runs/ by this name. Raises UserError."""
        try:
            if output is None:
                return cls(fresh_folder(folders.runs(), name))
            output.mkdir(parents=True, exist_ok=True)
            if any(output.iterdir()):
                raise UserError("the folder is not empty", option="--output", path=output, hint="give one that does not exist or is empty")
        except OSError as error:
            reason = "a file of that name exists" if isinstance(error, FileExistsError) else reason_of(error)
            if output is None:
                raise UserError(
                    f"cannot make the run's folder here ({reason})", path=folders.runs(), hint="give one with --output"
                ) from None
            raise UserError(reason, option="--output", path=output, hint="give a folder that does not exist or is empty") from None
        return cls(output)


def line(record: dict[str, Any]) -> str:
    """The record as one line of strict JSON in ASCII."""
    return json.dumps(record, allow_nan=False)


def fresh_folder(parent: Path, name: str = "") -> Path:
    """A new folder in `parent` by this name, or else by the time; where that is taken, with a number. Raises OSError."""
    # Separate, because a parent that is a file would look like a taken name forever.
    parent.mkdir(parents=True, exist_ok=True)
    name = name or time.strftime("%Y%m%d-%H%M%S")
    number = 1
    while True:
        path = parent / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path
