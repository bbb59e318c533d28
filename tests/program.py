"""The program without a process of its own, which takes most of a second to start."""

import io
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tui_trainer.__main__ import main


def call(*arguments: str | Path, cwd: Path | None = None) -> CompletedProcess[str]:
    """What the program makes of its arguments, as a process of its own would."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["tui-trainer", *map(str, arguments)])
        patch.setattr(sys, "stdout", stdout)
        patch.setattr(sys, "stderr", stderr)
        if cwd is not None:
            patch.chdir(cwd)
        with pytest.raises(SystemExit) as end:
            main()
    return CompletedProcess(sys.argv, int(end.value.code or 0), stdout.getvalue(), stderr.getvalue())
