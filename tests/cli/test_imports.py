"""What is loaded when: a headless run needs no screen, and the network needs nothing but NumPy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tui_trainer

PACKAGE = Path(tui_trainer.__file__).parent


def modules_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def command(*arguments: str) -> str:
    return (
        f"sys.argv = ['tui-trainer', *{list(arguments)!r}]\nfrom tui_trainer.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code"
    )


def test_a_headless_run_never_loads_textual_or_plotext(digits_file: Path, tmp_path: Path) -> None:
    options = ("--data", str(digits_file), "--hidden", "8", "--epochs", "1", "--validation", "0", "--output", str(tmp_path / "run"))
    loaded = modules_after(command("--no-ui", *options))
    assert "tui_trainer.runs.run" in loaded
    assert not {name for name in loaded if name.split(".")[0] in {"textual", "plotext"} or name.startswith("tui_trainer.ui")}


def test_help_loads_no_more_than_it_needs() -> None:
    loaded = modules_after(command("--help"))
    assert not {"textual", "plotext", "rich.progress", "safetensors", "numba"} & loaded


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import would slip past what is asked below"
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_layers_of_the_house(path: Path) -> None:
    inside = path.relative_to(PACKAGE).parts[0]
    for name in imports(path):
        if inside != "ui":
            assert name.split(".")[0] != "textual", name
        if inside == "nn":
            assert name.split(".")[0] not in {"os", "pathlib", "threading", "io", "sys", "rich", "pydantic"}, name
            assert not name.startswith("tui_trainer") or name.startswith("tui_trainer.nn"), name
        else:  # what kind a layer is, and what runs compiled, is asked in nn/ alone
            assert not name.startswith(("tui_trainer.nn.dense", "tui_trainer.nn.dropout", "tui_trainer.nn.kernels")), name
        if inside == "training":
            assert not name.startswith(("tui_trainer.runs", "tui_trainer.ui", "tui_trainer.headless.run", "tui_trainer.cli")), name
