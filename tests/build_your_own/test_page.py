"""docs/build-your-own.md says what its tests ask for: what to write, in which step, and which command proves it."""

import ast
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import solution
import test_steps

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "build-your-own.md").read_text(encoding="utf-8")

INTRODUCTION, *STEPS = re.split(r"^## Step (?=\d)", PAGE, flags=re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """The name of each function, after that of its class, and the names of its arguments."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from functions(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield prefix + node.name, [argument.arg for argument in node.args.args + node.args.kwonlyargs]


def test_each_of_ten_steps_ends_with_the_command_of_its_own_tests() -> None:
    assert [text.split(":")[0] for text in STEPS] == [str(number) for number in range(1, 11)]
    for number, text in enumerate(STEPS[:-1], 1):
        (command,) = blocks(text, "sh")
        assert command == f"pytest -n 0 tests/build_your_own -k step_{number:02}\n"
        assert any(name.startswith(f"test_step_{number:02}") for name in vars(test_steps))
    assert blocks(STEPS[-1], "sh")[:2] == ["python mine.py\n", 'pytest -n 0 tests/build_your_own -m ""\n']


def test_what_is_to_be_written_is_what_the_solution_has() -> None:
    names = set()
    for block in blocks(PAGE, "python"):
        for name, arguments in functions(ast.parse(block).body):
            found: Any = solution
            for part in name.split("."):
                found = getattr(found, part)
            if isinstance(found, property):
                found = found.fget
            assert list(inspect.signature(found).parameters) == arguments, name
            names.add(name.split(".")[0])
    assert {"Dense", "cross_entropy", "numeric_gradient", "he_normal", "SGD", "Network", "train", "accuracy", "read_idx"} == names


@pytest.mark.long
def test_the_pages_own_blocks_pass_no_step(tmp_path: Path) -> None:
    """Every test asks for something that the reader has to write."""
    mine = tmp_path / "mine.py"
    mine.write_text("\n\n".join(blocks(PAGE, "python")))
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/build_your_own", "-k", "step_0"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"MINE": str(mine)}, capture_output=True, text=True, timeout=100, check=False)
    assert re.search(r"^\d+ failed, \d skipped, \d deselected", done.stdout.splitlines()[-1]), done.stdout[-2000:]
