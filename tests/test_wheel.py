"""The built wheel holds all that a run needs: installed into an empty folder, without a network, it trains on MNIST."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
CATALOGUE = "locale/ko/LC_MESSAGES/tui_trainer.mo"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = "from hatchling.build import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=PROJECT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_data_styles_types_and_licence_are_in_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "data/train-images-idx3-ubyte.gz",
        "data/SHA256SUMS",
        "data/README.md",
        "ui/kit/kit.tcss",
        "ui/run/run.tcss",
        "ui/web/page.html",
        "py.typed",
        CATALOGUE,
    ):
        assert f"tui_trainer/{name}" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests", "docs", "benchmarks")) for name in names)


def test_installed_alone_it_trains(wheel: Path, tmp_path: Path) -> None:
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    command = [sys.executable, "-m", "tui_trainer", "--no-ui", "--epochs", "1", "--hidden", "32", "--threads", "1"]
    done = subprocess.run(command, cwd=work, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=True)
    assert "55,000 training, 5,000 validation and 10,000 test images" in done.stdout
    where = [sys.executable, "-c", "import tui_trainer; print(tui_trainer.__file__)"]
    origin = subprocess.check_output(where, cwd=work, env={**os.environ, "PYTHONPATH": str(site)}, text=True)
    assert origin.startswith(str(site))
    accuracy = float(done.stdout.split("test accuracy ")[1].split("%")[0])
    assert accuracy > 90
