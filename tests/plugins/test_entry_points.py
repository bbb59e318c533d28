"""Plugins of installed packages: found by their entry points, and not imported where that is not wanted."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import call

from tui_trainer.nn.optimizers import OPTIMIZERS

from .files import text_of


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The module of an installed package that brings a plugin."""
    site = tmp_path / "site"
    info = site / "extra_parts-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extra-parts\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[tui_trainer.plugins]\nhomework = extra_parts.rules\n")
    module = site / "extra_parts" / "rules.py"
    module.parent.mkdir()
    (module.parent / "__init__.py").write_text("")
    module.write_text(f"open({str(tmp_path / 'imported')!r}, 'w').close()\n{text_of('rms')}")
    monkeypatch.syspath_prepend(site)
    yield module
    for name in [name for name in sys.modules if name.partition(".")[0] == "extra_parts"]:
        del sys.modules[name]


def test_an_installed_plugin_is_there_in_every_command(package: Path, digits_file: Path, tmp_path: Path) -> None:
    small: list[str | Path] = [
        "--data",
        digits_file,
        "--hidden",
        "8",
        "--epochs",
        "1",
        "--validation",
        "100",
        "--threads",
        "1",
        "--format",
        "quiet",
    ]
    done = call("--no-ui", *small, "--optimizer", "rms", "--keep", "0.5", "--output", tmp_path / "run")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "run" / "rules.plugin.py").read_bytes() == package.read_bytes()
    listed = call("plugins")
    assert "homework" in listed.stdout
    assert "extra_parts.rules  extra-parts 1.2  optimizer rms" in listed.stdout


def test_where_it_is_not_wanted_it_is_listed_and_not_imported(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_TRAINER_PLUGINS", "0")
    done = call("plugins", "--format", "json")
    assert done.stdout.startswith('{"event": "plugin", "name": "homework", "module": "extra_parts.rules", "package": "extra-parts"')
    assert "--keep" not in call("--help").stdout
    assert (done.returncode, (tmp_path / "imported").exists(), "extra_parts.rules" in sys.modules) == (0, False, False)


@pytest.mark.parametrize("text", ["import no_such_thing\n", "x = 1\n", "1 / 0\n"])
def test_a_broken_one_is_one_line_that_says_which_and_how_to_go_on(package: Path, text: str) -> None:
    package.write_text(text)
    done = call("--no-ui")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "the installed plugin homework of extra-parts 1.2" in done.stderr
    assert "TUI_TRAINER_PLUGINS=0" in done.stderr
    assert "rms" not in OPTIMIZERS
