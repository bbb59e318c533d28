"""The README in every language gives the same commands, the same figures and the same links, and no link leads nowhere."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LANGUAGES = ["README.md", "README.ko.md"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    """What stands in code blocks, comments left out."""
    blocks = re.findall(r"^```\w+\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+#.*", "", line).strip() for block in blocks for line in block.splitlines()]


def options(text: str) -> list[str]:
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)))


def figures(text: str) -> list[str]:
    """The cells of tables that are numbers."""
    return re.findall(r"(?<=\| )\d[\d.e%+-]*(?= \|)", text)


def links(text: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("http") and not link.startswith("README")]


@pytest.mark.parametrize("found", [commands, options, figures, links])
def test_languages_say_the_same(found: Callable[[str], list[str]]) -> None:
    english, korean = (found(read(name)) for name in LANGUAGES)
    assert len(english) > 5
    assert english == korean


@pytest.mark.parametrize("name", [*LANGUAGES, "CONTRIBUTING.md", *(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))])
def test_links_lead_somewhere(name: str) -> None:
    found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(name))
    missing = [link for link in found if not link.startswith(("http:", "https:")) and not (ROOT / name).parent.joinpath(link).exists()]
    assert not missing
