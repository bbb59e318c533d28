"""Whichever call of the operating system fails: training goes on, and the folder holds a checkpoint that leads to the same end."""

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs import checkpoint
from tui_trainer.runs.archive import read_run
from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.runs.rename_delete import delete_run, rename_run
from tui_trainer.runs.run import Run
from tui_trainer.runs.tags import change_tags
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, Noted, Progress

from .timeless import timeless

CALLS: list[tuple[Any, str]] = [(os, "write"), (os, "fsync"), (Path, "replace"), (os, "link"), (os, "open"), (Path, "open")]


@pytest.fixture
def config(digits_file: Path) -> Config:
    options = {"hidden": "8", "validation": 100, "epochs": 3, "threads": 1, "batch_size": 100, "checkpoint_every": 1e-9}
    return Config.parse({"data": str(digits_file), **options})


@contextmanager
def failing(owner: Any, call: str, fails_at: int, for_ever: bool) -> Iterator[Callable[[], int]]:
    """While inside, the call fails at the given time it is made, or from then on; tells how often it was made."""
    genuine = getattr(owner, call)
    calls = 0

    def sometimes(*arguments: Any, **keywords: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == fails_at or (for_ever and calls > fails_at):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return genuine(*arguments, **keywords)

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(owner, call, sometimes)
        yield lambda: calls


@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever after"])
@pytest.mark.parametrize(("owner", "call"), CALLS, ids=[call for _, call in CALLS])
def test_the_nth_call_that_fails_costs_nothing_that_was_promised(
    config: Config, tmp_path: Path, owner: Any, call: str, for_ever: bool
) -> None:
    list(Run.create(config, tmp_path / "calm").events(Control()))
    final = (tmp_path / "calm" / "checkpoint.safetensors").read_bytes()
    number = 1
    while True:
        folder = tmp_path / f"r{number}"
        run = Run.create(config, folder)
        with failing(owner, call, number, for_ever) as count:
            try:
                events = list(run.events(Control()))
            except UserError as refusal:
                assert "no space left on device" in str(refusal)  # noqa: PT017 raises() would not let a success pass
                events = []
            made = count()
        if made < number:
            break
        names = {path.name for path in folder.iterdir()}
        # What could not be removed either may lie there, under a name of its own.
        assert {name for name in names if not name.startswith(".")} <= {
            "batches.f32", "best.safetensors", "checkpoint.safetensors", "config.toml", "metrics.jsonl",
        }  # fmt: skip
        if events:
            assert isinstance(next(event for event in reversed(events) if not isinstance(event, Noted)), Ended)
            told = [event.text for event in events if isinstance(event, Noted)]
            assert sum("training continues" in text for text in told) <= 1
            for file in ("checkpoint.safetensors", "best.safetensors"):
                if (folder / file).exists():
                    assert checkpoint.read(folder / file).tensors
            read_run(folder)
            if not run.save_error:
                assert timeless(folder) == timeless(tmp_path / "calm")
            list(Run.resume(folder).events(Control()))
            assert (folder / "checkpoint.safetensors").read_bytes() == final
            assert timeless(folder) == timeless(tmp_path / "calm")
        # Each of the first, where every call has another purpose, and then some.
        number += 1 if number < 12 else 5
    assert number > 3


KEPT_BY: list[tuple[Any, str]] = [*CALLS, (os, "ftruncate"), (os, "pwrite"), (Path, "unlink")]


class KilledError(BaseException):
    """Nothing that is to be done when something fails is done by a process that is gone."""


@contextmanager
def ending_at(call: int, how: BaseException) -> Iterator[Callable[[], int]]:
    """While inside, all that changes a file fails from the given call on; tells how many calls there were."""
    calls = 0

    def counted(genuine: Any) -> Any:
        def sometimes(*arguments: Any, **keywords: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls >= call:
                raise how
            return genuine(*arguments, **keywords)

        return sometimes

    with pytest.MonkeyPatch.context() as broken:
        for owner, name in KEPT_BY:
            broken.setattr(owner, name, counted(getattr(owner, name)))
        yield lambda: calls


@pytest.mark.parametrize("how", [KilledError(), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))], ids=["killed", "disk full"])
@pytest.mark.parametrize("step", [3, 13], ids=["before any checkpoint but the first", "after one"])
def test_a_change_outlives_a_resumption_that_ends_at_any_call(config: Config, tmp_path: Path, step: int, how: BaseException) -> None:
    config = config.model_copy(update={"checkpoint_every": 0.0, "batch_size": 50})
    control = Control(batch_by_batch=True)
    events = Run.create(config, tmp_path / "changed").events(control)
    for event in events:
        if isinstance(event, Progress) and event.step == step:
            control.change({"learning_rate": 0.05})
        if isinstance(event, Progress) and event.step == step + 3:
            events.close()  # type: ignore[attr-defined] # it is a generator
    number, told = 1, 0
    while True:
        folder = tmp_path / f"r{number}"
        shutil.copytree(tmp_path / "changed", folder)
        with ending_at(number, how) as count:
            try:
                next(Run.resume(folder).events(Control()))
            except (UserError, KilledError):
                told += 1
            made = count()
        run = Run.resume(folder)
        assert [change.record() for change in run.config.changes] == [{"step": step, "learning_rate": 0.05}]
        run.close()
        if made < number:
            break
        number += 1
    assert told > 10


def test_a_line_that_breaks_off_is_taken_back_or_written_over(tmp_path: Path) -> None:
    log = LockedLog.hold(tmp_path / "metrics.jsonl", create=True)
    log.add('{"event": "first"}')
    log.flush()
    genuine = os.write

    def half(descriptor: int, content: Any) -> int:
        if content[:1] == b"{":
            return genuine(descriptor, content[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for further in (None, "ftruncate"):
        log.add('{"event": "second"}')
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(os, "write", half)
            if further:
                broken.setattr(os, further, lambda *_: half(0, b""))
            with pytest.raises(OSError, match="No space"):
                log.flush()
        torn = (tmp_path / "metrics.jsonl").read_text()
        assert torn == '{"event": "first"}\n' + ('{"eve' if further else "")
    log.flush()
    assert (tmp_path / "metrics.jsonl").read_text() == '{"event": "first"}\n{"event": "second"}\n{"event": "second"}\n'
    log.close()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK], ids=["ENOSYS", "ENOLCK"])
def test_what_a_file_system_does_not_offer_is_said_once_and_costs_no_run(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    list(Run.create(config, tmp_path / "calm").events(Control()))
    genuine = os.fsync

    def refuse(number: int) -> None:
        raise OSError(number, os.strerror(number))

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            refuse(errno.EINVAL)
        genuine(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(fcntl, "flock", lambda *_: refuse(number))
    monkeypatch.setattr(os, "utime", lambda *_, **__: refuse(errno.EPERM))
    run = Run.create(config, tmp_path / "shared")
    assert [text.partition(": ")[2].partition(":")[0] for text in run.warnings] == [
        "this file system has no locks", "this file system cannot make renames last",
    ]  # fmt: skip
    control = Control()
    for event in run.events(control):
        assert not isinstance(event, Noted)
        if isinstance(event, Progress) and event.step == 7:
            control.stop()
    assert change_tags(tmp_path / "shared", add=["there"]) == ("there",)
    list(Run.resume(rename_run(tmp_path / "shared", "other")).events(Control()))
    assert (tmp_path / "other" / "checkpoint.safetensors").read_bytes() == (tmp_path / "calm" / "checkpoint.safetensors").read_bytes()
    assert delete_run(tmp_path / "other").left == ()
