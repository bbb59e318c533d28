"""The engine's compiled functions, by name: compiled by numba at their first use, and kept on disk as the machine code that they are.

A kept function is loaded by llvmlite alone, in a thousandth of the time that it takes to import numba and compile. It is kept for the
sources, the versions and the processor that it was made with, beside its checksum: a file that was cut or changed is compiled anew.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import llvmlite.binding as llvm

from tui_trainer.system import folders
from tui_trainer.system.files import write_whole

SOURCES = (
    "places.py",
    "native.py",
    "elementary.py",
    "operations.py",
    "normalizing.py",
    "meeting.py",
    "../nn/normalization/standardization.py",
)
"""What compiled code is made of."""

MOST_BYTES = 1 << 20


class CompilerError(Exception):
    """A function cannot be compiled here."""


def address(name: str) -> int:
    """The address of an operation, of a function of meeting.py, or of one whose text was added. Raises CompilerError."""
    with _lock:
        if name not in _loaded:
            kept = _read(name)
            symbol, code = kept or _compile(name)
            if kept is None:
                _write(name, symbol, code)
            _loaded[name] = _load(symbol, code)
        return _loaded[name].address


def add_text(name: str, text: str) -> None:
    """Have a function compiled from this text under a name that contains a digest of it."""
    _texts[name] = text


def is_kept(name: str) -> bool:
    """Whether a function need not be compiled."""
    return name in _loaded or _read(name) is not None


class _Loaded(NamedTuple):
    address: int
    owner: Any
    """Has the function's memory."""


_loaded: dict[str, _Loaded] = {}
"""What has been loaded stays as long as the process does, for its addresses are everywhere."""

_texts: dict[str, str] = {}
"""What formulas.py has written, by its name."""

_lock = Lock()


def _load(symbol: str, code: bytes) -> _Loaded:
    owner = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
    owner.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
    owner.finalize_object()
    return _Loaded(int(owner.get_function_address(symbol)), owner)


def _machine() -> Any:
    """The processor that code is made for: this one, with all that it can do. A new one for each use: whoever loads code owns it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=3, codemodel="jitdefault", jit=True)


@cache
def _folder() -> Path:
    here = Path(__file__).parent
    made_with = [version("numba"), version("llvmlite"), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()]
    digest = hashlib.sha256("\n".join(made_with).encode())
    for source in SOURCES:
        digest.update((here / source).read_bytes())
    return folders.cache() / "engine" / digest.hexdigest()[:16]


def _read(name: str) -> tuple[str, bytes] | None:
    """The function's symbol and code; None where it is not kept, or not whole."""
    try:
        with (_folder() / name).open("rb") as file:
            content = file.read(MOST_BYTES)
    except OSError:
        return None
    checksum, _, rest = content.partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != checksum:
        return None
    symbol, _, code = rest.partition(b"\n")
    return symbol.decode(), code


def _write(name: str, symbol: str, code: bytes) -> None:
    rest = symbol.encode() + b"\n" + code
    try:
        _folder().mkdir(parents=True, exist_ok=True)
        write_whole(_folder() / name, hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    except OSError:
        # Without a place for it the next process compiles again.
        return


def _compile(name: str) -> tuple[str, bytes]:
    try:
        import numba  # noqa: PLC0415 needed by the first run alone

        from tui_trainer.engine import meeting, native, normalizing, operations  # noqa: PLC0415

        found = (getattr(module, name, None) for module in (operations, normalizing, meeting))
        function: Callable[..., Any] | None = next(filter(None, found), None)
        if name in _texts:
            names = dict(vars(operations))
            exec(_texts[name], names)
            function = names["operation"]
        if function is None:
            raise CompilerError(f"there is no operation {name}")
        signature = meeting.SIGNATURES.get(name, native.OPERATION)
        options = native.OPTIONS if name not in normalizing.SUM_ALONG_ROWS else native.IN_ANY_ORDER
        compiled = numba.cfunc(signature, **options)(function)
        symbol, module = compiled.native_name, llvm.parse_assembly(compiled.inspect_llvm())
    except Exception as error:
        raise CompilerError(" ".join(str(error).split())[:200]) from error
    # A name that nobody can resolve would end the process when the code is loaded.
    foreign = [each.name for each in module.functions if each.is_declaration and each.name.startswith(("Py", "numba", "NRT"))]
    if foreign:
        raise CompilerError(f"{name} needs {', '.join(foreign)}")
    return symbol, _machine().emit_object(module)
