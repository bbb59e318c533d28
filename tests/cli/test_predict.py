"""`predict` and `export`: what they print, where, and how they end."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnxruntime
import pexpect
import pytest
from PIL import Image
from program import call

from tui_trainer import Classifier, Config, Control, Run, UserError, load_data
from tui_trainer.commands.program import program

pytestmark = pytest.mark.long

PROGRAM = [sys.executable, "-m", "tui_trainer"]


def run(*arguments: str | Path, **keywords: Any) -> subprocess.CompletedProcess[str]:
    if keywords.keys() <= {"cwd"}:
        return call(*arguments, **keywords)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run([*PROGRAM, *map(str, arguments)], check=False, text=True, timeout=60, **{**streams, **keywords})


def complaint(*arguments: str | Path) -> str:
    with pytest.raises((UserError, click.UsageError)) as refused:
        program.main([str(argument) for argument in arguments], standalone_mode=False)
    error = refused.value
    said = error.format_message() if isinstance(error, click.UsageError) else str(error)
    assert len(said.splitlines()) == 1
    return said


@pytest.fixture(scope="module")
def home(digits_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs in runs/, of which only the second learned much."""
    folder = tmp_path_factory.mktemp("home")
    for name, epochs in (("20260101-000000", 0), ("20260102-000000", 5)):
        options = {"hidden": "16", "epochs": epochs, "validation": 100, "threads": 1, "learning_rate": 0.01}
        for _ in Run.create(Config.parse({"data": str(digits_file), **options}), folder / "runs" / name).events(Control()):
            pass
    data = load_data(str(digits_file))
    assert data.test is not None
    for index in range(3):
        picture = data.test.images[index].reshape(28, 28).astype(np.uint8)
        picture[[0, -1]] = picture[:, [0, -1]] = 0
        Image.fromarray(picture).save(folder / f"{index}.png")
    page = np.full((100, 100), 255, np.uint8)
    page[20:80, 45:55] = 0
    Image.fromarray(page).save(folder / "page.png")
    shutil.copy(digits_file, folder / "digits.npz")
    return folder


def test_a_line_for_each_image(home: Path) -> None:
    done = run("predict", "latest", "0.png", "1.png", cwd=home)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith("0.png: 0  ")
    assert second.startswith("1.png: 1  ")
    assert first.count("%") == 2


def test_many_images_and_their_accuracy(home: Path) -> None:
    done = run("predict", home / "runs" / "20260102-000000", "digits.npz", cwd=home)
    *lines, last = done.stdout.splitlines()
    right = [line for line in lines if "wrong" not in line]
    assert len(lines) == 100
    assert lines[12].startswith("digits.npz[12]: ")
    assert last == f"digits.npz: accuracy {len(right)}.0%  {len(right)} of 100 images"
    ended = json.loads((home / "runs" / "20260102-000000" / "metrics.jsonl").read_text().splitlines()[-1])
    assert ended["test_accuracy"] == len(right) / 100


def test_json_is_strict_and_the_probabilities_are_the_estimators(home: Path) -> None:
    done = run("predict", "20260102-000000", "0.png", "digits.npz", "--format", "json", cwd=home)
    single, *many, summary = [json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines()]
    assert list(single) == ["file", "index", "class", "probability", "probabilities"]
    assert (single["file"], single["index"], single["class"]) == ("0.png", 0, 0)
    model = Classifier.load(home / "runs" / "20260102-000000" / "checkpoint.safetensors")
    data = load_data(str(home / "digits.npz"))
    assert data.test is not None
    np.testing.assert_allclose([one["probabilities"] for one in many], model.predict_proba(data.test.images), rtol=1e-6)
    assert [one["label"] for one in many] == data.test.labels.tolist()
    assert [one["index"] for one in many] == list(range(100))
    right = sum(one["class"] == one["label"] for one in many)
    assert summary == {"file": "digits.npz", "images": 100, "correct": right, "accuracy": right / 100}


def test_best_is_another_file(home: Path) -> None:
    folder = home / "runs" / "20260102-000000"
    last, best = (run("predict", folder, "digits.npz", "--format", "json", *more, cwd=home).stdout for more in ((), ("--best",)))
    assert (last == best) == ((folder / "best.safetensors").read_bytes() == (folder / "checkpoint.safetensors").read_bytes())
    assert run("predict", folder / "best.safetensors", "digits.npz", "--format", "json", cwd=home).stdout == best


def test_what_was_done_to_a_picture_is_said_once(home: Path) -> None:
    done = run("predict", "latest", "page.png", "page.png", cwd=home)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == (
        "tui-trainer: page.png (and any like it): made gray, turned to light on dark, cropped to its ink, scaled and centred by its mass "
        "in 28×28 pixels, as MNIST's digits were\n"
    )


def test_show_draws_the_digit_and_ten_bars(home: Path) -> None:
    drawn = run("predict", "latest", "page.png", "--show", cwd=home, env={**os.environ, "PYTHONIOENCODING": "utf-8"}).stdout
    assert drawn.splitlines()[7].count("█") >= 3
    assert all(any(f" {digit} " in line and "%" in line for line in drawn.splitlines()) for digit in range(10))
    assert "\x1b" not in drawn
    plain = run("predict", "latest", "page.png", "--show", cwd=home, env={**os.environ, "PYTHONIOENCODING": "ascii"}).stdout
    assert "@@@" in plain
    assert plain.isascii()


def test_show_uses_shades_on_a_terminal(home: Path) -> None:
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONIOENCODING": "utf-8"}
    environment.pop("NO_COLOR", None)
    shown = pexpect.run(f"{sys.executable} -m tui_trainer predict latest page.png --show", cwd=home, env=environment, encoding="utf-8")
    assert "\x1b[38;2;255;255;255;48;2;255;255;255m▀" in str(shown)


def test_a_mistake_is_one_line_and_status_2(home: Path) -> None:
    done = run("predict", "latest", "0.png", "gone.png", cwd=home)
    assert (done.returncode, done.stderr) == (2, "tui-trainer: gone.png: no such file or directory\n")
    assert done.stdout.startswith("0.png: 0  "), "what was found before stays told"


def test_what_cannot_be_is_said(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    assert "no such run" in complaint("predict", "nowhere", "0.png")
    assert "no such file" in complaint("predict", "gone.safetensors", "0.png")
    assert "leave out --format json" in complaint("predict", "latest", "0.png", "--show", "--format", "json")
    assert "holds no network" in complaint("predict", tmp_path, "0.png")
    assert "FILE" in complaint("predict", "latest")
    (tmp_path / "junk.safetensors").write_bytes(b"\xff" * 100)
    assert "not a checkpoint" in complaint("predict", tmp_path / "junk.safetensors", "0.png")
    assert "--best" in complaint("predict", tmp_path / "junk.safetensors", "0.png", "--best")
    Classifier(hidden="none", epochs=0, batch_size=2).fit(np.eye(3), [0, 1, 2]).save(tmp_path / "three.safetensors")
    assert "--show: this network takes 3 numbers" in complaint("predict", tmp_path / "three.safetensors", "0.png", "--show")
    assert "0.png: this network takes 3 numbers" in complaint("predict", tmp_path / "three.safetensors", "0.png")
    monkeypatch.chdir(tmp_path)
    assert "there is no run in runs/ yet" in complaint("predict", "latest", home / "0.png")


def test_names_cannot_command_the_terminal(home: Path) -> None:
    name = "\x1b]0;title\x07.png"
    shutil.copy(home / "page.png", home / name)
    done = run("predict", "latest", name, "--show", cwd=home)
    assert done.returncode == 0
    assert "\\x1b]0;title\\x07.png: " in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_a_reader_that_goes_away_ends_it_as_a_signal_would(home: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run("predict", "latest", "digits.npz", cwd=home, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_export_writes_what_runs_elsewhere_and_never_over_a_file(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "model.onnx"
    assert run("export", "latest", "--output", target, cwd=home).returncode == 0
    data = load_data(str(home / "digits.npz"))
    assert data.test is not None
    images = data.test.images.astype(np.float32) / np.float32(255)
    (found,) = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"]).run(["probabilities"], {"images": images})
    expected = Classifier.load(home / "runs" / "20260102-000000" / "checkpoint.safetensors").predict_proba(data.test.images)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    before = target.read_bytes()
    monkeypatch.chdir(home)
    assert "the file exists; give another, or --force" in complaint("export", "20260101-000000", "--output", target)
    assert target.read_bytes() == before
    program.main(["export", "20260101-000000", "--to", "npz", "--output", str(target), "--force"], standalone_mode=False)
    with np.load(target) as tensors:
        assert tensors["dense_1.weight"].shape == (784, 16)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_export_says_what_is_wrong(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    assert "say which it is with --to" in complaint("export", "latest", "--output", tmp_path / "model")
    assert "a folder of that name exists" in complaint("export", "latest", "--output", tmp_path, "--to", "npz", "--force")
    assert "no such file or directory" in complaint("export", "latest", "--output", tmp_path / "none" / "m.npz")
    assert "--output" in complaint("export", "latest")
