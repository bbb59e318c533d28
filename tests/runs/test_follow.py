"""A run's folder read on in, look by look: as it grows, is cut back, is killed, or is not what it should be."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_trainer.errors import UserError
from tui_trainer.runs import follow
from tui_trainer.runs.archive import LONGEST_LINE, read_run
from tui_trainer.runs.follow import Condition, Follower, Update
from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.runs.log import EpochLine
from tui_trainer.runs.run import Run
from tui_trainer.training.control import Control
from tui_trainer.training.events import EpochEnded

from .test_archive import END, EPOCH, START, options

ROW = np.array([[0.1, 2.0, 0.5, 0.01, 0.5]], "<f4")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "metrics.jsonl").touch()
    return tmp_path


def add(folder: Path, *lines: dict[str, Any] | bytes) -> None:
    with (folder / "metrics.jsonl").open("ab") as file:
        for line in lines:
            file.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")


def add_batches(folder: Path, rows: np.ndarray[Any, Any]) -> None:
    with (folder / "batches.f32").open("ab") as file:
        file.write(rows.astype("<f4").tobytes())


def epochs(news: Update) -> list[int]:
    return [heard.line.epoch for heard in news.lines if isinstance(heard.line, EpochLine)]


def looks(follower: Follower) -> Iterator[Update]:
    """Those that are needed to be up to date."""
    while True:
        yield (news := follower.look())
        if not news.behind:
            return


def test_a_folder_without_a_run_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not a run: it has no metrics\.jsonl"):
        Follower(tmp_path)


def test_each_line_is_told_once_and_half_of_one_is_waited_for(folder: Path) -> None:
    follower = Follower(folder)
    assert not follower.look().lines
    add(folder, START)
    assert [heard.text for heard in follower.look().lines] == [json.dumps(START).encode() + b"\n"]
    text = json.dumps(EPOCH).encode() + b"\n"
    for start in range(0, len(text) - 2, 20):
        add(folder, text[start : min(start + 20, len(text) - 2)])
        assert not follower.look().lines
    add(folder, text[-2:])
    assert epochs(follower.look()) == [1]
    assert not follower.look().lines
    add(folder, EPOCH | {"epoch": 2}, EPOCH | {"epoch": 3}, b'{"event"')
    assert epochs(follower.look()) == [2, 3]
    assert len(follower.recording.history.epochs) == 3


def test_rows_come_whole(folder: Path) -> None:
    follower = Follower(folder)
    assert len(follower.look().batches) == 0
    content = np.vstack([ROW, 2 * ROW, 3 * ROW]).tobytes()
    (folder / "batches.f32").write_bytes(content[:25])
    assert follower.look().batches.tolist() == ROW.tolist()
    (folder / "batches.f32").write_bytes(content)
    assert follower.look().batches.tolist() == np.vstack([2 * ROW, 3 * ROW]).tolist()
    assert len(follower.look().batches) == 0


def test_much_comes_in_parts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "BATCHES_A_LOOK", 10)
    monkeypatch.setattr(follow, "LONGEST_LINE", 500)
    add(folder, START, *(EPOCH | {"epoch": number} for number in range(1, 10)))
    add_batches(folder, np.repeat(ROW, 25, axis=0))
    found = list(looks(Follower(folder)))
    assert [len(news.batches) for news in found][:3] == [10, 10, 5]
    assert [number for news in found for number in epochs(news)] == list(range(1, 10))
    assert all(news.behind for news in found[:-1])


def test_a_run_that_is_cut_back_is_read_anew(folder: Path) -> None:
    add(folder, START, EPOCH)
    whole = (folder / "metrics.jsonl").stat().st_size
    add(folder, EPOCH | {"epoch": 2}, EPOCH | {"epoch": 3})
    add_batches(folder, np.repeat(ROW, 30, axis=0))
    follower = Follower(folder)
    assert not follower.look().restarted
    os.truncate(folder / "metrics.jsonl", whole)
    news = follower.look()
    assert (news.restarted, epochs(news), len(news.batches)) == (True, [1], 30)
    os.truncate(folder / "batches.f32", 10 * ROW.nbytes)
    news = follower.look()
    assert (news.restarted, epochs(news), len(news.batches)) == (True, [1], 10)
    assert not follower.look().restarted


def test_it_is_noticed_when_it_has_grown_again_meanwhile(folder: Path) -> None:
    add(folder, START, EPOCH)
    whole = (folder / "metrics.jsonl").stat().st_size
    add(folder, EPOCH | {"epoch": 2})
    follower = Follower(folder)
    follower.look()
    os.truncate(folder / "metrics.jsonl", whole)
    # As long as before, and longer.
    add(folder, EPOCH | {"epoch": 2, "seconds": 2.5}, EPOCH | {"epoch": 3})
    news = follower.look()
    assert (news.restarted, epochs(news)) == (True, [1, 2, 3])
    assert follower.recording.history.epochs[1].seconds == 2.5


def test_batches_that_are_others_by_now_are_noticed(folder: Path) -> None:
    add(folder, START)
    add_batches(folder, np.repeat(ROW, 3, axis=0))
    follower = Follower(folder)
    follower.look()
    (folder / "batches.f32").write_bytes(np.repeat(2 * ROW, 5, axis=0).tobytes())
    news = follower.look()
    assert (news.restarted, len(news.batches)) == (True, 5)


def test_running_ended_and_gone(folder: Path) -> None:
    follower = Follower(folder)
    assert follower.look().condition is Condition.GONE, "nobody holds the empty file"
    log = LockedLog.hold(folder / "metrics.jsonl")
    assert follower.look().condition is Condition.RUNNING
    log.add(json.dumps(START))
    log.flush()
    assert follower.look().condition is Condition.RUNNING
    log.close()
    assert follower.look().condition is Condition.GONE, "its lock went with it"
    again = LockedLog.hold(folder / "metrics.jsonl")
    assert follower.look().condition is Condition.RUNNING
    again.add(json.dumps(END))
    again.flush()
    assert follower.look().condition is Condition.ENDED
    again.close()
    assert follower.look().condition is Condition.ENDED


def test_where_locks_tell_nothing_growth_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(follow, "monotonic", lambda: now[0])
    add(folder, START)
    follower = Follower(folder)
    assert follower.look().condition is Condition.GONE
    add(folder, EPOCH)
    assert follower.look().condition is Condition.RUNNING
    now[0] += follow.RECENT - 1
    assert follower.look().condition is Condition.RUNNING
    now[0] += 2
    assert follower.look().condition is Condition.GONE


def test_all_of_a_real_run(digits_file: Path, tmp_path: Path) -> None:
    made = Run.create(options(digits_file), tmp_path / "run")
    follower: Follower | None = None
    heard: list[Any] = []
    batches = 0
    for event in made.events(Control()):
        follower = follower or Follower(tmp_path / "run")
        if isinstance(event, EpochEnded):
            news = follower.look()
            assert news.condition is Condition.RUNNING
            assert epochs(news) == [event.epoch]
            heard += news.lines
            batches += len(news.batches)
            assert batches == 16 * event.epoch
    assert follower is not None
    news = follower.look()
    heard += news.lines
    assert news.condition is Condition.ENDED
    assert b"".join(each.text for each in heard) == (tmp_path / "run" / "metrics.jsonl").read_bytes()
    assert follower.recording.history.epochs == read_run(tmp_path / "run").epochs


# What nobody should trust


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"nonsense\n", "line 2: not JSON"),
        (b'{"event": "epoch"}\n', "line 2: epoch"),
        (b"\xff\xfe\n", "line 2: not JSON"),
        (b"[1]\n", "line 2: not a JSON object"),
    ],
)
def test_a_broken_line_is_named_at_the_second_look(folder: Path, content: bytes, complaint: str) -> None:
    add(folder, START, content)
    follower = Follower(folder)
    assert not epochs(follower.look())
    with pytest.raises(UserError, match=complaint):
        follower.look()
    # It may be mended.
    (folder / "metrics.jsonl").write_bytes(json.dumps(START).encode() + b"\n" + json.dumps(EPOCH).encode() + b"\n")
    assert epochs(follower.look()) == [1]


def test_a_line_that_breaks_off_at_the_end_of_what_was_read_is_no_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "LONGEST_LINE", 400)
    add(folder, START, *(EPOCH | {"epoch": number, "padding": "x" * 50} for number in range(1, 30)))
    assert [number for news in looks(Follower(folder)) for number in epochs(news)] == list(range(1, 30))


def test_a_line_without_end_is_not_waited_for(folder: Path) -> None:
    add(folder, START, b"x" * (LONGEST_LINE + 5))
    follower = Follower(folder)
    with pytest.raises(UserError, match="line 2: longer than 1,048,576 bytes"):
        list(looks(follower))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metrics.jsonl")
    with pytest.raises(UserError, match="not a regular file"):
        Follower(tmp_path).look()


def test_a_file_without_end_is_not_read_without_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MOST_BYTES", 1000)
    add(folder, *[START] * 20)
    follower = Follower(folder)
    with pytest.raises(UserError, match="the file is longer than 1,000 bytes"):
        list(looks(follower))


def test_a_last_line_without_its_end_counts_once_it_is_whole(folder: Path) -> None:
    add(folder, START, EPOCH, json.dumps(END).encode())
    follower = Follower(folder)
    assert follower.look().condition is Condition.ENDED
    add(folder, b"\n")
    news = follower.look()
    assert (list(news.lines), news.restarted, news.condition) == ([], False, Condition.ENDED)
