"""A sweep's report: it says what the statistics say, needs nothing from elsewhere, and takes no text for markup."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from tui_trainer.commands.program import program
from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.sweep.plan import Plan
from tui_trainer.sweep.statistics import grouped, paired
from tui_trainer.sweep.store import LOCK, Figures, FinalScore, Result, RunStatus, Store
from tui_trainer.system import folders

HOSTILE = "<script src=\"https://evil.example/x.js\">alert('1')</script>|`*_[x](javascript:y)\x1b[2J"

RATES, ACTIVATIONS = ("0.01", "0.1"), ("relu", "tanh")

Made = Callable[..., Path]


def result(place: int, rate: str, activation: str, seed: int, *, status: RunStatus = RunStatus.COMPLETED, note: str = "") -> Result:
    config = Config.parse({"learning_rate": rate, "activation": activation, "seed": seed}).record()
    accuracy = 0.9 + 0.01 * float(rate) + 0.02 * (activation == "tanh") + 0.001 * seed * (1 + place % 3)
    point = {"learning_rate": rate, "activation": activation, "seed": str(seed)}
    figures = Figures(validation_accuracy=accuracy if status is RunStatus.COMPLETED else None, epochs=3, seconds=10.0)
    return Result(f"{place:016x}", place, config, point, status, figures, note)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Makes a sweep's folder by hand: two rates and two activations, three seeds each."""

    def make(*others: Result, plan: Plan | None = None, examine: bool = True, as_noted: Mapping[str, object] = {}, **facts: object) -> Path:
        store = Store.hold(tmp_path / "sweep")
        cells = [(rate, activation, seed) for seed in range(3) for rate in RATES for activation in ACTIVATIONS]
        results = [result(place, *cell) for place, cell in enumerate(cells)]
        store.put([*results, *others])
        recorded = (plan or Plan({"learning_rate": "0.01,0.1", "activation": "relu,tanh", "seed": "0:3"})).record()
        store.put_facts(**{"plan": recorded, "seeds": 3, "began": 1.7e9, "status": "completed", "total": 12, **facts, **as_noted})
        if examine:
            best = next(each for each in grouped(results) if each.point == {"learning_rate": "0.1", "activation": "tanh"})
            store.put_examined(best.key, FinalScore(tuple(sorted(run.key for run in best.results)), 0.2, 0.9321))
        store.close()
        return tmp_path / "sweep"

    return make


def invoke(*arguments: str) -> str:
    return CliRunner().invoke(program, arguments, catch_exceptions=False, standalone_mode=False).stdout


def report(folder: Path, *options: str) -> str:
    return invoke("sweep", "report", str(folder), *options, "--output", "-")


def test_a_sweep_is_named_by_its_folder_by_its_name_or_as_the_latest(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"^latest: there is no sweep in sweeps/ yet$"):
        invoke("sweep", "report", "latest", "--format", "json")
    monkeypatch.setattr(folders, "sweeps", lambda: tmp_path)
    told = invoke("sweep", "report", str(made()), "--format", "json")
    assert told.count('"configuration"') == 4
    for name in ("sweep", "latest"):
        assert invoke("sweep", "report", name, "--format", "json") == told
    with pytest.raises(UserError, match=r"^nothing: no such sweep"):
        invoke("sweep", "watch", "nothing")


class Page(HTMLParser):
    """The page's texts by tag, of which all that are opened must be closed, and every address in it."""

    VOID = ("meta", "rect", "line", "circle", "polyline")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "action", "data"}]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open:
            self.texts.append((self.open[-1], data))

    def of(self, tag: str) -> list[str]:
        return [text for kind, text in self.texts if kind == tag]


def test_a_page_needs_nothing_but_itself(made: Made) -> None:
    text = report(made())
    page = Page(text)
    assert page.addresses == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "image", "use", "foreignobject"}
    assert not re.findall(r"url\(|@import", text)
    assert "default-src 'none'" in text
    assert set(re.findall(r"https?://[^'\" ]*", text)) == {"http://www.w3.org/2000/svg"}


def test_its_numbers_are_those_of_the_statistics(made: Made) -> None:
    folder = made(result(20, "0.5", "relu", 0, status=RunStatus.DIVERGED))
    page = Page(report(folder))
    cells = page.of("td")
    store = Store(folder)
    groups = grouped(store.results())
    store.close()
    assert len(groups) == 5
    for group in groups:
        at = next(i for i in range(len(cells)) if cells[i : i + 2] == list(group.point.values()))
        row = cells[at : at + 10]
        assert group.mean is not None
        assert f"{group.mean:.2%}" in row
        if group.deviation is not None and group.interval is not None:
            assert f"{100 * group.deviation:.2f}" in row
            assert f"{group.interval.low:.2%} to {group.interval.high:.2%}" in row
        against = paired(group, groups[0])
        assert against is None or any(cell.startswith(f"{100 * against.difference:+.2f}") for cell in row)
    text = " ".join(page.of("li"))
    assert "1 run diverged" in text
    assert "learning rate 0.1, activation tanh: mean validation accuracy 92.37%" in text
    assert "Test accuracy 93.21%, mean of 3 seeds" in text
    assert "shown to 1 configuration " in text
    # The cell of the heat map, and its spread over seeds.
    best = next(group for group in groups if group.point == {"learning_rate": "0.1", "activation": "tanh"})
    assert best.mean is not None
    assert best.deviation is not None
    assert f"{100 * best.mean:.1f}" in page.of("text")
    assert f"±{100 * best.deviation:.1f}" in page.of("text")


def test_a_golden_table(made: Made) -> None:
    lines = report(made(), "--format", "markdown").splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("| learning\\_rate | activation | runs"))
    assert lines[at : at + 2] == [
        "| learning\\_rate | activation | runs | accuracy | sd | 95% interval | against the first | p |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    # The bootstrap's ends are SciPy's own.
    assert [re.sub(r"\S+% to \S+%", "…", re.sub(r" \([^)]*\)", "", line)) for line in lines[at + 2 : at + 7]] == [
        "| 0.1 | tanh | 3 | 92.37% | 0.31 | … | +2.09 | 0.250 |",
        "| 0.01 | tanh | 3 | 92.18% | 0.15 | … | +1.90 | 0.250 |",
        "| 0.01 | relu | 3 | 90.28% | 0.31 | … | - | - |",
        "| 0.1 | relu | 3 | 90.27% | 0.21 | … | -0.01 | 0.750 |",
        "",
    ]


def test_hostile_texts_are_shown_as_they_are(made: Made) -> None:
    bad = result(30, "0.01", "relu", 9, status=RunStatus.FAILED, note=HOSTILE)
    odd = result(31, "0.01", "relu", 10)
    odd = Result(odd.key, odd.place, {**odd.config, "x": HOSTILE}, {HOSTILE: HOSTILE, **odd.point}, odd.status, odd.figures)
    plan = Plan({"activation": HOSTILE}, {"sweep": {"hidden": HOSTILE}}, HOSTILE)
    folder = made(bad, odd, plan=plan)
    page = Page(report(folder))
    assert "script" not in page.tags
    spelled = HOSTILE.replace("\x1b", "\\x1b")
    assert spelled in page.of("td")
    assert any(spelled in text for text in page.of("title"))
    text = report(folder, "--format", "markdown")
    outside_code = re.sub(r"^(`{3,})\n.*?\n\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert "<script" not in outside_code
    assert "[x](javascript" not in outside_code
    assert "\x1b" not in text
    # A cell ends where its row does.
    row = next(line for line in outside_code.splitlines() if "alert" in line and line.startswith("| learning rate"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 3


def test_a_sweep_that_goes_on_says_so(made: Made) -> None:
    folder = made(result(40, "0.5", "relu", 0, status=RunStatus.RUNNING), status="running", examine=False)
    lock = LockedLog.hold(folder / LOCK, create=True)
    try:
        text = report(folder)
    finally:
        lock.close()
    assert "This sweep is going on: 12 runs done, 1 being trained" in text
    assert "The best so far" in text
    assert "The test set was not touched" in text
    assert "going on" not in report(folder)


def test_an_empty_one(tmp_path: Path) -> None:
    store = Store.hold(tmp_path / "sweep")
    store.put_facts(plan=Plan({"learning_rate": "0.01,0.1"}).record(), seeds=1, status="running")
    store.close()
    assert "No run has ended yet" in report(tmp_path / "sweep")
    assert "--learning-rate 0.01,0.1" in report(tmp_path / "sweep", "--format", "markdown")
    assert report(tmp_path / "sweep", "--format", "json") == ""


@pytest.mark.parametrize("plan", [None, 3, {"options": [1]}, {"options": {"lr": 1}}, {"samples": "many"}, {"search": "oracle"}])
def test_a_plan_that_cannot_be_read_leaves_the_rest(made: Made, plan: object) -> None:
    text = report(made(as_noted={"plan": plan, "began": "yesterday", "seconds": "long"}))
    assert "plan cannot be read" in text
    assert "92.37%" in text


def test_what_was_given_up_is_told_and_not_chosen(made: Made) -> None:
    folder = made(
        result(50, "0.9", "tanh", 0, status=RunStatus.PRUNED), plan=Plan({"learning_rate": "log:0.001:1"}, search="tpe", samples=5)
    )
    text = report(folder)
    assert "1 run given up by the search" in text
    assert "--search tpe --samples 5" in text


def test_of_many_values_neighbours_stand_together(made: Made) -> None:
    drawn = [result(60 + number, f"{0.2 + number / 100:g}", "relu", 0) for number in range(20)]
    labels = Page(report(made(*drawn))).of("text")
    assert "0.01–0.2" in labels
    assert "0.21–0.23" in labels


def test_json_lines_are_the_configurations_best_first(made: Made) -> None:
    records = [json.loads(line) for line in report(made(), "--format", "json").splitlines()]
    means = [record["mean"] for record in records]
    assert len(means) == 4
    assert means == sorted(means, reverse=True)
    assert all(record["event"] == "configuration" and len(record["seeds"]) == 3 for record in records)


def test_markdown_refers_to_pictures_that_are_there(made: Made) -> None:
    folder = made()
    invoke("sweep", "report", str(folder), "--format", "markdown")
    text = (folder / "report.md").read_text()
    names = re.findall(r"!\[[^]]*\]\(([^)]*)\)", text)
    assert names == ["report-accuracy.svg", "report-heat-1.svg"]
    for name in names:
        assert (folder / name).read_text().startswith("<svg ")


def test_only_its_own_files_are_replaced_unasked(made: Made, tmp_path: Path) -> None:
    folder = made()
    own, other = folder / "report.html", tmp_path / "other.html"
    own.write_text("old")
    invoke("sweep", "report", str(folder))
    assert own.read_text().startswith("<!DOCTYPE html>")
    other.write_text("somebody's")
    with pytest.raises(UserError, match="--force"):
        invoke("sweep", "report", str(folder), "--output", str(other))
    assert other.read_text() == "somebody's"
    invoke("sweep", "report", str(folder), "--output", str(other), "--force")
    assert other.read_text().startswith("<!DOCTYPE html>")
    with pytest.raises(UserError, match="not a sweep"):
        invoke("sweep", "report", str(tmp_path))
    with pytest.raises(UserError, match="--format: the options of a command come after it"):
        invoke("sweep", "--format", "json", "report", str(folder))
