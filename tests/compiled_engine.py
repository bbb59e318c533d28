"""Compiles all of the engine, where it has not been."""

import ast
from pathlib import Path

from tui_trainer.engine import library
from tui_trainer.engine.formulas import slope_of, update_of, value_of
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.system import folders

USERS = folders.cache().parent
"""Where this machine keeps what can be made again, the compiled engine among it."""


def cache_of_its_own(folder: Path) -> Path:
    """The folder as a cache home in which there is nothing but the compiled engine: to compile takes seconds."""
    own = folder / folders.APP
    own.mkdir(exist_ok=True)
    (own / "engine").symlink_to(USERS / folders.APP / "engine")
    return folder


def names() -> list[str]:
    """Every operation, and the loops that run them."""
    folder = Path(library.__file__).parent
    trees = (ast.parse((folder / source).read_text(encoding="utf-8")) for source in ("operations.py", "normalizing.py", "meeting.py"))
    own = [node.name for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    updates = [update_of(kind) for kind in OPTIMIZERS.values() if kind.is_compiled()]
    functions = [kind(1) for kind in ACTIVATIONS.values() if kind.is_compiled()]
    return [*own, *updates, *map(value_of, functions), *map(slope_of, functions)]


def compile_all() -> None:
    """Keep the compiled form of everything."""
    for name in names():
        if not library.is_kept(name):
            library.address(name)
