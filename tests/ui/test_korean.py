"""What comes and goes on the screens in Korean; how they look at rest is approved in test_every_screen.py."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from sweep.story import Story

from tui_trainer.sweep.store import RunStatus
from tui_trainer.ui.run.run_panel import Phase

from .desk import LONG, SMALL, USUAL, Desk, Desks, Watching
from .folders import make_sweep
from .sight import cut, cut_keys, english, overlaps

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("korean")]


def check(desk: Desk, *texts: str) -> None:
    """All of it is in Korean, these words among it, and whole."""
    faults = [*overlaps(desk.app.screen), *cut_keys(desk.app.screen), *cut(desk.app.screen), *english(desk)]
    assert not faults, desk.screen
    for text in texts:
        assert text in desk.screen, desk.screen


async def test_a_run_from_its_start_to_its_end(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_read("초당 이미지")
        check(desk, "훈련 중", "에포크 ", "지남", "손실")
        await desk.press("space")
        await desk.until_phase(Phase.PAUSED)
        check(desk, "멈춰 있음", "계속")
        await desk.press("s")
        await desk.until_phase(Phase.ENDED)
        await desk.until_read("끝냄")
        check(desk, "테스트 정확도")


async def test_a_sweep_is_filtered_by_the_words_that_are_shown(watching: Watching, tmp_path: Path) -> None:
    others = {("relu", "0.001", 0): RunStatus.FAILED, ("relu", "0.1", 1): RunStatus.DIVERGED, ("tanh", "0.1", 0): RunStatus.RUNNING}
    async with watching(make_sweep(tmp_path / "mine", Story(others=others), test=None), SMALL) as desk:
        await desk.until_read("■ 끝냄  실행 11/12, 실패 1, 발산 1")
        check(desk, "스윕 mine", "활성화 함수", "학습률", "정확도▼", "상태", "완료", "실패", "끊김", "지금까지 최고", "묶기", "찾기")
        for text in ("발산", "status=diverged"):
            await desk.press("slash")
            await desk.type(text)
            check(desk, "1/1 (모두 12)")
            await desk.press("escape")
        await desk.press("c", "slash")
        await desk.type("x")
        check(desk, "들어맞는 행이 없다", "설정: x")


async def test_a_sweep_that_goes_on_and_what_it_chose(watching: Watching, tmp_path: Path) -> None:
    store = Story().write(tmp_path / "mine", total=13)
    async with watching(tmp_path / "mine", USUAL) as desk:
        await desk.until_read("▶ 진행 중  실행 12/13")
        store.put([replace(store.results()[0], key="0" * 16, place=12)])
        await desk.until_read("분당 실행")
        check(desk, "실행 13/13", "0초 남음")
        store.close()
        Story().write(tmp_path / "mine", test=0.931).close()
        await desk.until_read("✓ 완료")
        check(desk, "선택  테스트 정확도 93.10%, 검증 91.20% ±0.28: 활성화 함수 tanh")
        await desk.press("enter")
        await desk.until_read("이 실행은 작업자를")


async def test_a_folder_without_sweeps(sit_down: Desks) -> None:
    async with sit_down(SMALL, data="mnist") as desk:
        await desk.press("escape", "f3")
        # The folder's name is as long as it is: the line may be broken anywhere.
        await desk.until(lambda: "아직스윕이없다" in re.sub(r"[\s│]", "", desk.screen))
        check(desk, "새 스윕", "탐색", "작업자", "실행마다 다른 값", "모든 실행에")
