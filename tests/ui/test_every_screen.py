"""The contract of all screens: at every size nothing is cut or covered, every text is in the user's language and stands out.

How each looks is approved: as a picture, and as text at further sizes and in Korean, in `screens/`. After a change that is meant, run
`pytest -m "" tests/ui/test_every_screen.py --approve` and read in `git diff` what has changed.
"""

import re
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest
from rich.style import Style

from tui_trainer.text.language import ENGLISH, speak
from tui_trainer.ui.kit.export import self_contained
from tui_trainer.ui.themes import DAY, NIGHT

from . import tours
from .desk import LARGE, SMALL, USUAL, Desk, Desks, Watching
from .sight import contrast, cut, cut_keys, english, faint, overlaps
from .tours import TOURS, Guide, Tour

SCREENS = Path(__file__).with_name("screens")

KOREAN = "ko"

SIZES = {ENGLISH: [SMALL, LARGE, USUAL], KOREAN: [(80, 45), (120, 24), SMALL]}
"""Those at which each language is looked at. Korean takes more room: it is looked at where there is little."""

APPROVED = {ENGLISH: (SMALL, USUAL, LARGE), KOREAN: (SMALL,)}

ERRORS = ("wrong-sweep",)
"""Screens with an error, which is told in English in every language."""

THEMES = {ENGLISH: NIGHT.name, KOREAN: DAY.name}
"""The default ones, each in one language."""


def heading(size: tuple[int, int]) -> str:
    return "== {} × {} ==".format(*size)


def read(path: Path) -> dict[str, str]:
    """What is approved, by heading."""
    parts = re.split(r"(== \d+ × \d+ ==)\n", path.read_text(encoding="utf-8")) if path.exists() else [""]
    return {head: text.rstrip("\n") for head, text in zip(parts[1::2], parts[2::2], strict=True)}


class Critic:
    """Looks at every screen at every size, and remembers what is wrong."""

    def __init__(self, language: str, *, approves: bool, scratch: Path) -> None:
        self.language = language
        self.approves = approves
        self.seen: list[str] = []
        self.faults: list[str] = []
        self._scratch = scratch

    async def look(self, desk: Desk, name: str) -> None:
        self.seen.append(name)
        path = SCREENS / f"{name}.{self.language}.txt"
        approved = read(path)
        shown: dict[str, str] = {}
        desk.app.theme = THEMES[self.language]
        for size in SIZES[self.language]:
            await desk.resize(size)
            if size in APPROVED[self.language]:
                head = heading(size)
                shown[head] = await self._as_approved(desk, approved.get(head))
            else:
                await desk.come_to_rest()
            self.faults += [f"{name} at {size}: {fault}" for fault in self._faults(desk, name)]
        self.faults += [f"{name} in {desk.app.theme}: {fault}" for fault in faint(desk)]
        if self.language == ENGLISH:
            await self._compare_picture(desk, name)
        if shown != approved:
            content = "\n".join(f"{head}\n{text}\n" for head, text in sorted(shown.items(), key=lambda each: SORTED.index(each[0])))
            self._settle(path, content)

    def _faults(self, desk: Desk, name: str) -> Iterator[str]:
        yield from overlaps(desk.app.screen)
        yield from cut_keys(desk.app.screen)
        yield from cut(desk.app.screen)
        if self.language != ENGLISH and name not in ERRORS:
            yield from english(desk)

    async def _as_approved(self, desk: Desk, approved: str | None) -> str:
        """The text, once it is as approved; what it still is after a while, if it never comes to be so."""

        def text() -> str:
            return "\n".join(line.rstrip() for line in desk.screen.splitlines()).rstrip("\n")

        if self.approves:
            await desk.pilot.pause(0.3)
            await desk.come_to_rest()
        shown = text()
        for _ in range(50):
            if self.approves or shown == approved:
                break
            await desk.pilot.pause(0.05)
            shown = text()
        return shown

    async def _compare_picture(self, desk: Desk, name: str) -> None:
        path = SCREENS / f"{name}.svg"
        approved = path.read_text(encoding="utf-8") if path.exists() and not self.approves else ""
        # Colours of what lies under a dialog come last.
        await desk.pilot.pause(0.3 if self.approves else None)
        for _ in range(1 if self.approves else 50):
            if (picture := self_contained(desk.app.export_screenshot(simplify=True))) == approved:
                return
            await desk.pilot.pause(0.05)
        self._settle(path, picture)

    def _settle(self, path: Path, content: str) -> None:
        """Approve of what there is now, or tell what is different."""
        if self.approves:
            SCREENS.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8")
            return
        now = self._scratch / path.name
        now.write_text(content, encoding="utf-8")
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        difference = "\n".join(unified_diff(before.splitlines(), content.splitlines(), lineterm="", n=0)) if path.suffix == ".txt" else ""
        self.faults.append(f"{path.name} is not as it was approved, see {now}\n{difference}")


SORTED = [heading(size) for size in sorted({size for sizes in APPROVED.values() for size in sizes})]


@pytest.fixture(params=[ENGLISH, pytest.param(KOREAN, marks=pytest.mark.long)])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    speak(request.param)
    yield request.param
    speak(ENGLISH)


SHORT = (tours.form, tours.run)
"""What is toured every time."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("tour", [pytest.param(tour, marks=[pytest.mark.long][tour in SHORT :], id=tour.__name__) for tour in TOURS])
async def test_every_screen_keeps_the_contract_and_is_as_it_was_approved(
    tour: Tour, language: str, sit_down: Desks, watching: Watching, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    critic = Critic(language, approves=request.config.getoption("--approve"), scratch=tmp_path)
    await tour(Guide(sit_down, watching, tmp_path, critic.look))
    assert critic.seen == list(TOURS[tour])
    assert not critic.faults, "\n".join(critic.faults)


def test_nothing_else_is_approved() -> None:
    names = [name for shown in TOURS.values() for name in shown]
    assert len(names) == len(set(names))
    files = {f"{name}.{kind}" for name in names for kind in ("svg", f"{ENGLISH}.txt", f"{KOREAN}.txt")}
    assert {path.name for path in SCREENS.iterdir()} == files
    assert sum(path.stat().st_size for path in SCREENS.glob("*.svg")) < 6_000_000


# The critic sees what is wrong


async def test_what_is_cut_would_be_found(sit_down: Desks, korean: None) -> None:
    async with sit_down((20, 20)) as desk:
        assert any("준비됨" in text for text in cut(desk.app.screen))
        assert any("도움말" in text for text in cut_keys(desk.app.screen))


async def test_what_covers_something_would_be_found(sit_down: Desks) -> None:
    async with sit_down((20, 8)) as desk:
        assert overlaps(desk.app.screen)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast(Style.parse("#000000 on #ffffff")) == pytest.approx(21)
    assert contrast(Style.parse("#777777 on #ffffff")) == pytest.approx(4.48, abs=0.01)
