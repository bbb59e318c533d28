"""A plugin's file as a Python module, executed, with whatever goes wrong there as one line that names the line."""

import ast
import hashlib
import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Final

from tui_trainer.errors import UserError, reason_of
from tui_trainer.system.reading import opened

OPTION: Final = "--plugin"
MOST_BYTES: Final = 1 << 20
LONGEST_REASON: Final = 300

PACKAGE: Final = "tui_trainer_plugins"
"""The modules of plugins are called `tui_trainer_plugins.NAME`, and nothing else is."""


def read_source(path: Path) -> bytes:
    """The bytes of the file. Raises UserError."""
    try:
        with opened(path) as file:
            content = file.read(MOST_BYTES + 1)
    except UserError as error:
        error.option = OPTION
        raise
    except ValueError as error:  # a path with a NUL
        raise UserError(reason_of(error), option=OPTION, path=path) from None
    if len(content) > MOST_BYTES:
        raise UserError(f"longer than {MOST_BYTES:,} bytes", option=OPTION, path=path)
    return content


def sha256_of(source: bytes) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal digits."""
    return hashlib.sha256(source).hexdigest()


def module_of(path: Path, source: bytes) -> ModuleType:
    """The module that executing the file makes; what it prints meanwhile goes to stderr. Raises UserError, which names the line."""
    with naming_the_line(path):
        code: CodeType = compile(source, str(path), "exec", dont_inherit=True)
    name = f"{PACKAGE}.{path.stem.replace('.', '_')}"
    # The compiled forms of parts are read as text, and the file may be changed, or be on another machine.
    lines = source.decode(errors="replace").splitlines(keepends=True)
    linecache.cache[str(path)] = len(source), None, lines, str(path)
    module = ModuleType(name)
    module.__file__ = str(path)
    before = sys.modules.get(name)
    # Dataclasses and pickle look the module up by its name.
    sys.modules[name] = module
    try:
        # What a script prints is no result of a run's.
        with naming_the_line(path), redirect_stdout(sys.stderr):
            exec(code, vars(module))
    except BaseException:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        raise
    return module


@contextmanager
def naming_the_line(path: Path) -> Iterator[None]:
    """Inside, what the file at the path does wrong becomes a UserError with the line."""
    try:
        yield
    except UserError:
        raise
    except SyntaxError as error:
        own = error.filename == str(path)
        raise refused(path, error.lineno if own else None, f"{type(error).__name__}: {error.msg}") from None
    except SystemExit as error:
        raise refused(path, line_in(path, error.__traceback__), "it ends the program while it is loaded (sys.exit)") from None
    except (Exception, RecursionError) as error:
        raise refused(path, line_in(path, error.__traceback__), told(error)) from None


def refused(path: Path, line: int | None, problem: str) -> UserError:
    """The error about a line of a plugin."""
    return UserError(problem, option=OPTION, path=f"{path}, line {line}" if line else path)


def told(error: BaseException) -> str:
    """The error's kind and text, in one line."""
    try:
        text = " ".join(str(error).split())[:LONGEST_REASON]
    except Exception as another:
        text = f"its text raises {type(another).__name__}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def line_in(path: Path, traceback: TracebackType | None) -> int | None:
    """The line of the file that was executed last."""
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(path):
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def line_of(source: bytes, qualified_name: str) -> int:
    """The line where a class begins; 1 where it is made otherwise."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return 1
    lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == qualified_name.rpartition(".")[2]]
    return lines[-1] if lines else 1
