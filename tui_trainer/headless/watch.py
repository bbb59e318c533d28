"""Watches a run of another process without a screen: prints its lines until it ends."""

from collections.abc import Iterator
from typing import Final, Literal

from tui_trainer.config.changes import describe_change
from tui_trainer.config.options import Config
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.diagnose import diagnose
from tui_trainer.diagnosis.finding import Finding
from tui_trainer.errors import UserError
from tui_trainer.headless.run import Exit, conclusion, describe, describe_epoch, describe_finding
from tui_trainer.runs.archive import record_of
from tui_trainer.runs.directory import line as as_json
from tui_trainer.runs.follow import Condition, Follower, LoggedLine, Update
from tui_trainer.runs.log import ChangeLine, EndLine, EpochLine, Line, ResumeLine, StartLine, parse_object
from tui_trainer.runs.recording import Recording
from tui_trainer.runs.resumable import latest_options
from tui_trainer.system.folders import printable
from tui_trainer.system.signals import exit_status, interruptible_waits
from tui_trainer.system.streams import note, results

LONGEST_CHANGE: Final = 200
"""The most characters of a change; a file may hold more."""


def watch_headless(follower: Follower, form: Literal["text", "json"], looks_per_second: float) -> int:
    """Print the run's lines until it ends, and return the exit status."""
    told = _Told()
    tell = _JSON(follower).tell if form == "json" else _Text(follower).tell
    gone = False
    with results(), interruptible_waits() as wait:
        while True:
            news = follower.look()
            for heard in told.beyond(news):
                for text in tell(heard):
                    print(text, flush=True)  # noqa: T201
            if news.condition is Condition.ENDED and not news.behind:
                break
            if not news.behind and gone != (news.condition is Condition.GONE):
                gone = not gone
                note(f"{follower.path}: {'nobody trains it any more; waiting for --resume' if gone else 'training continues'}")
            if number := wait(0 if news.behind else 1 / looks_per_second):
                return exit_status(number)
    if form == "text":
        for finding in _findings(follower)[:1]:
            note(describe_finding(finding))
    end = follower.recording.end
    return Exit.DIVERGED if end and end.status == "diverged" else Exit.FINISHED


def _findings(follower: Follower) -> tuple[Finding, ...]:
    """What is wrong with the run that ended, where this version can read its options; nothing of one that was cut short."""
    record = record_of(follower.path, follower.recording)
    if not record.history.complete:
        return ()
    try:
        return diagnose(Case(latest_options(record), record.history))
    except UserError:
        return ()


class _Told:
    """The lines printed so far, so that none is printed twice when the log is cut back."""

    def __init__(self) -> None:
        self._lines: list[int] = []
        self._again = 0

    def beyond(self, news: Update) -> Iterator[LoggedLine]:
        """The new lines that were not printed before the log was cut back."""
        if news.restarted:
            self._again = 0
        for heard in news.lines:
            known = hash(heard.text)
            if self._again < len(self._lines) and self._lines[self._again] == known:
                self._again += 1
                continue
            # From here on the lines differ.
            self._lines[self._again :] = [known]
            self._again += 1
            yield heard


class _JSON:
    """Lines as in the file, made strict JSON where they are not."""

    def __init__(self, follower: Follower) -> None:
        self._path = follower.path

    def tell(self, heard: LoggedLine) -> Iterator[str]:
        """Yield the line."""
        try:
            yield as_json(parse_object(heard.text))
        except ValueError:  # 1e999
            raise UserError("metrics.jsonl: a number is beyond all measure", path=self._path) from None


class _Text:
    """Lines as `--no-ui` prints them."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._epochs = 0

    def tell(self, heard: LoggedLine) -> Iterator[str]:
        """Yield the line as text."""
        line: Line = heard.line
        match line:
            case StartLine():
                recording = Recording()
                recording.take(line)
                record = record_of(self._follower.path, recording)
                self._epochs = record.planned_epochs or 0
                yield from _opening(line, record.config)
                yield f"run directory {printable(str(self._follower.path))}"
            case ResumeLine():
                yield f"resumed after step {line.step:,}, in another environment"
            case ChangeLine():
                wanted = line.changes.get("epochs")
                self._epochs = wanted if isinstance(wanted, int) else self._epochs
                yield f"from step {line.step + 1:,} on: {printable(describe_change(line.changes))[:LONGEST_CHANGE]}"
            case EpochLine():
                yield describe_epoch(line, max(self._epochs, line.epoch))
            case EndLine():
                epochs = len(self._follower.recording.history.epochs)
                yield from conclusion(line if line.epochs is not None else line.model_copy(update={"epochs": epochs}))


def _opening(line: StartLine, options: object) -> Iterator[str]:
    """A line that describes the run, if this version can read its options."""
    counts = line.parameters, line.training_samples, line.validation_samples, line.test_samples, line.threads
    if not isinstance(options, dict) or None in counts:
        return
    try:
        config = Config.parse({name: value for name, value in options.items() if value is not None})
    except UserError:
        return
    yield describe(config, line)
