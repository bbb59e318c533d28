"""Finds the file of a network by its path or its run."""

from pathlib import Path

from tui_trainer.errors import UserError
from tui_trainer.runs.archive import resolve_run
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.system import folders

SUFFIX = ".safetensors"


def find_model(text: str, *, best: bool = False) -> Path:
    """A given .safetensors file, or the last or the `best` checkpoint of a run. Raises UserError where there is none."""
    path = Path(text)
    if path.suffix == SUFFIX and not path.is_dir():
        if best:
            raise UserError(f"{path} is one network", option="--best", hint="give the run's folder to choose among its own")
        return path
    run = RunDirectory(resolve_run(text, folders.runs()))
    found = run.best if best else run.checkpoint
    if not found.exists():
        reason = "no epoch of this run was validated" if best and run.checkpoint.exists() else f"{run.path} holds no network"
        raise UserError(f"there is no such file: {reason}", path=found)
    return found
