"""A figure that nobody has heard of is seen everywhere once it is declared, with no other edit."""

import csv
import io
import json
from pathlib import Path

import pytest

from tui_trainer.commands.run_report import say_run
from tui_trainer.history import quantities
from tui_trainer.history.history import Epoch, History
from tui_trainer.history.quantity import LOG, NATS, Quantity
from tui_trainer.lessons.criteria import Criterion
from tui_trainer.lessons.lesson import ChartSpec
from tui_trainer.runs.archive import RunRecord, read_run
from tui_trainer.runs.comparison import compare_figures
from tui_trainer.runs.export import epochs_csv
from tui_trainer.runs.summary import run_document
from tui_trainer.runs.tensorboard import event_file
from tui_trainer.ui.kit.export import curves_csv
from tui_trainer.ui.lessons.chart import LessonChart

from . import story

LOSSES = [(0.5, 0.75), (0.25, 0.5), (0.125, 0.875)]


def gap(epoch: Epoch) -> float | None:
    return None if epoch.validation_loss is None else epoch.validation_loss - epoch.train_loss


def widest(run: History) -> float | None:
    return max((found for epoch in run.epochs if (found := gap(epoch)) is not None), default=None)


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    name, title = "generalization gap", "Generalization gap"
    new = Quantity("generalization_gap", "epoch", NATS, gap, words=name, curve=title, tag="gap/epoch", exported=name)
    most = Quantity("widest_gap", "run", LOG, widest, words="widest gap", head="widest gap", tag="gap/widest", better=min)
    monkeypatch.setattr(quantities, "QUANTITIES", (*quantities.QUANTITIES, new, most))


@pytest.fixture
def run() -> History:
    history = History()
    for epoch, (training, validation) in enumerate(LOSSES, 1):
        history.add(story.progress(epoch * story.BATCHES))
        history.add(story.epoch_ended(epoch, train_loss=training, validation_loss=validation))
    history.drain()
    return history


def recorded(path: Path, losses: list[tuple[float, float]]) -> RunRecord:
    means = {"train_accuracy": 0.8, "validation_accuracy": 0.9, "learning_rate": 0.01, "seconds": 0.5}
    lines = [
        {"event": "epoch", "epoch": epoch, "train_loss": training, "validation_loss": validation, **means}
        for epoch, (training, validation) in enumerate(losses, 1)
    ]
    path.mkdir()
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return read_run(path)


def test_a_lesson_may_ask_for_it_and_draw_it(run: History) -> None:
    asked = Criterion.model_validate({"run": "a", "quantity": "generalization_gap", "is": "above", "value": 0.7})
    (finding,) = [asked.judge({"a": run})]
    assert (finding.holds, finding.value) == (True, 0.75)
    assert finding.sentence == "a: generalization gap: 0.7500, above 0.7000"
    assert Criterion.model_validate({"run": "a", "quantity": "widest_gap", "is": "above", "value": 0.7}).judge({"a": run}).value == 0.75
    chart = LessonChart(ChartSpec(shows="generalization_gap"))
    chart.show_runs({"a": run})
    assert "Generalization gap" in str(chart.border_title)


def test_the_epochs_of_a_run_have_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = recorded(tmp_path / "run", LOSSES)
    rows = list(csv.DictReader(io.StringIO("".join(epochs_csv(run)))))
    assert [float(row["generalization_gap"]) for row in rows] == [0.25, 0.25, 0.75]
    assert [epoch["generalization_gap"] for epoch in run_document(run)["epochs"]] == [0.25, 0.25, 0.75]
    say_run(run, {}, can=True, why="")
    told = capsys.readouterr().out
    assert "generalization_gap" in told
    assert "0.7500" in told


def test_the_curves_of_a_screen_have_it(run: History) -> None:
    rows = [row for row in csv.reader(io.StringIO(curves_csv(run))) if row[0] == "generalization gap"]
    assert [(row[1], row[4]) for row in rows] == [("10", "0.25"), ("20", "0.25"), ("30", "0.75")]


def test_a_comparison_has_it_and_knows_the_best(tmp_path: Path) -> None:
    runs = [recorded(tmp_path / "a", LOSSES), recorded(tmp_path / "b", LOSSES[:2])]
    row = next(row for row in compare_figures(runs) if row.label == "widest gap")
    assert row.texts == ("0.75", "0.25")
    assert row.best == frozenset({1})


def test_tensorboard_has_it(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    content = b"".join(event_file(recorded(tmp_path / "run", LOSSES)))
    assert content.count(b"gap/epoch") == len(LOSSES)
    # Among the hyperparameters' metrics, and as a scalar.
    assert content.count(b"gap/widest") >= 2
