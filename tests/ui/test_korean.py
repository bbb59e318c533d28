"""The screens in Korean: all that can be read is, and nothing is cut, though most of its letters take two columns."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from sweep.story import Story
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, DataTable, Static
from textual.widgets._footer import FooterKey

from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.follow import Follower
from tui_trainer.sweep.store import RunStatus
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.descent.relief_map import ReliefMap
from tui_trainer.ui.health.heat_map import HeatMap
from tui_trainer.ui.kit.painted import Painted
from tui_trainer.ui.run.run_panel import Phase

from .desk import LONG, SMALL, USUAL, Desk, Desks, Watching
from .test_compare import make_run
from .test_lessons import lesson, until_ended
from .test_sweep import whole

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("korean")]

SIZES = pytest.mark.parametrize("size", [SMALL, USUAL], ids=str)

CORNERS = 4
"""Columns of a border on both sides of its title."""


def cut(screen: Screen[object]) -> Iterator[str]:
    """The texts that have less room than they take."""
    for widget in screen.query(Widget):
        if not (widget.is_on_screen and widget.size.width):
            continue
        for title in (widget.border_title, widget.border_subtitle):
            if title and cell_len(str(title)) + CORNERS > widget.outer_size.width:
                yield f"{widget}: {title}"
        if isinstance(widget, FooterKey) and widget.region.right > room_of_keys(screen, widget):
            yield f"{widget}: {widget.render()}"
        elif isinstance(widget, Button) and cell_len(str(widget.label)) > widget.content_size.width:
            yield f"{widget}: {widget.label}"
        elif isinstance(widget, Static):  # labels and tabs among them
            size, text = widget.content_size, str(widget.visual)
            is_wide = widget.styles.text_wrap == "nowrap" and cell_len(text) > size.width
            if is_wide or widget.visual.get_height(widget.styles.get_rules(), size.width) > size.height:
                yield f"{widget}: {text}"
        elif isinstance(widget, DataTable):
            labels = ((column.label.plain, column.get_render_width(widget)) for column in widget.ordered_columns)
            yield from (label for label, room in labels if cell_len(label) > room)
        elif isinstance(widget, Painted) and not isinstance(widget, ReliefMap):
            rows = ("".join(text for text, _style in row).rstrip() for row in widget._rows)
            yield from (row for row in rows if cell_len(row) > widget.size.width)


def room_of_keys(screen: Screen[object], key: FooterKey) -> int:
    """The column that a key in the footer has to end before: there the palette's begins."""
    palette = screen.query(".-command-palette").first()
    return screen.size.width if key is palette else palette.region.x


def english(desk: Desk) -> list[str]:
    """Phrases in the other language; what is typed, and where files are, is no language."""
    lines = [line for line in desk.screen.splitlines() if "tui-trainer" not in line and "/" not in line]
    shown = re.sub(r"--[a-z-]+ \S+", "", "\n".join(lines))
    return re.findall(r"\b[A-Za-z]{2,} [a-z]{2,}\b", shown)


def check(desk: Desk, *texts: str) -> None:
    """All of it is in Korean, these words among it, and whole."""
    assert not list(cut(desk.app.screen)), desk.screen
    assert not english(desk), desk.screen
    for text in texts:
        assert text in desk.screen, desk.screen


async def test_what_is_cut_would_be_found(sit_down: Desks) -> None:
    async with sit_down((40, 20)) as desk:
        assert any("도움말" in text for text in cut(desk.app.screen))


@SIZES
async def test_the_main_screen(size: tuple[int, int], sit_down: Desks) -> None:
    async with sit_down(size) as desk:
        check(desk, "설정", "은닉층", "활성화 함수", "학습률", "준비됨", "시작", "도움말", "합계")
        await desk.press("escape")
        check(desk, "다음 칸")
        await desk.press("3")
        check(desk, "파라미터")
        await desk.press("question_mark")
        check(desk, "입력란 안에서도, 양식의 값으로 실행을 시작한다")
        await desk.press("end")
        check(desk, "알아 둘 것", "escape: 닫는다")


@SIZES
@pytest.mark.parametrize(
    ("key", "text"),
    [("p", "기울기 소실"), ("d", "층 더하기"), ("k", "같은 실행을 글로"), ("f2", "층 쌓기"), ("ctrl+p", "명령 찾기…"), ("c", "실행 비교")],
)
async def test_what_lies_over_it(key: str, text: str, size: tuple[int, int], sit_down: Desks) -> None:
    async with sit_down(size) as desk:
        await desk.press("escape", key)
        await desk.until_read(text)
        check(desk)


async def test_a_wrong_option_is_explained(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        await desk.press("tab", "x")
        check(desk, "이어야 한다", "✗로 표시된 옵션을 고친다", "잘못된 옵션이 있다: 양식을 본다")


@SIZES
async def test_a_run_from_its_start_to_its_end(size: tuple[int, int], sit_down: Desks) -> None:
    async with sit_down(size, **LONG) as desk:
        await desk.press("ctrl+r")
        await desk.until_read("초당 이미지")
        check(desk, "훈련 중", "에포크 ", "지남", "손실")
        await desk.press("g")
        check(desk, "기울기 노름 (로그 눈금)")
        await desk.press("t")
        await desk.until_read("실행 바꾸기")
        check(desk, "ctrl+r: 적용, escape: 그대로 둔다")
        await desk.press("escape", "ctrl+q")
        await desk.until_read("나갈까?")
        check(desk, "예 (y)", "아니요 (n)")
        await desk.press("escape", "space")
        await desk.until_phase(Phase.PAUSED)
        check(desk, "멈춰 있음", "계속")
        await desk.press("s")
        await desk.until_phase(Phase.ENDED)
        await desk.until_read("끝냄")
        check(desk, "테스트 정확도")


@SIZES
async def test_health_and_inside(size: tuple[int, int], sit_down: Desks) -> None:
    async with sit_down(size) as desk:
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.ENDED)
        await desk.press("h")
        await desk.until_read("층마다의 기울기 노름 (로그 눈금), 이 실행")
        for text in ("소실", "느림", "활성값의 퍼짐", "가중치 노름", "죽어 감", "포화"):
            check(desk, text, "스텝")
            figure = desk.app.screen.query_one(HeatMap).figure
            await desk.press("f")
            await desk.until(lambda before=figure: desk.app.screen.query_one(HeatMap).figure is not before)  # type: ignore[misc]
        await desk.press("question_mark")
        check(desk, "다음 수치를 보인다")
        await desk.press("escape", "escape", "i")
        await desk.until_read("테스트 정확도")
        for key, text in (("1", "오답"), ("2", "재현율"), ("3", "노름"), ("4", "펜 듦")):
            await desk.press(key)
            await desk.until_read(text)
            check(desk, "신경망 속")
        await desk.press("escape", "w")
        await desk.until_read("표시 0/6")
        await desk.press("g")
        await desk.until_read("실행 이어 가기")
        check(desk, "완료되었다")


@SIZES
async def test_a_lesson(size: tuple[int, int], sit_down: Desks, tiny_lesson: Callable[..., Path]) -> None:
    async with sit_down(size) as desk:
        # Its own words have no translations.
        path = tiny_lesson()
        path.write_text(
            re.sub(
                r'(claim|watch|text) = "[^"]*"|"Learning at all"', lambda found: f'{found[1] or ""} = "…"'.lstrip(" ="), path.read_text()
            )
        )
        async with lesson(desk, path):
            check(desk, "주장", "볼 것", "ctrl+r: 이 실행들을 나란히 훈련한다")
            await desk.press("ctrl+r")
            await until_ended(desk)
            check(desk, "이 실행들에서 주장은 맞았다: 2개 중 2개 맞음, 시드 0", "층마다의 활성값의 퍼짐, 첫 배치")
            await desk.press("1")
            check(desk, "검증 정확도: ")
            await desk.press("question_mark")
            check(desk, "글에서")


@SIZES
async def test_the_quiz_and_the_paths(size: tuple[int, int], sit_down: Desks) -> None:
    async with sit_down(size) as desk:
        await desk.press("escape", "y")
        await desk.until_read("곡률 L")
        check(desk, "옵티마이저의 길", "처음에", "거리")
        await desk.press("question_mark")
        check(desk, "스텝을 이어서 걷는다")
        await desk.press("escape", "escape", "f2")
        await desk.until_read("층 쌓기")
        await desk.press("end", "enter")
        await desk.until_read("파라미터 세기")
        await desk.press("1", "enter")
        await desk.until_read("이 아니다.")
        check(desk, "답 보기", "1개 중 0개 맞음, 모두 6문제", "신경망 자체에는")


@SIZES
async def test_runs_beside_one_another(size: tuple[int, int], sit_down: Desks, tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_run(tmp_path / "runs" / name)
    async with sit_down(size) as desk:
        await desk.press("escape", "c")
        await desk.until_read("완료")
        await desk.press("space", "down", "space")
        await desk.until_read("표시 2/6")
        check(desk, "시작, 파라미터")
        for view, text in (("2", "최고 수치"), ("3", "손실")):
            await desk.press(view)
            check(desk, text)


@SIZES
async def test_a_run_of_another_process(size: tuple[int, int], tmp_path: Path) -> None:
    make_run(tmp_path / "one")
    app = TrainerApp(watched=Follower(RunDirectory(tmp_path / "one").path))
    async with app.run_test(size=size) as pilot:
        desk = Desk(app, pilot)
        await desk.until_read("테스트 정확도")
        # The footer is made last.
        await desk.until_read("도움말")
        check(desk, "완료")


@SIZES
async def test_the_board_of_a_sweep(size: tuple[int, int], watching: Watching, tmp_path: Path) -> None:
    others = {("relu", "0.001", 0): RunStatus.FAILED, ("relu", "0.1", 1): RunStatus.DIVERGED, ("tanh", "0.1", 0): RunStatus.RUNNING}
    folder = whole(tmp_path / "mine", Story(others=others), test=None)
    async with watching(folder, size) as desk:
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
        await desk.press("escape")
        await desk.until_read("시드 0 91.00%, 시드 1 91.40%")
        check(desk, "편차", "구간", "발산")
        await desk.press("2")
        await desk.until_read("검증 정확도(%)")
        check(desk, "tanh, 0.01: 91.20% ±0.28 (시드 사이), 실행 2개")
        await desk.press("a", "b")
        check(desk, "학습률에 걸친 최고", "시드")
        await desk.press("3")
        await desk.until_read("손실 (nat)")
        check(desk)
        await desk.press("question_mark")
        check(desk, "표에서: 첫 행으로 간다")
        await desk.press("end")
        check(desk, "부분 사이에서", "발산한 실행은 맞힌 이미지가 0개인 것으로 센다")


@SIZES
async def test_a_sweep_that_goes_on_and_what_it_chose(size: tuple[int, int], watching: Watching, tmp_path: Path) -> None:
    store = Story().write(tmp_path / "mine", total=13)
    async with watching(tmp_path / "mine", size) as desk:
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


@SIZES
async def test_the_list_of_sweeps_and_a_new_one(size: tuple[int, int], sit_down: Desks, tmp_path: Path) -> None:
    async with sit_down(size, data="mnist") as desk:
        await desk.press("escape", "f3")
        await desk.until_read("아직 스윕이 없다")
        check(desk, "새 스윕", "바꿀 것", "작업자", "실행마다 달라질 옵션. 예: --activation", "모든 실행에: 은닉층 16, 배치 크기 20")
        await desk.type("--activation relu,elu --seed 0:2")
        await desk.until_read("설정 2개 × 시드 2개 = 실행 4개")
        check(desk)
        whole(tmp_path / "sweeps" / "mine")
        desk.app.screen.query_one("#list").focus()
        await desk.press("r")
        await desk.until_read("완료, 실행 12/12, 최고 91.20%")
        check(desk, "활성화 함수 × 학습률 × 시드", "계속")
        await desk.press("question_mark")
        check(desk, "목록에서: 스윕을 연다")
        await desk.press("end")
        check(desk, "알아 둘 것", "작업자가 코어")
