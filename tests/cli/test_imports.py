"""What is loaded when a program runs; who may import whom is in the contracts of pyproject.toml, which .ci/check holds."""

import subprocess
import sys
from pathlib import Path


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
    assert not {"textual", "plotext", "rich.progress", "safetensors", "numba", "tui_trainer.plugins.loaded"} & loaded
