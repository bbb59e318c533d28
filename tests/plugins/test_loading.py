"""A file that cannot be loaded ends in one line with its name and the line, and leaves all as it was."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tui_trainer.config.options import Config, fields
from tui_trainer.errors import UserError
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.plugins.loaded import PluginSource, changed, load, loaded, take_over
from tui_trainer.plugins.source import sha256_of

from .files import IMPORTS

PLAIN = "class {name}(Optimizer):\n    {body}\n    def update(self, p, g, rate):\n        p -= rate * g\n"

REFUSED = {
    "syntax": ("x = (1,\nclass A: pass", r", line \d: SyntaxError: "),
    "no_text": ("\x00", r": (SyntaxError|ValueError): "),
    "not_utf8": ("# coding: latin-9x\n", r"SyntaxError: "),
    "import": ("import numpy\nimport no_such_module\n", r", line 2: ModuleNotFoundError: No module named 'no_such_module'$"),
    "raises": ("def f():\n    1 / 0\nf()\n", r", line 2: ZeroDivisionError: division by zero$"),
    "exits": ("import sys\nsys.exit(0)\n", r", line 2: it ends the program while it is loaded"),
    "nothing": ("import numpy as np\n", r": there is no part in it: no class derives from one of Activation, "),
    "other_class": (f"{IMPORTS}\nclass A:\n    pass\n", r": there is no part in it"),
    "incomplete": (f"{IMPORTS}\nclass A(Optimizer):\n    pass\n", r", line 5: A is an optimizer without update$"),
    "half": (
        f"{IMPORTS}\nclass A(Activation):\n    def value(self, z):\n        return z\n",
        r", line 5: A is an activation without derivative$",
    ),
    "adam": (IMPORTS + PLAIN.format(name="Adam", body="pass"), r", line 4: Adam: .*the name is taken; call the class otherwise"),
    "twice": (
        IMPORTS + PLAIN.format(name="Mine", body="name = 'one'") + PLAIN.format(name="Other", body="name = 'one'"),
        r", line 8: Other: .*the name is taken",
    ),
    "bad_name": (IMPORTS + PLAIN.format(name="Mine", body="name = 'my rule'"), r"a name is of a-z, 0-9 and _"),
    "epochs": (IMPORTS + PLAIN.format(name="Mine", body="epochs = Hyperparameter(1.0, 'of what')"), r"epochs is an option already"),
    "steps": (
        IMPORTS + PLAIN.format(name="Mine", body="steps = Hyperparameter(1.0, 'of what')"),
        r", line 4: Mine: .* steps needs another name",
    ),
    "no_option": (
        IMPORTS + PLAIN.format(name="Mine", body="x_ = Hyperparameter(1.0, 'of what')"),
        r", line 4: Mine: .* x_ needs another name",
    ),
    "default": (IMPORTS + PLAIN.format(name="Mine", body="x = Hyperparameter('a', 'of what')"), r", line 5: TypeError: "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_loaded_is_refused_in_a_line(name: str, plugin: Callable[..., Path]) -> None:
    text, wanted = REFUSED[name]
    options, rules = [option for option, _ in fields()], list(OPTIMIZERS)
    path = plugin(name, text)
    with pytest.raises(UserError) as refused:
        load(path)
    assert re.search(wanted, str(refused.value)), refused.value
    assert str(refused.value).startswith(f"--plugin {path}")
    assert "\n" not in str(refused.value)
    assert ([option for option, _ in fields()], list(OPTIMIZERS), loaded()) == (options, rules, ())


@pytest.mark.parametrize(("path", "problem"), [("none.py", "no such file"), (".", "regular file|directory"), ("a\0b", "null|NUL|such")])
def test_what_is_no_file_is_refused(path: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=problem):
        load(tmp_path / path)


def test_a_hyperparameter_is_an_option_as_long_as_its_plugin_is_loaded(plugin: Callable[..., Path]) -> None:
    path = plugin("rms")
    load(path)
    config = Config.parse({"optimizer": "rms", "keep": 0.5})
    assert config.model_dump()["keep"] == 0.5
    with pytest.raises(UserError, match=r"--keep must be less than 1, not 1\.5"):
        Config.parse({"optimizer": "rms", "keep": 1.5})
    origin = {"file": "rms.py", "sha256": sha256_of(path.read_bytes()), "parts": ["optimizer rms"], "options": ["keep"]}
    assert config.record()["plugins"] == [origin]
    # What is not the run's own is not in its files.
    assert not {"plugins", "keep"} & Config.parse({}).record().keys()


def test_a_changed_file_takes_the_place_of_the_one_before_and_a_broken_one_does_not(plugin: Callable[..., Path]) -> None:
    path = plugin("rms")
    before = load(path)
    assert load(path) is before
    assert changed() == []
    path.write_text(path.read_text().replace("Hyperparameter(0.9", "Hyperparameter(0.8"))
    (source,) = changed()
    take_over([source])
    assert Config.parse({"optimizer": "rms"}).model_dump()["keep"] == 0.8
    path.write_text("def")
    with pytest.raises(UserError, match="SyntaxError"):
        load(path)
    path.write_text(path.read_text() + " f(): pass\n" + IMPORTS + PLAIN.format(name="Adam", body="pass"))
    with pytest.raises(UserError, match="the name is taken"):
        load(path)
    assert Config.parse({"optimizer": "rms"}).model_dump()["keep"] == 0.8


def test_two_files_of_one_name_and_other_bytes_than_were_sent_are_refused(plugin: Callable[..., Path], tmp_path: Path) -> None:
    first = load(plugin("rms"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "rms.py").write_text(IMPORTS + PLAIN.format(name="Another", body="pass"))
    with pytest.raises(UserError, match="the same name"):
        load(tmp_path / "other" / "rms.py")
    with pytest.raises(UserError, match="its SHA-256 is another"):
        take_over([PluginSource("x.py", b"x = 1", "0" * 64)])
    assert loaded() == (first,)
