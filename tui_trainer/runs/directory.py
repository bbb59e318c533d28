"""The folder of a run: config.toml, metrics.jsonl, checkpoint.safetensors, best.safetensors."""

import json
import time
from pathlib import Path
from typing import Any

from tui_trainer import paths
from tui_trainer.config import Config
from tui_trainer.errors import UserError
from tui_trainer.runs.files import replace


class RunDirectory:
    """A folder that one run writes into."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config = path / "config.toml"
        self.metrics = path / "metrics.jsonl"
        self.checkpoint = path / "checkpoint.safetensors"
        self.best = path / "best.safetensors"

    @classmethod
    def create(cls, output: Path | None) -> "RunDirectory":
        """Make the folder: `output`, which must not exist or be empty, or a fresh one under runs/. Raises UserError."""
        try:
            if output is None:
                return cls(_fresh(paths.runs()))
            output.mkdir(parents=True, exist_ok=True)
            if any(output.iterdir()):
                raise UserError(f"--output {output}: the folder is not empty; give one that does not exist or is empty")
        except FileExistsError:
            raise UserError(f"--output {output}: a file of that name exists; give a folder that does not exist or is empty") from None
        except OSError as error:
            where = f"--output {output}" if output else f"{paths.runs().absolute()}"
            advice = "give another" if output else "give a folder with --output"
            raise UserError(f"{where}: cannot make the run's folder ({(error.strerror or str(error)).lower()}); {advice}") from None
        return cls(output)

    def write_config(self, config: Config) -> None:
        """Keep the options, resolved, so that --config reproduces the run. Raises OSError."""
        replace(self.config, config.to_toml().encode())

    def append(self, record: dict[str, Any]) -> None:
        """Add a line to the metrics. Raises OSError."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(line(record) + "\n")


def line(record: dict[str, Any]) -> str:
    """The record as one line of strict JSON, in ASCII, which every terminal and reader takes."""
    return json.dumps(record, allow_nan=False)


def _fresh(parent: Path) -> Path:
    name = time.strftime("%Y%m%d-%H%M%S")
    number = 1
    while True:
        path = parent / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            if parent.is_file():
                raise NotADirectoryError(20, "runs is a file") from None
            number += 1
        else:
            return path
