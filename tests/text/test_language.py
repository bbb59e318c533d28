"""Which language is chosen, and that nothing is missing in it; what scripts read is the same in all."""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from babel.messages import Catalog
from babel.messages.pofile import read_po
from program import call

from tui_trainer.config import options as config
from tui_trainer.errors import UserError
from tui_trainer.lessons.criteria import Criterion, Judgement
from tui_trainer.sweep.phrases import duration
from tui_trainer.text.cells import cut, ljust, rjust, shorten, wrap
from tui_trainer.text.language import DOMAIN, LOCALES, _, choose, in_english, languages, ngettext
from tui_trainer.ui.web.serve import served_command

SCRIPT = Path(__file__).parents[2] / ".ci" / "texts"
CATALOGUES = sorted(LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


# The choice


@pytest.mark.parametrize(
    ("option", "environment", "chosen"),
    [
        ("en", {"TUI_TRAINER_LANGUAGE": "ko", "LC_ALL": "ko_KR.UTF-8"}, "en"),
        ("ko", {"TUI_TRAINER_LANGUAGE": "en", "LC_ALL": "en_US.UTF-8"}, "ko"),
        ("auto", {"TUI_TRAINER_LANGUAGE": "ko", "LANG": "C.UTF-8"}, "ko"),
        (None, {"TUI_TRAINER_LANGUAGE": "ko", "LC_ALL": "en_US.UTF-8"}, "ko"),
        (None, {"TUI_TRAINER_LANGUAGE": "auto", "LANG": "ko_KR.UTF-8"}, "ko"),
        (None, {"TUI_TRAINER_LANGUAGE": "", "LANG": "ko_KR.UTF-8"}, "ko"),
    ],
)
def test_the_option_counts_before_the_variable_and_both_before_the_locale(
    option: str | None, environment: Mapping[str, str], chosen: str
) -> None:
    assert choose(option, environment) == chosen


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.utf8"}, "ko"),
        ({"LANG": "ko.UTF-8@euc"}, "ko"),
        # What cannot be written is not chosen.
        ({"LANG": "ko_KR.EUC-KR"}, "en"),
        ({"LANG": "ko_KR"}, "en"),
        ({"LC_ALL": "en_US.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8", "LANG": "ko_KR.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "ko_KR.UTF-8", "LANG": "en_US.UTF-8"}, "ko"),
    ],
)
def test_the_locale_of_messages_decides_as_posix_orders_it(environment: Mapping[str, str], chosen: str) -> None:
    assert choose(None, environment) == chosen


@pytest.mark.parametrize(("option", "environment", "named"), [("kr", {}, "--language"), (None, {"TUI_TRAINER_LANGUAGE": "kr"}, "TUI_TRA")])
def test_a_language_that_is_not_there_is_refused_with_those_that_are(option: str | None, environment: dict[str, str], named: str) -> None:
    with pytest.raises(UserError, match=rf"^{named}\w* must be one of en, ko, auto, not 'kr'$"):
        choose(option, environment)


# The catalogues


@pytest.fixture(scope="module")
def texts() -> ModuleType:
    """The script that extracts them."""
    loader = SourceFileLoader("texts", str(SCRIPT))
    spec = spec_from_loader("texts", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def extracted(texts: ModuleType) -> Catalog:
    found: Catalog = texts.extracted()
    return found


def test_there_is_a_catalogue() -> None:
    assert CATALOGUES
    assert languages() == ["en", "ko"]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_every_text_is_translated(path: Path, texts: ModuleType, extracted: Catalog) -> None:
    assert not list(texts.problems(extracted, texts.read(path))), "run .ci/texts, and translate what it names"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_the_compiled_catalogue_is_that_of_the_texts(path: Path, texts: ModuleType, tmp_path: Path) -> None:
    catalogue, older = texts.read(path), tmp_path / "older.mo"
    assert texts.is_compiled(catalogue, path.with_suffix(".mo")), "run .ci/texts"
    older.write_bytes(texts.compiled(catalogue))
    assert texts.is_compiled(catalogue, older)
    catalogue.get("Loss").string = "another word"
    assert not texts.is_compiled(catalogue, older)


def test_what_people_read_is_extracted_wherever_it_stands(extracted: Catalog) -> None:
    for text in (
        "Show all keys",  # a binding's tooltip
        "Loss",  # a table's
        "nothing is measured there",  # within an f-string
        "learning rate",  # an option's name
        "images per step",  # its description
        "momentum that looks ahead before it turns",  # what a choice means
        "Stacking layers",  # a lesson's title
        "too small: 0.0001",  # the name of one of its runs
        "vanishing",  # a word for a figure
    ):
        assert extracted.get(text) is not None, text
    plural = extracted.get("{epochs} epoch in {time}")
    assert plural is not None
    assert plural.pluralizable


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("", "missing: '{count} runs'"),
        ('#, fuzzy\nmsgid "{count} runs"\nmsgstr "실행 {count}개"', "fuzzy: '{count} runs'"),
        ('msgid "{count} runs"\nmsgstr ""', "not translated: '{count} runs'"),
        ('msgid "{count} runs"\nmsgstr "실행 {number}개"', "other placeholders: '{count} runs'"),
        ('msgid "{count} runs"\nmsgstr "실행 {count:,}개"', "other placeholders: '{count} runs'"),
        ('msgid "{count} runs"\nmsgstr "실행 {count}개"\n\nmsgid "gone"\nmsgstr "없음"', "in no file: 'gone'"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_found(texts: ModuleType, entry: str, problem: str) -> None:
    wanted = Catalog()
    wanted.add("{count} runs")
    assert list(texts.problems(wanted, read_po(io.BytesIO(f"{entry}\n".encode()), locale="ko"))) == [problem]


# What is said


def test_the_apps_that_a_server_starts_speak_its_language() -> None:
    assert served_command({"epochs": "1"}, language="ko").endswith(" --language=ko --epochs=1")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, "-m", "tui_trainer", *arguments], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return done


def test_a_quiz_is_told_in_korean() -> None:
    told = run("lesson", "counting", "--language", "ko").stdout
    assert told.startswith("파라미터 세기\n  Dense 층은")
    assert "1. dense_" in told
    assert "의 파라미터는 몇 개인가?" in told
    assert "주장은 맞았다: 계산한 값이 신경망에 든 수와 같다\n  왜: " in told
    assert "\n  그러므로: " in told


def test_a_lesson_is_told_in_korean_and_judged_alike(tiny_lesson: Callable[..., Path]) -> None:
    path = str(tiny_lesson())
    korean = run("lesson", path, "--language", "ko").stdout
    assert "  볼 것: the loss\n" in korean  # of its own texts there are no translations
    assert "이 실행들에서 주장은 맞았다(시드 0):\n  맞음  some: 검증 정확도: " in korean
    assert "%, 80.0%보다 크다\n" in korean
    assert "의 1.5배보다 크다\n" in korean
    english = run("lesson", path, "--language", "en").stdout
    assert "the claim held on these runs (seed 0):\n  yes  some: validation accuracy: " in english


def test_lessons_are_listed_in_korean() -> None:
    told = run("lesson", "list", "--language", "ko").stdout.splitlines()
    assert told[0].split() == ["이름", "주장"]
    assert told[1].startswith("stacking ")
    assert "기울기가 되돌아오는 길에 소실되기 때문이다." in told[1]


def without_times(told: str) -> list[Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(each) for name, each in value.items() if name not in ("started", "seconds", "samples_per_second")}
        return [plain(each) for each in value] if isinstance(value, list) else value

    return sorted((plain(json.loads(line)) for line in told.splitlines()), key=json.dumps)


@pytest.mark.parametrize("lesson", ["list", "counting", "tiny"])
def test_what_scripts_read_is_the_same_in_every_language(lesson: str, tiny_lesson: Callable[..., Path]) -> None:
    name = str(tiny_lesson()) if lesson == "tiny" else lesson
    english, korean = (run("lesson", name, "--format", "json", "--language", language).stdout for language in ("en", "ko"))
    assert english.isascii()
    assert without_times(english) == without_times(korean)


@pytest.mark.usefixtures("korean")
def test_what_is_wrong_with_an_option_is_said_in_english() -> None:
    for arguments in (["--epochs", "x"], ["--hidden", "9x"], ["--activation", "nothing"], ["--learning-rate", "-1"]):
        korean, english = (call("--no-ui", "--language", language, *arguments) for language in ("ko", "en"))
        assert (english.returncode, english.stderr) == (korean.returncode, korean.stderr)
        assert english.returncode == 2
        assert english.stderr.startswith(f"tui-trainer: {arguments[0]}")


@pytest.mark.usefixtures("korean")
def test_a_form_says_it_in_the_language_of_the_screen() -> None:
    wrong = {"epochs": "x", "learning_rate": "-1", "activation": "nothing", "batch_size": 0}
    assert config.problems(wrong) == {
        "epochs": "정수여야 한다 (지금은 'x')",
        "learning_rate": "0보다 커야 한다 (지금은 '-1')",
        "activation": f"다음 가운데 하나여야 한다: {', '.join(config.choices('activation'))} (지금은 'nothing')",
        "batch_size": "1 이상이어야 한다 (지금은 0)",
    }
    with pytest.raises(UserError, match=r"^--epochs must be a whole number, not 'x'$"):
        config.Config.parse({"epochs": "x"})


@pytest.mark.usefixtures("korean")
def test_a_finding_is_a_korean_sentence_and_an_english_record() -> None:
    criterion = Criterion.model_validate({"run": "10 layers", "quantity": "gradient_ratio", "at": "start", "is": "below", "value": 1e-6})
    finding = Judgement(criterion, 0.5, 1e-6, 1e-6, False)
    assert finding.sentence == "10층: 출력층에 대한 첫 층의 기울기 노름, 처음에: 0.5, 1.0e-06보다 작지 않다"
    english = "10 layers: first layer's gradient norm over the output layer's, at the start: 0.5, not below 1.0e-06"
    assert finding.record()["sentence"] == english
    with in_english():
        assert finding.sentence == english


@pytest.mark.usefixtures("korean")
def test_one_form_serves_every_number_and_nothing_stays_nothing() -> None:
    texts = [ngettext("{epochs} epoch in {time}", "{epochs} epochs in {time}", count).format(epochs=count, time="0:05") for count in (1, 2)]
    assert texts == ["1에포크, 0:05", "2에포크, 0:05"]
    assert _("") == ""


@pytest.mark.usefixtures("korean")
def test_what_a_sweep_says_without_a_screen_is_english_whatever_the_language() -> None:
    assert [duration(seconds) for seconds in (12, 185, 7800)] == ["12 s", "3:05 min", "2:10 h"]
    assert [duration(seconds, _) for seconds in (12, 185, 7800)] == ["12초", "3분 05초", "2시간 10분"]


# Columns


def test_texts_are_set_in_columns_by_what_their_letters_take() -> None:
    assert ljust("층", 4) == "층  "
    assert rjust("층", 4) == "  층"
    assert ljust("longer", 4) == "longer"
    assert cut("학습률", 5) == "학습 "
    assert cut("rate", 6) == "rate  "
    assert shorten("학습률", 6) == "학습률"
    assert shorten("학습률", 5) == "학습…"
    assert shorten("rate", 3) == "ra…"
    assert wrap("가나 다라 마바", 9) == ["가나 다라", "마바"]
    assert wrap("averylongword", 4) == ["averylongword"]
